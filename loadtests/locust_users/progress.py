"""When a run is over: all have their answer, and the councils have all that they can have."""

from simulated.load.shared_counts import SharedCounts

LINGER = 60.0  # seconds without any progress, after which the rest is left to the judge


class Progress:
    """Watches the counts of a run."""

    def __init__(self, counts: SharedCounts, total: int, *, with_councils: bool) -> None:
        self._counts = counts
        self._total = total
        self._with_councils = with_councils
        self._seen: tuple[int, int] = (0, 0)
        self._moved_at = 0.0

    def is_over(self, duration: float) -> bool:
        """Whether there is nothing more to wait for, `duration` seconds of arrivals being due."""
        counts, now = self._counts, self._counts.elapsed
        seen = (counts["answered"], counts["acknowledged"])
        if seen != self._seen or now < duration:
            self._seen, self._moved_at = seen, now
        answered = counts["answered"] >= self._total
        delivered = counts["acknowledged"] >= counts["deliverable"]
        if answered and (delivered or not self._with_councils):
            return True
        return now - self._moved_at > LINGER
