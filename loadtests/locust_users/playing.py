"""The shape of a run in locust's terms: how many users there must be, second by second."""

import math
from collections.abc import Collection

from locust import LoadTestShape, User
from simulated.load.ways import Way

from locust_users.applicants import Applicant
from locust_users.current import current, is_running
from locust_users.fleet import CouncilFleet
from locust_users.options import options_of
from locust_users.progress import Progress
from locust_users.run import Run, RunOptions

AHEAD = 5.0  # seconds: users are there before they are needed
SPAWN_RATE = 100.0  # users a second
USERS_MAX = 5_000


class PlayedShape(LoadTestShape):
    """Users for the rate that the schedule has next; who is there stays until all is over.

    Locust's own way, users for a rate, would offer less as soon as answers take longer. Here a
    user waits until the next arrival is due, so the schedule sets the pace, and too few users show
    as lateness.
    """

    _users = 0
    _run: Run | None = None
    _progress: Progress
    _is_asked = False

    def tick(self) -> tuple[int, float] | None:
        if not is_running():
            return self._first_users()
        run = current()
        if run is not self._run:
            self._users, self._run, self._is_asked = 0, run, False
            with_councils = CouncilFleet in self._classes() and bool(run.councils)
            total = run.options.total
            self._progress = Progress(run.counts, total, with_councils=with_councils)
        if self._progress.is_over(run.schedule.duration):
            return None
        elapsed = run.counts.elapsed
        rate = run.schedule.expected(elapsed, elapsed + AHEAD) / AHEAD
        busy = math.ceil(rate * sum(one.weight for one in self._applicants()))
        self._users = max(self._users, min(busy + 2 * len(self._applicants()), USERS_MAX))
        return self._fixed() + self._users, SPAWN_RATE

    def _first_users(self) -> tuple[int, float] | None:
        """A run begins with its first users; what has no beginning then has failed."""
        if self._is_asked:
            return None
        self._is_asked = True
        options = options_of(self.runner.environment) if self.runner else None
        if options is None:
            return None
        set_counts(options, self._applicants())
        return self._fixed() + 2 * len(self._applicants()), SPAWN_RATE

    def _classes(self) -> Collection[type[User]]:
        return self.runner.user_classes if self.runner else ()

    def _applicants(self) -> list[type[Applicant]]:
        return applicants_among(self._classes())

    def _fixed(self) -> int:
        return sum(one.fixed_count for one in self._classes())


def applicants_among(classes: Collection[type[User]]) -> list[type[Applicant]]:
    return [one for one in classes if issubclass(one, Applicant)]


def ways_of(options: RunOptions, classes: Collection[type[User]]) -> dict[Way, float]:
    """The shares of the ways for which there are users."""
    return {one.way: options.shares[one.way] for one in applicants_among(classes)}


def set_counts(options: RunOptions, applicants: Collection[type[Applicant]]) -> None:
    """How many users of each class there are to be, or in which proportion.

    An arrival a second keeps `seconds` of users busy. Nobody is left out: without a single user of
    its way an arrival would never come.
    """
    ways = ways_of(options, applicants)
    together, peak = sum(ways.values()) or 1.0, options.schedule.peak_rate()[0]
    for one in applicants:
        share = ways[one.way] / together
        one.weight = share * (one.seconds + one.pages * options.think)
        if one.are_few:
            one.fixed_count = math.ceil(2 * peak * one.weight) if share else 0
    most = max(one.weight for one in applicants)
    for one in applicants:
        if ways[one.way]:
            one.weight = max(one.weight, most / 4)
