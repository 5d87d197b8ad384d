"""Every SQL statement of registration."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from electoral.postgres import Connection, Pool

from registration.acceptance import ARRIVAL_CLAMP, Acceptance, IntakeKey, Stored

# Sorted by the caller: opposite orders of the same keys in two transactions would deadlock.
_INSERT = """
INSERT INTO application (application_id, client_id, idempotency_hash, body_hash, body_key_id,
                         reference, postcode_hash, postcode_key_id, gss_code, source, type,
                         language, age_years, arrived_at, received_at)
SELECT application_id, client_id, idempotency_hash, body_hash, body_key_id, reference,
       postcode_hash, postcode_key_id, gss_code, source, type, language, age_years,
       least(greatest(arrived_at, now() - $15::interval), now()), now()
  FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::text[],
              $7::bytea[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
              $13::smallint[], $14::timestamptz[])
       AS accepted (application_id, client_id, idempotency_hash, body_hash, body_key_id, reference,
                    postcode_hash, postcode_key_id, gss_code, source, type, language, age_years,
                    arrived_at)
    ON CONFLICT DO NOTHING
RETURNING application_id, arrived_at, received_at
"""

# A statement of its own: the INSERT's snapshot cannot see a winner that committed meanwhile.
_FIND = """
SELECT a.application_id, a.client_id, a.idempotency_hash, a.body_hash, a.body_key_id, a.reference,
       a.gss_code, a.arrived_at, a.received_at
  FROM application a
  JOIN unnest($1::text[], $2::bytea[]) AS wanted (client_id, idempotency_hash)
 USING (client_id, idempotency_hash)
"""

_STATUS = """
SELECT application_id, postcode_hash, postcode_key_id, gss_code, received_at
  FROM application WHERE reference = $1
"""
_PROGRESS = "SELECT fact, at FROM progress WHERE application_id = $1"
_ADVANCE = """
INSERT INTO progress AS known (application_id, fact, at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) ORDER BY 1, 2
    ON CONFLICT (application_id, fact) DO UPDATE SET at = excluded.at
 WHERE known.at > excluded.at
"""

_FIND_UNCHECKED = """
WITH step AS MATERIALIZED (
    SELECT application_id, received_at FROM application
     WHERE application_id > (SELECT application_id FROM checked_up_to) AND application_id < $1
     ORDER BY application_id LIMIT $2
)
SELECT (SELECT count(*) FROM step) AS rows,
       (SELECT application_id FROM step ORDER BY application_id DESC LIMIT 1) AS last_id,
       late.application_id AS late_id, late.received_at AS unchecked_since
  FROM (SELECT) AS always
  LEFT JOIN LATERAL (
       SELECT application_id, received_at FROM step
        WHERE NOT EXISTS (SELECT FROM progress
                           WHERE progress.application_id = step.application_id
                             AND fact = 'checked')
        ORDER BY application_id LIMIT 1) AS late ON true
"""
_SET_CHECKED_UP_TO = "UPDATE checked_up_to SET application_id = $1 WHERE application_id < $1"


async def insert_applications(
    connection: Connection, acceptances: Sequence[Acceptance]
) -> dict[IntakeKey, Stored]:
    """Store what is new, received now; returns only what was stored."""
    rows = await connection.fetch(
        _INSERT,
        [a.application_id for a in acceptances],
        [a.key.client_id for a in acceptances],
        [a.key.idempotency_hash for a in acceptances],
        [a.body_hash for a in acceptances],
        [a.body_key_id for a in acceptances],
        [a.reference for a in acceptances],
        [a.postcode_hash for a in acceptances],
        [a.postcode_key_id for a in acceptances],
        [a.gss_code for a in acceptances],
        [a.source for a in acceptances],
        [a.type for a in acceptances],
        [a.language for a in acceptances],
        [a.age_years for a in acceptances],
        [a.arrived_at for a in acceptances],
        ARRIVAL_CLAMP,
    )
    times = {row["application_id"]: row for row in rows}
    return {
        a.key: Stored(
            application_id=a.application_id,
            body_hash=a.body_hash,
            body_key_id=a.body_key_id,
            reference=a.reference,
            gss_code=a.gss_code,
            arrived_at=times[a.application_id]["arrived_at"],
            received_at=times[a.application_id]["received_at"],
        )
        for a in acceptances
        if a.application_id in times
    }


async def find_by_key(
    connection: Connection | Pool, keys: Iterable[IntakeKey]
) -> dict[IntakeKey, Stored]:
    """Return what was stored before under these keys."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = await connection.fetch(
        _FIND, [key.client_id for key in wanted], [key.idempotency_hash for key in wanted]
    )
    return {IntakeKey(row["client_id"], row["idempotency_hash"]): _stored(row) for row in rows}


def _stored(row: asyncpg.Record) -> Stored:
    return Stored(
        application_id=row["application_id"],
        body_hash=row["body_hash"],
        body_key_id=row["body_key_id"],
        reference=row["reference"],
        gss_code=row["gss_code"],
        arrived_at=row["arrived_at"],
        received_at=row["received_at"],
    )


@dataclass(frozen=True, slots=True)
class KnownReference:
    """What a status question is compared with."""

    application_id: UUID
    postcode_hash: bytes
    postcode_key_id: str
    gss_code: str
    received_at: datetime


async def find_reference(pool: Pool, reference: str) -> KnownReference | None:
    """Return the application of a reference."""
    row = await pool.fetchrow(_STATUS, reference)
    return None if row is None else KnownReference(**row)


async def read_progress(pool: Pool, application_id: UUID) -> dict[str, datetime]:
    """Return what has happened to an application: fact -> time."""
    return {row["fact"]: row["at"] for row in await pool.fetch(_PROGRESS, application_id)}


async def advance(connection: Connection, facts: Mapping[tuple[UUID, str], datetime]) -> None:
    """Note facts; of two times of one fact the earlier stays."""
    if facts:
        await connection.execute(
            _ADVANCE,
            [application_id for application_id, _ in facts],
            [fact for _, fact in facts],
            list(facts.values()),
        )


@dataclass(frozen=True, slots=True)
class UncheckedStep:
    """Some applications in order of their ids, and the first without a final outcome."""

    rows: int
    up_to: UUID | None  # all up to this id are checked; None when there are no more
    unchecked_since: datetime | None


async def find_unchecked(pool: Pool, before: UUID, limit: int) -> UncheckedStep:
    """Look at the next applications with an id less than `before`."""
    row = await pool.fetchrow(_FIND_UNCHECKED, before, limit)
    assert row is not None
    late: UUID | None = row["late_id"]
    up_to = row["last_id"] if late is None else UUID(int=late.int - 1)
    return UncheckedStep(row["rows"], up_to, row["unchecked_since"])


async def set_checked_up_to(pool: Pool, application_id: UUID) -> None:
    """Note how far all are checked; it only moves forward."""
    await pool.execute(_SET_CHECKED_UP_TO, application_id)
