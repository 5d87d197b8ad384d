"""Counting: shares with the interval that chance alone explains, of one kind or of a mix."""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import NamedTuple

Z_95 = 1.959963984540054  # 95% of a normal distribution lie within so many deviations


class Share(NamedTuple):
    """A share and its 95% interval, all from 0 to 1."""

    value: float
    low: float
    high: float


def wilson(count: int, of: int) -> Share:
    """The share that `count` is, with its interval after Wilson (1927): right near 0 and 1, too."""
    if not 0 <= count <= of or not of:
        raise ValueError(f"{count} of {of} is no share")
    p, z2 = count / of, Z_95**2
    centre = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 / (1 + z2 / of) * sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == of else min(1.0, centre + half)
    return Share(p, low, high)


def mixed(parts: Sequence[tuple[float, Share]]) -> Share:
    """The share in a mix of parts, each with its weight.

    The distances from each part's share to its limits are added as errors of independent parts are
    (the method of variance estimates recovery, Zou and Donner 2008).
    """
    whole = fsum(weight for weight, _ in parts)
    value = fsum(weight * share.value for weight, share in parts) / whole
    below = fsum((weight * (share.value - share.low)) ** 2 for weight, share in parts)
    above = fsum((weight * (share.high - share.value)) ** 2 for weight, share in parts)
    low, high = value - sqrt(below) / whole, value + sqrt(above) / whole
    return Share(value, max(0.0, low), min(1.0, high))
