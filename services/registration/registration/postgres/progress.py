"""Progress: what has happened to an application since, found by its reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from electoral.postgres import Connection, Pool

_STATUS = """
SELECT application_id, postcode_hash, postcode_key_id, gss_code, received_at
  FROM application WHERE reference = $1
"""
_PROGRESS = "SELECT fact, at FROM progress WHERE application_id = $1"
_ADVANCE = "SELECT note_progress($1, $2, $3)"


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
