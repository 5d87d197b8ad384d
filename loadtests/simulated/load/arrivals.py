"""Open arrivals: each is sent when the schedule says, whatever the system does."""

import asyncio
import gc

from simulated.load.crowd import Arrival, Coming
from simulated.load.figures import Figures
from simulated.load.lines import Lines
from simulated.load.visiting import Manner, Visiting
from simulated.load.visits import Visit
from simulated.receipts import ReceiptBook

TICK = 0.005  # seconds; arrivals that are due within one are sent together
MADE_AT_A_TIME = 4  # bodies, between which answers are read
LOOK_INTERVAL = 0.25  # seconds between two looks for those who wait too long
FLUSH_INTERVAL = 1.0  # seconds
BATCH_SIZE = 50


class Arrivals:
    """Sends whoever comes; `figures` and the book have what came of it."""

    def __init__(
        self,
        coming: Coming,
        lines: Lines,
        book: ReceiptBook,
        begin_epoch: float,
        manner: Manner | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        """`begin_epoch`: the schedule's start, in seconds since 1970."""
        self.figures = Figures()
        self.came_to_end = False
        self._coming = coming
        self._book = book
        self._visiting = Visiting(lines, book, self.figures, begin_epoch, manner or Manner())
        self._batch_size = batch_size
        self._batch: list[Arrival] = []

    @property
    def seconds(self) -> float:
        """Since the schedule's start; negative before it."""
        return self._visiting.seconds

    async def run(self) -> None:
        """Returns when everybody is answered or has given up, and the book is on disk."""
        helping = [asyncio.create_task(self._flush()), asyncio.create_task(self._let_reload())]
        try:
            await self._make_until_start()
            await self._keep_to_schedule()
            await self._visiting.nobody_left.wait()
            self.came_to_end = True
        finally:
            for task in helping:
                task.cancel()
            ended = await asyncio.gather(*helping, return_exceptions=True)
            await self._visiting.end()
            self._book.close()
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _make_until_start(self) -> None:
        while self.seconds < 0:
            made = self._coming.make(MADE_AT_A_TIME)
            await asyncio.sleep(0 if made else min(-self.seconds, LOOK_INTERVAL))
        gc.freeze()  # what was made until now need not be looked through again
        self.figures.begin()

    async def _keep_to_schedule(self) -> None:
        while (due := self._coming.next_due()) is not None:
            while (early := due - self.seconds) > 0:
                made = early > TICK and self._coming.make(MADE_AT_A_TIME)
                await asyncio.sleep(0 if made else max(early, TICK))
            self._come(self._coming.take(), due)
        if self._batch:
            self._visiting.receive(Visit(self._batch, self.seconds))

    def _come(self, arrival: Arrival, due: float) -> None:
        if not arrival.batched:
            self._visiting.receive(Visit([arrival], due))
            return
        self._batch.append(arrival)
        if len(self._batch) >= self._batch_size:
            batch, self._batch = self._batch, []
            self._visiting.receive(Visit(batch, due))

    async def _let_reload(self) -> None:
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            self._visiting.let_reload()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_INTERVAL)
            writing = asyncio.create_task(self._book.flush_beside())
            try:
                await asyncio.shield(writing)
            finally:
                await writing  # a thread cannot be stopped, and the book is closed next
