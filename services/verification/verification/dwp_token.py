"""DWP's OAuth2 token: one for all calls of a process, renewed before its end."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from verification.errors import DwpFailure

SECONDS_MAX = 3_600.0  # a token is renewed after this, whatever it says of itself
RENEWED_AFTER = 0.8  # share of its life after which a new one is fetched
USED_UNTIL = 0.95  # share of its life in which it is used: a call takes a while
PATIENCE = 10.0  # seconds that fetching one may take
RETRY_PAUSE = 1.0  # seconds before one is fetched again while the present one can be used

Fetch = Callable[[], Awaitable[tuple[str, float]]]
"""Fetches a token and its life in seconds; raises `DwpFailure`."""


class Token:
    """Whoever needs a new one waits for the same; whoever has one that lasts does not wait."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._text = ""
        self._renew_from = 0.0  # monotonic seconds, as all times here
        self._used_until = 0.0
        self._renewal: asyncio.Task[None] | None = None

    async def valid(self) -> str:
        """Return a token that will last; raises `DwpFailure`."""
        now = monotonic()
        if now >= self._used_until:
            await asyncio.shield(self._renewing())  # one who waits may give up, and others not
        elif now >= self._renew_from:
            self._renewing()
        return self._text

    def forget(self, text: str) -> bool:
        """Use this token no more: it was refused. Returns whether it was the one in use."""
        was_in_use = text == self._text and self._used_until > 0.0
        if was_in_use:
            self._renew_from = self._used_until = 0.0
        return was_in_use

    async def close(self) -> None:
        """End with what is running."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait({self._renewal})

    def _renewing(self) -> asyncio.Task[None]:
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())
            self._renewal.add_done_callback(_look_at_failure)
        return self._renewal

    async def _renew(self) -> None:
        asked_at = monotonic()
        self._renew_from = asked_at + RETRY_PAUSE
        try:
            async with asyncio.timeout(PATIENCE):
                text, seconds = await self._fetch()
        except TimeoutError:
            raise DwpFailure("timeout") from None
        life = min(seconds, SECONDS_MAX)
        self._text = text
        self._renew_from = asked_at + life * RENEWED_AFTER
        self._used_until = asked_at + life * USED_UNTIL


def _look_at_failure(renewal: asyncio.Task[None]) -> None:
    """Say nothing of a failure that nobody waited for: the next call tries again."""
    if not renewal.cancelled():
        renewal.exception()
