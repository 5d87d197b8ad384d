"""What one transaction changes in the ledger, before it is written."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from electoral.calendar import bin_start
from electoral.ledger import Counted
from electoral.today import LONDON
from hypothesis import given
from hypothesis import strategies as st

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))


def a_counted(at: datetime) -> Counted:
    return Counted(uuid4(), 1, 1, at, "E08000025")


@given(MOMENTS)
def test_an_attempts_bin_is_the_one_that_readers_cut_at(moment: datetime) -> None:
    assert a_counted(moment).bin == bin_start(moment).timestamp()
    assert a_counted(moment.astimezone(LONDON)).bin == bin_start(moment).timestamp()


def test_the_last_microsecond_of_a_bin_is_not_in_the_next() -> None:
    last = datetime(2026, 11, 22, 9, 35, tzinfo=UTC) - timedelta(microseconds=1)
    assert a_counted(last).bin == datetime(2026, 11, 22, 9, 30, tzinfo=UTC).timestamp()
