"""By which way each arrival comes: a request to the API, the form, or a partner's batch."""

from collections.abc import Mapping
from typing import Literal

from simulated.chance import Draws, key_of_seed

Way = Literal["api", "form", "batch"]
WAYS: tuple[Way, ...] = ("api", "form", "batch")


class Ways:
    """The way of arrival n is a pure function of a seed: processes agree without a word."""

    def __init__(self, seed: int, shares: Mapping[Way, float]) -> None:
        """`shares` in any unit. Raises ValueError if nobody comes at all."""
        together = sum(shares.values())
        if together <= 0:
            raise ValueError("somebody must come")
        self._key = key_of_seed(seed)
        self._limits: list[tuple[Way, float]] = []
        reached = 0.0
        for way, share in shares.items():
            reached += share / together
            self._limits.append((way, reached))

    def of(self, n: int) -> Way:
        drawn = Draws(self._key, n, "way").below(1_000_000) / 1_000_000
        return next((way for way, limit in self._limits if drawn < limit), self._limits[-1][0])

    def next_of(self, way: Way, first: int, total: int) -> int:
        """The first arrival of a way from `first` on; `total` when there is none."""
        return next((n for n in range(first, total) if self.of(n) == way), total)
