"""Open arrivals: each is sent when the schedule says, whatever the system does.

Latency counts from the intended start. Whoever has no answer after a while reloads, with the same
key over another connection; whoever is told to come back later does so, and is due then.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from simulated.clock import now_text
from simulated.http_client import Answer, Connection, ConnectionBroken
from simulated.load.crowd import Arrival, Crowd
from simulated.load.figures import Figures
from simulated.load.lines import Lines
from simulated.load.schedule import WHOLE, Part, Schedule
from simulated.load.visits import Told, Visit, is_final, receipt, results, seconds_to_wait
from simulated.receipts import ReceiptBook

TICK = 0.002  # seconds; arrivals that are due within one are sent together
MADE_AT_A_TIME = 4  # bodies, between which answers are read
LOOK_INTERVAL = 0.25  # seconds between two looks for those who wait too long
FLUSH_INTERVAL = 1.0  # seconds
PAUSE = 1.0  # seconds, about, until somebody whose connection broke tries again
NO_ANSWER: Told = (0, {})


@dataclass(frozen=True)
class Manner:
    """How people behave when things go slowly."""

    reload_after: float = 5.0  # seconds without an answer
    tabs: int = 3  # at once
    returns: int = 3  # times that somebody who is told to come back later does
    patience: float = 60.0  # seconds from when one was due; nobody begins anything later
    batch_size: int = 50
    made_ahead: int = 500  # bodies


class Arrivals:
    """Sends a crowd by a schedule; `figures` and the book have what came of it."""

    def __init__(
        self,
        schedule: Schedule,
        crowd: Crowd,
        lines: Lines,
        book: ReceiptBook,
        *,
        begin_epoch: float,
        part: Part = WHOLE,
        manner: Manner | None = None,
    ) -> None:
        """`begin_epoch`: the schedule's start, in seconds since 1970."""
        self.figures = Figures()
        self.came_to_end = False
        self._schedule = schedule
        self._lines = lines
        self._book = book
        self._manner = manner or Manner()
        self._coming = _MadeAhead(schedule, crowd, part, self._manner.made_ahead)
        self._begin_epoch = begin_epoch
        self._begin = time.monotonic() + begin_epoch - time.time()
        self._unsettled: dict[int, Visit] = {}
        self._asked: dict[int, Visit] = {}  # those who may reload; who asked last is last
        self._batch: list[Arrival] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._nobody_left = asyncio.Event()

    @property
    def seconds(self) -> float:
        """Since the start; negative before it."""
        return time.monotonic() - self._begin

    async def run(self) -> None:
        """Returns when everybody is answered or has given up, and the book is on disk."""
        helping = [asyncio.create_task(self._flush()), asyncio.create_task(self._let_reload())]
        try:
            await self._keep_to_schedule()
            self.came_to_end = True
            if self._unsettled:
                await self._nobody_left.wait()
        finally:
            await self._end(helping)

    async def _end(self, helping: list[asyncio.Task[None]]) -> None:
        self._lines.close()
        for task in (*helping, *self._tasks):
            task.cancel()
        await asyncio.gather(*helping, *self._tasks, return_exceptions=True)
        for visit in list(self._unsettled.values()):
            self._give_up(visit, NO_ANSWER)
        self._book.close()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_INTERVAL)
            await asyncio.shield(self._book.flush_beside())

    # -- coming -------------------------------------------------------------------------------

    async def _keep_to_schedule(self) -> None:
        while (due := self._coming.next_due()) is not None:
            while (early := due - self.seconds) > 0:
                made = early > TICK and self._coming.make(MADE_AT_A_TIME)
                await asyncio.sleep(0 if made else max(early, TICK))
            self._come(self._coming.take(), due)
        if self._batch:
            self._visit(Visit(self._batch, due=self._schedule.duration))

    def _come(self, arrival: Arrival, due: float) -> None:
        if not arrival.batched:
            self._visit(Visit([arrival], due))
            return
        self._batch.append(arrival)
        if len(self._batch) >= self._manner.batch_size:
            batch, self._batch = self._batch, []
            self._visit(Visit(batch, due))

    def _visit(self, visit: Visit) -> None:
        self._unsettled[visit.arrivals[0].n] = visit
        if not self._lines.borrow(partial(self._begin_visit, visit)):
            visit.sent_at = "held up"

    def _begin_visit(self, visit: Visit, connection: Connection) -> None:
        held_up, visit.sent_at = bool(visit.sent_at), now_text()
        now = self.seconds
        for _ in visit.arrivals:
            self.figures.offer(visit.due, now, was_held_up=held_up)
        self._open_tab(visit, connection)

    # -- asking -------------------------------------------------------------------------------

    def _open_tab(self, visit: Visit, connection: Connection) -> None:
        visit.tries += 1
        visit.tabs += 1
        visit.asked_at = self.seconds
        number = visit.arrivals[0].n
        self._asked.pop(number, None)
        if visit.tabs < self._manner.tabs:
            self._asked[number] = visit
        task = asyncio.create_task(self._ask(visit, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, visit: Visit, connection: Connection) -> None:
        answer = None
        try:
            answer = await connection.request(
                "POST", visit.path, visit.body, visit.headers, self._manner.patience
            )
        except TimeoutError:
            self.figures.timeouts += 1
        except (ConnectionBroken, OSError):
            self.figures.resets += 1
        finally:
            visit.tabs -= 1
            self._lines.give_back(connection)
        if answer is not None:
            self.figures.answers[str(answer.status)] += 1
        if visit.settled:
            self._compare(visit, answer)
        elif answer is None:
            self._try_again(visit)
        else:
            self._answered(visit, answer)

    async def _let_reload(self) -> None:
        """Who waited long enough opens another tab, as long as there are connections."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            before = self.seconds - self._manner.reload_after
            impatient = [v for v in islice(self._asked.values(), 1000) if v.asked_at <= before]
            for visit in impatient:
                connection = self._lines.try_borrow(new=True)
                if connection is None:
                    break
                self._open_tab(visit, connection)

    # -- answers ------------------------------------------------------------------------------

    def _answered(self, visit: Visit, answer: Answer) -> None:
        wait = seconds_to_wait(answer)
        if wait is not None:
            self._turn_away(visit, answer, wait)
            return
        told = results(visit, answer)
        if not is_final(told):
            self._try_again(visit)
            return
        latency = self.seconds - visit.expected_at
        for arrival, one in zip(visit.arrivals, told, strict=True):
            self._note(visit, arrival, one, latency)
        self._settle(visit)

    def _note(self, visit: Visit, arrival: Arrival, told: Told, latency: float) -> None:
        noted = receipt(visit, arrival, told, self._due_at(visit))
        self._book.add(noted)
        if noted.accepted:
            visit.first_id = visit.first_id or noted.application_id
            self.figures.accepted += 1
            self.figures.accepting.add(latency)
        else:
            self.figures.refused += 1
            self.figures.refusing.add(latency)

    def _turn_away(self, visit: Visit, answer: Answer, wait: int) -> None:
        self.figures.turned_away += len(visit.arrivals)
        self.figures.refusing.add(self.seconds - visit.expected_at)
        if visit.tabs:
            return  # another tab may still be answered
        visit.returns += 1
        pause = wait + random.random()  # nobody comes earlier than was asked
        late = self.seconds + pause > visit.due + self._manner.patience
        if visit.returns > self._manner.returns or late:
            self._give_up(visit, results(visit, answer)[0])
        else:
            visit.expected_at = self.seconds + pause
            self._later(visit, pause)

    def _try_again(self, visit: Visit) -> None:
        """The try had no answer, or one that says nothing: it may have had effect."""
        visit.unsure = True
        if visit.tabs:
            return
        pause = PAUSE * random.uniform(0.5, 1.5)
        if self.seconds + pause > visit.due + self._manner.patience:
            self._give_up(visit, NO_ANSWER)
        else:
            self._later(visit, pause)

    def _later(self, visit: Visit, seconds: float) -> None:
        self._asked.pop(visit.arrivals[0].n, None)
        asyncio.get_running_loop().call_later(seconds, self._come_back, visit)

    def _come_back(self, visit: Visit) -> None:
        if not visit.settled:
            self._lines.borrow(partial(self._open_tab, visit))

    def _give_up(self, visit: Visit, told: Told) -> None:
        """Refused, if every try was; else nobody knows."""
        refused = told != NO_ANSWER and not visit.unsure
        for arrival in visit.arrivals:
            self._book.add(receipt(visit, arrival, told, self._due_at(visit), turned_away=refused))
        if refused:
            self.figures.refused += len(visit.arrivals)
        else:
            self.figures.failed += len(visit.arrivals)
        self._settle(visit)

    def _settle(self, visit: Visit) -> None:
        visit.settled = True
        number = visit.arrivals[0].n
        self._asked.pop(number, None)
        del self._unsettled[number]
        if self.came_to_end and not self._unsettled:
            self._nobody_left.set()

    def _compare(self, visit: Visit, answer: Answer | None) -> None:
        """A later tab's answer to the same key must name the same application."""
        if answer is None or not visit.first_id:
            return
        status, stated = results(visit, answer)[0]
        if status in (200, 201) and stated.get("applicationId") != visit.first_id:
            self.figures.contradicted += 1

    def _due_at(self, visit: Visit) -> str:
        due = datetime.fromtimestamp(self._begin_epoch + visit.due, UTC)
        return f"{due.isoformat(timespec='microseconds')[:-6]}Z"


class _MadeAhead:
    """The part's arrivals in order, some of them made before they are due."""

    def __init__(self, schedule: Schedule, crowd: Crowd, part: Part, most: int) -> None:
        self._schedule = schedule
        self._crowd = crowd
        self._numbers: Iterator[int] = iter(part.arrivals(schedule.total))
        self._made: deque[Arrival] = deque()
        self._most = most

    def make(self, count: int) -> bool:
        """Makes up to so many; False if there are enough, or no more."""
        before = len(self._made)
        for n in islice(self._numbers, max(0, min(count, self._most - before))):
            self._made.append(self._crowd.arrival(n))
        return len(self._made) > before

    def next_due(self) -> float | None:
        """None after the last one."""
        if not self._made and not self.make(1):
            return None
        return self._schedule.due(self._made[0].n)

    def take(self) -> Arrival:
        return self._made.popleft()
