"""Consumer positions: rows that only their owner moves, and only from where it thinks they are."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from electoral.kafka import Partition
from electoral.postgres import Connection, Pool

_CLAIM = """
INSERT INTO consumer_position AS position (topic, partition, owner, starts)
SELECT topic, partition, $3, 1 FROM unnest($1::text[], $2::int[]) AS wanted (topic, partition)
 ORDER BY topic, partition
    ON CONFLICT (topic, partition) DO UPDATE SET
       owner = excluded.owner,
       starts = position.starts + (position.owner <> excluded.owner)::int
RETURNING topic, partition, next_offset, starts
"""

# Rows are locked in sorted order, so that two batches never wait for each other in a circle.
_MOVE = """
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
        AS w (topic, partition, from_offset, to_offset)
), ours AS (
    SELECT p.topic, p.partition, w.to_offset
      FROM consumer_position p JOIN wanted w USING (topic, partition)
     WHERE p.owner = $5 AND p.next_offset = w.from_offset
     ORDER BY p.topic, p.partition FOR UPDATE OF p
)
UPDATE consumer_position p SET next_offset = ours.to_offset, starts = 0, moved_at = now()
  FROM ours WHERE p.topic = ours.topic AND p.partition = ours.partition
RETURNING p.topic, p.partition
"""

_COUNT_TRY = """
INSERT INTO suspect_message AS suspect (topic, partition, "offset", tries) VALUES ($1, $2, $3, 1)
    ON CONFLICT (topic, partition, "offset") DO UPDATE SET tries = suspect.tries + 1
RETURNING tries
"""
_FORGET_TRIES = """
DELETE FROM suspect_message WHERE topic = $1 AND partition = $2 AND "offset" <= $3
"""


async def claim(
    pool: Pool, partitions: Sequence[Partition], owner: UUID
) -> dict[Partition, tuple[int, int]]:
    """Become the owner; returns, for each, the next offset and the starts without progress."""
    rows = await pool.fetch(
        _CLAIM, [p.topic for p in partitions], [p.partition for p in partitions], owner
    )
    return {
        Partition(row["topic"], row["partition"]): (row["next_offset"], row["starts"])
        for row in rows
    }


async def move(
    connection: Connection, moves: Mapping[Partition, tuple[int, int]], owner: UUID
) -> frozenset[Partition]:
    """Move positions in the effects' transaction; returns those that were still the owner's."""
    rows = await connection.fetch(
        _MOVE,
        [p.topic for p in moves],
        [p.partition for p in moves],
        [begin for begin, _ in moves.values()],
        [end for _, end in moves.values()],
        owner,
    )
    return frozenset(Partition(row["topic"], row["partition"]) for row in rows)


async def count_try(pool: Pool, place: Partition, offset: int) -> int:
    """Count a try before it is made, so that one that kills the process counts too."""
    tries: int = await pool.fetchval(_COUNT_TRY, place.topic, place.partition, offset)
    return tries


async def forget_tries(pool: Pool, place: Partition, offset: int) -> None:
    """Forget the tries of a message that is done with, and of all before it."""
    await pool.execute(_FORGET_TRIES, place.topic, place.partition, offset)
