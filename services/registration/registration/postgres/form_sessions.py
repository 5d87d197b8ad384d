"""Sessions of the form: read, begun, changed and ended, many at a time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from electoral.postgres import Connection, Pool

# What was typed in the last second may be forgotten when Postgres dies: typing it again harms
# nobody, and no application is among it. So nothing of a session waits for the disk.
_LAZILY = "SELECT set_config('synchronous_commit', 'off', true)"

_READ = """
SELECT session_id, sealed, version, extract(epoch FROM expires_at - now())::float8 AS seconds_left
  FROM form_session WHERE session_id = ANY($1::bytea[]) AND expires_at > now()
"""
_INSERT = """
INSERT INTO form_session (session_id, sealed, expires_at)
SELECT session_id, sealed, now() + $3
  FROM unnest($1::bytea[], $2::text[]) AS new (session_id, sealed)
"""
# Sorted by the caller, and only what has not changed meanwhile: another tab may have been faster.
_CHANGE = f"""
UPDATE form_session AS known
   SET sealed = changed.sealed, version = known.version + 1, expires_at = now() + $4
  FROM ({_LAZILY}) AS lazily,
       unnest($1::bytea[], $2::integer[], $3::text[]) AS changed (session_id, version, sealed)
 WHERE known.session_id = changed.session_id AND known.version = changed.version
   AND known.expires_at > now()
RETURNING known.session_id
"""
_END = "DELETE FROM form_session WHERE session_id = $1"
_BLOCKS = "SELECT pg_relation_size('form_session') / current_setting('block_size')::integer"
# Some blocks of the table, each looked at once: an index on the end would cost every rewrite.
_SWEEP = """
DELETE FROM form_session WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM form_session WHERE ctid >= $1 AND ctid < $2 AND expires_at <= now()
          FOR UPDATE SKIP LOCKED))
"""


class SessionRow(NamedTuple):
    """A session as it is stored."""

    session_id: bytes
    sealed: str
    version: int
    seconds_left: float


class SessionChange(NamedTuple):
    """What a session is to become, if it is still what it was."""

    session_id: bytes
    version: int
    sealed: str


async def read_sessions(pool: Pool, ids: Sequence[bytes]) -> dict[bytes, SessionRow]:
    """Return those that have not ended, by id."""
    rows = await pool.fetch(_READ, ids)
    return {row["session_id"]: SessionRow(*row) for row in rows}


async def begin_sessions(
    connection: Connection, new: Sequence[tuple[bytes, str]], lifetime: timedelta
) -> None:
    """Store new sessions: their ids and what is sealed."""
    await connection.execute(_LAZILY)
    await connection.execute(
        _INSERT, [one for one, _ in new], [sealed for _, sealed in new], lifetime
    )


async def change_sessions(
    pool: Connection | Pool, changes: Sequence[SessionChange], lifetime: timedelta
) -> set[bytes]:
    """Store changes; returns the ids of those that had not changed or ended meanwhile."""
    rows = await pool.fetch(
        _CHANGE,
        [change.session_id for change in changes],
        [change.version for change in changes],
        [change.sealed for change in changes],
        lifetime,
    )
    return {row["session_id"] for row in rows}


async def end_session(pool: Pool, session_id: bytes) -> None:
    """Delete a session with all that was typed."""
    await pool.execute(_END, session_id)


async def count_blocks(pool: Pool) -> int:
    """Return how many blocks the table has."""
    return int(await pool.fetchval(_BLOCKS))


async def sweep_sessions(pool: Pool, blocks: range) -> int:
    """Delete sessions in these blocks whose time is over; returns how many."""
    done = await pool.execute(_SWEEP, (blocks.start, 0), (blocks.stop, 0))
    return int(done.split()[-1])
