"""The ledger on the real Postgres: deltas and totals give the same sum."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from electoral import held, ledger, postgres
from electoral.calendar import bin_start, london_date
from electoral.envelope import timestamp
from electoral.held import HeldMessage
from electoral.identifiers import DIGEST_MODULUS, attempt_digest
from electoral.kafka import Message
from electoral.ledger import AttemptKey, Counted, LedgerDeltas, LedgerRow
from electoral.postgres import Connection, Pool
from electoral.sealing import Sealer

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
    return await ledger.read_side(pool, london_date(NOON), before)


def hold(sealer: Sealer, one: Counted, revision: int) -> HeldMessage:
    headers = {
        "application-id": str(one.application_id),
        "attempt": str(one.attempt),
        "revision": str(revision),
        "gss-code": one.gss_code,
        "accepted-at": timestamp(one.accepted_at),
    }
    raw = {name: text.encode() for name, text in headers.items()}
    message = Message("applications.verified", 0, uuid4().int % (1 << 40), b"{", raw)
    return held.seal_message(sealer, message, "invalid-value")


async def test_digest_is_the_sum_of_the_attempts(registration_pool: Pool) -> None:
    counted = attempts(30)
    await enter(registration_pool, "accepted", counted)
    [row] = await read(registration_pool)
    expected = sum(attempt_digest(one.application_id, 1) for one in counted) % DIGEST_MODULUS
    assert (row.count, row.digest) == (30, expected)


async def test_folding_changes_no_figure(registration_pool: Pool) -> None:
    await enter(registration_pool, "accepted", attempts(30))
    before = await read(registration_pool)
    await ledger.fold(registration_pool)
    assert await registration_pool.fetchval("SELECT count(*) FROM ledger_delta") == 0
    await enter(registration_pool, "accepted", more := attempts(5))
    await ledger.fold(registration_pool)
    [row] = await read(registration_pool)
    added = sum(attempt_digest(one.application_id, 1) for one in more)
    assert row.count == before[0].count + 5
    assert row.digest == (before[0].digest + added) % DIGEST_MODULUS


async def leave(pool: Pool, state: str, counted: Sequence[Counted]) -> None:
    deltas = LedgerDeltas()
    for one in counted:
        deltas.leave(state, one)
    async with postgres.transaction(pool) as connection:
        await deltas.write(connection)


async def fold(pool: Pool) -> list[tuple[str, int]]:
    """Fold all; returns the totals' states and counts."""
    await ledger.fold(pool)
    assert await pool.fetchval("SELECT count(*) FROM ledger_delta") == 0
    totals = await pool.fetch("SELECT state, count FROM ledger_total ORDER BY state")
    return [(row["state"], row["count"]) for row in totals]


async def test_no_total_stays_of_a_state_that_all_have_left(registration_pool: Pool) -> None:
    counted = attempts(3)
    await enter(registration_pool, "queued", counted)
    await enter(registration_pool, "held", attempts(1))
    assert await fold(registration_pool) == [("held", 1), ("queued", 3)]
    await leave(registration_pool, "queued", counted[:2])
    assert await fold(registration_pool) == [("held", 1), ("queued", 1)]
    await leave(registration_pool, "queued", counted[2:])
    assert await fold(registration_pool) == [("held", 1)]
    await enter(registration_pool, "queued", counted[:1])
    assert await fold(registration_pool) == [("held", 1), ("queued", 1)]
    row = (await read(registration_pool))[1]
    assert (row.digest, row.revision_digest) == counted[0].digests


async def test_a_state_entered_and_left_between_two_folds_has_no_total(
    registration_pool: Pool,
) -> None:
    counted = attempts(2)
    await enter(registration_pool, "queued", counted)
    await leave(registration_pool, "queued", counted)
    assert await fold(registration_pool) == []


async def test_a_total_of_none_whose_digest_says_otherwise_stays(registration_pool: Pool) -> None:
    entered, left = attempts(2)
    await enter(registration_pool, "queued", [entered])
    await leave(registration_pool, "queued", [left])
    assert await fold(registration_pool) == [("queued", 0)]
    [row] = await read(registration_pool)
    assert (row.count, row.digest) == (0, (entered.digests[0] - left.digests[0]) % DIGEST_MODULUS)


async def test_what_is_not_committed_yet_is_folded_the_next_time(registration_pool: Pool) -> None:
    deltas = LedgerDeltas()
    [late] = attempts(1)
    deltas.enter("accepted", late)
    async with postgres.transaction(registration_pool) as connection:
        await deltas.write(connection)
        await enter(registration_pool, "accepted", attempts(2))
        assert await fold(registration_pool) == [("accepted", 2)]
    assert [row.count for row in await read(registration_pool)] == [3]
    assert await fold(registration_pool) == [("accepted", 3)]


async def test_leaving_a_state_undoes_entering_it(registration_pool: Pool) -> None:
    [one] = attempts(1)
    await enter(registration_pool, "waiting", [one])
    deltas = LedgerDeltas()
    deltas.leave("waiting", one)
    deltas.enter("decided", one)
    deltas.move("decided", "held", one)
    deltas.move("held", "decided", one)
    async with postgres.transaction(registration_pool) as connection:
        await deltas.write(connection)
    [row] = await read(registration_pool)
    assert (row.state, row.count) == ("decided", 1)
    assert (row.digest, row.revision_digest) == one.digests


async def test_day_is_the_london_one_and_before_cuts_at_a_bin(registration_pool: Pool) -> None:
    late = datetime(2026, 6, 7, 23, 30, tzinfo=UTC)  # 00:30 of the next day in London
    await enter(registration_pool, "accepted", attempts(1, late))
    assert await read(registration_pool) == []
    await enter(registration_pool, "accepted", attempts(2, NOON))
    await enter(registration_pool, "accepted", attempts(4, NOON + timedelta(minutes=5)))
    cut = bin_start(NOON + timedelta(minutes=5))
    assert [row.count for row in await read(registration_pool)] == [6]
    assert [row.count for row in await read(registration_pool, before=cut)] == [2]


async def test_held_messages_count_while_their_attempt_is_not_known_and_only_if_asked(
    registration_pool: Pool, sealer: Sealer
) -> None:
    known, unknown = attempts(2)
    await enter(registration_pool, "waiting", [known])
    held_twice = [hold(sealer, known, 1), hold(sealer, unknown, 1), hold(sealer, unknown, 2)]
    async with postgres.transaction(registration_pool) as connection:
        await held.hold(connection, held_twice)

    async def which_are_known(_: Connection, keys: Sequence[AttemptKey]) -> set[AttemptKey]:
        return {known.key} & set(keys)

    day = london_date(NOON)
    rows = await ledger.read_side(registration_pool, day, None, which_are_known)
    newest = unknown._replace(revision=2)
    assert [(row.state, row.count) for row in rows] == [("held", 1), ("waiting", 1)]
    assert (rows[0].digest, rows[0].revision_digest) == newest.digests
    cut = await ledger.read_side(registration_pool, day, bin_start(NOON), which_are_known)
    assert cut == []
    assert [row.state for row in await read(registration_pool)] == ["waiting"]
