"""Submissions, counted: how many were accepted, were repeats, or could not be committed."""

from electoral.group_commit import TooManyWaiting, Unavailable
from electoral.metrics import Metrics
from electoral.problems import Problem

from registration.acceptance import Receipt
from registration.errors import KeysMissing
from registration.submission import Arrival, Submissions


class CountedSubmissions:
    """Takes applications in, for the API as for the form, and counts what became of them."""

    def __init__(self, submissions: Submissions, metrics: Metrics) -> None:
        self._submissions = submissions
        self._accepted = metrics.counter("applications_accepted_total")
        self._replayed = metrics.counter("applications_replayed_total")
        self._refused = metrics.counter("intake_refused_total")

    async def submit(self, body: object, arrival: Arrival) -> Receipt:
        """Accept an application or answer a repeat; raises `Problem` or `Unavailable`."""
        try:
            receipt = await self._submit(body, arrival)
        except Unavailable as error:
            self._refused.labels(_reason(error)).inc()
            raise
        (self._replayed if receipt.replayed else self._accepted).inc()
        return receipt

    async def _submit(self, body: object, arrival: Arrival) -> Receipt:
        """Having come earlier harms nobody: what a rule of that day refuses, somebody too young
        then, arrives when it is sent.
        """
        try:
            return await self._submissions.submit(body, arrival)
        except Problem as problem:
            if arrival.came_at is None or not problem.errors:
                raise
        return await self._submissions.submit(body, arrival._replace(came_at=None))


def _reason(error: Unavailable) -> str:
    """Name why intake refused, for the metric."""
    match error:
        case TooManyWaiting():
            return "waiting"
        case KeysMissing():
            return "keys"
        case _:
            return "not-committed"
