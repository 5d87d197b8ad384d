"""Statements: what reached the gateway for an ERO on a day, and the head of a day's history."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Connection, Pool

from ems_gateway.history.chain import Head

# A record reached its ERO when it arrived or, if it was sent elsewhere since, when that was. What
# is another's now is not listed.
_REACHED = """
SELECT r.position, r.created_at AS reached_at
  FROM record r JOIN attempt a USING (application_id, attempt)
 WHERE r.ero = $1 AND r.created_at >= $2 AND r.created_at < $3
   AND (r.created_at, r.position) > ($4, $5) AND a.ero = $1
   AND NOT EXISTS (SELECT 1 FROM assignment s WHERE s.record_id = r.record_id)
 ORDER BY r.created_at, r.position LIMIT $6
"""
_SENT_ON = """
SELECT r.position, s.assigned_at AS reached_at
  FROM assignment s JOIN record r USING (record_id) JOIN attempt a USING (application_id, attempt)
 WHERE s.ero = $1 AND s.assigned_at >= $2 AND s.assigned_at < $3
   AND (s.assigned_at, r.position) > ($4, $5) AND a.ero = $1
   AND NOT EXISTS (SELECT 1 FROM assignment later WHERE later.record_id = s.record_id
                      AND later.assignment_id > s.assignment_id)
 ORDER BY s.assigned_at, r.position LIMIT $6
"""
_READ = f"""
WITH reached AS MATERIALIZED (
    SELECT * FROM (({_REACHED}) UNION ALL ({_SENT_ON})) AS both_ways
     ORDER BY reached_at, position LIMIT $6
)
SELECT r.record_id, r.application_id, r.attempt, r.revision, r.gss_code, reached.reached_at,
       CASE WHEN a.revision <> r.revision THEN 'superseded'
            WHEN a.state <> 'queued' THEN a.state
            WHEN q.leased_until > now() THEN 'leased'
            ELSE 'waiting' END AS state,
       (SELECT max(answered_at) FROM answer
         WHERE answer.position = r.position AND answer.ero = $1) AS answered_at
  FROM reached JOIN record r USING (position) JOIN attempt a USING (application_id, attempt)
  LEFT JOIN queue q ON q.position = r.position
 ORDER BY reached.reached_at, reached.position
"""
_LOCATE = """
SELECT coalesce((SELECT s.assigned_at FROM assignment s
                  WHERE s.record_id = r.record_id ORDER BY s.assignment_id DESC LIMIT 1),
                r.created_at), r.position
  FROM record r JOIN attempt a USING (application_id, attempt)
 WHERE r.record_id = $1 AND a.ero = $2
"""
# Up to when all that was added is committed: nobody who may still add began before. Who has
# written nothing within 20 s never will: a writing transaction lasts 10 s at most.
_SETTLED = """
SELECT least(now() - interval '1 second', min(xact_start)) FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend'
   AND pid <> pg_backend_pid()
   AND (backend_xid IS NOT NULL OR xact_start > now() - interval '20 seconds')
"""
_HEAD = """
SELECT coalesce(sum(count), 0)::bigint AS entries,
       sha256(coalesce(string_agg(digest, ''::bytea ORDER BY batch_id), ''::bytea)) AS digest
  FROM history_batch WHERE day = $1 AND at < $2
"""


class Reached(NamedTuple):
    """A place in a day's statement: in order of reaching the ERO."""

    at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Stated:
    """A record that reached an ERO, as a statement lists it."""

    record_id: bytes
    application_id: UUID
    attempt: int
    revision: int
    gss_code: str  # the attempt was accepted with
    reached_at: datetime
    state: str  # waiting, leased, acknowledged, held, superseded
    answered_at: datetime | None


async def read_reached(
    pool: Pool, ero: str, bounds: tuple[datetime, datetime], after: Reached, count_max: int
) -> list[Stated]:
    """Read what reached an ERO between two moments, behind a place, in order."""
    rows = await pool.fetch(_READ, ero, *bounds, *after, count_max)
    return [Stated(**row) for row in rows]


async def locate(pool: Pool, record_id: bytes, ero: str) -> Reached | None:
    """Find a record's place in its statement; None if it is not this ERO's."""
    row = await pool.fetchrow(_LOCATE, record_id, ero)
    return None if row is None else Reached(*row)


async def settled_until(pool: Pool) -> datetime:
    """Return the moment before which nothing can be added to the history any more."""
    settled: datetime = await pool.fetchval(_SETTLED)
    return settled


async def read_head(connection: Pool | Connection, day: date, at: datetime) -> Head:
    """Digest what was added to the history on a day before a moment."""
    row = await connection.fetchrow(_HEAD, day, at)
    assert row is not None
    return Head(day, at, row["entries"], row["digest"])
