"""The whole history, batch by batch, for checking it; a few thousand entries at a time."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from electoral.postgres import Connection, Pool

from ems_gateway.history.chain import Batch, Link

FIRST_BATCH, LAST_BATCH = -(2**63), 2**63 - 1
WINDOW_BATCHES_MAX = 1_000
WINDOW_ENTRIES_MAX = 5_000  # unless one batch has more

_FIRST_SINCE = "SELECT min(batch_id) FROM history_batch WHERE day >= $1"
_SIZES = """
SELECT batch_id, count FROM history_batch WHERE batch_id > $1 ORDER BY batch_id LIMIT $2
"""
_BATCHES = """
SELECT batch_id, at, day, count, entries, digest, signature
  FROM history_batch WHERE batch_id > $1 AND batch_id <= $2 ORDER BY batch_id
"""
_LINKS = """
SELECT h.application_id, h.number, h.attempt, h.kind, h.at, h.by, h.facts, h.previous, h.hash,
       h.batch_id,
       (SELECT before.hash FROM history before
         WHERE before.application_id = h.application_id AND before.number = h.number - 1)
  FROM history h WHERE h.batch_id > $1 AND h.batch_id <= $2
"""


class Found(NamedTuple):
    """An entry that is there, and the hash of the one before it, if that is there."""

    link: Link
    hash_before: bytes | None


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring batches, and all entries that say they are of these or of none between."""

    batches: list[Batch]
    found: list[Found]
    last: int  # the number of the last batch


async def before_first(pool: Pool, since: date | None) -> int:
    """Return the number behind which all batches of a day and after it lie."""
    if since is None:
        return FIRST_BATCH
    first: int | None = await pool.fetchval(_FIRST_SINCE, since)
    return LAST_BATCH - 1 if first is None else first - 1


async def read_window(pool: Pool, after: int) -> Window:
    """Read the next batches behind a number; the last window ends with `LAST_BATCH`."""
    # One snapshot: a batch and its entries become visible together.
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        last = await _end_of_window(connection, after)
        batches = await connection.fetch(_BATCHES, after, last)
        links = await connection.fetch(_LINKS, after, last)
    return Window(
        batches=[Batch(*row) for row in batches],
        found=[Found(Link(*row[:-1]), row[-1]) for row in links],
        last=last,
    )


async def _end_of_window(connection: Connection, after: int) -> int:
    sizes = await connection.fetch(_SIZES, after, WINDOW_BATCHES_MAX)
    entries, last = 0, None
    for batch_id, size in sizes:
        entries += size
        if last is not None and entries > WINDOW_ENTRIES_MAX:
            return int(last)
        last = batch_id
    return LAST_BATCH if len(sizes) < WINDOW_BATCHES_MAX or last is None else int(last)
