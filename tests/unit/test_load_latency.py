"""Latencies come through a histogram and back, and a run says why it is no measurement."""

import pytest
from simulated.load.figures import Figures, why_invalid
from simulated.load.latency import Latencies, decoded, percentile


def test_percentiles_survive_being_written_down_and_read() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 1_001):
        latencies.add(milliseconds / 1000)
    read = decoded(latencies.encoded())
    assert read.get_total_count() == 1_000
    assert read.get_value_at_percentile(50) == pytest.approx(500_000, rel=0.002)
    assert read.get_value_at_percentile(99) == pytest.approx(990_000, rel=0.002)
    assert read.get_max_value() == pytest.approx(1_000_000, rel=0.002)


def test_the_last_second_is_told_once_and_stays_in_the_whole() -> None:
    latencies = Latencies()
    latencies.add(0.3)
    latencies.add(0.1)
    assert latencies.last_second() == [0.1, 0.3]
    assert latencies.last_second() == []
    assert latencies.percentile_ms(100) == pytest.approx(300, rel=0.002)


def test_what_is_longer_than_an_hour_counts_as_an_hour_and_nothing_as_a_microsecond() -> None:
    latencies = Latencies()
    for seconds in (-0.001, 0.0, 9_999.0):
        latencies.add(seconds)
    read = decoded(latencies.encoded())
    assert read.get_total_count() == 3
    assert read.get_min_value() == 1
    assert read.get_max_value() == pytest.approx(3_600_000_000, rel=0.002)


def test_several_histograms_add_up() -> None:
    one, other = Latencies(), Latencies()
    one.add(0.010)
    other.add(0.020)
    both = decoded(one.encoded())
    both.add(decoded(other.encoded()))
    assert both.get_total_count() == 2


def test_a_percentile_of_nothing_is_0() -> None:
    assert percentile([], 99) == 0
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 3.0
    assert percentile([1.0, 2.0], 100) == 2.0
    assert Latencies().percentile_ms(99) == 0


@pytest.mark.parametrize(
    ("offered", "scheduled", "lag_ms", "whole", "why"),
    [
        ([1_000, 1_000], [1_000, 1_000], 10.0, True, ""),
        ([991, 1_009], [1_000, 1_000], 49.9, True, ""),
        ([1_000, 989], [1_000, 1_000], 10.0, True, "in minute 1 989 were offered and 1000"),
        ([1_011, 1_000], [1_000, 1_000], 10.0, True, "in minute 0 1011 were offered and 1000"),
        ([1_000, 0], [1_000, 50], 10.0, True, "in minute 1 0 were offered and 50"),
        ([98], [100], 10.0, True, ""),  # a moment's lag over the end of a minute
        ([97], [100], 10.0, True, "in minute 0 97 were offered and 100"),
        ([1_000], [1_000], 50.1, True, "50 ms late by itself"),
        ([1_000], [1_000], 10.0, False, "stopped before the schedule's end"),
    ],
)
def test_a_run_that_is_no_measurement_says_why(
    offered: list[int], scheduled: list[int], lag_ms: float, whole: bool, why: str
) -> None:
    said = why_invalid(offered, scheduled, lag_ms, whole=whole)
    assert why in said
    assert bool(said) == bool(why)


def test_every_arrival_that_was_offered_ends_in_one_way_or_is_in_flight() -> None:
    figures = Figures()
    for n in range(5):
        figures.offer(due=59.0 + n / 2, now=59.01 + n / 2, was_held_up=False)
    figures.answer(0.2, 59.0, accepted=True)
    figures.answer(0.001, 59.5, accepted=False)
    figures.lose(1, refused=True)
    figures.lose(1, refused=False)
    line = figures.close_second(1)
    assert (line["accepted"], line["refused"], line["failed"], line["in_flight"]) == (1, 2, 1, 1)
    assert line["p50_ms"] == line["p99_ms"] == 200  # of those accepted
    assert line["late_ms_max"] == 10
    assert figures.offered_by_minute(2) == [2, 3]


def test_who_is_sent_a_moment_after_the_schedules_end_is_of_its_last_minute() -> None:
    figures = Figures()
    for n in range(120 * 5):
        figures.offer(due=n / 5, now=n / 5 + 0.004, was_held_up=False)
    for _ in range(3):
        figures.offer(due=119.999, now=120.004, was_held_up=False)
    told = figures.summary([300, 303], whole=True)
    assert told["offered"] == [300, 303]
    assert told["valid"], told["why_invalid"]


def test_who_is_accepted_is_so_of_the_minute_in_which_they_were_due() -> None:
    figures = Figures()
    figures.offer(due=59.9, now=60.1, was_held_up=True)
    figures.offer(due=59.9, now=60.1, was_held_up=True, wrong=True)
    figures.offer(due=60.5, now=60.5, was_held_up=False)
    figures.answer(61.0, 59.9, accepted=True)
    figures.answer(61.0, 59.9, accepted=True, wrong=True)
    told = figures.summary([2, 1], whole=True)
    assert (told["valid_due"], told["valid_accepted"]) == ([1, 1], [1, 0])
    assert told["offered"] == [0, 3]


def test_who_waited_for_a_connection_is_not_the_generators_own_lag() -> None:
    figures = Figures()
    figures.offer(due=1.0, now=1.001, was_held_up=False)
    figures.offer(due=1.0, now=9.0, was_held_up=True)
    told = figures.summary([2], whole=True)
    assert told["valid"], told["why_invalid"]
    assert decoded(str(told["send_lag"])).get_total_count() == 1
    assert decoded(str(told["held_up"])).get_total_count() == 1
