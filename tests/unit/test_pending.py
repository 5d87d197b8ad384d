"""When an ERO is told at once that there is no answer yet."""

from datetime import UTC, date, datetime, timedelta

import pytest
from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.calendar import Poll, PollName, Polls
from electoral.events import ApplicationReceived
from electoral.identifiers import new_application_id
from electoral.metrics import Metrics
from verification.pending import Pending, near_deadline

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
    gss_code: str,
    now: datetime,
    arrived_at: datetime | None = None,
    hours: float = 48.0,
    polls: Polls = POLLS,
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
    return Pending(polls, Metrics(), deadline_hours=hours).is_urgent(event, now)


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


def test_what_arrived_before_a_poll_that_is_over_is_urgent_before_the_next() -> None:
    """Received on 10 April 2024, and corrected in the last hours before the deadline of 4 July."""
    arrived_at = datetime(2024, 4, 10, 9, tzinfo=UTC)
    polls = Polls.load()
    corrected_at = datetime(2024, 6, 18, 8, tzinfo=UTC)
    assert is_urgent(SHEFFIELD, corrected_at, arrived_at, polls=polls)
    assert is_urgent(AUTHORITY_UNKNOWN, corrected_at, arrived_at, polls=polls)
    between = datetime(2024, 5, 20, 8, tzinfo=UTC)  # one poll is over, the next far
    assert not is_urgent(SHEFFIELD, between, arrived_at, polls=polls)


def test_a_deadline_is_near_until_its_poll_is_over_and_only_there() -> None:
    near = timedelta(hours=48)

    def found(gss_code: str, now: datetime) -> datetime | None:
        return near_deadline(POLLS, gss_code, now, near)

    assert found(CARDIFF, DEADLINE - near - timedelta(seconds=1)) is None
    for now in (DEADLINE - near, DEADLINE, datetime(2027, 5, 6, 22, tzinfo=UTC)):
        assert found(CARDIFF, now) == found(AUTHORITY_UNKNOWN, now) == DEADLINE
        assert found(SHEFFIELD, now) is None
    assert found(CARDIFF, datetime(2027, 5, 6, 23, tzinfo=UTC)) is None


def test_for_the_unplaced_the_deadline_of_any_nation_counts_until_its_own_poll_is_over() -> None:
    ends = date(2027, 4, 19)
    name = PollName("A poll", "Etholiad")
    polls = Polls(
        [
            Poll(date(2027, 5, 6), name, nations=("wales",), registration_ends=ends),
            Poll(date(2027, 5, 13), name, nations=("scotland",), registration_ends=ends),
        ]
    )
    now = datetime(2027, 5, 10, tzinfo=UTC)
    near = timedelta(hours=48)
    assert near_deadline(polls, AUTHORITY_UNKNOWN, now, near) == DEADLINE
    assert near_deadline(polls, CARDIFF, now, near) is None
