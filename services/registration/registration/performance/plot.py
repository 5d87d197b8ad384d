"""Where the lines of the plot stand: applications of the last 24 hours, oldest on the left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from electoral.today import LONDON

from registration.performance.figures import Bin

WIDTH: Final = 640  # of its letters half as many pixels are left on a phone
HEIGHT: Final = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 24, 12, 40  # margins, for the scales
_NICE = (1, 2, 5)
_GRID_LINES = 4
_HOURS_BETWEEN_MARKS = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the grid, and what it stands for."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot, in the units of its view box."""

    path: str  # the outline of all bins, as an SVG path
    counts: tuple[Mark, ...]  # across
    hours: tuple[Mark, ...]  # upright
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def plot_of(newest_first: Sequence[Bin]) -> Plot:
    """Lay the bins out."""
    bins = tuple(reversed(newest_first))
    step = nice_step(max(one.count for one in bins))
    most = step * _GRID_LINES
    return Plot(
        path=_outline(bins, most),
        counts=tuple(
            Mark(_y(step * line, most), f"{step * line:,}") for line in range(_GRID_LINES + 1)
        ),
        hours=tuple(
            Mark(_x(place, len(bins)), _hour(one.begin))
            for place, one in enumerate(bins)
            if _is_marked(one.begin)
        ),
    )


def nice_step(most: int) -> int:
    """Return the least of 1, 2, 5, 10, 20, 50... of which four reach the highest bin."""
    power = 1
    while True:
        for nice in _NICE:
            if nice * power * _GRID_LINES >= most:
                return nice * power
        power *= 10


def _outline(bins: Sequence[Bin], most: int) -> str:
    """Draw a bin as a step; steps of equal height are one line."""
    parts = [f"M{_LEFT} {HEIGHT - _BOTTOM}"]
    for place, one in enumerate(bins):
        if place == 0 or one.count != bins[place - 1].count:
            parts.append(f"H{_x(place, len(bins)):.1f}V{_y(one.count, most):.1f}")
    parts.append(f"H{WIDTH - _RIGHT}V{HEIGHT - _BOTTOM}Z")
    return "".join(parts)


def _x(place: int, places: int) -> float:
    return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * place / places, 1)


def _y(count: int, most: int) -> float:
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - count / most), 1)


def _is_marked(begin: datetime) -> bool:
    at = begin.astimezone(LONDON)
    return at.minute == 0 and at.hour % _HOURS_BETWEEN_MARKS == 0


def _hour(begin: datetime) -> str:
    return f"{begin.astimezone(LONDON):%H:%M}"
