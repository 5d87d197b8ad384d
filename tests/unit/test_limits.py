"""Limits on requests: so many in some seconds for each name, and no memory without end."""

import pytest
from electoral.limits import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_as_many_as_a_minute_allows_at_once_and_then_one_at_a_time(clock: Clock) -> None:
    limit = RateLimit(6, 60, clock)
    assert [limit.seconds_to_wait("a") for _ in range(7)] == [0] * 6 + [10]
    clock.now += 9
    assert limit.seconds_to_wait("a") == 1
    clock.now += 1
    assert limit.seconds_to_wait("a") == 0
    assert limit.seconds_to_wait("a") == 10


def test_what_costs_more_waits_for_more_and_takes_nothing_until_it_is_there(clock: Clock) -> None:
    limit = RateLimit(60, 60, clock)
    assert [limit.seconds_to_wait("a", cost) for cost in (40, 25, 20, 1)] == [0, 5, 0, 1]


def test_what_was_charged_is_owed_when_there_is_not_so_much(clock: Clock) -> None:
    limit = RateLimit(60, 60, clock)
    limit.charge("a", 70)
    assert limit.seconds_to_wait("a") == 11
    clock.now += 11
    assert limit.seconds_to_wait("a") == 0


def test_names_do_not_share(clock: Clock) -> None:
    limit = RateLimit(1, 60, clock)
    assert [limit.seconds_to_wait(name) for name in "aabb"] == [0, 60, 0, 60]


def test_a_long_rest_saves_no_more_than_a_minutes_worth(clock: Clock) -> None:
    limit = RateLimit(2, 60, clock)
    limit.seconds_to_wait("a")
    clock.now += 86_400
    assert [limit.seconds_to_wait("a") for _ in range(3)] == [0, 0, 30]


def test_waiting_as_told_is_enough_and_asking_meanwhile_costs_nothing(clock: Clock) -> None:
    limit = RateLimit(20, 60, clock)
    for _ in range(20):
        limit.seconds_to_wait("a")
    wait = limit.seconds_to_wait("a")
    for _ in range(50):
        assert limit.seconds_to_wait("a") == wait
    clock.now += wait
    assert limit.seconds_to_wait("a") == 0


def test_the_longest_unused_names_are_forgotten(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("electoral.limits.NAMES_MAX", 3)
    limit = RateLimit(1, 60, clock)
    for name in "abca":
        limit.seconds_to_wait(name)
    limit.seconds_to_wait("d")  # b is forgotten, a was asked for again
    assert limit.seconds_to_wait("a") > 0
    assert limit.seconds_to_wait("b") == 0
