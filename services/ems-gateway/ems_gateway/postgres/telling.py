"""What the history of one application has, and whose its attempts were, for an ERO to read."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Connection

from ems_gateway.history.chain import Link

# A record of another ERO's is like none at all.
_ATTEMPTS = """
SELECT every.application_id, every.attempt, every.revision, every.ero
  FROM record r
  JOIN attempt own ON own.application_id = r.application_id AND own.attempt = r.attempt
                  AND own.ero = $2
  JOIN attempt every ON every.application_id = r.application_id
 WHERE r.record_id = $1 ORDER BY every.attempt
"""
_OWNED = """
SELECT r.attempt, r.ero, r.created_at AS since FROM record r WHERE r.record_id = ANY($1::bytea[])
 UNION ALL
SELECT r.attempt, s.ero, s.assigned_at AS since
  FROM assignment s JOIN record r USING (record_id) WHERE s.record_id = ANY($1::bytea[])
 ORDER BY since
"""
_ENTRIES = """
SELECT application_id, number, attempt, kind, at, by, facts, previous, hash, batch_id
  FROM history WHERE application_id = $1 AND number > $2 ORDER BY number LIMIT $3
"""


class AttemptNow(NamedTuple):
    """An attempt, and whose it is now."""

    application_id: UUID
    attempt: int
    revision: int  # the newest
    ero: str | None


class Owned(NamedTuple):
    """From when on an attempt was whose; the last before a moment counts."""

    attempt: int
    ero: str | None
    since: datetime


async def read_attempts(connection: Connection, record_id: bytes, ero: str) -> list[AttemptNow]:
    """Read all attempts of the application of an ERO's record; none if it is not that ERO's."""
    return [AttemptNow(*row) for row in await connection.fetch(_ATTEMPTS, record_id, ero)]


async def read_owned(connection: Connection, record_ids: Sequence[bytes]) -> list[Owned]:
    """Read whose the attempts of these records were, and since when; earliest first."""
    return [Owned(*row) for row in await connection.fetch(_OWNED, record_ids)]


async def read_entries(
    connection: Connection, application_id: UUID, *, after: int, count_max: int
) -> list[Link]:
    """Read entries of an application behind a number, in order."""
    rows = await connection.fetch(_ENTRIES, application_id, after, count_max)
    return [Link(*row) for row in rows]
