"""Postgres: pools, and what its errors mean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:  # asyncpg's classes take no parameters when the program runs
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

CONNECT_TIMEOUT = 5.0  # seconds
COMMAND_TIMEOUT = 30.0  # seconds; no statement of ours takes longer
IDLE_IN_TRANSACTION_TIMEOUT = "3s"  # ends a frozen worker's transaction and frees its locks
# A worker frozen between the messages of one statement does not count as idle: its transaction ends
# by its age (Postgres 17 and newer).
TRANSACTION_TIMEOUT = "10s"

# What says "Postgres is away or not ours to write now", never "this statement is wrong".
_AWAY: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.InternalClientError,  # its connection was lost in the middle of an answer
    ConnectionError,
    TimeoutError,
    OSError,
)
# Errors of files are OSErrors too; no waiting mends them.
_OF_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


def is_away(error: BaseException) -> bool:
    """Say whether an error means that Postgres is away: wait and try the same again."""
    return isinstance(error, _AWAY) and not isinstance(error, _OF_FILES)


async def open_pool(dsn: str, *, service: str, connections: int) -> Pool:
    """Open a pool whose connections end a transaction that idles for 3 s or lasts 10 s."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=connections,
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        max_inactive_connection_lifetime=300.0,
        reset=_leave_as_it_is,
        server_settings={
            "application_name": service,
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT,
            "transaction_timeout": TRANSACTION_TIMEOUT,
            "jit": "off",
            # Whatever a role's or a database's default: what is answered survives a power cut.
            "synchronous_commit": "on",
            "timezone": "UTC",
        },
    )


async def _leave_as_it_is(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Save a round trip per use: nothing of ours changes a session or keeps a session's lock."""


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Open a transaction on a pooled connection."""
    async with pool.acquire(timeout=CONNECT_TIMEOUT) as connection, connection.transaction():
        yield connection


async def can_query(pool: Pool) -> bool:
    """Say whether a statement runs within a second."""
    try:
        async with asyncio.timeout(1.0):
            await pool.fetchval("SELECT 1")
    except Exception as error:
        if is_away(error):
            return False
        raise
    return True
