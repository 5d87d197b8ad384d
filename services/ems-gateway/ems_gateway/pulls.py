"""When each ERO's system was last given a page or a lease, to the minute."""

import asyncio
from datetime import UTC, datetime

from electoral.postgres import Pool, is_away

from ems_gateway.postgres.overdue import note_pulls

WRITE_INTERVAL = 60.0  # seconds


class Pulls:
    """Notes pulls in memory and writes them each minute; a killed process forgets one minute."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._noted: dict[str, datetime] = {}

    def note(self, ero: str) -> None:
        """Note that an ERO's system has just been given something."""
        self._noted[ero] = datetime.now(UTC)

    async def write(self) -> None:
        """Write what was noted; when Postgres is away it is written later."""
        noted, self._noted = self._noted, {}
        if not noted:
            return
        try:
            await note_pulls(self._pool, noted)
        except Exception as error:
            self._noted = noted | self._noted
            if not is_away(error):
                raise

    async def keep_writing(self) -> None:
        """Write each minute until cancelled."""
        while True:
            await asyncio.sleep(WRITE_INTERVAL)
            await self.write()
