"""The ledger on the real Postgres: deltas and totals give the same sum."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from electoral import ledger, postgres
from electoral.calendar import bin_start, london_date
from electoral.identifiers import DIGEST_MODULUS, attempt_digest
from electoral.ledger import Counted, LedgerDeltas, LedgerRow
from electoral.postgres import Pool

pytestmark = pytest.mark.integration

NOON = datetime(2026, 6, 7, 12, 1, tzinfo=UTC)
GSS = "E08000025"


def attempts(count: int, at: datetime = NOON) -> list[Counted]:
    return [Counted(uuid4(), 1, 0, at, GSS) for _ in range(count)]


async def enter(pool: Pool, state: str, counted: Sequence[Counted]) -> None:
    for one in counted:  # a row each, as from so many batches
        deltas = LedgerDeltas()
        deltas.enter(state, one)
        async with postgres.transaction(pool) as connection:
            await deltas.write(connection)


async def read(pool: Pool, before: datetime | None = None) -> list[LedgerRow]:
    async with postgres.transaction(pool) as connection:
        rows = await ledger.read_counted(connection, london_date(NOON), before)
        return ledger.merge_rows(rows)


async def close_the_minute(pool: Pool) -> None:
    await pool.execute("UPDATE ledger_delta SET at = at - interval '1 minute'")


async def test_digest_is_the_sum_of_the_attempts(registration_pool: Pool) -> None:
    counted = attempts(30)
    await enter(registration_pool, "accepted", counted)
    [row] = await read(registration_pool)
    expected = sum(attempt_digest(one.application_id, 1) for one in counted) % DIGEST_MODULUS
    assert (row.count, row.digest) == (30, expected)


async def test_folding_changes_no_figure(registration_pool: Pool) -> None:
    await enter(registration_pool, "accepted", attempts(30))
    before = await read(registration_pool)
    await close_the_minute(registration_pool)
    await ledger.fold(registration_pool)
    assert await registration_pool.fetchval("SELECT count(*) FROM ledger_delta") == 0
    await enter(registration_pool, "accepted", more := attempts(5))
    await close_the_minute(registration_pool)
    await ledger.fold(registration_pool)
    [row] = await read(registration_pool)
    added = sum(attempt_digest(one.application_id, 1) for one in more)
    assert row.count == before[0].count + 5
    assert row.digest == (before[0].digest + added) % DIGEST_MODULUS


async def test_the_open_minute_is_not_folded(registration_pool: Pool) -> None:
    await enter(registration_pool, "accepted", attempts(3))
    await registration_pool.execute("UPDATE ledger_delta SET at = now() + interval '1 minute'")
    await ledger.fold(registration_pool)
    assert await registration_pool.fetchval("SELECT count(*) FROM ledger_delta") == 3


async def test_leaving_a_state_undoes_entering_it(registration_pool: Pool) -> None:
    [one] = attempts(1)
    await enter(registration_pool, "waiting", [one])
    deltas = LedgerDeltas()
    deltas.leave("waiting", one)
    deltas.enter("decided", one)
    async with postgres.transaction(registration_pool) as connection:
        await deltas.write(connection)
    [row] = await read(registration_pool)
    assert (row.state, row.count) == ("decided", 1)


async def test_day_is_the_london_one_and_before_cuts_at_a_bin(registration_pool: Pool) -> None:
    late = datetime(2026, 6, 7, 23, 30, tzinfo=UTC)  # 00:30 of the next day in London
    await enter(registration_pool, "accepted", attempts(1, late))
    assert await read(registration_pool) == []
    await enter(registration_pool, "accepted", attempts(2, NOON))
    await enter(registration_pool, "accepted", attempts(4, NOON + timedelta(minutes=5)))
    cut = bin_start(NOON + timedelta(minutes=5))
    assert [row.count for row in await read(registration_pool)] == [6]
    assert [row.count for row in await read(registration_pool, before=cut)] == [2]
