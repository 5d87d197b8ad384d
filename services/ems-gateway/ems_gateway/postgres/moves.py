"""Moves: undelivered records whose GSS code is another ERO's now, and who moved which where."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Connection, Pool

# An ended code that was split has no ERO: what is held of it is looked at again when it is newly
# held, for its address may place it.
_CANDIDATES = """
WITH now_answers AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::text[]) AS n (gss_code, ero)
)
SELECT position, gss_code FROM (
    SELECT q.position, q.gss_code FROM queue q JOIN now_answers n USING (gss_code)
     WHERE q.ero IS DISTINCT FROM n.ero AND q.position > $3
     UNION ALL
    SELECT h.position, h.gss_code FROM held_record h JOIN now_answers n USING (gss_code)
     WHERE h.position > $3
       AND (h.ero IS DISTINCT FROM n.ero OR (n.ero IS NULL AND h.since >= $4))
) AS candidates ORDER BY position LIMIT $5
"""
_SEALED = """
SELECT position, application_id, person FROM record WHERE position = ANY($1::bigint[])
"""
_INSERT_ASSIGNMENTS = """
INSERT INTO assignment (record_id, gss_code, ero, assigned_by)
SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[])
"""


class Candidate(NamedTuple):
    """A record that may belong elsewhere."""

    position: int
    gss_code: str  # under which it is delivered


class Sealed(NamedTuple):
    """A record's person, to be opened for its address."""

    position: int
    application_id: UUID
    person: str


class Assigned(NamedTuple):
    """A record that was sent to an authority's ERO."""

    record_id: bytes
    gss_code: str
    ero: str
    by: str


async def find_candidates(
    pool: Pool,
    answers: Sequence[tuple[str, str | None]],
    *,
    after: int,
    held_since: datetime,
    count_max: int,
) -> list[Candidate]:
    """Find what waits or is held elsewhere than these pairs of code and ERO say, by position."""
    rows = await pool.fetch(
        _CANDIDATES,
        [gss_code for gss_code, _ in answers],
        [ero for _, ero in answers],
        after,
        held_since,
        count_max,
    )
    return [Candidate(row["position"], row["gss_code"]) for row in rows]


async def read_sealed(pool: Pool, positions: Sequence[int]) -> list[Sealed]:
    """Read the sealed persons of some records."""
    return [Sealed(**row) for row in await pool.fetch(_SEALED, positions)] if positions else []


async def insert_assignments(connection: Connection, assigned: Sequence[Assigned]) -> None:
    """Note who sent which records where."""
    if assigned:
        await connection.execute(
            _INSERT_ASSIGNMENTS,
            [one.record_id for one in assigned],
            [one.gss_code for one in assigned],
            [one.ero for one in assigned],
            [one.by for one in assigned],
        )
