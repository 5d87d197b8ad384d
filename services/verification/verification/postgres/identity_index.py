"""The index of identities: the uses under a keyed hash, one row each.

Rows are inserted and locked in order of key and hash, so that two workers with the same people in
opposite orders wait for each other in a line and never in a circle.
"""

from collections.abc import Sequence
from typing import NamedTuple

from electoral.postgres import Connection, Pool

from verification.postgres.rows import columns


class IndexRow(NamedTuple):
    """The uses of one identity, as JSON."""

    key_id: str
    hash: bytes
    uses: str


# What a worker beside us has inserted and not committed is waited for.
_INSERT = """
INSERT INTO identity_index (key_id, hash, uses)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::jsonb[]) AS r (key_id, hash, uses)
 ORDER BY key_id COLLATE "C", hash
    ON CONFLICT (key_id, hash) DO NOTHING
RETURNING hash
"""
_LOCK = """
SELECT i.hash, i.uses
  FROM identity_index i JOIN unnest($1::text[], $2::bytea[]) AS r (key_id, hash)
       ON i.key_id = r.key_id AND i.hash = r.hash
 ORDER BY i.key_id, i.hash FOR UPDATE OF i
"""
# Row by row, whatever the planner thinks of the arrays: a hash join would read the whole table.
_READ = """
SELECT i.hash, i.uses
  FROM unnest($1::text[], $2::bytea[]) AS r (key_id, hash)
 CROSS JOIN LATERAL (
       SELECT hash, uses FROM identity_index WHERE key_id = r.key_id AND hash = r.hash OFFSET 0
       ) AS i
"""
_UPDATE = """
UPDATE identity_index i SET uses = r.uses
  FROM unnest($1::text[], $2::bytea[], $3::jsonb[]) AS r (key_id, hash, uses)
 WHERE i.key_id = r.key_id AND i.hash = r.hash
"""
_NEXT_KEY = "SELECT key_id FROM identity_index WHERE key_id > $1 ORDER BY key_id LIMIT 1"
# A row stands where it was written: those of a key stand together, and a block is changed once.
_DELETE = """
WITH gone AS (
    DELETE FROM identity_index
     WHERE ctid >= $1::tid AND ctid < $2::tid AND key_id = ANY($3::text[]) RETURNING 1
)
SELECT count(*) FROM gone
"""
_BLOCKS = """
SELECT pg_relation_size('identity_index') / current_setting('block_size')::bigint
"""


async def insert_rows(connection: Connection, rows: Sequence[IndexRow]) -> frozenset[bytes]:
    """Insert rows that are not there yet; returns the hashes of those."""
    if not rows:
        return frozenset()
    inserted = await connection.fetch(_INSERT, *columns(sorted(rows)))
    return frozenset([row[0] for row in inserted])


async def lock_rows(
    connection: Connection, places: Sequence[tuple[str, bytes]]
) -> dict[bytes, str]:
    """Lock rows until the transaction ends; returns the uses under each hash that is there."""
    return await _fetch(connection, _LOCK, places)


async def read_rows(
    connection: Connection, places: Sequence[tuple[str, bytes]]
) -> dict[bytes, str]:
    """Return the uses under each hash that is there."""
    return await _fetch(connection, _READ, places)


async def _fetch(
    connection: Connection, statement: str, places: Sequence[tuple[str, bytes]]
) -> dict[bytes, str]:
    if not places:
        return {}
    return {row[0]: row[1] for row in await connection.fetch(statement, *columns(places))}


async def update_rows(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Write rows again that this transaction has inserted or locked."""
    if rows:
        await connection.execute(_UPDATE, *columns(rows))


async def next_key(pool: Pool, after: str) -> str | None:
    """Return the next key id that has rows; begin with an empty text."""
    key_id: str | None = await pool.fetchval(_NEXT_KEY, after)
    return key_id


async def count_blocks(pool: Pool) -> int:
    """Return how many blocks the index's rows take."""
    blocks: int = await pool.fetchval(_BLOCKS)
    return blocks


async def delete_rows(pool: Pool, key_ids: Sequence[str], begin: int, end: int) -> int:
    """Delete the rows of these keys in blocks from `begin` to before `end`; returns how many."""
    count: int = await pool.fetchval(_DELETE, (begin, 0), (end, 0), list(key_ids))
    return count
