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

    def seconds_to_wait(self, name: str) -> int:
        """Take a token; 0 when there was one, else the seconds until there is."""
        now = self._clock()
        tokens, at = self._buckets.pop(name, (self._count, now))
        tokens = min(self._count, tokens + (now - at) * self._count / self._seconds)
        allowed = tokens >= 1
        self._buckets[name] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > NAMES_MAX:
            self._buckets.popitem(last=False)
        return 0 if allowed else ceil((1 - tokens) * self._seconds / self._count)
