"""Figures in words, the same everywhere on the page."""

from evaluation.counting import Share


def percent(value: float, places: int | None = None) -> str:
    """A share as people say it: one place after the point, two where less than one in a hundred."""
    if value in (0.0, 1.0):
        places = 0
    elif places is None:
        places = 1 if value >= 0.01 else 2
    if places == 0 and 0.995 <= value < 1.0:
        places = 1  # not quite all
    return f"{value * 100:.{places}f}%"


def interval(share: Share) -> str:
    return f"{percent(share.low)} to {percent(share.high)}"


def number(value: float) -> str:
    """A number of applicants; of a fraction of one, two places."""
    if value >= 10 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def with_interval(share: Share) -> str:
    return f"{percent(share.value)} ({interval(share)})"
