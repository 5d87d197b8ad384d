"""Tickets: a place among those who wait for the form, signed, in a cookie of its own.

A ticket says when somebody first came, when they were last here, and whether they were called in.
Who is not here for half an hour gives the place up.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from aiohttp import web
from electoral.sealing import utc_now

from registration.arrival import CLOCKS_APART, Signer, milliseconds, moment

COOKIE = "__Host-place"
PURPOSE = "place in the form's line"

_WAITS, _CALLED = "waits", "called"


class Ticket(NamedTuple):
    """A place in the line."""

    came_at: datetime
    seen_at: datetime
    is_called: bool = False  # may go in, and is about to


class Tickets:
    """Gives tickets and reads them."""

    def __init__(
        self,
        signer: Signer,
        kept: Callable[[datetime], timedelta],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._signer = signer
        self._kept = kept
        self._now = now

    def read(self, text: str) -> Ticket | None:
        """Return the ticket that a cookie holds; None if it is not ours, or given up."""
        signed = self._signer.read(PURPOSE, text)
        if signed is None:
            return None
        came, seen, state = signed.split("-")
        ticket = Ticket(moment(int(came)), moment(int(seen)), state == _CALLED)
        now = self._now()
        left_for = now - ticket.seen_at
        if ticket.came_at > now + CLOCKS_APART or left_for > self._kept(ticket.came_at):
            return None
        return ticket

    def seen(self, ticket: Ticket | None, *, is_called: bool = False) -> Ticket:
        """Return the ticket of who is here now; a new one for who has none."""
        now = self._now()
        came_at = moment(milliseconds(now)) if ticket is None else ticket.came_at
        return Ticket(came_at, now, is_called)

    def written(self, ticket: Ticket) -> str:
        """Write a ticket as a cookie holds it; raises `UnknownKey`."""
        came, seen = milliseconds(ticket.came_at), milliseconds(ticket.seen_at)
        return self._signer.sign(
            PURPOSE, f"{came}-{seen}-{_CALLED if ticket.is_called else _WAITS}"
        )

    def of(self, request: web.Request) -> Ticket | None:
        """Return the ticket of a request's cookie."""
        text = request.cookies.get(COOKIE)
        return None if text is None else self.read(text)

    def hand_out(self, response: web.StreamResponse, ticket: Ticket) -> None:
        """Let the browser come back to its place, as long as that is kept."""
        response.set_cookie(
            COOKIE,
            self.written(ticket),
            max_age=int(self._kept(ticket.came_at).total_seconds()),
            secure=True,
            httponly=True,
            samesite="Lax",
            path="/",
        )


def take_ticket(response: web.StreamResponse) -> None:
    """Let the browser forget its place."""
    response.del_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
