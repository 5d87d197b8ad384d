"""People who apply, each when they are due: by a request, through the form, in partners' batches.

A user plays one person after another. Who is late because all users are busy is in locust's table,
under LATE: its own response times begin when a request is sent.
"""

from collections.abc import Sequence
from typing import ClassVar

from locust import FastHttpUser, task
from locust.env import Environment
from simulated.clock import now_text
from simulated.http_client import Answer, ConnectionBroken
from simulated.load.crowd import Arrival
from simulated.load.visits import TOLD_TO_WAIT, Told, Visit, is_final, receipt, results
from simulated.load.ways import Way
from simulated.receipts import ACCEPTED, TRY_AGAIN

from locust_users.current import current, is_running
from locust_users.green import sleep
from locust_users.line import BROKEN, Line, Manner

BATCH_SIZE = 25
VISITS_MAX = 10  # of a batch of which single ones are to come again
PAUSE = 1.0  # seconds between them
NOBODY_LEFT = 1.0  # seconds until somebody looks again
NETWORK_TIMEOUT = 20.0  # seconds of one try
REQUESTS = 5  # of one user at once: three tabs, and two that still end


def _of_the_api(method: str, path: str) -> frozenset[int]:
    return ACCEPTED


class Applicant(FastHttpUser):
    """Takes the next arrivals of its way and waits until they are due."""

    abstract = True
    way: ClassVar[Way]
    at_once: ClassVar[int] = 1
    seconds: ClassVar[float]  # that one user is busy with one arrival: generous, or people are late
    pages: ClassVar[int] = 0  # before each of which people may think
    are_few: ClassVar[bool] = False  # a fixed number of them is enough for the whole run
    network_timeout = connection_timeout = NETWORK_TIMEOUT
    max_redirects = 0
    concurrency = REQUESTS

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client.client.cookiejar = None  # everybody brings their own
        self._arrivals: Sequence[Arrival] = ()

    def wait_time(self) -> float:
        """Seconds until the last of those whom this user takes now is due."""
        if not self._arrivals and is_running():
            self._arrivals = current().take(self.way, self.at_once)
        if not self._arrivals:
            return NOBODY_LEFT
        return max(0.0, current().due(self._arrivals[-1]))

    @task
    def apply(self) -> None:
        arrivals, self._arrivals = self._arrivals, ()
        if arrivals and is_running():
            self._tell_lateness(arrivals[-1])
            self.send(arrivals)

    def send(self, arrivals: Sequence[Arrival]) -> None:
        raise NotImplementedError

    def line(self) -> Line:
        return Line(self.client, self.host or "", Manner(_of_the_api))

    def _tell_lateness(self, arrival: Arrival) -> None:
        self.environment.events.request.fire(
            request_type="LATE",
            name=f"arrivals ({self.way})",
            response_time=max(0.0, -1000 * current().due(arrival)),
            response_length=0,
            exception=None,
            context={},
        )


def visit_api(line: Line, arrivals: Sequence[Arrival]) -> None:
    """One request for all of them, again while one is to come again; the receipts noted down."""
    run, visit = current(), Visit(arrivals, due=0.0)
    visit.sent_at = now_text()
    line.mistaken = len(arrivals) == 1 and arrivals[0].person.invalid
    told: list[Told] = []
    for _ in range(VISITS_MAX):
        answer = _asked(line, visit, run.options.partner_token)
        visit.tries += line.tries
        told = results(visit, answer)
        if is_final(told) or answer.status in TRY_AGAIN:
            break
        sleep(PAUSE)
    for arrival, one in zip(arrivals, told, strict=True):
        sent_away = one[0] in TOLD_TO_WAIT and not line.unsure
        run.note(receipt(visit, arrival, one, run.due_at(arrival), turned_away=sent_away))


def _asked(line: Line, visit: Visit, token: str) -> Answer:
    headers = f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n".encode()
    try:
        return line.ask("POST", visit.path, visit.body, headers + visit.headers)
    except ConnectionBroken:
        return Answer(BROKEN, b"", b"")


class ApiApplicant(Applicant):
    """Applies with one request."""

    way = "api"
    seconds = 0.2

    def send(self, arrivals: Sequence[Arrival]) -> None:
        visit_api(self.line(), arrivals)


class PartnerBatch(Applicant):
    """A partner who collects applications and sends them together."""

    way = "batch"
    at_once = BATCH_SIZE
    are_few = True
    seconds = 1.0 / BATCH_SIZE

    def send(self, arrivals: Sequence[Arrival]) -> None:
        visit_api(self.line(), arrivals)
