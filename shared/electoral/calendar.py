"""Days, bins, working days and registration deadlines; every day and midnight is Europe/London."""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import with_config

from electoral.authorities import NATIONS, Nation, nation_of
from electoral.data import RECORD_CONFIG, ReferenceDataUnusable, read_records
from electoral.today import LONDON, midnight

BIN = timedelta(minutes=5)
DEADLINE_WORKING_DAYS = 12  # Representation of the People Regulations 2001, reg. 29(4)

Day = date  # the type's name where a field is called `date`

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SATURDAY = 5


class CalendarEnds(ValueError):
    """The bank holidays of this year are not among the reference data: add them."""


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class BankHoliday:
    """A day on which the banks of some nations are closed, substitute days as they are kept."""

    date: Day
    name: str
    nations: tuple[Nation, ...]


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class PollName:
    """What a poll is called, in English and Welsh."""

    en: str
    cy: str


@with_config(RECORD_CONFIG)
@dataclass(frozen=True, slots=True)
class Poll:
    """One polling day, in whole nations or in the authorities listed."""

    date: Day
    name: PollName
    nations: tuple[Nation, ...] = ()
    gss_codes: tuple[str, ...] = ()
    registration_ends: Day | None = None  # the last day, where an Act put it elsewhere

    @property
    def all_nations(self) -> tuple[Nation, ...]:
        """The nations in which anyone votes."""
        listed = {nation_of(code) for code in self.gss_codes}
        return tuple(nation for nation in NATIONS if nation in self.nations or nation in listed)

    def is_held_in(self, gss_code: str) -> bool:
        """Say whether this authority's electors vote."""
        return gss_code in self.gss_codes or nation_of(gss_code) in self.nations


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last instant to apply before a poll in one nation: applications count that arrive before
    `at` (UTC), the end of the day in London.
    """

    at: datetime
    nation: Nation
    poll: Poll


def london_date(moment: datetime) -> date:
    """Return the day that an aware datetime falls on in London."""
    return _aware(moment).astimezone(LONDON).date()


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return a London day's first instant and the next day's, in UTC: 23 to 25 hours apart."""
    return midnight(day), midnight(day + _DAY)


def bin_start(moment: datetime) -> datetime:
    """Return the start of the 5-minute bin that holds this instant, in UTC."""
    instant = _aware(moment).astimezone(UTC)
    return instant - (instant - _EPOCH) % BIN


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone is no instant")
    return moment


@cache
def _bank_holidays() -> dict[Nation, frozenset[date]]:
    holidays = read_records(BankHoliday, "bank_holidays.json")
    return {
        nation: frozenset(holiday.date for holiday in holidays if nation in holiday.nations)
        for nation in NATIONS
    }


@cache
def _years_known(nation: Nation) -> frozenset[int]:
    return frozenset(day.year for day in _bank_holidays()[nation])


def is_working_day(day: date, nation: Nation) -> bool:
    """Say whether a day is neither at a weekend nor a bank holiday of the nation; raises
    CalendarEnds for a year whose bank holidays are not known.
    """
    if day.year not in _years_known(nation):
        raise CalendarEnds(f"the bank holidays of {day.year} are not known")
    return day.weekday() < _SATURDAY and day not in _bank_holidays()[nation]


def working_days_before(day: date, count: int, nation: Nation) -> date:
    """Return the working day that lies this many working days before a day."""
    found = day
    while count > 0:
        found -= _DAY
        count -= is_working_day(found, nation)
    return found


def registration_deadline(poll_date: date, nation: Nation) -> datetime:
    """Return the instant (UTC) at which registration for a poll ends: the midnight that ends the
    day 12 working days before it. In June that is 23:00 UTC.
    """
    return day_bounds(working_days_before(poll_date, DEADLINE_WORKING_DAYS, nation))[1]


class Polls:
    """All polls known, past and to come, and when registration for each ends."""

    def __init__(self, polls: Sequence[Poll]) -> None:
        self._polls = tuple(sorted(polls, key=lambda poll: poll.date))
        self._deadlines = sorted(
            (deadline for poll in polls for deadline in _deadlines_of(poll)),
            key=lambda deadline: (deadline.at, deadline.poll.date),
        )

    @classmethod
    def load(cls, file: Path | None = None) -> "Polls":
        """Read the polls shipped, or another file in their place; raises ReferenceDataUnusable."""
        return cls(read_records(Poll, "polls.json", file))

    def next_deadline(
        self, on: datetime, gss_code: str | None = None, nation: Nation | None = None
    ) -> Deadline | None:
        """Return the next deadline for an authority or, where that is not known, for a nation or,
        with neither, the nearest of any; None when no poll is known for it.
        """
        authority = gss_code if gss_code and nation_of(gss_code) else None
        begin = bisect.bisect_right(self._deadlines, _aware(on), key=lambda deadline: deadline.at)
        for deadline in self._deadlines[begin:]:
            if _concerns(deadline, authority, nation):
                return deadline
        return None

    def __iter__(self) -> Iterator[Poll]:
        """Go through the polls by date."""
        return iter(self._polls)


def _deadlines_of(poll: Poll) -> list[Deadline]:
    if not poll.all_nations:
        raise ReferenceDataUnusable(f"the poll of {poll.date} is held nowhere")
    return [Deadline(_end_of_registration(poll, each), each, poll) for each in poll.all_nations]


def _end_of_registration(poll: Poll, nation: Nation) -> datetime:
    if poll.registration_ends is not None:
        return day_bounds(poll.registration_ends)[1]
    return registration_deadline(poll.date, nation)


def _concerns(deadline: Deadline, gss_code: str | None, nation: Nation | None) -> bool:
    if gss_code is not None:
        same_nation = nation_of(gss_code) == deadline.nation
        return same_nation and deadline.poll.is_held_in(gss_code)
    return nation is None or deadline.nation == nation
