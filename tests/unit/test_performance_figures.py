"""The key figures, the bins and the plot: worked out from counts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from electoral.calendar import BIN, day_bounds
from registration.performance.cost import (
    CPU,
    STORED,
    Cost,
    Prices,
    ProcessTime,
    newly_used,
    read_process_time,
)
from registration.performance.figures import BINS, Bin, Share, bins_of, indicators, window
from registration.performance.plot import HEIGHT, WIDTH, nice_step, plot_of

PRICES = Prices(cpu_hour=4.0, gigabyte_month=10.0)
NOW = datetime(2026, 11, 22, 14, 7, 30, tzinfo=UTC)


def test_each_indicator_is_the_share_that_its_definition_says() -> None:
    told = indicators(
        {
            ("source", "web"): 80,
            ("source", "assisted"): 10,
            ("source", "paper"): 30,
            ("journey", "started"): 120,
            ("journey", "sent"): 84,
            ("satisfaction", "5"): 6,
            ("satisfaction", "4"): 2,
            ("satisfaction", "3"): 1,
            ("satisfaction", "1"): 1,
            ("seconds", "300"): 3,
            ("seconds", "900"): 1,
        },
        PRICES,
    )
    assert told.completion == Share(84, 120)
    assert told.take_up == Share(90, 120)
    assert told.satisfaction == Share(8, 10)
    assert told.satisfaction.percent == 80
    assert told.median_seconds == 307.5


def test_of_nothing_nothing_is_told() -> None:
    told = indicators({}, PRICES)
    shares = (told.completion, told.take_up, told.satisfaction)
    assert [share.percent for share in shares] == [None] * 3
    assert (told.median_seconds, told.cost.pence_each) == (None, None)


def test_who_began_before_the_period_makes_no_more_than_all() -> None:
    assert Share(3, 2).percent == 100


# -- bins ------------------------------------------------------------------------------------------


def test_the_window_is_288_bins_and_the_last_is_the_one_that_runs() -> None:
    begin, end = window(NOW)
    assert end == datetime(2026, 11, 22, 14, 10, tzinfo=UTC)
    assert (end - begin) // BIN == BINS == 288


def test_bins_are_newest_first_and_an_empty_one_is_one() -> None:
    begin, end = window(NOW)
    counted = [(begin, "web", 2), (end - BIN, "web", 3), (end - BIN, "assisted", 1)]
    counted.append((end - BIN, "paper", 9))
    bins = bins_of(counted, begin, end)
    assert bins[0] == Bin(end - BIN, 4)
    assert bins[-1] == Bin(begin, 2)
    assert len(bins) == 288
    assert sum(one.count for one in bins) == 6


@pytest.mark.parametrize(
    ("day", "bins"),
    [(date(2026, 3, 29), 276), (date(2026, 6, 18), 288), (date(2026, 10, 25), 300)],
)
def test_a_day_has_as_many_bins_as_its_clocks_make(day: date, bins: int) -> None:
    assert len(bins_of([], *day_bounds(day))) == bins


# -- cost ------------------------------------------------------------------------------------------


def test_cost_is_what_was_used_at_its_price_by_what_was_accepted() -> None:
    counts = {
        ("source", "web"): 1_000,
        ("source", "paper"): 500,
        ("cost", CPU): 3_600_000,  # an hour
        ("cost", STORED): 2_000 * 30 * 86_400,  # two gigabytes for a month
    }
    assert indicators(counts, PRICES).cost.pence == pytest.approx(4 + 20)
    assert indicators(counts, PRICES).cost.pence_each == pytest.approx(0.024)


def test_without_any_process_measured_no_cost_is_told() -> None:
    assert Cost(0, 5_000_000, 1_000, PRICES).pence_each is None


def test_a_process_tells_its_time_and_its_start() -> None:
    text = "# HELP x\nprocess_cpu_seconds_total 12.345\nprocess_start_time_seconds 1.7e+09\n"
    assert read_process_time(text) == ProcessTime(1.7e9, 12_345)
    assert read_process_time("process_cpu_seconds_total 12.3\n") is None


@pytest.mark.parametrize(
    ("before", "now", "used"),
    [
        (None, ProcessTime(100.0, 5_000), 0),  # seen for the first time
        (ProcessTime(100.0, 5_000), ProcessTime(100.0, 5_700), 700),
        (ProcessTime(100.0, 5_000), ProcessTime(200.0, 300), 300),  # restarted
        (ProcessTime(100.0, 5_000), ProcessTime(100.0, 4_000), 0),  # an answer that came late
        (ProcessTime(200.0, 300), ProcessTime(100.0, 9_000), 0),  # of the process before
    ],
)
def test_only_what_is_new_is_used(before: ProcessTime | None, now: ProcessTime, used: int) -> None:
    known = {} if before is None else {"url": before}
    counted, remembered = newly_used(known, {"url": now})
    assert counted == used
    late = before is not None and now < before
    assert remembered == ({} if late else {"url": now})


# -- plot ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "step"), [(0, 1), (4, 1), (5, 2), (8, 2), (9, 5), (20, 5), (21, 10), (4_001, 2_000)]
)
def test_the_scale_goes_in_round_steps_up_to_the_highest_bin(most: int, step: int) -> None:
    assert nice_step(most) == step


def test_the_plot_stays_within_its_frame_and_shows_the_highest_bin_at_its_place() -> None:
    begin, end = window(NOW)
    plot = plot_of(bins_of([(begin, "web", 4), (end - BIN, "web", 2)], begin, end))
    assert plot.path.startswith(f"M{plot.left} {plot.bottom}H{plot.left:.1f}V{plot.top:.1f}H")
    numbers = [
        float(word[1:])
        for word in plot.path.replace("V", " V").replace("H", " H").split()[2:]
        if word != "Z" and "Z" not in word
    ]
    assert all(0 <= number <= max(WIDTH, HEIGHT) for number in numbers)
    assert [mark.label for mark in plot.counts] == ["0", "1", "2", "3", "4"]


def test_hours_are_marked_by_the_clocks_of_london() -> None:
    summer = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
    begin, end = window(summer)
    labels = [mark.label for mark in plot_of(bins_of([], begin, end)).hours]
    assert labels == ["15:00", "18:00", "21:00", "00:00", "03:00", "06:00", "09:00", "12:00"]


def test_a_day_without_applications_is_drawn_too() -> None:
    begin, end = window(NOW - timedelta(days=1))
    assert plot_of(bins_of([], begin, end)).path.count("V") == 2
