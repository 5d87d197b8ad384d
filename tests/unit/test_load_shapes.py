"""Shapes of days: what is published is in the curves, and a curve that is none is refused."""

from itertools import pairwise

import pytest
from simulated.load.schedule import Schedule
from simulated.load.shapes import Point, Shape, UnknownShape, load_shape, names

HOUR, DAY = 3_600.0, 86_400.0


def a_shape(*points: tuple[float, float]) -> Shape:
    return Shape("drawn", "nowhere", "by hand", points[-1][0], tuple(Point(*p) for p in points))


def area(shape: Shape) -> float:
    """As the numbers stand, in rate times hours."""
    return sum((b.second - a.second) * (a.rate + b.rate) / 2 for a, b in pairwise(shape.points)) / (
        HOUR
    )


def busiest_hour(shape: Shape, total: int) -> float:
    schedule = Schedule(shape, total)
    return max(
        schedule.expected(begin, begin + HOUR)
        for begin in range(0, int(shape.seconds - HOUR) + 1, 60)
    )


def test_there_are_the_shapes_that_are_asked_for_and_each_says_where_it_is_from() -> None:
    assert names() == [
        "campaign",
        "day",
        "deadline-2016",
        "deadline-2019",
        "debate",
        "one-council",
        "ramp",
        "steady",
    ]
    for name in names():
        shape = load_shape(name)
        assert shape.name == name
        assert len(shape.source) > 30
        assert len(shape.drawn) > 15


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(UnknownShape, match="no shape flood; there are: campaign, day"):
        load_shape("flood")


@pytest.mark.parametrize(
    "points",
    [
        [(0.0, 1.0)],
        [(1.0, 1.0), (2.0, 1.0)],
        [(0.0, 1.0), (5.0, 1.0), (5.0, 2.0)],
        [(0.0, 1.0), (5.0, -0.1)],
        [(0.0, 0.0), (5.0, 0.0)],
    ],
)
def test_a_curve_that_is_none_is_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="drawn: "):
        a_shape(*points)


def test_the_deadline_of_2016_has_its_day_and_its_peak() -> None:
    shape = load_shape("deadline-2016")
    assert area(shape) == pytest.approx(525.254, abs=0.05)  # thousands an hour
    rate, at = Schedule(shape, 525_254).peak_rate()
    assert rate * HOUR == pytest.approx(214_000, rel=0.001)
    assert at == 22.25 * HOUR


def test_the_deadline_of_2019_has_its_day_and_the_busiest_hour_of_2015() -> None:
    shape = load_shape("deadline-2019")
    assert area(shape) == pytest.approx(659.666, abs=0.05)
    assert busiest_hour(shape, 659_666) / 659_666 == pytest.approx(74_000 / 469_000, rel=0.02)


def test_an_ordinary_day_is_highest_before_the_ten_o_clock_news() -> None:
    shape = load_shape("day")
    assert shape.seconds == DAY
    _, at = Schedule(shape, 25_000).peak_rate()
    assert 18 * HOUR <= at < 22 * HOUR


def test_a_campaign_builds_up_from_an_ordinary_day_to_the_last_one() -> None:
    shape = load_shape("campaign")
    schedule = Schedule(shape, round(area(shape) * 1000))
    days = [schedule.expected(d * DAY, (d + 1) * DAY) for d in range(int(shape.seconds / DAY))]
    assert len(days) == 28
    assert days == sorted(days)
    assert days[0] == pytest.approx(25_000, rel=0.01)
    assert days[-1] == pytest.approx(659_666, rel=0.01)


def test_a_debate_doubles_the_rate_within_a_minute() -> None:
    shape = load_shape("debate")
    rates = dict(shape.points)
    assert rates[1260] == 2 * rates[1200]


def test_one_council_is_named_with_seven_times_its_share() -> None:
    council = load_shape("one-council").council
    assert council is not None
    assert council.share == 7
    assert council.gss_code.startswith("E0")
