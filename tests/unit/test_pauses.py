"""When what is parked is tried again."""

from datetime import UTC, datetime

import pytest
from builders import a_received
from verification.errors import ParkReason
from verification.pauses import AHEAD_OF_BACKLOG_SECONDS, pause_when_new, postponed
from verification.postgres.parked import Claimed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def claimed(reason: ParkReason, tries: int) -> Claimed:
    return Claimed(a_received(NOW), None, 0, reason, 0.0, tries, NOW, 0)


def test_new_work_that_found_no_turn_comes_before_a_backlog_and_no_other_does() -> None:
    assert pause_when_new("dwp-throttled") == -AHEAD_OF_BACKLOG_SECONDS
    assert pause_when_new("dwp-down") == 0.0
    assert pause_when_new("dwp-unavailable") > 0.0


def test_what_dwp_cannot_answer_is_asked_about_less_and_less_often_up_to_a_minute() -> None:
    for tries, seconds in [(0, 2.0), (1, 4.0), (4, 32.0), (5, 60.0), (1_000, 60.0)]:
        waits = postponed(claimed("dwp-unavailable", tries), "dwp-unavailable")
        assert waits.tries == tries + 1
        assert seconds / 2 <= waits.pause <= seconds


@pytest.mark.parametrize("reason", ["dwp-down", "dwp-throttled"])
def test_to_have_asked_nobody_is_no_try(reason: ParkReason) -> None:
    waits = postponed(claimed(reason, 0), reason)
    assert (waits.tries, waits.pause) == (0, 0.0)


@pytest.mark.parametrize("before", ["dwp-down", "dwp-unanswered", "unknown-key"])
def test_with_another_reason_the_tries_begin_anew(before: ParkReason) -> None:
    waits = postponed(claimed(before, 9), "dwp-unavailable")
    assert waits.tries == 1
    assert waits.pause <= 2.0
