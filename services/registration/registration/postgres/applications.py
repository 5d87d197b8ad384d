"""Applications: stored once under their keys, found again by them."""

from collections.abc import Iterable, Sequence

import asyncpg
from electoral.postgres import Connection, Pool

from registration.acceptance import ARRIVAL_CLAMP, Acceptance, IntakeKey, Stored

# Sorted by the caller: opposite orders of the same keys in two transactions would deadlock. Arrays
# that are unnested side by side in a SELECT are read row by row; as functions in FROM each would be
# copied as a whole first.
_INSERT = """
INSERT INTO application (application_id, client_id, idempotency_hash, body_hash, body_key_id,
                         reference, postcode_hash, postcode_key_id, gss_code, source, type,
                         language, age_years, arrived_at, received_at)
SELECT application_id, client_id, idempotency_hash, body_hash, body_key_id, reference,
       postcode_hash, postcode_key_id, gss_code, source, type, language, age_years,
       least(coalesce(came_at, greatest(arrived_at, now() - $16::interval)), now()), now()
  FROM (SELECT unnest($1::uuid[]) AS application_id, unnest($2::text[]) AS client_id,
               unnest($3::bytea[]) AS idempotency_hash, unnest($4::bytea[]) AS body_hash,
               unnest($5::text[]) AS body_key_id, unnest($6::text[]) AS reference,
               unnest($7::bytea[]) AS postcode_hash, unnest($8::text[]) AS postcode_key_id,
               unnest($9::text[]) AS gss_code, unnest($10::text[]) AS source,
               unnest($11::text[]) AS type, unnest($12::text[]) AS language,
               unnest($13::smallint[]) AS age_years, unnest($14::timestamptz[]) AS arrived_at,
               unnest($15::timestamptz[]) AS came_at) AS accepted
    ON CONFLICT DO NOTHING
RETURNING application_id, arrived_at, received_at
"""

# A statement of its own: the INSERT's snapshot cannot see a winner that committed meanwhile.
# By half of the hash, as it is indexed.
_FIND = """
SELECT a.application_id, a.client_id, a.idempotency_hash, a.body_hash, a.body_key_id, a.reference,
       a.gss_code, a.arrived_at, a.received_at
  FROM application a
  JOIN unnest($1::text[], $2::bytea[]) AS wanted (client_id, idempotency_hash)
    ON a.client_id = wanted.client_id
   AND substr(a.idempotency_hash, 1, 16) = substr(wanted.idempotency_hash, 1, 16)
"""


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
        [a.came_at for a in acceptances],
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
