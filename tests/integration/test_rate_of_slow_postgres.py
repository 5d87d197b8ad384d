"""The rate on a Postgres that is far away: slowness costs a part of it, and never all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from electoral import postgres
from postgres_proxy import PostgresProxy
from rate_processes import CEILING, Process, Sent, full, run_for
from structlog.testing import capture_logs
from verification.postgres.rate import Work

pytestmark = pytest.mark.integration

WORKS: tuple[Work, ...] = ("new", "parked")


class FarAway(PostgresProxy):
    """A way to Postgres that takes a while, there and back."""

    def __init__(self, dsn: str, seconds: float) -> None:
        super().__init__(dsn)
        self._seconds = seconds  # of a statement

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        late = asyncio.StreamReader()
        self._pipes.add(asyncio.create_task(self._delay(reader, late)))
        await super()._hand_on(late, writer)

    async def _delay(self, reader: asyncio.StreamReader, late: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        while some := await reader.read(64 * 1024):
            loop.call_later(self._seconds / 2, late.feed_data, some)
        loop.call_later(self._seconds / 2, late.feed_eof)


@asynccontextmanager
async def a_process(dsn: str, sent: Sent, *, seconds: float) -> AsyncIterator[Process]:
    """A process whose statements take so long."""
    async with FarAway(dsn, seconds).listening() as way:
        pool = await postgres.open_pool(way.dsn, service="test", connections=4)
        async with pool:
            yield Process(pool, sent)


# Shares of the ceiling; when Postgres is quick it is 0.8.
@pytest.mark.parametrize(("seconds", "share"), [(0.035, 0.5), (0.06, 0.3), (0.2, 0.1)])
async def test_a_slow_postgres_costs_a_part_of_the_rate(
    postgres_dsn: Callable[[str], str], seconds: float, share: float
) -> None:
    dsn, sent = postgres_dsn("verification"), Sent()
    async with (
        a_process(dsn, sent, seconds=seconds) as one,
        a_process(dsn, sent, seconds=seconds) as two,
    ):
        works = [p.keep_sending(w, full(), callers=1) for p in (one, two) for w in WORKS]
        await run_for(6.0, *works)
    new, parked = sent.of("new"), sent.of("parked")
    assert new + parked >= 6.0 * CEILING * share
    assert min(new, parked) >= 0.2 * (new + parked)
    assert sent.most_within(1.0) <= CEILING


async def test_who_is_near_and_who_is_far_keep_the_ceiling_together(
    postgres_dsn: Callable[[str], str],
) -> None:
    dsn, sent = postgres_dsn("verification"), Sent()
    async with (
        a_process(dsn, sent, seconds=0.0) as near,
        a_process(dsn, sent, seconds=0.12) as far,
    ):
        works = [p.keep_sending(w, full(), callers=1) for p in (near, far) for w in WORKS]
        await run_for(4.0, *works)
    assert sent.of("new") + sent.of("parked") >= 4.0 * CEILING * 0.3
    assert sent.most_within(1.0) <= CEILING


async def test_a_batch_of_new_work_is_sent_within_its_patience_when_postgres_is_slow(
    postgres_dsn: Callable[[str], str],
) -> None:
    async with a_process(postgres_dsn("verification"), Sent(), seconds=0.06) as process:
        rate = process.rate("new")
        with capture_logs() as lines:
            for _ in range(6):
                await process.send(rate, "new", 1)
        await asyncio.sleep(0.5)
        await process.send(rate, "new", 20, within=0.5)
    given_up = [line for line in lines if line["event"] == "dwp turn given up"]
    assert 0 < len(given_up) <= 5  # until it is known what is usual
