"""What people do from when they are due until they are answered, or give up.

Whoever has no answer after a while reloads: the same key over another connection. Whoever is told
to come back later does so then. The latency of an answer that stands counts from when one was due
at first, whatever was waited for in between; that of being sent away, from when one came this time.
"""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from simulated.clock import now_text
from simulated.http_client import Answer, Connection, ConnectionBroken
from simulated.load.figures import Figures
from simulated.load.lines import Lines
from simulated.load.visits import (
    Told,
    Visit,
    is_final,
    receipt,
    results,
    says_no_time,
    seconds_to_wait,
)
from simulated.receipts import ACCEPTED, ReceiptBook

PAUSE, PAUSE_MAX = 0.5, 16.0  # seconds, about: doubled with each try that had no answer
RELOADING_AT_A_TIME = 1_000
NO_ANSWER: Told = (0, {})


@dataclass(frozen=True)
class Manner:
    """How people behave when things go slowly."""

    reload_after: float = 5.0  # seconds without an answer
    tabs: int = 3  # at once
    returns: int = 3  # times that somebody who is told to come back later does
    patience: float = 60.0  # seconds from when one was due; nobody begins anything later


class Visiting:
    """All visits of a run; `figures` and the book have what came of them."""

    def __init__(
        self, lines: Lines, book: ReceiptBook, figures: Figures, begin_epoch: float, manner: Manner
    ) -> None:
        self.nobody_left = asyncio.Event()
        self.nobody_left.set()
        self._lines = lines
        self._book = book
        self._figures = figures
        self._manner = manner
        self._begin_epoch = begin_epoch
        self._begin = time.monotonic() + begin_epoch - time.time()
        self._unsettled: dict[int, Visit] = {}
        self._asked: dict[int, Visit] = {}  # those who may reload; who asked last is last
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def seconds(self) -> float:
        """Since the schedule's start; negative before it."""
        return time.monotonic() - self._begin

    def receive(self, visit: Visit) -> None:
        """Sends it, at once or as soon as there is a connection."""
        self.nobody_left.clear()
        self._unsettled[visit.number] = visit
        visit.held_up = not self._lines.borrow(partial(self._open_tab, visit))

    def let_reload(self) -> None:
        """Whoever waited long enough opens another tab, as long as there are connections."""
        before = self.seconds - self._manner.reload_after
        waiting = islice(self._asked.values(), RELOADING_AT_A_TIME)
        for visit in [one for one in waiting if one.asked_at <= before]:
            connection = self._lines.try_borrow(new=True)
            if connection is None:
                return
            self._open_tab(visit, connection)

    async def end(self) -> None:
        """Whoever is not answered by now never was."""
        self._lines.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for visit in [one for one in self._unsettled.values() if one.sent_at]:
            self._give_up(visit, NO_ANSWER)

    # -- asking -------------------------------------------------------------------------------

    def _open_tab(self, visit: Visit, connection: Connection) -> None:
        visit.tries += 1
        visit.tabs += 1
        visit.asked_at = self.seconds
        self._asked.pop(visit.number, None)
        if visit.tabs < self._manner.tabs:
            self._asked[visit.number] = visit
        task = asyncio.create_task(self._ask(visit, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, visit: Visit, connection: Connection) -> None:
        if not visit.sent_at:
            self._note_sent(visit)
        answer = None
        try:
            answer = await connection.request(
                "POST", visit.path, visit.body, visit.headers, self._manner.patience
            )
            self._figures.answers[str(answer.status)] += 1
            self._figures.without_wait += says_no_time(answer)
        except TimeoutError:
            self._figures.timeouts += 1
        except (ConnectionBroken, OSError):
            self._figures.resets += 1
        finally:
            visit.tabs -= 1
            self._lines.give_back(connection)
        if visit.settled:
            self._compare(visit, answer)
        elif answer is None:
            self._try_again(visit)
        else:
            self._answered(visit, answer)

    def _note_sent(self, visit: Visit) -> None:
        """The very next thing is to write it, once there is a connection."""
        visit.sent_at, now = now_text(), self.seconds
        for arrival in visit.arrivals:
            wrong = arrival.person.invalid
            self._figures.offer(visit.due, now, was_held_up=visit.held_up, wrong=wrong)

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
        latency = self.seconds - visit.due
        for arrival, one in zip(visit.arrivals, told, strict=True):
            noted = receipt(visit, arrival, one, self._due_at(visit))
            self._book.add(noted)
            wrong = arrival.person.invalid
            self._figures.answer(latency, visit.due, accepted=noted.accepted, wrong=wrong)
        visit.first_id = told[0][1].get("applicationId", "")
        self._settle(visit)

    def _compare(self, visit: Visit, answer: Answer | None) -> None:
        """A later tab's answer to the same key must name the same application."""
        if answer is None or not visit.first_id:
            return
        status, stated = results(visit, answer)[0]
        if status in ACCEPTED and stated.get("applicationId") != visit.first_id:
            self._figures.contradicted += 1

    def _turn_away(self, visit: Visit, answer: Answer, wait: int) -> None:
        came_back = visit.returns > 0
        here = self.seconds - visit.expected_at
        self._figures.turn_away(here, len(visit.arrivals), came_back=came_back)
        visit.not_before = self.seconds + wait + random.random()  # never earlier than was asked
        if visit.tabs:  # another one may still be answered
            self._asked.pop(visit.number, None)
            return
        visit.returns += 1
        if visit.returns > self._manner.returns or self._is_too_late(visit, visit.not_before):
            self._give_up(visit, results(visit, answer)[0])
        else:
            visit.expected_at = visit.not_before
            self._come_back_at(visit, visit.not_before)

    def _try_again(self, visit: Visit) -> None:
        """A try had no answer, or one that says nothing: it may have had effect."""
        visit.unsure = True
        if visit.tabs:
            return
        pause = min(PAUSE_MAX, PAUSE * 2.0 ** (visit.tries - 1)) * random.uniform(0.5, 1.5)
        at = max(visit.not_before, self.seconds + pause)
        if self._is_too_late(visit, at):
            self._give_up(visit, NO_ANSWER)
        else:
            self._come_back_at(visit, at)

    def _is_too_late(self, visit: Visit, at: float) -> bool:
        return at > visit.due + self._manner.patience

    def _come_back_at(self, visit: Visit, at: float) -> None:
        self._asked.pop(visit.number, None)
        asyncio.get_running_loop().call_later(at - self.seconds, self._come_back, visit)

    def _come_back(self, visit: Visit) -> None:
        if not visit.settled:
            self._lines.borrow(partial(self._open_tab, visit))

    def _give_up(self, visit: Visit, told: Told) -> None:
        """Refused, if every try was; else nobody knows."""
        refused = told != NO_ANSWER and not visit.unsure
        last = told if refused else NO_ANSWER
        for arrival in visit.arrivals:
            self._book.add(receipt(visit, arrival, last, self._due_at(visit), turned_away=refused))
        self._figures.lose(len(visit.arrivals), refused=refused)
        self._settle(visit)

    def _settle(self, visit: Visit) -> None:
        visit.settled = True
        self._asked.pop(visit.number, None)
        del self._unsettled[visit.number]
        if not self._unsettled:
            self.nobody_left.set()

    def _due_at(self, visit: Visit) -> str:
        due = datetime.fromtimestamp(self._begin_epoch + visit.due, UTC)
        return f"{due.isoformat(timespec='microseconds')[:-6]}Z"
