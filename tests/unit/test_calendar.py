"""Days and deadlines: London midnights, working days per nation, polls."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from electoral.authorities import NATIONS, Authorities, Nation
from electoral.calendar import (
    CalendarEnds,
    Poll,
    PollName,
    Polls,
    bin_start,
    day_bounds,
    is_working_day,
    london_date,
    registration_deadline,
    working_days_before,
)
from electoral.data import ReferenceDataUnusable
from electoral.today import LONDON

MANCHESTER, EDINBURGH = "E08000003", "S12000036"


def a_poll(day: date, *nations: Nation, gss_codes: tuple[str, ...] = ()) -> Poll:
    return Poll(day, PollName("A poll", "Pleidlais"), nations, gss_codes)


def test_in_summer_a_london_day_begins_at_23_utc_the_day_before() -> None:
    begin, end = day_bounds(date(2024, 6, 18))
    assert begin == datetime(2024, 6, 17, 23, tzinfo=UTC)
    assert end == datetime(2024, 6, 18, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 1, 1), 24)]
)
def test_days_on_which_clocks_change_have_23_and_25_hours(day: date, hours: int) -> None:
    begin, end = day_bounds(day)
    assert end - begin == timedelta(hours=hours)
    assert begin.utcoffset() == end.utcoffset() == timedelta(0)


def test_every_instant_of_a_day_has_its_date() -> None:
    begin, end = day_bounds(date(2026, 10, 25))
    assert london_date(begin) == london_date(end - timedelta(microseconds=1)) == date(2026, 10, 25)
    assert london_date(end) == date(2026, 10, 26)


def test_a_date_is_london_s_whatever_the_zone_of_the_datetime() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert london_date(datetime(2026, 6, 8, 7, 59, tzinfo=tokyo)) == date(2026, 6, 7)
    assert london_date(datetime(2026, 6, 8, 8, 0, tzinfo=tokyo)) == date(2026, 6, 8)


def test_a_bin_is_the_five_minutes_that_hold_an_instant() -> None:
    begin = datetime(2026, 6, 7, 22, 55, tzinfo=UTC)
    assert bin_start(begin) == begin
    assert bin_start(begin + timedelta(minutes=4, seconds=59, microseconds=999_999)) == begin
    assert bin_start(begin + timedelta(minutes=5)) == begin + timedelta(minutes=5)


def test_a_bin_is_in_utc_and_the_two_hours_of_october_have_bins_of_their_own() -> None:
    first = datetime(2026, 10, 25, 1, 31, tzinfo=LONDON)
    bins = [bin_start(first), bin_start(first.replace(fold=1))]
    assert bins == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ]
    assert bins[0].tzinfo is UTC


@pytest.mark.parametrize("function", [london_date, bin_start, Polls([]).next_deadline])
def test_a_datetime_without_a_zone_is_refused(function: object) -> None:
    assert callable(function)
    with pytest.raises(ValueError, match="time zone"):
        function(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("poll_date", "last_day"),
    [
        (date(2024, 7, 4), date(2024, 6, 18)),
        (date(2019, 12, 12), date(2019, 11, 26)),
        (date(2017, 6, 8), date(2017, 5, 22)),
        (date(2016, 6, 23), date(2016, 6, 7)),
        (date(2015, 5, 7), date(2015, 4, 20)),
    ],
)
def test_registration_ended_with_the_known_day_before_real_polls(
    poll_date: date, last_day: date
) -> None:
    deadline = registration_deadline(poll_date, "england")
    assert deadline == day_bounds(last_day)[1]
    assert london_date(deadline - timedelta(microseconds=1)) == last_day


def test_working_days_leave_out_the_nation_s_own_bank_holidays() -> None:
    tuesday_after_easter = date(2026, 4, 7)
    assert working_days_before(tuesday_after_easter, 1, "scotland") == date(2026, 4, 6)
    for nation in ("england", "wales"):
        assert working_days_before(tuesday_after_easter, 1, nation) == date(2026, 4, 2)


def test_no_working_days_before_a_day_is_the_day_itself() -> None:
    assert working_days_before(date(2026, 4, 5), 0, "wales") == date(2026, 4, 5)


@pytest.mark.parametrize(
    ("day", "nations_at_work"),
    [
        (date(2020, 5, 4), NATIONS),  # moved to the 8th for VE day
        (date(2020, 5, 8), ()),
        (date(2022, 5, 30), NATIONS),  # moved to 2 June for the Platinum Jubilee
        (date(2022, 6, 3), ()),
        (date(2022, 9, 19), ()),  # the Queen's funeral
        (date(2023, 5, 8), ()),  # the coronation
        (date(2022, 1, 4), ("england", "wales")),  # for 2 January, a Sunday
        (date(2017, 1, 3), ("england", "wales")),  # for 1 January, as the 2nd is one itself
        (date(2022, 12, 27), ()),  # for Christmas Day, a Sunday
        (date(2021, 12, 28), ()),
        (date(2025, 12, 1), ("england", "wales")),  # for St Andrew's Day, a Sunday
        (date(2026, 8, 3), ("england", "wales")),
        (date(2026, 8, 31), ("scotland",)),
        (date(2026, 6, 15), ("england", "wales")),
        (date(2026, 11, 21), ()),  # a Saturday
    ],
)
def test_bank_holidays_are_those_of_each_nation(day: date, nations_at_work: tuple[str]) -> None:
    assert tuple(n for n in NATIONS if is_working_day(day, n)) == nations_at_work


@pytest.mark.parametrize("nation", NATIONS)
def test_every_year_has_eight_bank_holidays_or_nine_in_scotland(nation: Nation) -> None:
    extra = {2022: 2, 2023: 1, 2026: nation == "scotland"}
    for year in range(2014, 2029):
        days = [date(year, 1, 1) + timedelta(n) for n in range(365)]
        closed = sum(d.weekday() < 5 and not is_working_day(d, nation) for d in days)
        assert closed == (9 if nation == "scotland" else 8) + extra.get(year, 0), year


def test_a_year_without_known_bank_holidays_is_refused_and_not_guessed() -> None:
    with pytest.raises(CalendarEnds, match="2031"):
        registration_deadline(date(2031, 5, 1), "england")


def test_the_shipped_polls_have_deadlines_and_only_known_authorities() -> None:
    authorities = Authorities.load()
    polls = list(Polls.load())
    assert all(code in authorities for poll in polls for code in poll.gss_codes)
    assert {poll.name.en for poll in polls if poll.date == date(2027, 5, 6)} == {
        "Local elections in England",
        "Council elections in Scotland and Wales",
    }


@pytest.mark.parametrize("nation", NATIONS)
def test_deadlines_that_an_act_set_stand_in_place_of_the_rule(nation: Nation) -> None:
    polls = Polls.load()
    moved = polls.next_deadline(datetime(2016, 6, 8, tzinfo=UTC), nation=nation)
    assert moved is not None
    assert moved.at == day_bounds(date(2016, 6, 9))[1]
    aligned = polls.next_deadline(datetime(2019, 11, 1, tzinfo=UTC), nation=nation)
    assert aligned is not None
    assert aligned.at == day_bounds(date(2019, 11, 26))[1]


def test_the_next_deadline_is_that_of_the_authority_s_own_poll() -> None:
    mine = a_poll(date(2026, 6, 11), gss_codes=(MANCHESTER,))
    whole_nation = a_poll(date(2026, 7, 2), "england")
    polls = Polls([whole_nation, mine, a_poll(date(2026, 5, 7), "scotland")])
    on = datetime(2026, 1, 1, tzinfo=UTC)
    found = [polls.next_deadline(on, code) for code in (MANCHESTER, "E06000001", "W06000001")]
    assert [deadline and deadline.poll for deadline in found] == [mine, whole_nation, None]


def test_a_deadline_is_next_until_the_very_instant_it_passes() -> None:
    polls = Polls([a_poll(date(2024, 7, 4), "england"), a_poll(date(2025, 5, 1), "england")])
    at = day_bounds(date(2024, 6, 18))[1]
    before = polls.next_deadline(at - timedelta(microseconds=1), MANCHESTER)
    after = polls.next_deadline(at, MANCHESTER)
    assert before is not None
    assert before.at == at
    assert after is not None
    assert after.poll.date == date(2025, 5, 1)


def test_without_an_authority_the_nation_counts_and_without_both_the_nearest_of_any() -> None:
    english, scottish = a_poll(date(2026, 7, 2), "england"), a_poll(date(2026, 6, 4), "scotland")
    polls, on = Polls([english, scottish]), datetime(2026, 1, 1, tzinfo=UTC)
    nearest = polls.next_deadline(on)
    unknown = polls.next_deadline(on, "X99999999")
    for_nation = polls.next_deadline(on, "X99999999", "england")
    assert nearest == unknown == polls.next_deadline(on, EDINBURGH)
    assert nearest is not None
    assert for_nation is not None
    assert (nearest.poll, for_nation.poll) == (scottish, english)


def test_one_poll_has_the_deadline_of_each_nation() -> None:
    """Scotland works on Easter Monday, so counts back to a later day."""
    polls, on = Polls([a_poll(date(2026, 4, 16), *NATIONS)]), datetime(2026, 1, 1, tzinfo=UTC)
    days = {n: polls.next_deadline(on, nation=n) for n in NATIONS}
    assert {n: d and london_date(d.at) - timedelta(1) for n, d in days.items()} == {
        "england": date(2026, 3, 27),
        "scotland": date(2026, 3, 30),
        "wales": date(2026, 3, 27),
    }


def test_no_poll_known_is_no_deadline() -> None:
    assert Polls.load().next_deadline(datetime(2100, 1, 1, tzinfo=UTC)) is None


def test_a_poll_held_nowhere_is_refused() -> None:
    with pytest.raises(ReferenceDataUnusable, match="nowhere"):
        Polls([a_poll(date(2026, 5, 7))])
