"""When an ERO is told at once that there is no answer yet."""

from datetime import UTC, date, datetime, timedelta

import pytest
from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.calendar import Poll, PollName, Polls
from electoral.events import ApplicationReceived
from electoral.identifiers import new_application_id
from electoral.metrics import Metrics
from verification.pending import Pending

CARDIFF, SHEFFIELD = "W06000015", "E08000019"
# Registration for the first ends with 19 April, for the second in September.
POLLS = Polls(
    [
        Poll(date(2027, 5, 6), PollName("A poll", "Etholiad"), gss_codes=(CARDIFF,)),
        Poll(date(2027, 10, 5), PollName("A poll", "Etholiad"), nations=("england",)),
    ]
)
DEADLINE = datetime(2027, 4, 19, 23, 0, tzinfo=UTC)  # midnight in London


def is_urgent(
    gss_code: str, now: datetime, arrived_at: datetime | None = None, hours: float = 48.0
) -> bool:
    event = ApplicationReceived(
        application_id=new_application_id(),
        attempt=1,
        gss_code=gss_code,
        received_at=now,
        attempt_received_at=now,
        type="ordinary",
        source="web",
        language="en",
        arrived_at=arrived_at or now,
        address_basis="uprn",
        client_id="form",
        person="person-2027-04-18.AAAA",
    )
    return Pending(POLLS, Metrics(), deadline_hours=hours).is_urgent(event, now)


def test_the_deadline_is_where_these_tests_think() -> None:
    deadline = POLLS.next_deadline(datetime(2027, 1, 1, tzinfo=UTC), CARDIFF)
    assert deadline is not None
    assert deadline.at == DEADLINE


@pytest.mark.parametrize(
    ("before", "urgent"),
    [
        (timedelta(hours=48, seconds=1), False),
        (timedelta(hours=48), True),
        (timedelta(seconds=1), True),
        (timedelta(0), False),  # it came too late: the next deadline counts
    ],
)
def test_an_attempt_is_urgent_in_the_hours_before_a_deadline(
    before: timedelta, urgent: bool
) -> None:
    assert is_urgent(CARDIFF, DEADLINE - before) is urgent


def test_the_deadline_is_that_of_the_authority() -> None:
    assert not is_urgent(SHEFFIELD, DEADLINE - timedelta(hours=1))


@pytest.mark.parametrize("unplaced", [AUTHORITY_UNKNOWN, "N09000001"])
def test_without_a_known_authority_the_nearest_deadline_of_all_counts(unplaced: str) -> None:
    assert is_urgent(unplaced, DEADLINE - timedelta(hours=1))


def test_what_arrived_in_time_stays_urgent_until_the_poll_is_over() -> None:
    arrived_at = DEADLINE - timedelta(minutes=1)
    assert is_urgent(CARDIFF, DEADLINE + timedelta(minutes=1), arrived_at)
    assert is_urgent(CARDIFF, datetime(2027, 5, 6, 20, 0, tzinfo=UTC), arrived_at)
    assert not is_urgent(CARDIFF, datetime(2027, 5, 7, 1, 0, tzinfo=UTC), arrived_at)


def test_the_hours_are_a_setting() -> None:
    now = DEADLINE - timedelta(hours=3)
    assert is_urgent(CARDIFF, now, hours=4.0)
    assert not is_urgent(CARDIFF, now, hours=2.0)


def test_without_any_poll_to_come_nothing_is_urgent() -> None:
    assert not is_urgent(CARDIFF, datetime(2028, 1, 1, tzinfo=UTC))
