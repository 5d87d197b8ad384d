"""All councils of one process: each polls its ERO's queue in its own manner.

They share a few connections and one journal: an fsync for each of 333 files would cost more than
all they do, and each line names its ERO, so loss and repeats are judged per ERO all the same.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict

from aiohttp import web

from simulated.behaviours import BEHAVIOURS, Habits
from simulated.council_calls import CONNECTIONS, Calls, Lines, NotGiven
from simulated.council_desk import Desk, Statistics
from simulated.councils import Council
from simulated.determining import Officer
from simulated.http_client import ConnectionBroken
from simulated.journal import Journal

BACKOFF_FIRST, BACKOFF_MAX = 0.25, 15.0  # seconds
FAILURES_COUNTED_MAX = 16


class Fleet:
    """All councils of this process."""

    def __init__(
        self,
        councils: Sequence[Council],
        gateway: str,
        journal: Journal,
        *,
        habits: Habits | None = None,
        behaviours: Mapping[str, str] | None = None,
        determining: frozenset[str] = frozenset(),
        connections: int = CONNECTIONS,
    ) -> None:
        """`behaviours` by ERO, `batch` where none is named; `determining`: EROs who also decide."""
        self.statistics = Statistics()
        self.polling = False
        self._habits = habits or Habits()
        self._behaviours = behaviours or {}
        self._lines = Lines(gateway, connections)
        self._desks = [
            Desk(council, Calls(self._lines, council.token), journal, self.statistics)
            for council in councils
        ]
        self._officers = {
            desk.council.ero: Officer(desk, self._habits)
            for desk in self._desks
            if desk.council.ero in determining
        }

    async def run(self) -> None:
        """Polls until cancelled."""
        self.polling = True
        try:
            async with asyncio.TaskGroup() as group:
                for desk in self._desks:
                    group.create_task(self._poll_forever(desk))
        finally:
            self.polling = False
            self._lines.close()

    async def _poll_forever(self, desk: Desk) -> None:
        chance = random.Random(f"{self._habits.seed} {desk.council.ero}")
        interval = self._habits.seconds(self._habits.interval)
        await self._come_in(desk, chance.random() * interval)  # not all at the same moment
        failures = 0
        while True:
            try:
                await self._work(desk)
                failures = 0
                await asyncio.sleep(interval * chance.uniform(0.9, 1.1))
            except (NotGiven, ConnectionBroken, OSError, TimeoutError) as error:
                self.statistics.errors += 1
                pause = min(BACKOFF_MAX, BACKOFF_FIRST * 2**failures) * chance.uniform(0.5, 1.5)
                failures = min(failures + 1, FAILURES_COUNTED_MAX)
                asked = error.retry_after if isinstance(error, NotGiven) else 0.0
                await asyncio.sleep(max(pause, asked))

    async def _come_in(self, desk: Desk, seconds: float) -> None:
        """The first pause; a system that is off stays so for a long time."""
        if self._behaviour(desk) != "away":
            await asyncio.sleep(seconds)
            return
        self.statistics.away += 1
        await asyncio.sleep(self._habits.seconds(self._habits.away))
        self.statistics.away -= 1

    async def _work(self, desk: Desk) -> None:
        await BEHAVIOURS[self._behaviour(desk)](desk, self._habits)
        if officer := self._officers.get(desk.council.ero):
            await officer.work()

    def _behaviour(self, desk: Desk) -> str:
        return self._behaviours.get(desk.council.ero, "batch")

    def told(self) -> dict[str, int]:
        """What was done so far."""
        return {**asdict(self.statistics), "waits_asked": self._lines.waits_asked}


def admin_application(fleet: Fleet) -> web.Application:
    """`/readyz` and `/statistics`, for whoever starts and watches the fleet."""

    async def ready(request: web.Request) -> web.Response:
        return web.json_response({"polling": fleet.polling}, status=200 if fleet.polling else 503)

    async def statistics(request: web.Request) -> web.Response:
        return web.json_response(fleet.told())

    app = web.Application()
    app.add_routes([web.get("/readyz", ready), web.get("/statistics", statistics)])
    return app


@asynccontextmanager
async def running_fleet(fleet: Fleet, journal: Journal) -> AsyncIterator[None]:
    """The fleet polling for as long as the block lasts; then the journal is complete on disk."""
    polling = asyncio.create_task(fleet.run())
    try:
        yield
    finally:
        polling.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await polling
        finally:
            await journal.close()
