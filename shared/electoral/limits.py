"""Limits on requests: a bucket of tokens per name, the least recently used names forgotten."""

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from time import monotonic

NAMES_MAX = 100_000


class RateLimit:
    """Allows each name so many requests in so many seconds, and as many at once after a rest."""

    def __init__(
        self, count: float, seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._count = count
        self._seconds = seconds
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, name: str, cost: float = 1) -> int:
        """Take as many tokens; 0 when they were there, else the seconds until they are."""
        now = self._clock()
        tokens = self._take_out(name, now)
        allowed = tokens >= cost
        self._put_back(name, tokens - cost if allowed else tokens, now)
        return 0 if allowed else ceil((cost - tokens) * self._seconds / self._count)

    def charge(self, name: str, cost: float) -> None:
        """Take what a request turned out to cost; whoever has not so much owes it."""
        now = self._clock()
        self._put_back(name, self._take_out(name, now) - cost, now)

    def _take_out(self, name: str, now: float) -> float:
        tokens, at = self._buckets.pop(name, (self._count, now))
        return min(self._count, tokens + (now - at) * self._count / self._seconds)

    def _put_back(self, name: str, tokens: float, now: float) -> None:
        self._buckets[name] = (tokens, now)
        if len(self._buckets) > NAMES_MAX:
            self._buckets.popitem(last=False)
