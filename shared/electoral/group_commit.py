"""Group commit: many waiting requests, one transaction.

Requests queue their item; a few writers take all that wait, up to a bound, and commit them
together; each request is answered when its commit has returned.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import asyncpg
import structlog

from electoral.postgres import is_away

Item = TypeVar("Item")
Result = TypeVar("Result")

log = structlog.get_logger()


class Unavailable(Exception):
    """Nothing was stored, as far as we know: the caller sends the same again, under its key."""


class TooManyWaiting(Unavailable):
    """More requests wait than the bound allows."""


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    answer: asyncio.Future[Result]


class GroupCommit(Generic[Item, Result]):
    """Commits items in batches through `commit`, which returns one result per item, in order.

    When `commit` raises a data error the batch is halved until the bad item is alone, and only
    that one is refused; when Postgres is away every waiting item gets `Unavailable`.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        writers: int = 2,
        batch_items_max: int = 200,
        waiting_items_max: int = 2_000,
        pace: float = 0.0,
    ) -> None:
        self._commit = commit
        self._writers = writers
        self._batch_items_max = batch_items_max
        self._waiting_items_max = waiting_items_max
        self._pace = pace  # seconds from one batch of a writer to its next that is not full
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        """How many items wait for a writer."""
        return len(self._waiting)

    async def __aenter__(self) -> "GroupCommit[Item, Result]":
        self._tasks = [asyncio.create_task(self._write()) for _ in range(self._writers)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Commit what waits, then end the writers."""
        self._closing = True
        self._arrived.set()
        await asyncio.gather(*self._tasks)

    async def submit(self, item: Item) -> Result:
        """Wait until the item is committed; raises `Unavailable` or what `commit` raised."""
        if self._closing or len(self._waiting) >= self._waiting_items_max:
            raise TooManyWaiting("closing" if self._closing else "full")
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(item, answer))
        self._arrived.set()
        return await answer

    async def _write(self) -> None:
        while True:
            batch = self._take()
            if batch:
                began = asyncio.get_running_loop().time()
                await self._commit_or_halve(batch)
                await self._let_gather(began)
            elif self._closing:
                return
            else:
                self._arrived.clear()
                await self._arrived.wait()

    async def _let_gather(self, began: float) -> None:
        """Small batches cost most: let some items gather before the next one."""
        pause = began + self._pace - asyncio.get_running_loop().time()
        if pause > 0 and len(self._waiting) < self._batch_items_max and not self._closing:
            await asyncio.sleep(pause)

    def _take(self) -> list[_Waiting[Item, Result]]:
        batch: list[_Waiting[Item, Result]] = []
        while self._waiting and len(batch) < self._batch_items_max:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():  # its request was cancelled
                batch.append(waiting)
        return batch

    async def _commit_or_halve(self, batch: list[_Waiting[Item, Result]]) -> None:
        try:
            results = await self._commit([waiting.item for waiting in batch])
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            await self._halve(batch, error)
        except Exception as error:
            refusal = Unavailable(type(error).__name__)
            for waiting in batch:
                _refuse(waiting.answer, refusal)
            if not is_away(error):
                log.error("group commit failed", error_class=type(error).__name__)
        else:
            for waiting, result in zip(batch, results, strict=True):
                with suppress(asyncio.InvalidStateError):
                    waiting.answer.set_result(result)

    async def _halve(self, batch: list[_Waiting[Item, Result]], error: Exception) -> None:
        if len(batch) == 1:
            _refuse(batch[0].answer, error)
            return
        middle = len(batch) // 2
        await self._commit_or_halve(batch[:middle])
        await self._commit_or_halve(batch[middle:])


def _refuse(answer: asyncio.Future[Result], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
