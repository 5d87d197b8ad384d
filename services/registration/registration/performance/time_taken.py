"""How long an application took: counted in buckets, of which the median is told.

A bucket is 5 s wide below a minute, 15 s below ten minutes, a minute below an hour, ten minutes
below a day; so the median told is at most half of that away from the true one.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class _Step(NamedTuple):
    """Below `below` seconds a bucket is `width` seconds wide."""

    below: int
    width: int


_DAY = 86_400  # seconds; what took longer is one bucket
_STEPS: Final = (_Step(60, 5), _Step(600, 15), _Step(3_600, 60), _Step(_DAY, 600))


def bucket_of(seconds: int) -> str:
    """Name the bucket of a time taken: the least of its seconds."""
    width = _width(seconds)
    return str(_DAY if width is None else seconds - seconds % width)


def median_seconds(times_by_bucket: Mapping[str, int]) -> float | None:
    """Return the middle of the bucket that holds the median; None when nothing was counted."""
    middle = (sum(times_by_bucket.values()) + 1) // 2
    passed = 0
    for least, times in sorted((int(bucket), times) for bucket, times in times_by_bucket.items()):
        passed += times
        if passed >= middle > 0:
            return least + (_width(least) or 0) / 2
    return None


def _width(seconds: int) -> int | None:
    return next((step.width for step in _STEPS if seconds < step.below), None)
