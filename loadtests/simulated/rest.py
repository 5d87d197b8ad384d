"""Rest: the system has finished when no figure changes any more."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable

from aiohttp import ClientError

QUIET = 10.0  # seconds without any change
LIMIT = 120.0  # seconds after the last submission
LOOK_INTERVAL = 0.5  # seconds between two looks at the figures

Look = Callable[[], Awaitable[Hashable]]


class RestWatch:
    """Notes figures and says when they have stood still long enough."""

    def __init__(self, quiet: float = QUIET) -> None:
        self._quiet = quiet
        self._figures: Hashable = None
        self._since: float | None = None

    def note(self, figures: Hashable, at: float) -> bool:
        """True when these figures are the same as for `quiet` seconds before `at`."""
        if self._since is None or figures != self._figures:
            self._figures, self._since = figures, at
        return at - self._since >= self._quiet


async def at_rest(look: Look, quiet: float = QUIET, limit: float = LIMIT) -> bool:
    """Looks until the figures rest; False when they still move after `limit` seconds.

    A look that fails counts as a change: something is restarting.
    """
    watch = RestWatch(quiet)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            figures = await look()
        except (OSError, TimeoutError, ClientError):
            watch = RestWatch(quiet)
        else:
            if watch.note(figures, time.monotonic()):
                return True
        await asyncio.sleep(min(LOOK_INTERVAL, quiet / 4))
    return False
