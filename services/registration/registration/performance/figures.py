"""The public figures: what each says, from what was counted; no I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from electoral.calendar import BIN, bin_start
from electoral.events import Source

from registration.performance.cost import CPU, STORED, Cost, Prices
from registration.performance.counting import SATISFIED, SENT, STARTED, Measure
from registration.performance.time_taken import median_seconds

BINS: Final = 288  # of 5 minutes: 24 hours
PERIOD_DAYS: Final = 30  # today included, that the indicators are of
ONLINE: Final[tuple[Source, ...]] = ("web", "assisted")
INDICATOR_MEASURES: Final[tuple[Measure, ...]] = (
    "source",
    "journey",
    "satisfaction",
    "seconds",
    "cost",
)

Counts = Mapping[tuple[str, str], int]  # (measure, key) -> how often


@dataclass(frozen=True, slots=True)
class Bin:
    """The applications received online in five minutes."""

    begin: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """None when there is no whole; at most 100: an end may fall in a period without its
        beginning.
        """
        return min(100.0, 100 * self.part / self.whole) if self.whole else None


@dataclass(frozen=True, slots=True)
class Indicators:
    """The key figures of a period."""

    completion: Share  # sent, of those who answered the first question
    take_up: Share  # online, of online and paper
    satisfaction: Share  # the top two of five answers, of all
    median_seconds: float | None  # time taken, from the first answer to sending
    cost: Cost


def indicators(counts: Counts, prices: Prices) -> Indicators:
    """Work the key figures out."""
    online = sum(counts.get(("source", source), 0) for source in ONLINE)
    return Indicators(
        completion=Share(counts.get(SENT, 0), counts.get(STARTED, 0)),
        take_up=Share(online, online + counts.get(("source", "paper"), 0)),
        satisfaction=_satisfaction(_keys_of("satisfaction", counts)),
        median_seconds=median_seconds(_keys_of("seconds", counts)),
        cost=Cost(
            cpu_milliseconds=counts.get(("cost", CPU), 0),
            megabyte_seconds=counts.get(("cost", STORED), 0),
            accepted=online,
            prices=prices,
        ),
    )


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return the beginning and end of the 24 hours whose last bin is the one that runs now."""
    end = bin_start(now) + BIN
    return end - BINS * BIN, end


def bins_of(
    counted: Iterable[tuple[datetime, str, int]], begin: datetime, end: datetime
) -> Sequence[Bin]:
    """Return every bin between two moments, newest first; those without applications, too."""
    counts: Counter[datetime] = Counter()
    for at, source, count in counted:
        if source in ONLINE:
            counts[at] += count
    steps = (end - begin) // BIN
    return [Bin(at, counts[at]) for at in (end - step * BIN for step in range(1, steps + 1))]


def _satisfaction(scores: Mapping[str, int]) -> Share:
    return Share(sum(scores.get(score, 0) for score in SATISFIED), sum(scores.values()))


def _keys_of(measure: str, counts: Counts) -> dict[str, int]:
    return {key: count for (of, key), count in counts.items() if of == measure}
