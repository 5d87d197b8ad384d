"""Leases: one process at a time does something, on the database's clock.

Not an advisory lock: pools release those, and a host that vanished holds them. A vanished holder's
lease simply ends.
"""

from uuid import UUID

from electoral.postgres import Pool

_TAKE = """
INSERT INTO lease AS held (name, owner, until)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
 WHERE held.owner = excluded.owner OR held.until < clock_timestamp()
RETURNING true
"""
_GIVE_BACK = "DELETE FROM lease WHERE name = $1 AND owner = $2"


async def take_lease(pool: Pool, name: str, owner: UUID, seconds: float) -> bool:
    """Become or stay the holder for so long from now; False while another is."""
    return bool(await pool.fetchval(_TAKE, name, owner, seconds))


async def give_back_lease(pool: Pool, name: str, owner: UUID) -> None:
    """Let another be the holder at once."""
    await pool.execute(_GIVE_BACK, name, owner)
