"""Issued credentials: what operators added or revoked by command, read anew every few seconds.

A process that cannot read them does not know any more who was revoked. It believes what it read
for a minute, which bridges a failover; from then on it answers 503 and not 401, for whoever calls
may well be known. That costs nothing: without Postgres there is nothing to be had either.
"""

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic

import asyncpg
import structlog
from electoral.lifecycle import within
from electoral.postgres import Pool, is_away

from ems_gateway.calling.credentials import Credential
from ems_gateway.postgres.credentials import CredentialRow, read_credentials

READ_INTERVAL = 5.0  # seconds
READ_PATIENCE = 10.0  # seconds that one reading may take
BELIEVED_SECONDS = 60.0  # whoever was revoked is refused within this, whatever happens

log = structlog.get_logger()


class Issued:
    """The credentials of the table, as they were read last."""

    def __init__(self, pool: Pool, clock: Callable[[], float] = monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._read_at: float | None = None
        self.credentials: tuple[Credential, ...] = ()

    @property
    def is_fresh(self) -> bool:
        """Say whether what was read last may still be believed."""
        return self._read_at is not None and self._clock() - self._read_at < BELIEVED_SECONDS

    async def read(self) -> None:
        """Read them now; what is read counts from when it was asked for."""
        began = self._clock()
        self.learn(await within(READ_PATIENCE, read_credentials(self._pool)), began)

    def learn(self, rows: Iterable[CredentialRow], at: float) -> None:
        """Take rows as they were at a time of the clock."""
        found = tuple(row.credential() for row in rows)
        if found != self.credentials:
            self.credentials = found
        self._read_at = at

    async def try_to_read(self) -> None:
        """Read them, if Postgres is there and migrated."""
        try:
            await self.read()
        except Exception as error:
            if not (is_away(error) or isinstance(error, asyncpg.UndefinedTableError)):
                raise
            log.warning("credentials not read", error_class=type(error).__name__)

    async def keep_reading(self) -> None:
        """Read them every 5 s until cancelled."""
        while True:
            await asyncio.sleep(READ_INTERVAL)
            await self.try_to_read()
