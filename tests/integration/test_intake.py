"""Intake against the real Postgres: one application for one key, whatever happens at once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from electoral.group_commit import GroupCommit
from electoral.identifiers import draw_reference, new_application_id
from electoral.postgres import Pool, open_pool
from electoral.sealing import DestroyedKey, SealingError, UnknownKey
from electoral.tracing import new_traceparent
from registration.acceptance import Acceptance, IntakeKey, Receipt
from registration.errors import KeyReused, KeysMissing
from registration.intake import Answer, Intake

pytestmark = pytest.mark.integration

LAST_QUARTER = "body-2026q3"


def an_acceptance(key: str = "one", client: str = "partner", **changes: Any) -> Acceptance:
    """Build an acceptance whose body hash is that of its body `b"body"`."""
    acceptance = Acceptance(
        key=IntakeKey(client, key.encode().ljust(32, b"-")),
        application_id=new_application_id(),
        reference=draw_reference(),
        body_hash=b"body",
        body_key_id="body-2026q4",
        postcode_hash=b"postcode",
        postcode_key_id="status-2026q4",
        gss_code="E08000025",
        previous_gss_code=None,
        address_basis="postcode",
        source="web",
        type="ordinary",
        language="en",
        age_years=40,
        arrived_at=datetime.now(UTC),
        sealed_person="person-2026-11-22.AAAA",
        sealed_nino=None,
        nino_absence="no-nino",
        traceparent=new_traceparent(),
    )
    return acceptance._replace(**changes)


@pytest.fixture
async def intake(registration_pool: Pool) -> Intake:
    return Intake(registration_pool, hash_body=lambda _key, body: body, wake=lambda: None)


def receipts(answers: list[Answer]) -> list[Receipt]:
    assert all(isinstance(answer, Receipt) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Receipt)]


async def counts(pool: Pool) -> tuple[int, int, int]:
    """Return applications, outbox rows, and what the ledger's deltas sum to."""
    row = await pool.fetchrow(
        "SELECT (SELECT count(*) FROM application), (SELECT count(*) FROM outbox),"
        " (SELECT coalesce(sum(count), 0)::bigint FROM ledger_delta)"
    )
    assert row is not None
    return tuple(row)


async def test_record_outbox_and_ledger_are_stored_together_or_not_at_all(
    intake: Intake, registration_pool: Pool
) -> None:
    too_large = an_acceptance("b", sealed_person="x" * 150_000, sealed_nino="x" * 150_000)
    with pytest.raises(asyncpg.CheckViolationError):  # by the outbox, which is written last
        await intake.commit([(an_acceptance("a"), b"body"), (too_large, b"body")])
    assert await counts(registration_pool) == (0, 0, 0)
    await intake.commit([(an_acceptance("a"), b"body"), (an_acceptance("b"), b"body")])
    assert await counts(registration_pool) == (2, 2, 2)


async def test_a_commit_waits_for_the_disk_whatever_the_database_s_default(
    postgres_dsn: Callable[[str], str],
) -> None:
    dsn = postgres_dsn("registration")
    async with await open_pool(dsn, service="test", connections=1) as pool:
        database = await pool.fetchval("SELECT current_database()")
        await pool.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")
    async with await open_pool(dsn, service="test", connections=1) as pool:
        assert await pool.fetchval("SHOW synchronous_commit") == "on"


async def test_equal_keys_in_one_batch_join_the_first(
    intake: Intake, registration_pool: Pool
) -> None:
    answers = receipts(await intake.commit([(an_acceptance(), b"body") for _ in range(5)]))
    assert len({answer.stored.application_id for answer in answers}) == 1
    assert [answer.replayed for answer in answers] == [False, True, True, True, True]
    assert await counts(registration_pool) == (1, 1, 1)


async def test_second_submission_with_same_key_returns_first_receipt(intake: Intake) -> None:
    [first] = receipts(await intake.commit([(an_acceptance(), b"body")]))
    [second] = receipts(await intake.commit([(an_acceptance(), b"body")]))
    assert second == Receipt(first.stored, replayed=True)


async def test_same_key_with_another_body_is_refused(intake: Intake) -> None:
    await intake.commit([(an_acceptance(), b"body")])
    [answer] = await intake.commit([(an_acceptance(), b"another body")])
    assert isinstance(answer, KeyReused)


