"""The downloads: what was counted by London day, as CSV; no I/O."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Final

from electoral.authorities import NATIONS, Authorities, nation_of

from registration.performance.counting import AGE_GROUPS, NOT_KNOWN, Measure
from registration.performance.figures import ONLINE, PERIOD_DAYS
from registration.performance.suppression import publishable

DAYS_MAX: Final = 100  # of one download
YEAR_MIN: Final = 2000
DAY_LENGTH: Final = 10  # as it is written
_DAY = timedelta(days=1)

Row = tuple[str | int, ...]
Days = Mapping[date, Mapping[str, int]]  # day -> key -> how often


@dataclass(frozen=True, slots=True)
class Period:
    """London days, the last one included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        for number in range((self.last - self.first).days + 1):
            yield self.first + number * _DAY


class WrongPeriod(ValueError):
    """The days asked for are no period of a download; says which field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def default_period(today: date) -> Period:
    """Return the days of who asks for none."""
    return _ending(today)


def read_period(first: str, last: str, today: date) -> Period:
    """Read the days asked for; raises WrongPeriod. Without any: the last 30, today included."""
    end = _read_day("to", last) if last else today
    if end > today:
        raise WrongPeriod("to", "in_the_future")
    if not first:
        return _ending(end)
    period = Period(_read_day("from", first), end)
    if period.first > period.last:
        raise WrongPeriod("from", "after_the_end")
    if (period.last - period.first).days >= DAYS_MAX:
        raise WrongPeriod("from", "too_many_days")
    return period


def _ending(day: date) -> Period:
    return Period(day - (PERIOD_DAYS - 1) * _DAY, day)


def _read_day(field: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise WrongPeriod(field, "not_a_day") from None
    if day.year < YEAR_MIN:
        raise WrongPeriod(field, "not_a_day")
    return day


@dataclass(frozen=True, slots=True)
class Download:
    """One file: its columns, and its rows for a period."""

    name: str
    measure: Measure
    columns: tuple[str, ...]
    rows: Callable[[Period, Days, Authorities, date], Iterator[Row]]

    def write(self, period: Period, days: Days, authorities: Authorities, settled: date) -> str:
        """Write the file; `settled` is the last day of which authorities are told."""
        out = StringIO()
        writer = csv.writer(out)
        writer.writerow(self.columns)
        writer.writerows(self.rows(period, days, authorities, settled))
        return out.getvalue()


def _by_key(*keys: tuple[str, ...]) -> Callable[[Period, Days, Authorities, date], Iterator[Row]]:
    """Make a row per day, with a column for each group of keys."""

    def rows(period: Period, days: Days, _: Authorities, __: date) -> Iterator[Row]:
        for day in period:
            counts = days.get(day, {})
            yield (
                day.isoformat(),
                *(sum(counts.get(key, 0) for key in group) for group in keys),
            )

    return rows


def _by_authority(
    period: Period, days: Days, authorities: Authorities, settled: date
) -> Iterator[Row]:
    """Make a row per day and authority, and one per day and nation for all that is withheld.

    Only of days whose numbers never change: else the difference of two downloads would tell.
    """
    for day in period:
        if day <= settled:
            counts = days.get(day, {})
            for nation in NATIONS:
                yield from _of_nation(day, nation, counts, authorities)


def _of_nation(
    day: date, nation: str, counts: Mapping[str, int], authorities: Authorities
) -> Iterator[Row]:
    listed = {one.gss_code for one in authorities.in_force(day) if one.nation == nation}
    counted = {gss_code for gss_code in counts if nation_of(gss_code) == nation}
    published = publishable({one: counts.get(one, 0) for one in listed | counted})
    for gss_code, number in published.numbers.items():
        known = authorities.find(gss_code)
        yield day.isoformat(), gss_code, known.name if known else gss_code, number
    others = f"Other authorities in {nation.capitalize()}"
    yield day.isoformat(), "", others, published.others


DOWNLOADS: Final[Sequence[Download]] = (
    Download("by-date", "source", ("Date", "Online", "Paper forms"), _by_key(ONLINE, ("paper",))),
    Download(
        "by-age-group",
        "age-group",
        (
            "Date",
            "Under 25",
            "25 to 34",
            "35 to 44",
            "45 to 54",
            "55 to 64",
            "65 to 74",
            "Over 75",
            "Not known",
        ),
        _by_key(*((name,) for name, _ in AGE_GROUPS), (NOT_KNOWN,)),
    ),
    Download(
        "by-nation",
        "nation",
        ("Date", "England", "Scotland", "Wales", "Not known"),
        _by_key(*((nation,) for nation in NATIONS), (NOT_KNOWN,)),
    ),
    Download(
        "by-type",
        "type",
        ("Date", "Ordinary", "Overseas", "Forces", "Crown servants"),
        _by_key(("ordinary",), ("overseas",), ("forces",), ("crown",)),
    ),
    Download(
        "by-authority",
        "authority",
        ("Date", "GSS code", "Authority", "Applications"),
        _by_authority,
    ),
)


def by_day(counted: Iterable[tuple[date, str, int]]) -> Days:
    """Gather counts by day."""
    days: dict[date, Counter[str]] = {}
    for day, key, count in counted:
        days.setdefault(day, Counter())[key] += count
    return days
