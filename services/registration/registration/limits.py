"""Limits on questions: a bucket of tokens per name, the least recently used names forgotten."""

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from time import monotonic

NAMES_MAX = 100_000


class RateLimit:
    """Allows so many questions a minute for each name, and as many at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, name: str) -> int:
        """Take a token; 0 when there was one, else the seconds until there is."""
        now = self._clock()
        tokens, at = self._buckets.pop(name, (float(self._per_minute), now))
        tokens = min(float(self._per_minute), tokens + (now - at) * self._per_minute / 60)
        allowed = tokens >= 1
        self._buckets[name] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > NAMES_MAX:
            self._buckets.popitem(last=False)
        return 0 if allowed else ceil((1 - tokens) * 60 / self._per_minute)
