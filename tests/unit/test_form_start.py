"""The last days to apply that the start page names."""

from datetime import UTC, date, datetime, timedelta

from electoral.authorities import Nation
from electoral.calendar import Poll, PollName, Polls, registration_deadline
from registration.form.start import LastDay, last_days

MAY = date(2026, 5, 7)
JUNE = date(2026, 6, 25)
NOVEMBER = date(2026, 11, 19)
WINTER = datetime(2026, 2, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_poll(day: date, *nations: Nation, ends: date | None = None) -> Poll:
    return Poll(day, PollName(f"Poll of {day}", "Pleidlais"), nations, registration_ends=ends)


def test_one_poll_of_two_nations_with_one_last_day_is_said_once() -> None:
    poll = a_poll(NOVEMBER, "england", "wales")
    assert last_days(Polls([poll]), WINTER) == (LastDay(poll, date(2026, 11, 3)),)


def test_two_polls_of_one_day_are_both_said() -> None:
    english = a_poll(NOVEMBER, "england")
    welsh = Poll(NOVEMBER, PollName("Senedd", "Senedd"), ("wales",))
    last_day = date(2026, 11, 3)
    assert last_days(Polls([english, welsh]), WINTER) == (
        LastDay(english, last_day),
        LastDay(welsh, last_day),
    )


def test_of_a_nation_that_votes_earlier_only_its_poll_is_said() -> None:
    english, scottish = a_poll(NOVEMBER, "england", "wales"), a_poll(MAY, "scotland")
    (shown,) = last_days(Polls([english, scottish]), WINTER)
    assert shown.poll == scottish


def test_a_last_day_that_comes_earlier_in_one_nation_is_said_beside_the_other() -> None:
    """The day after New Year's Day is a holiday in Scotland alone."""
    poll = a_poll(date(2026, 1, 15), "england", "scotland")
    assert last_days(Polls([poll]), datetime(2025, 12, 1, tzinfo=UTC)) == (
        LastDay(poll, date(2025, 12, 29)),
        LastDay(poll, date(2025, 12, 24)),
    )


def test_without_a_poll_to_come_there_is_no_last_day() -> None:
    assert last_days(Polls([]), WINTER) == ()
    over = a_poll(MAY, "england")
    assert last_days(Polls([over]), datetime(2026, 5, 6, tzinfo=UTC)) == ()


def test_a_last_day_is_said_to_its_last_minute_and_then_that_of_the_next_poll() -> None:
    first, then = a_poll(MAY, "england"), a_poll(NOVEMBER, "england")
    polls, end = Polls([first, then]), registration_deadline(MAY, "england")
    assert [shown.poll for shown in last_days(polls, end - MINUTE)] == [first]
    assert [shown.poll for shown in last_days(polls, end)] == [then]
    assert [shown.poll for shown in last_days(polls, end + MINUTE)] == [then]


def test_in_summer_the_last_day_is_that_of_london_which_ends_at_23_utc() -> None:
    poll = a_poll(JUNE, "england", ends=date(2026, 6, 9))
    polls = Polls([poll])
    at_23_utc = datetime(2026, 6, 9, 23, tzinfo=UTC)
    assert last_days(polls, at_23_utc - MINUTE) == (LastDay(poll, date(2026, 6, 9)),)
    assert last_days(polls, at_23_utc) == ()
