"""Counts that processes share: made before they part, in memory that all of them see."""

import time
from collections.abc import Sequence
from multiprocessing import Array

from simulated.load.ways import WAYS, Way, Ways

EROS_MAX = 2_000
_MICROSECONDS = 1_000_000
_COUNTS = ("begun_at", "answered", "deliverable", "acknowledged", "polls", *WAYS)


class SharedCounts:
    """Who is next, whose queue is next, and how far everything is."""

    def __init__(self) -> None:
        self._counts = Array("q", len(_COUNTS))
        self._busy = Array("b", EROS_MAX)

    def begin(self, at: float) -> None:
        """All counts from 0; the run's clock is 0 at that Unix time."""
        with self._counts.get_lock(), self._busy.get_lock():
            self._counts[:] = [0] * len(_COUNTS)
            self._busy[:] = [0] * EROS_MAX
            self._counts[_COUNTS.index("begun_at")] = round(at * _MICROSECONDS)

    @property
    def elapsed(self) -> float:
        """Seconds since the run's beginning; negative before it."""
        return time.time() - self["begun_at"] / _MICROSECONDS

    def __getitem__(self, name: str) -> int:
        return int(self._counts[_COUNTS.index(name)])

    def add(self, name: str, count: int = 1) -> None:
        with self._counts.get_lock():
            self._counts[_COUNTS.index(name)] += count

    def take(self, ways: Ways, way: Way, total: int, at_most: int = 1) -> Sequence[int]:
        """The next arrivals of a way, which nobody else will have; none when all are taken."""
        place = _COUNTS.index(way)
        taken: list[int] = []
        with self._counts.get_lock():
            while len(taken) < at_most:
                n = ways.next_of(way, self._counts[place], total)
                self._counts[place] = min(n + 1, total)
                if n >= total:
                    break
                taken.append(n)
        return taken

    def take_poll(self) -> int:
        """The number of the next poll, from 0."""
        place = _COUNTS.index("polls")
        with self._counts.get_lock():
            self._counts[place] += 1
            return int(self._counts[place]) - 1

    def occupy(self, ero: int) -> bool:
        """False if somebody is at that ERO's queue already."""
        with self._busy.get_lock():
            if self._busy[ero]:
                return False
            self._busy[ero] = 1
            return True

    def leave(self, ero: int) -> None:
        self._busy[ero] = 0
