"""History: entries and their batches, only ever inserted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Connection

from ems_gateway.history.chain import Batch, Link

_READ_ENDS = """
SELECT wanted.application_id, ended.number, ended.hash, batch.at, batch.batch_id
  FROM (SELECT now() AS at, nextval('history_batch_number') AS batch_id) AS batch
  LEFT JOIN (unnest($1::uuid[]) AS wanted (application_id)
        CROSS JOIN LATERAL (
              SELECT number, hash FROM history h WHERE h.application_id = wanted.application_id
               ORDER BY number DESC LIMIT 1) AS ended) ON true
"""
_ADD = """
SELECT add_to_history($1, $2, $3, $4, $5, $6, $7, $8, ROW($9, $10, $11, $12, $13, $14, $15))
"""


class Ends(NamedTuple):
    """Where some applications' chains end, and what the transaction adds to them under."""

    at: datetime  # the transaction's
    batch_id: int
    chains: Mapping[UUID, tuple[int, bytes]]  # number and hash of the last; none = not there


async def read_ends(connection: Connection, application_ids: Collection[UUID]) -> Ends:
    """Read where these applications' chains end, if there are any; draws the number of a batch."""
    rows = await connection.fetch(_READ_ENDS, list(application_ids))
    return Ends(
        at=rows[0]["at"],
        batch_id=rows[0]["batch_id"],
        chains={
            row["application_id"]: (row["number"], row["hash"])
            for row in rows
            if row["number"] is not None
        },
    )


async def add(connection: Connection, links: Sequence[Link], batch: Batch) -> bool:
    """Insert a batch and its entries, in order of application and number.

    False if nothing was inserted: somebody else added to one of the applications meanwhile.
    """
    application_ids, numbers, attempts, kinds, _, by, facts, previous, hashes, _ = zip(
        *links, strict=True
    )
    added: bool = await connection.fetchval(
        _ADD, application_ids, numbers, attempts, kinds, by, facts, previous, hashes, *batch
    )
    return added
