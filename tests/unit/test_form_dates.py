"""Days and times as pages say them, in both languages."""

from datetime import UTC, date, datetime

import pytest
from registration.form import dates

JUNE = date(2024, 6, 18)


def test_a_day_is_written_as_people_write_it() -> None:
    assert (dates.day(JUNE, "en"), dates.day(JUNE, "cy")) == ("18 June 2024", "18 Mehefin 2024")
    assert dates.day_of_week(JUNE, "en") == "Tuesday 18 June 2024"
    assert dates.day_of_week(JUNE, "cy") == "dydd Mawrth 18 Mehefin 2024"
    assert (dates.month(JUNE, "en"), dates.month(JUNE, "cy")) == ("June 2024", "Mehefin 2024")


@pytest.mark.parametrize(
    ("hour", "minute", "english", "welsh"),
    [
        (21, 15, "10:15pm", "10:15yh"),
        (8, 5, "9:05am", "9:05yb"),
        (11, 30, "12:30pm", "12:30yh"),
        (23, 20, "12:20am", "12:20yb"),
        (23, 0, "midnight", "hanner nos"),
        (11, 0, "midday", "hanner dydd"),
    ],
)
def test_a_time_is_londons(hour: int, minute: int, english: str, welsh: str) -> None:
    at = datetime(2024, 6, 18, hour, minute, 59, tzinfo=UTC)
    assert (dates.clock(at, "en"), dates.clock(at, "cy")) == (english, welsh)


def test_a_moment_before_midnight_utc_may_be_of_the_next_day_in_london() -> None:
    at = datetime(2024, 6, 18, 23, 30, tzinfo=UTC)
    assert dates.moment(at, "en") == "19 June 2024 at 12:30am"
    assert dates.moment(at, "cy") == "19 Mehefin 2024 am 12:30yb"


def test_in_winter_london_is_utc() -> None:
    assert dates.clock(datetime(2024, 12, 12, 22, 1, tzinfo=UTC), "en") == "10:01pm"


@pytest.mark.parametrize("month", range(1, 13))
def test_months_and_days_are_not_english_in_welsh(month: int) -> None:
    on = date(2024, month, month)
    assert dates.day_of_week(on, "cy").startswith("dydd ")
    assert dates.month(on, "cy") != dates.month(on, "en")
