"""Postgres: pools, what its errors mean, and a small locked migration runner."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import structlog

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
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
MIGRATION_LOCK = 0x454C4543  # one migration at a time per database
MIGRATION_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
SHARED_MIGRATIONS = Path(__file__).parent / "migrations"

log = structlog.get_logger()

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


class MigrationError(Exception):
    """The database and the migration files disagree; the message says how."""


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


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file of SQL, applied once."""

    set_name: str  # "shared", or the service's name
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return sha256(self.sql.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """Indexes built concurrently cannot run in a transaction: the file's first line says so."""
        return not self.sql.startswith("-- no transaction")


def read_migrations(set_name: str, directory: Path) -> list[Migration]:
    """Read `NNNN_what.sql` files in order; raises `MigrationError` on a gap or a wrong name."""
    migrations = []
    for position, path in enumerate(sorted(directory.glob("*.sql")), start=1):
        found = MIGRATION_NAME.match(path.name)
        if found is None or int(found.group(1)) != position:
            raise MigrationError(
                f"{path.name} should be number {position:04}, named NNNN_what.sql."
            )
        migrations.append(Migration(set_name, position, path.name, path.read_text()))
    return migrations


async def migrate(dsn: str, service: str, directory: Path) -> int:
    """Bring a service's database up to date: the shared tables, then its own; returns how many."""
    wanted = read_migrations("shared", SHARED_MIGRATIONS) + read_migrations(service, directory)
    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (set_name text, number int, name text"
            " NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
            " PRIMARY KEY (set_name, number))"
        )
        return await _apply_missing(connection, wanted)
    finally:
        await connection.close()


async def _apply_missing(
    connection: "asyncpg.Connection[asyncpg.Record]", wanted: list[Migration]
) -> int:
    rows = await connection.fetch("SELECT set_name, number, checksum FROM schema_migration")
    applied = {(row["set_name"], row["number"]): row["checksum"] for row in rows}
    count = 0
    for migration in wanted:
        there = applied.pop((migration.set_name, migration.number), None)
        if there is None:
            await _apply(connection, migration)
            count += 1
        elif there != migration.checksum:
            raise MigrationError(
                f"{migration.name} was changed after it was applied; add a new file instead."
            )
    if applied:
        raise MigrationError("The database is newer than this program; deploy the newer program.")
    return count


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    record = (
        "INSERT INTO schema_migration (set_name, number, name, checksum) VALUES ($1, $2, $3, $4)"
    )
    arguments = (migration.set_name, migration.number, migration.name, migration.checksum)
    if migration.in_transaction:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(record, *arguments)
    else:
        await connection.execute(migration.sql)
        await connection.execute(record, *arguments)
    log.info("migration applied", migration=migration.name)


async def schema_is_current(pool: Pool, service: str, directory: Path) -> bool:
    """Say whether every migration of this program is applied; `/readyz` asks."""
    wanted = read_migrations("shared", SHARED_MIGRATIONS) + read_migrations(service, directory)
    try:
        rows = await pool.fetch("SELECT set_name, number FROM schema_migration")
    except asyncpg.UndefinedTableError:
        return False
    return {(m.set_name, m.number) for m in wanted} <= {(r["set_name"], r["number"]) for r in rows}
