"""Holds: to which EROs delivery pauses, since when, and by whom."""

from dataclasses import dataclass
from datetime import datetime

from electoral.postgres import Connection, Pool

_HOLD = """
INSERT INTO ero_hold (ero, reason, held_by) VALUES ($1, $2, $3)
    ON CONFLICT (ero) WHERE resumed_at IS NULL DO NOTHING RETURNING true
"""
_RESUME = """
UPDATE ero_hold SET resumed_by = $2, resumed_at = now()
 WHERE ero = $1 AND resumed_at IS NULL RETURNING true
"""
_IS_ON_HOLD = "SELECT EXISTS (SELECT FROM ero_hold WHERE ero = $1 AND resumed_at IS NULL)"
_ON_HOLD = """
SELECT ero, reason, held_by, held_at FROM ero_hold WHERE resumed_at IS NULL ORDER BY held_at, ero
"""


@dataclass(frozen=True, slots=True)
class EroOnHold:
    """An ERO to whom nothing is delivered now."""

    ero: str
    reason: str | None
    held_by: str
    held_at: datetime


async def begin_hold(connection: Connection | Pool, ero: str, reason: str | None, by: str) -> bool:
    """Put an ERO on hold; says whether it was not already."""
    return bool(await connection.fetchval(_HOLD, ero, reason, by))


async def end_hold(connection: Connection | Pool, ero: str, by: str) -> bool:
    """End an ERO's hold; says whether there was one."""
    return bool(await connection.fetchval(_RESUME, ero, by))


async def is_on_hold(pool: Pool, ero: str) -> bool:
    """Say whether delivery to an ERO pauses."""
    return bool(await pool.fetchval(_IS_ON_HOLD, ero))


async def list_on_hold(pool: Pool) -> list[EroOnHold]:
    """List the EROs on hold, longest first."""
    return [EroOnHold(**row) for row in await pool.fetch(_ON_HOLD)]