def with_keys_that_are(pool: Pool, gone: SealingError) -> Intake:
    """Build an intake that cannot hash under the key of last quarter."""

    def hash_body(key_id: str, body: bytes) -> bytes:
        if key_id == LAST_QUARTER:
            raise gone
        return body

    return Intake(pool, hash_body=hash_body, wake=lambda: None)


async def test_a_repeat_that_cannot_be_compared_is_refused_by_itself_and_is_no_replay(
    intake: Intake, registration_pool: Pool
) -> None:
    await intake.commit([(an_acceptance("old", body_key_id=LAST_QUARTER), b"body")])
    keyless = with_keys_that_are(registration_pool, UnknownKey(LAST_QUARTER))
    another, new = (an_acceptance("old"), b"another body"), (an_acceptance("new"), b"body")
    refused, accepted = await keyless.commit([another, new])
    assert isinstance(refused, KeysMissing)
    assert isinstance(accepted, Receipt)
    assert not accepted.replayed
    assert await counts(registration_pool) == (2, 2, 2)


async def test_after_the_end_of_its_key_a_repeat_is_known_by_its_idempotency_key(
    intake: Intake, registration_pool: Pool
) -> None:
    old = (an_acceptance("old", body_key_id=LAST_QUARTER), b"body")
    [first] = receipts(await intake.commit([old]))
    keyless = with_keys_that_are(registration_pool, DestroyedKey(LAST_QUARTER))
    [again] = receipts(await keyless.commit([(an_acceptance("old"), b"another body")]))
    assert again == Receipt(first.stored, replayed=True)


async def test_same_key_of_two_partners_is_two_applications(
    intake: Intake, registration_pool: Pool
) -> None:
    both = [(an_acceptance(client=client), b"body") for client in ("one", "two")]
    assert [answer.replayed for answer in receipts(await intake.commit(both))] == [False, False]
    assert await counts(registration_pool) == (2, 2, 2)


async def test_taken_reference_is_drawn_again(intake: Intake, registration_pool: Pool) -> None:
    reference = draw_reference()
    await intake.commit([(an_acceptance("a", reference=reference), b"body")])
    [answer] = receipts(await intake.commit([(an_acceptance("b", reference=reference), b"body")]))
    assert answer.stored.reference != reference
    assert await counts(registration_pool) == (2, 2, 2)


async def test_batches_with_the_same_keys_in_opposite_order_do_not_deadlock(
    intake: Intake, registration_pool: Pool
) -> None:
    for turn in range(20):
        keys = [f"{turn}-{number}" for number in range(50)]
        batches = [[(an_acceptance(key), b"body") for key in order] for order in (keys, keys[::-1])]
        one, other = await asyncio.gather(*(intake.commit(batch) for batch in batches))
        ids = [answer.stored.application_id for answer in receipts(one)]
        assert [answer.stored.application_id for answer in receipts(other)][::-1] == ids
    assert await counts(registration_pool) == (1000, 1000, 1000)


async def test_one_bad_row_is_refused_and_harms_no_other(
    intake: Intake, registration_pool: Pool
) -> None:
    async with GroupCommit(intake.commit, writers=1) as committer:
        good = [an_acceptance(str(number)) for number in range(9)]
        wrong = an_acceptance("wrong", reference="nul\x00")
        answers = await asyncio.gather(
            *(committer.submit((one, b"body")) for one in [*good[:5], wrong, *good[5:]]),
            return_exceptions=True,
        )
    assert [isinstance(answer, Receipt) for answer in answers] == [True] * 5 + [False] + [True] * 4
    assert await counts(registration_pool) == (9, 9, 9)


@pytest.mark.parametrize(
    ("seconds_before", "clamped"), [(0, 0), (30, 30), (61, 60), (3600, 60), (-5, 0)]
)
async def test_arrival_is_at_most_a_minute_before_the_receipt(
    intake: Intake, seconds_before: int, clamped: int
) -> None:
    arrived_at = datetime.now(UTC) - timedelta(seconds=seconds_before)
    acceptance = an_acceptance(str(uuid4()), arrived_at=arrived_at)
    [answer] = receipts(await intake.commit([(acceptance, b"body")]))
    before = (answer.stored.received_at - answer.stored.arrived_at).total_seconds()
    assert before == pytest.approx(clamped, abs=2)
    assert 0 <= before <= 60
