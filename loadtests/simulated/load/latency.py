"""Latencies: a histogram of them all, and exact percentiles of the last second."""

from collections.abc import Sequence

from hdrh.histogram import HdrHistogram

MICROSECONDS_MAX = 3_600_000_000  # an hour; what is longer counts as an hour
SIGNIFICANT_DIGITS = 3


class Latencies:
    """Takes seconds; the histogram holds microseconds."""

    def __init__(self) -> None:
        self.histogram = HdrHistogram(1, MICROSECONDS_MAX, SIGNIFICANT_DIGITS)
        self._waiting: list[float] = []  # of the second that is not over

    def add(self, seconds: float) -> None:
        self._waiting.append(seconds)

    def last_second(self) -> list[float]:
        """What came since this was asked before, in order of size, and now in the histogram."""
        seconds, self._waiting = sorted(self._waiting), []
        for one in seconds:
            microseconds = round(one * 1e6)
            self.histogram.record_value(min(max(microseconds, 1), MICROSECONDS_MAX))
        return seconds

    def encoded(self) -> str:
        """The whole histogram as HdrHistogram's libraries exchange it: base64 of V2, compressed."""
        self.last_second()
        return str(self.histogram.encode(), "ascii")

    def percentile_ms(self, percent: float) -> float:
        """Of all; 0 when there is nothing."""
        self.last_second()
        return float(self.histogram.get_value_at_percentile(percent)) / 1000


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest rank of values in order of size; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def decoded(histogram: str) -> HdrHistogram:
    """A histogram as `encoded` gave it; several can be added up."""
    return HdrHistogram.decode(histogram)
