"""Responsibilities: what operators stated of who answers for a GSS code."""

from datetime import date, datetime
from typing import NamedTuple

from electoral.postgres import Connection, Pool

STATED_ROWS_MAX = 10_000

_IN_FORCE = """
SELECT gss_code, ero, valid_from, valid_to FROM responsibility
 WHERE valid_to IS NULL OR valid_to >= valid_from ORDER BY responsibility_id LIMIT $1
"""
_ALL = "SELECT * FROM responsibility ORDER BY gss_code, responsibility_id LIMIT $1"
_STATE = """
INSERT INTO responsibility (gss_code, ero, valid_from, valid_to, stated_by)
VALUES ($1, $2, $3, $4, $5)
"""
_END = """
UPDATE responsibility SET valid_to = $2, ended_by = $3, ended_at = now()
 WHERE gss_code = $1 AND (valid_to IS NULL OR valid_to > $2)
   AND (valid_to IS NULL OR valid_to >= valid_from)
"""


class Stated(NamedTuple):
    """An operator's word on who answers for a code."""

    gss_code: str
    ero: str
    valid_from: date
    valid_to: date | None  # the last day; None = until further notice

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class Statement(NamedTuple):
    """The same with who said it, and when."""

    stated: Stated
    stated_by: str
    stated_at: datetime
    ended_by: str | None


async def read_stated(connection: Connection | Pool) -> list[Stated]:
    """Read what was stated, as it was stated, the oldest first; not what ended unused."""
    return [Stated(**row) for row in await connection.fetch(_IN_FORCE, STATED_ROWS_MAX)]


async def list_statements(pool: Pool) -> list[Statement]:
    """List all that was ever stated, by code."""
    return [
        Statement(
            Stated(row["gss_code"], row["ero"], row["valid_from"], row["valid_to"]),
            row["stated_by"],
            row["stated_at"],
            row["ended_by"],
        )
        for row in await pool.fetch(_ALL, STATED_ROWS_MAX)
    ]


async def state(pool: Pool, stated: Stated, by: str) -> None:
    """Note who answers for a code."""
    await pool.execute(_STATE, *stated, by)


async def end(pool: Pool, gss_code: str, last_day: date, by: str) -> int:
    """End what was stated of a code with a day; returns how many statements that ends."""
    status = await pool.execute(_END, gss_code, last_day, by)
    return int(status.rpartition(" ")[2])
