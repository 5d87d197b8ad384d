"""The run that this process plays now, and the counts that all processes of locust share."""

import time

from simulated.load.shared_counts import SharedCounts

from locust_users.run import Run

COUNTS = SharedCounts()  # made before locust's processes part
_running: list[Run] = []


def current() -> Run:
    """Raises IndexError between runs."""
    return _running[-1]


def is_running() -> bool:
    return bool(_running)


def begin_counting(lead: float) -> None:
    """A run's clock starts in so many seconds."""
    COUNTS.begin(time.time() + lead)


def begin(run: Run) -> None:
    _running.append(run)


def end() -> None:
    while _running:
        _running.pop().close()
