"""Plots as inline SVG: drawn in the page's own colours, so that they are right in the dark, too.

Every plot has a table beside it that says the same; here a title says what is to be seen.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple

from evaluation.counting import Share
from evaluation.wording import number, percent

WIDTH = 900
ROW, HEAD, FOOT = 24, 30, 30  # heights
LABELS = 262  # width of the labels before a plot
VALUES = 70  # width of the figures after it


class Dot(NamedTuple):
    """A row of a dot plot: the share now with its interval, and the one before beside it."""

    label: str
    now: Share
    before: Share


class Bar(NamedTuple):
    label: str
    value: float
    text: str


class Stack(NamedTuple):
    """A row of two bars, each of parts that fill it: the name of a part and its share."""

    label: str
    left: Sequence[tuple[str, float]]
    right: Sequence[tuple[str, float]]


def svg(title: str, height: float, parts: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def text(x: float, y: float, words: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{escape(words)}</text>'


def dots(title: str, groups: Sequence[tuple[str, Sequence[Dot]]], top: float) -> str:
    """Shares from 0 to `top` with their intervals, in groups under headings."""
    x = _scale(top)
    parts, y = [], float(HEAD)
    for heading, rows in groups:
        parts.append(text(0, y + ROW * 0.7, heading, "heading"))
        y += ROW
        for row in rows:
            parts.append(_dot(row, y + ROW / 2, x))
            y += ROW
    grid = _grid(top, y, x, lambda value: percent(value, 0 if top >= 0.5 else 1))
    return svg(title, y + FOOT, [*grid, *parts])


def _scale(top: float) -> Callable[[float], float]:
    """Where a value from 0 to `top` is in the width."""
    return lambda value: LABELS + (WIDTH - LABELS - VALUES) * value / top


def _grid(
    top: float, bottom: float, x: Callable[[float], float], word: Callable[[float], str]
) -> list[str]:
    """Five lines upright, each with its value below."""
    parts = []
    for step in range(6):
        value = top * step / 5
        parts.append(
            f'<line class="grid" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{HEAD}" '
            f'y2="{bottom:.1f}"/>'
        )
        parts.append(text(x(value), bottom + FOOT * 0.6, word(value), "axis"))
    return parts


def _dot(row: Dot, y: float, x: Callable[[float], float]) -> str:
    low, high = x(row.now.low), x(min(row.now.high, 1.0))
    return (
        text(LABELS - 12, y + 4, row.label, "label")
        + f'<line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        + f'<circle class="before" cx="{x(row.before.value):.1f}" cy="{y:.1f}" r="7"/>'
        + f'<circle class="now" cx="{x(row.now.value):.1f}" cy="{y:.1f}" r="4"/>'
        + text(WIDTH, y + 4, percent(row.now.value), "value")
    )


def bars(title: str, rows: Sequence[Bar], top: float) -> str:
    x = _scale(top)
    parts, bottom = [], float(HEAD + ROW * len(rows))
    for place, row in enumerate(rows):
        y = HEAD + ROW * place
        parts.append(text(LABELS - 12, y + ROW / 2 + 4, row.label, "label"))
        parts.append(
            f'<rect class="bar" x="{LABELS}" y="{y + 4}" height="{ROW - 8}" '
            f'width="{x(row.value) - LABELS:.1f}"/>'
        )
        parts.append(text(x(row.value) + 6, y + ROW / 2 + 4, row.text))
    return svg(title, bottom + FOOT, [*_grid(top, bottom, x, number), *parts])


def stacks(title: str, headings: tuple[str, str], rows: Sequence[Stack]) -> str:
    """Two columns of bars, each as long as the others and filled by its parts."""
    width = (WIDTH - LABELS - 20) / 2
    columns = (LABELS, LABELS + width + 20)
    parts = [
        text(x, HEAD - 12, words, "heading") for x, words in zip(columns, headings, strict=True)
    ]
    for place, row in enumerate(rows):
        y = HEAD + ROW * place
        parts.append(text(LABELS - 12, y + ROW / 2 + 4, row.label, "label"))
        for x, shares in zip(columns, (row.left, row.right), strict=True):
            parts.extend(_segments(x, y, width, shares))
    return svg(title, HEAD + ROW * len(rows) + 6, parts)


SEGMENT_WITH_TEXT = 0.14  # of the width, or there is no room for its figure


def _segments(
    x: float, y: float, width: float, shares: Sequence[tuple[str, float]]
) -> Iterable[str]:
    for part, share in shares:
        wide = width * share
        if share:
            yield (
                f'<rect class="level {part}" x="{x:.1f}" y="{y + 3}" height="{ROW - 6}" '
                f'width="{wide:.1f}"/>'
            )
        if share >= SEGMENT_WITH_TEXT:
            yield text(x + wide / 2, y + ROW / 2 + 4, percent(share, 0), f"in {part}")
        x += wide
