"""What the simulated DWP was asked and what it answered: in all, second by second, at its busiest.

A look-up is *offered* when a call with a valid token brings it, whatever comes of it.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Literal, get_args

HISTORY_SECONDS = 900
WINDOW_SECONDS = 1.0

Figure = Literal[
    "tokens",  # access tokens given
    "calls",  # calls with an answer for each look-up, those spoiled as garbage too
    "items",  # look-ups in them
    "found",
    "notFound",
    "unavailable",
    "offered",
    "offeredAboveCeiling",
    "errors",  # calls answered 500
    "hangs",  # calls never answered, those of an outage too
    "garbage",
    "drips",
    "throttled",  # calls answered 429, for whatever cause
    "refused",  # calls answered 503 or cut while it was down
    "wrongNumber",  # look-ups answered as if they were for somebody else
    "wrongRecord",  # look-ups answered with another person's record: nobody can see it
    "unauthorized",
    "malformed",
]
FIGURES: tuple[Figure, ...] = get_args(Figure)


class SlidingWindow:
    """How much there was in the last second, at any moment and not by the clock's seconds."""

    def __init__(self) -> None:
        self._entries: deque[tuple[float, int]] = deque()
        self._total = 0

    def total(self, at: float) -> int:
        entries, start = self._entries, at - WINDOW_SECONDS
        while entries and entries[0][0] <= start:
            self._total -= entries.popleft()[1]
        return self._total

    def add(self, at: float, count: int) -> int:
        """The total with these."""
        self._entries.append((at, count))
        self._total += count
        return self.total(at)


class Figures:
    """Counts, and compares what is offered with the ceiling."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._offered = SlidingWindow()
        self._allowed = SlidingWindow()
        self.reset()

    def reset(self) -> None:
        """Count from nothing; what was offered in the last second still fills the windows."""
        self._totals: dict[str, int] = dict.fromkeys(FIGURES, 0)
        self._seconds: deque[tuple[int, dict[str, int]]] = deque(maxlen=HISTORY_SECONDS)
        self._busiest = 0

    def count(self, figure: Figure, by: int = 1) -> None:
        second = int(self._clock())
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append((second, {}))
        counted = self._seconds[-1][1]
        counted[figure] = counted.get(figure, 0) + by
        self._totals[figure] += by

    def offer(self, lookups: int, ceiling: int, *, refuses: bool) -> bool:
        """Whether these go above the ceiling; what is refused does not fill it."""
        now = self._monotonic()
        self.count("offered", lookups)
        self._busiest = max(self._busiest, self._offered.add(now, lookups))
        excess = self._allowed.total(now) + lookups - ceiling
        above = ceiling > 0 and excess > 0
        if above:
            self.count("offeredAboveCeiling", min(lookups, excess))
        if not (above and refuses):
            self._allowed.add(now, lookups)
        return above

    def in_all(self) -> dict[str, int]:
        """Since the start or the last reset; `busiestSecond` is the most in any one second."""
        return dict(self._totals) | {"busiestSecond": self._busiest}

    def by_second(self) -> list[dict[str, int]]:
        """The seconds in which anything was counted, oldest first; `second` is Unix time."""
        return [{"second": second} | counted for second, counted in self._seconds]
