"""Leases: what an ERO's worker took is given back before its time, or forgotten after it."""

import asyncio

from electoral.postgres import Pool, is_away, transaction

from ems_gateway.history.entries import released
from ems_gateway.history.writing import History
from ems_gateway.postgres.leases import forget_ended, is_lease, release

FORGET_INTERVAL = 3600.0  # seconds


class Leases:
    """Releases leases."""

    def __init__(self, pool: Pool, history: History) -> None:
        self._pool = pool
        self._history = history

    async def release(self, lease_id: bytes, ero: str, by: str) -> bool:
        """Let others lease what a lease still hides; says whether the ERO has such a lease."""
        async with transaction(self._pool) as connection:
            if not await is_lease(connection, lease_id, ero):
                return False
            free = await release(connection, lease_id)
            await self._history.append(
                connection, [released(one.key, one.revision, lease_id, by) for one in free]
            )
        return True


async def keep_forgetting(pool: Pool) -> None:
    """Remove each hour what was noted of leases that ended long ago, until cancelled."""
    while True:
        try:
            await forget_ended(pool)
        except Exception as error:
            if not is_away(error):
                raise
        await asyncio.sleep(FORGET_INTERVAL)
