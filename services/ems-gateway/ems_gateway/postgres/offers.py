"""Offers: which records an ERO may want to have again."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
from electoral.postgres import Connection

from ems_gateway.postgres.pages import Place

_HELD = """
SELECT position, order_at AS at, offer, true AS stands FROM held_record
 WHERE ero = $1 AND reason = 'failure' AND (order_at, position) > ($2, $3)
 ORDER BY order_at, position LIMIT $4
"""
# Whether each stands is asked row by row: no estimate can turn that into a scan of all records.
_ACKNOWLEDGED = """
WITH said AS MATERIALIZED (
    SELECT position, answered_at AS at, offer FROM answer
     WHERE ero = $1 AND status = 'success'
       AND (answered_at, position) > ($2, $3) AND answered_at < $5
     ORDER BY answered_at, position LIMIT $4
)
SELECT said.*, (
       SELECT a.position = said.position AND a.offer = said.offer AND a.state = 'acknowledged'
         FROM record r JOIN attempt a USING (application_id, attempt)
        WHERE r.position = said.position LIMIT 1) AS stands
  FROM said ORDER BY at, position
"""


class Candidate(NamedTuple):
    """A record that may be offered again, and its offer so far."""

    place: Place  # in the order of what is read
    offer: int
    stands: bool  # whether that answer is what the record's attempt still stands by

    @property
    def position(self) -> int:
        return self.place.position


async def read_failed(
    connection: Connection, ero: str, after: Place, count_max: int
) -> list[Candidate]:
    """Read what an ERO's own system could not take, oldest first."""
    return _candidates(await connection.fetch(_HELD, ero, *after, count_max))


async def read_acknowledged(
    connection: Connection, ero: str, after: Place, until: datetime, count_max: int
) -> list[Candidate]:
    """Read what an ERO's system acknowledged before a moment, in the order in which it did."""
    return _candidates(await connection.fetch(_ACKNOWLEDGED, ero, *after, count_max, until))


def _candidates(rows: Sequence[asyncpg.Record]) -> list[Candidate]:
    return [
        Candidate(Place(row["at"], row["position"]), row["offer"], bool(row["stands"]))
        for row in rows
    ]
