"""Who may begin the form now, and who has to wait.

Nobody waits in ordinary times. While too much is in hand, whoever comes new is led to the waiting
page and goes in by the time at which they came; whoever has begun goes on.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Literal, NamedTuple, Protocol

from electoral.calendar import Deadline, Polls
from electoral.sealing import SealingError, utc_now

from registration.arrival import FORM_HOLDER, ArrivalTokens, Signer, milliseconds
from registration.form.tickets import Ticket, Tickets
from registration.form.waiting_line import Line
from registration.settings import Settings

# What the page says of a time to wait: no minute is told that nobody can know.
MINUTES_SAID = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60)
MINUTE = 60.0  # seconds


class Admits(Protocol):
    """Says whether there is room."""

    def admits(self, kind: Literal["new", "started"]) -> bool: ...


class Wait(NamedTuple):
    """How long to wait, as the page says it."""

    minutes: int | None = None  # None while nobody can say
    is_longer: bool = False  # than the longest that the page says


class WaitingRoom:
    """Lets people in, in their order."""

    def __init__(
        self,
        admission: Admits,
        signer: Signer,
        polls: Polls,
        settings: Settings,
        *,
        line: Line | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.arrivals = ArrivalTokens(signer, timedelta(hours=settings.arrival_hours), now)
        self.tickets = Tickets(signer, self._kept, now)
        self.line = Line() if line is None else line
        self._admission = admission
        self._polls = polls
        self._place = timedelta(minutes=settings.form_place_minutes)
        self._open_after_deadline = settings.form_open_after_deadline
        self._now = now

    def lets_in(self, ticket: Ticket | None) -> bool:
        """Say whether somebody without a session may begin now."""
        if ticket is None:
            return self._admits_new()
        if ticket.is_called or self._goes_before_others(ticket.came_at):
            return self._admission.admits("started")
        has_room = self._admission.admits("new")
        return self.line.asks(milliseconds(ticket.came_at), has_room=has_room)

    def admits_started(self) -> bool:
        """Say whether who has begun may go on: nearly always."""
        return self._admission.admits("started")

    def arrival_of(self, ticket: Ticket | None, came_at: datetime | None = None) -> str:
        """Return the token of who is shown the first question: sent back with the answer, it says
        when they came. Nothing without the key to sign with: then they came when they answer.
        """
        first = came_at or (self._now() if ticket is None else ticket.came_at)
        try:
            return self.arrivals.give(FORM_HOLDER, first)
        except SealingError:
            return ""

    def came_at(self, token: str) -> datetime | None:
        """Return when somebody came who brings the first question's token."""
        return self.arrivals.came_at(FORM_HOLDER, token)

    def wait_of(self, ticket: Ticket) -> Wait:
        """Estimate how long somebody waits, never shorter than it looks now."""
        seconds = self.line.seconds_to_wait(milliseconds(ticket.came_at))
        if seconds is None:
            return Wait()
        minutes = ceil(seconds / MINUTE)
        said = next((step for step in MINUTES_SAID if step >= minutes), None)
        return Wait(said or MINUTES_SAID[-1], is_longer=said is None)

    def deadline_passed(self, came_at: datetime) -> Deadline | None:
        """Return the deadline that has passed since somebody came."""
        following = self._polls.next_deadline(came_at)
        return following if following is not None and following.at <= self._now() else None

    @property
    def place_minutes(self) -> int:
        """For how long a place is kept."""
        return int(self._place.total_seconds() / MINUTE)

    def _admits_new(self) -> bool:
        """Say whether who comes now may begin: nobody who came before may be waiting."""
        if not self._admission.admits("new") or self.line:
            return False
        self.line.passed_by()
        return True

    def _goes_before_others(self, came_at: datetime) -> bool:
        """After a deadline, if the form stays open for those who came before it, they go first."""
        return (
            self._open_after_deadline
            and self.arrivals.believed(came_at) is not None
            and self.deadline_passed(came_at) is not None
        )

    def _kept(self, came_at: datetime) -> timedelta:
        """How long a place is kept for who is not here."""
        return self.arrivals.age_max if self._goes_before_others(came_at) else self._place
