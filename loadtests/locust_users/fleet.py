"""The councils' systems: each ERO's queue in turn, in one of the published manners.

Poll k is of ERO k modulo their number, and due when the interval has passed so often; whichever
user is free takes the next, in whatever process.
"""

from collections.abc import Collection
from hashlib import blake2b

from locust import FastHttpUser, task
from locust.env import Environment
from simulated.behaviours import Drain, Habits, batch, one_by_one, work_on_leases
from simulated.council_calls import OVERLOADED, Calls, NotGiven, seconds_to_wait
from simulated.council_desk import Desk, Statistics
from simulated.http_client import Answer, ConnectionBroken
from simulated.without_loop import finished

from locust_users.current import current, is_running
from locust_users.green import sleep
from locust_users.line import Line, Manner
from locust_users.run import Run

NETWORK_TIMEOUT = 30.0  # seconds
USERS = 32  # of all processes together: one who answers record by record waits 0.1 s for each
SHARES: tuple[tuple[Drain, int], ...] = ((batch, 60), (work_on_leases, 20), (one_by_one, 20))
TAKEN = frozenset({200, 204})
TAKEN_OR_GONE = frozenset({200, 204, 404, 409})


def _of_the_gateway(method: str, path: str) -> Collection[int]:
    return TAKEN if method == "GET" else TAKEN_OR_GONE


class GatewayLines:
    """Satisfies `Asks`: one request, and never a second one by itself."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def ask(self, method: str, path: str, body: bytes | None, headers: bytes) -> Answer:
        answer = self._line.ask(method, path, body, headers)
        if answer.status in OVERLOADED:
            raise NotGiven(seconds_to_wait(answer.header(b"retry-after").decode("latin-1")))
        return answer


class CouncilFleet(FastHttpUser):
    """Takes the next poll, and drains that ERO's queue."""

    fixed_count = USERS
    network_timeout = connection_timeout = NETWORK_TIMEOUT
    max_redirects = 0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client.client.cookiejar = None
        self._poll: int | None = None

    def wait_time(self) -> float:
        """Seconds until the poll that this user takes now."""
        if not is_running() or not current().councils:
            return 1.0
        run = current()
        self._poll = run.counts.take_poll()
        due = self._poll * run.options.poll_interval / len(run.councils)
        return max(0.0, due - run.counts.elapsed)

    @task
    def poll(self) -> None:
        number, self._poll = self._poll, None
        if number is None or not is_running():
            return
        run = current()
        ero = number % len(run.councils)
        if run.counts.occupy(ero):
            try:
                self._drain(run, ero)
            finally:
                run.counts.leave(ero)

    def _drain(self, run: Run, ero: int) -> None:
        council = run.councils[ero]
        habits = Habits(run.options.seed, run.options.poll_interval)
        line = Line(self.client, run.options.gateway, Manner(_of_the_gateway, 1, 0.0))
        calls = Calls(GatewayLines(line), council.token)
        if council.ero not in run.desks:
            run.desks[council.ero] = Desk(council, calls, run.books.councils, Statistics())
        desk = run.desks[council.ero]
        desk.calls = calls
        before = desk.statistics.acknowledged
        try:
            finished(manner_of(council.ero)(desk, habits))
        except (NotGiven, ConnectionBroken) as error:
            # Whoever is told to come again later leaves the queue alone for as long.
            sleep(error.retry_after if isinstance(error, NotGiven) else 0.0)
        finally:
            run.counts.add("acknowledged", desk.statistics.acknowledged - before)


def manner_of(ero: str) -> Drain:
    """The way in which an ERO's system works, always the same one."""
    drawn = blake2b(ero.encode(), digest_size=4).digest()
    place = int.from_bytes(drawn, "big") % 100
    for drain, share in SHARES:
        if place < share:
            return drain
        place -= share
    return batch
