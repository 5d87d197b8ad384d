"""The match report's figures: intervals, plots, and how they are written."""

import re
from math import hypot

import pytest
from evaluation.counting import Share, mixed, wilson
from evaluation.plots import LABELS, VALUES, WIDTH, Bar, Dot, Stack, bars, dots, stacks
from evaluation.wording import number, percent

# -- intervals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_that_newcombe_published(
    count: int, of: int, low: float, high: float
) -> None:
    """Newcombe (1998), Two-sided confidence intervals for the single proportion, table I."""
    share = wilson(count, of)
    assert share.value == count / of
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


def test_the_interval_of_all_is_that_of_none_turned_round() -> None:
    none, every = wilson(0, 50), wilson(50, 50)
    assert every.low == pytest.approx(1 - none.high)
    assert every.high == 1.0


@pytest.mark.parametrize(("count", "of"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_share_is_refused(count: int, of: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(count, of)


def test_a_mix_of_one_part_is_that_part() -> None:
    assert mixed([(250.0, wilson(3, 40))]) == pytest.approx(wilson(3, 40))


def test_a_mix_weighs_its_parts_and_is_surer_than_each() -> None:
    rare, common = wilson(90, 100), wilson(10, 100)
    whole = mixed([(1, rare), (3, common)])
    assert whole.value == pytest.approx(0.3)
    below = hypot(0.25 * (rare.value - rare.low), 0.75 * (common.value - common.low))
    assert whole.low == pytest.approx(0.3 - below)
    halves = mixed([(1, common), (1, common)])
    assert common.low < halves.low < halves.value < halves.high < common.high


# -- plots ----------------------------------------------------------------------------------------


def test_a_dot_and_its_interval_are_drawn_where_their_values_are() -> None:
    drawn = dots("Shares", [("Group", [Dot("One", Share(0.1, 0.05, 0.2), Share(0.2, 0, 1))])], 0.2)
    wide = WIDTH - LABELS - VALUES
    assert f'class="now" cx="{LABELS + wide / 2:.1f}"' in drawn
    assert f'class="before" cx="{LABELS + wide:.1f}"' in drawn
    assert f'class="interval" x1="{LABELS + wide / 4:.1f}" x2="{LABELS + wide:.1f}"' in drawn
    assert ">10.0%<" in drawn


def test_the_parts_of_a_bar_fill_it() -> None:
    parts = [("match", 0.5), ("alias", 0.0), ("no-match", 0.5)]
    drawn = stacks("Levels", ("First", "Last"), [Stack("One", parts, parts)])
    widths = [float(wide) for wide in re.findall(r'<rect [^>]*width="([\d.]+)"', drawn)]
    assert len(widths) == 4
    assert sum(widths) == pytest.approx(WIDTH - LABELS - 20, abs=0.3)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0%"), (1.0, "100%"), (0.1234, "12.3%"), (0.00123, "0.12%"), (0.0099, "0.99%")],
)
def test_shares_are_written_so_that_small_ones_are_seen(share: float, words: str) -> None:
    assert percent(share) == words


def test_nearly_all_is_not_written_as_all() -> None:
    assert percent(0.997, 0) == "99.7%"


def test_a_bar_is_as_long_as_its_value() -> None:
    drawn = bars("Counts", [Bar("One", 3.0, "3"), Bar("None", 0.0, "0")], 4.0)
    widths = [float(wide) for wide in re.findall(r'<rect [^>]*width="([\d.]+)"', drawn)]
    assert widths == [pytest.approx((WIDTH - LABELS - VALUES) * 0.75), 0.0]


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0"), (0.0416, "0.04"), (3.96, "4.0"), (7, "7"), (1234.4, "1,234")]
)
def test_numbers_are_written_so_that_small_ones_are_seen(value: float, words: str) -> None:
    assert number(value) == words
