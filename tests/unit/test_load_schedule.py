"""A schedule keeps to its curve, whatever its total and its time."""

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated.load.schedule import Part, Schedule
from simulated.load.shapes import Point, Shape, load_shape, names

STEADY = Shape("steady", "", "", 100.0, (Point(0, 1), Point(100, 1)))
TRIANGLE = Shape("triangle", "", "", 100.0, (Point(0, 0), Point(50, 2), Point(100, 0)))


@pytest.mark.parametrize("name", names())
def test_arrivals_come_in_order_and_as_many_as_the_curve_has_before_any_time(name: str) -> None:
    shape = load_shape(name)
    schedule = Schedule(shape, 5_000, compress=shape.seconds / 600)
    dues = [schedule.due(n) for n in range(5_000)]
    assert dues == sorted(dues)
    assert dues[0] >= 0
    assert dues[-1] <= schedule.duration == pytest.approx(600)
    for second in range(0, 601, 20):
        came = bisect_left(dues, second)
        assert came == pytest.approx(schedule.expected(0, second), abs=1.001)


@given(st.integers(1, 3_000), st.floats(0.01, 100.0), st.integers(0, 2**40))
def test_every_arrival_is_due_in_its_own_slot(total: int, compress: float, seed: int) -> None:
    schedule = Schedule(TRIANGLE, total, compress, seed)
    for n in {0, total // 3, total - 1}:
        assert n - 1e-6 <= schedule.expected(0, schedule.due(n)) <= n + 1 + 1e-6


def test_a_steady_rate_is_the_total_over_the_time() -> None:
    assert Schedule(STEADY, 5_000).peak_rate() == (50.0, 0.0)
    assert Schedule(STEADY, 5_000, compress=10).peak_rate() == (500.0, 0.0)
    assert Schedule(STEADY, 5_000, compress=10).duration == 10.0


def test_the_peak_is_the_highest_rate_and_when_it_is_reached() -> None:
    rate, at = Schedule(TRIANGLE, 1_000, compress=2).peak_rate()
    assert rate == pytest.approx(40.0)
    assert at == 25.0


def test_expected_arrivals_add_up_to_the_total() -> None:
    schedule = Schedule(TRIANGLE, 1_000)
    assert schedule.expected(0, 50) == pytest.approx(500)
    assert schedule.expected(0, 25) == pytest.approx(125)
    assert schedule.expected(-10, 1_000) == 1_000
    assert schedule.expected(60, 60) == 0


def test_the_seed_decides_where_in_their_slots_arrivals_come() -> None:
    dues = [[Schedule(STEADY, 100, seed=seed).due(n) for n in range(100)] for seed in (1, 1, 2)]
    assert dues[0] == dues[1] != dues[2]
    places = [due % 1.0 for due in dues[0]]
    assert len({round(place, 3) for place in places}) > 80  # in step with nothing
    assert sum(places) / 100 == pytest.approx(0.5, abs=0.1)


def test_parts_share_the_arrivals_out_and_none_is_left() -> None:
    schedule = Schedule(TRIANGLE, 1_001)
    parts = [Part(first, 3) for first in range(3)]
    numbers = sorted(n for part in parts for n in part.arrivals(1_001))
    assert numbers == list(range(1_001))
    assert sum(sum(schedule.by_minute(part)) for part in parts) == 1_001


def test_minutes_count_those_who_are_due_in_them() -> None:
    schedule = Schedule(TRIANGLE, 1_000)
    assert schedule.by_minute() == [
        sum(schedule.due(n) < 60 for n in range(1_000)),
        sum(schedule.due(n) >= 60 for n in range(1_000)),
    ]


@pytest.mark.parametrize(("total", "compress"), [(0, 1.0), (-1, 1.0), (10, 0.0), (10, -2.0)])
def test_a_schedule_of_nothing_is_refused(total: int, compress: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Schedule(STEADY, total, compress)


def test_a_curve_that_rests_at_nothing_has_no_arrivals_there() -> None:
    pausing = Shape(
        "pausing", "", "", 100.0, (Point(0, 1), Point(20, 0), Point(80, 0), Point(100, 1))
    )
    schedule = Schedule(pausing, 500)
    assert not [n for n in range(500) if 20.5 < schedule.due(n) < 79.5]
    assert schedule.expected(20, 80) == pytest.approx(0)
