"""Rest: the system has finished when no figure changes any more."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable

from aiohttp import ClientError

QUIET = 10.0  # seconds without any change
LIMIT = 120.0  # seconds after the last submission
LOOK_INTERVAL = 0.5  # seconds between two looks at the figures

Look = Callable[[], Awaitable[Hashable]]


class StillExpected(Exception):
    """Nothing moves, and something is known to come: whoever is off comes back."""


class RestWatch:
    """Notes figures and says when they have stood still long enough."""

    def __init__(self, quiet: float = QUIET) -> None:
        self.changed_at = -math.inf  # when a figure was last seen to change
        self._quiet = quiet
        self._figures: Hashable = None
        self._since: float | None = None

    def note(self, figures: Hashable, at: float) -> bool:
        """True when these figures are the same as for `quiet` seconds before `at`."""
        if self._since is not None and figures != self._figures:
            self.miss(at)
        if self._since is None:
            self._figures, self._since = figures, at
        return at - self._since >= self._quiet

    def miss(self, at: float) -> None:
        """Figures could not be read: whatever restarts is not at rest."""
        self.changed_at, self._since = at, None


async def at_rest(look: Look, quiet: float = QUIET, limit: float = LIMIT) -> bool:
    """Looks until the figures rest; False as soon as one still changes after `limit` seconds.

    A look that fails counts as a change: something is restarting, or somebody is off.
    """
    watch = RestWatch(quiet)
    end = time.monotonic() + limit
    while watch.changed_at <= end:
        try:
            figures = await look()
        except (OSError, TimeoutError, ClientError, StillExpected):
            watch.miss(time.monotonic())
        else:
            if watch.note(figures, time.monotonic()):
                return True
        await asyncio.sleep(min(LOOK_INTERVAL, quiet / 4))
    return False
