"""The pace of an ERO: how much it may ask of one process, by what each request brings with it.

Whoever goes beyond is told when to come again, so that one sick system harms nobody else: what is
sent up costs look-ups at DWP, which all share, and what is leased is written down for each record.
"""

from electoral import problems
from electoral.limits import RateLimit
from electoral.metrics import Metrics

REQUESTS_AT_ONCE_SECONDS = 2.0  # an ERO may send the requests of so long at once
SENT_UP_AT_ONCE_SECONDS = 250.0  # and the applications of so long: 5,000 at 20 a second
LEASED_LIKE_A_REQUEST = 20  # records of a lease that cost as much as one more request


class Pace:
    """Counts what each ERO asks for."""

    def __init__(self, requests: RateLimit, sent_up: RateLimit, metrics: Metrics) -> None:
        self._requests = requests
        self._sent_up = sent_up
        self._refused = metrics.counter("gateway_refused_total")

    def check_request(self, ero: str) -> None:
        """Let a request in, or raise 429."""
        self._refuse("rate", self._requests.seconds_to_wait(ero))

    def check_sent_up(self, ero: str, applications: int) -> None:
        """Let applications in that an ERO sends up, all or none of them, or raise 429."""
        self._refuse("sent-up-rate", self._sent_up.seconds_to_wait(ero, applications))

    def count_leased(self, ero: str, records: int) -> None:
        """Let the ERO's next requests wait for what a lease has cost."""
        self._requests.charge(ero, records / LEASED_LIKE_A_REQUEST)

    def _refuse(self, reason: str, seconds: int) -> None:
        if seconds:
            self._refused.labels(reason).inc()
            raise problems.too_many_requests(seconds)


def pace_of(requests_per_second: float, sent_up_per_second: float, metrics: Metrics) -> Pace:
    """Make the pace of so many requests and applications a second."""
    return Pace(
        _limit(requests_per_second, REQUESTS_AT_ONCE_SECONDS),
        _limit(sent_up_per_second, SENT_UP_AT_ONCE_SECONDS),
        metrics,
    )


def _limit(per_second: float, at_once_seconds: float) -> RateLimit:
    return RateLimit(per_second * at_once_seconds, at_once_seconds)
