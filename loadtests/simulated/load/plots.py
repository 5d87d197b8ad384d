"""Plots of a run over its time, as inline SVG in the page's own colours."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from statistics import fmean
from typing import NamedTuple

WIDTH, HEIGHT = 900, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 14, 34  # margins; names of the lines stand in the right one
POINTS_MAX = 300  # of a line: more than that nobody sees
NAME_HEIGHT = 15  # two names never stand closer

Scale = Callable[[float], float]
Of = Callable[[Sequence[float]], float]


class Line(NamedTuple):
    """One line; `style` is a class of the page's style sheet. None: nothing was measured."""

    name: str
    style: str
    values: Sequence[float | None]


def lines(
    title: str,
    seconds: Sequence[float],
    drawn: Sequence[Line],
    *,
    logarithmic: bool = False,
    filled: bool = False,
    of_many: Of = fmean,
) -> str:
    """Lines over seconds; `of_many`: what is drawn of several that fall on one point."""
    thinned = [(line, _points(seconds, line.values, of_many)) for line in drawn]
    values = [value for _, points in thinned for _, value in points if value is not None]
    y, ticks = _logarithmic(values) if logarithmic else _linear(max(values, default=1.0))
    x = _across(seconds)
    parts = [*_grid(y, ticks), *_times(seconds, x)]
    ends = []
    for line, points in thinned:
        for stretch in _stretches(points):
            path = " ".join(f"{x(second):.1f},{y(value):.1f}" for second, value in stretch)
            if filled:
                first, last = x(stretch[0][0]), x(stretch[-1][0])
                ground = f"{last:.1f},{HEIGHT - BOTTOM} {first:.1f},{HEIGHT - BOTTOM}"
                parts.append(f'<polygon class="under {line.style}" points="{path} {ground}"/>')
            parts.append(f'<polyline class="line {line.style}" points="{path}"/>')
        known = [value for _, value in points if value is not None]
        ends.append((y(known[-1]) if known else HEIGHT - BOTTOM, line))
    return _svg(title, [*parts, *_names(ends)])


def stacked(title: str, seconds: Sequence[float], drawn: Sequence[Line]) -> str:
    """Areas on top of each other, the first at the bottom."""
    thinned = [_points(seconds, line.values, fmean) for line in drawn]
    times = [second for second, _ in thinned[0]] if thinned else []
    tops = [[0.0] * len(times)]
    for points in thinned:
        below = tops[-1]
        tops.append([b + (v or 0.0) for b, (_, v) in zip(below, points, strict=True)])
    y, ticks = _linear(max(tops[-1], default=1.0))
    x = _across(seconds)
    parts, ends = [], []
    for line, below, above in zip(drawn, tops, tops[1:], strict=False):
        up = [f"{x(s):.1f},{y(v):.1f}" for s, v in zip(times, above, strict=True)]
        down = [f"{x(s):.1f},{y(v):.1f}" for s, v in zip(times, below, strict=True)]
        parts.append(
            f'<polygon class="area {line.style}" points="{" ".join([*up, *reversed(down)])}"/>'
        )
        # The name stands beside the middle of the run: at its end all is quiet.
        middle = len(times) // 2
        ends.append((y((below[middle] + above[middle]) / 2) if times else 0.0, line))
    return _svg(title, [*parts, *_grid(y, ticks), *_times(seconds, x), *_names(ends)])


def _svg(title: str, parts: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def _points(
    seconds: Sequence[float], values: Sequence[float | None], of_many: Of
) -> list[tuple[float, float | None]]:
    """At most `POINTS_MAX`, each for those that fall on it."""
    step = max(1, math.ceil(len(seconds) / POINTS_MAX))
    points = []
    for begin in range(0, len(seconds), step):
        known = [value for value in values[begin : begin + step] if value is not None]
        points.append((seconds[begin], of_many(known) if known else None))
    return points


def _stretches(
    points: Iterable[tuple[float, float | None]],
) -> Iterable[list[tuple[float, float]]]:
    """What can be drawn without a gap."""
    stretch: list[tuple[float, float]] = []
    for second, value in points:
        if value is not None:
            stretch.append((second, value))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _across(seconds: Sequence[float]) -> Scale:
    length = max(seconds[-1], 1.0) if seconds else 1.0
    return lambda second: LEFT + (WIDTH - LEFT - RIGHT) * second / length


def _linear(top: float) -> tuple[Scale, list[tuple[float, str]]]:
    step = _round_step(max(top, 1e-6) / 5)
    count = max(1, math.ceil(top / step - 1e-9))
    top = step * count

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    return y, [(step * i, _short(step * i)) for i in range(count + 1)]


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10, ..."""
    unit: float = 10.0 ** math.floor(math.log10(least))
    return next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= least * 0.999)


def _logarithmic(values: Sequence[float]) -> tuple[Scale, list[tuple[float, str]]]:
    """Decades, from the one below the lowest to the one above the highest."""
    known = [max(value, 0.1) for value in values] or [1.0]
    low = math.floor(math.log10(min(known)))
    high = max(low + 1, math.ceil(math.log10(max(known))))

    def y(value: float) -> float:
        share = (math.log10(max(value, 10.0**low)) - low) / (high - low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    return y, [(10.0**i, _short(10.0**i)) for i in range(low, high + 1)]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:g}"


def _grid(y: Scale, ticks: Iterable[tuple[float, str]]) -> Iterable[str]:
    for value, words in ticks:
        place = f"{y(value):.1f}"
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place}" y2="{place}"/>'
        yield f'<text class="value" x="{LEFT - 8}" y="{y(value) + 4:.1f}">{words}</text>'


def _times(seconds: Sequence[float], x: Scale) -> Iterable[str]:
    """Minutes and seconds below the plot, about six of them."""
    length = seconds[-1] if seconds else 1.0
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
    step = next((one for one in steps if one >= length / 7), steps[-1])
    for second in range(0, int(length) + 1, step):
        words = f"{second // 60}:{second % 60:02d}"
        yield f'<text class="axis" x="{x(second):.1f}" y="{HEIGHT - BOTTOM + 20}">{words}</text>'


def _names(ends: Iterable[tuple[float, Line]]) -> Iterable[str]:
    """Beside the end of each line, moved apart where they would stand on each other."""
    placed = sorted(ends, key=lambda one: one[0])
    lowest = HEIGHT - BOTTOM - NAME_HEIGHT * (len(placed) - 1)
    at = -math.inf
    for place, (wanted, line) in enumerate(placed):
        at = max(at + NAME_HEIGHT, min(wanted, lowest + NAME_HEIGHT * place))
        yield (
            f'<rect class="area {line.style}" x="{WIDTH - RIGHT + 8}" y="{at - 5:.1f}" '
            f'width="10" height="10" rx="2"/>'
            f'<text class="name" x="{WIDTH - RIGHT + 23}" y="{at + 4:.1f}">'
            f"{escape(line.name)}</text>"
        )
