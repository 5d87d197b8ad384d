"""The day that keys are named by: London's, from its first instant to its last."""

from datetime import UTC, date, datetime, timedelta

import pytest
from electoral.today import Today

INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    "midnight",  # in London
    [
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 6, 7, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 23, tzinfo=UTC),  # the end of a day of 23 hours
        datetime(2026, 10, 26, tzinfo=UTC),  # and of one of 25
    ],
)
def test_the_day_changes_at_midnight_in_london(midnight: datetime) -> None:
    clock = [midnight - INSTANT]
    today = Today(lambda: clock[0])
    before = today()
    clock[0] = midnight
    after = today()
    assert after == before + timedelta(days=1)
    clock[0] = midnight + timedelta(hours=22)
    assert today() == after
    clock[0] = midnight - INSTANT  # a clock that was set back
    assert today() == before


def test_after_days_without_a_question_it_is_the_day_that_it_is() -> None:
    clock = [datetime(2026, 11, 22, 12, tzinfo=UTC)]
    today = Today(lambda: clock[0])
    assert today() == date(2026, 11, 22)
    clock[0] += timedelta(days=200)
    assert today() == date(2027, 6, 10)
