"""What one transaction counts for the public figures, before it is written; no I/O.

A measure is one way to divide what happened, a key one part of it. So an accepted application
counts once in each measure, and nothing says which key of one goes with which of another.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple
from uuid import UUID

from electoral.authorities import nation_of
from electoral.calendar import BIN
from electoral.events import ApplicationType

from registration.acceptance import Acceptance
from registration.performance.time_taken import bucket_of

Measure = Literal[
    "source",  # web, assisted, paper
    "nation",
    "type",
    "age-group",  # of online applications
    "authority",
    "seconds",  # that it took, by the least of its bucket
    "journey",  # through the form: started, sent
    "satisfaction",  # 1 to 5
    "cost",  # what was used: see `cost`
]
Count = tuple[Measure, str]

STARTED: Final[Count] = ("journey", "started")
SENT: Final[Count] = ("journey", "sent")
FORM_CLIENTS: Final = frozenset({"form", "form-assisted"})
NOT_KNOWN: Final = "not-known"  # the key of what was not said, or cannot be placed

# The least age of each group, in the order of the download's columns.
AGE_GROUPS: Final = (
    ("under-25", 0),
    ("25-34", 25),
    ("35-44", 35),
    ("45-54", 45),
    ("55-64", 55),
    ("65-74", 65),
    ("over-75", 75),
)
SCORES: Final = ("1", "2", "3", "4", "5")  # from very dissatisfied to very satisfied
SATISFIED: Final = ("4", "5")

_BIN_SECONDS = int(BIN.total_seconds())


class PaperApplication(NamedTuple):
    """What is counted of a paper application: its age is sealed, and is not opened for this."""

    application_id: UUID
    received_at: datetime
    gss_code: str
    type: ApplicationType


@dataclass(frozen=True, slots=True)
class PerformanceDeltas:
    """What one transaction adds; written as one row per bin."""

    _bins: dict[int | None, Counter[Count]] = field(default_factory=dict)

    def add(self, counts: Iterable[Count], at: datetime | None = None) -> None:
        """Count each once, in the bin of a moment; without one, of the transaction's own time."""
        begin = None if at is None else _bin(at)
        found = self._bins.get(begin)
        if found is None:
            found = self._bins[begin] = Counter()
        for count in counts:
            found[count] += 1

    def add_times(self, count: Count, times: int) -> None:
        """Count one many times, in the bin of the transaction's own time."""
        self._bins.setdefault(None, Counter())[count] += times

    def accept(self, one: Acceptance, received_at: datetime) -> None:
        """Count an application that was accepted online."""
        self.add(_counts_of(one), received_at)

    def take_paper(self, one: PaperApplication) -> None:
        """Count a paper application."""
        self.add(_of_any("paper", one.type, one.gss_code), one.received_at)

    def __iter__(self) -> Iterator[tuple[int | None, Counter[Count]]]:
        """Go through the bins: when each begins, in seconds since 1970, and what it counts."""
        return iter(self._bins.items())


def satisfaction(score: str) -> Count:
    """Count an answer to the one question after the receipt."""
    if score not in SCORES:
        raise ValueError("a score is 1 to 5")
    return "satisfaction", score


def age_group(age_years: int | None) -> str:
    """Return the group of an age in years."""
    if age_years is None:
        return NOT_KNOWN
    return next(name for name, least in reversed(AGE_GROUPS) if age_years >= least)


def _counts_of(one: Acceptance) -> list[Count]:
    counts = _of_any(one.source, one.type, one.gss_code)
    counts.append(("age-group", age_group(one.age_years)))
    if one.time_taken_seconds is not None:
        counts.append(("seconds", bucket_of(one.time_taken_seconds)))
    if one.key.client_id in FORM_CLIENTS:
        counts.append(SENT)
    return counts


def _of_any(source: str, kind: ApplicationType, gss_code: str) -> list[Count]:
    return [
        ("source", source),
        ("type", kind),
        ("nation", nation_of(gss_code) or NOT_KNOWN),
        ("authority", gss_code),
    ]


def _bin(at: datetime) -> int:
    seconds = int(at.timestamp())
    return seconds - seconds % _BIN_SECONDS
