"""Measures once a minute what the system uses, and counts what is new: see `cost`."""

import asyncio
from collections.abc import Sequence

import aiohttp
import structlog
from electoral.postgres import Pool, is_away, transaction

from registration.performance.cost import CPU, STORED, ProcessTime, newly_used, read_process_time
from registration.performance.counting import PerformanceDeltas
from registration.postgres.measuring import (
    claim_measuring,
    known_processes,
    lock_measuring,
    remember_processes,
    stored_since_last,
)
from registration.postgres.performance import append_deltas

MEASURE_INTERVAL = 60.0  # seconds
ANSWER_TIMEOUT = 2.0  # seconds that a process has to tell its metrics
EXPOSITION_BYTES_MAX = 4 * 1024 * 1024

log = structlog.get_logger()


class Measuring:
    """Asks the processes for their CPU time, and the database for its size."""

    def __init__(self, pool: Pool, urls: Sequence[str], interval: float = MEASURE_INTERVAL) -> None:
        self._pool = pool
        self._urls = urls
        self._interval = interval

    async def run(self) -> None:
        """Measure until cancelled; of several processes that run this, one does it."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                if await claim_measuring(self._pool, self._interval * 0.9):
                    await self.measure()
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("cost not measured", error_class=type(error).__name__)

    async def measure(self) -> None:
        """Ask all, then count what is new since they were asked before."""
        now = await self._ask_all()
        async with transaction(self._pool) as connection:
            await lock_measuring(connection)
            used, processes = newly_used(await known_processes(connection, now), now)
            await remember_processes(connection, processes)
            deltas = PerformanceDeltas()
            deltas.add_times(("cost", CPU), used)
            deltas.add_times(("cost", STORED), await stored_since_last(connection))
            await append_deltas(connection, deltas)

    async def _ask_all(self) -> dict[str, ProcessTime]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            answers = await asyncio.gather(*(_ask(session, url) for url in self._urls))
        return {
            url: answer
            for url, answer in zip(self._urls, answers, strict=True)
            if answer is not None
        }


async def _ask(session: aiohttp.ClientSession, url: str) -> ProcessTime | None:
    """Ask one process; one that does not answer is asked again in a minute."""
    try:
        async with session.get(url) as response:
            text = await response.content.read(EXPOSITION_BYTES_MAX)
            return read_process_time(text.decode())
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        log.warning("a process did not tell its metrics", error_class=type(error).__name__)
        return None
