"""When each arrival of a run is due: a shape, scaled to a total and to a time."""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import accumulate, pairwise
from typing import NamedTuple

from simulated.load.shapes import Shape

MINUTE = 60.0  # seconds
MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


class Part(NamedTuple):
    """Which arrivals are one generator's: every `of`-th, from `first` on."""

    first: int  # from 0
    of: int

    def arrivals(self, total: int) -> range:
        return range(self.first, total, self.of)


WHOLE = Part(0, 1)


class Schedule:
    """Arrivals 0..total-1, in seconds from the start; pure, and the same for the same seed.

    The shape's area is cut into `total` slots of equal area. Arrival n comes at a drawn place in
    slot n: the curve is kept to exactly, and arrivals are not in step with anything.
    """

    def __init__(self, shape: Shape, total: int, compress: float = 1.0, seed: int = 1) -> None:
        """`compress`: 24 makes an hour of a day. Raises ValueError for what is not above 0."""
        if total <= 0 or compress <= 0:
            raise ValueError("a schedule has a total and a compression above 0")
        self.total = total
        self.duration = shape.seconds / compress
        self._seed = seed * GOLDEN & MASK
        self._times = [point.second / compress for point in shape.points]
        relative = [point.rate for point in shape.points]
        pieces = list(zip(pairwise(self._times), pairwise(relative), strict=True))
        area = sum((end - begin) * (a + b) / 2 for (begin, end), (a, b) in pieces)
        self._rates = [rate * total / area for rate in relative]  # arrivals a second
        counts = ((end - begin) * (a + b) / 2 * total / area for (begin, end), (a, b) in pieces)
        self._reached = [0.0, *accumulate(counts)]  # arrivals before each point
        self._reached[-1] = float(total)

    def due(self, n: int) -> float:
        """Seconds from the start at which arrival n comes."""
        wanted = n + self._place_in_slot(n)
        piece = min(max(bisect_left(self._reached, wanted), 1), len(self._times) - 1) - 1
        begin, end = self._times[piece], self._times[piece + 1]
        rate, later = self._rates[piece], self._rates[piece + 1]
        left, slope = wanted - self._reached[piece], (later - rate) / (end - begin)
        # The root of slope/2 t^2 + rate t = left, in the form that stands when the slope is 0.
        root = math.sqrt(max(0.0, rate * rate + 2 * slope * left))
        return min(end, begin + (2 * left / (rate + root) if rate + root else 0.0))

    def expected(self, from_seconds: float, to_seconds: float) -> float:
        """How many are due between two times."""
        return self._before(to_seconds) - self._before(from_seconds)

    def by_minute(self, part: Part = WHOLE) -> list[int]:
        """How many of a part are due in each minute."""
        counts = Counter(int(self.due(n) // MINUTE) for n in part.arrivals(self.total))
        return [counts[minute] for minute in range(max(counts, default=-1) + 1)]

    def peak_rate(self) -> tuple[float, float]:
        """The highest rate, in arrivals a second, and when it is first reached."""
        rate = max(self._rates)
        return rate, self._times[self._rates.index(rate)]

    def _before(self, seconds: float) -> float:
        if seconds <= 0:
            return 0.0
        if seconds >= self.duration:
            return float(self.total)
        piece = bisect_right(self._times, seconds) - 1
        begin, end = self._times[piece], self._times[piece + 1]
        rate, into = self._rates[piece], seconds - begin
        slope = (self._rates[piece + 1] - rate) / (end - begin)
        return self._reached[piece] + into * (rate + slope * into / 2)

    def _place_in_slot(self, n: int) -> float:
        """From 0 to just below 1, as SplitMix64 scatters the numbers."""
        z = (self._seed + n * GOLDEN) & MASK
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return (z ^ (z >> 31)) / 2**64
