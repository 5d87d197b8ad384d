"""Migrations: numbered files of SQL, each applied once, in order, and never changed afterwards."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import asyncpg
import structlog

from electoral.postgres import CONNECT_TIMEOUT, Connection, Pool

MIGRATION_LOCK = 0x454C4543  # one migration at a time per database
LOCK_PAUSE = 0.1  # seconds
MIGRATION_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
SHARED_MIGRATIONS = Path(__file__).parent / "migrations"

_CREATE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    set_name text, number int, name text NOT NULL, checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (set_name, number))
"""
_READ = "SELECT set_name, number, checksum FROM schema_migration"
_NOTE = "INSERT INTO schema_migration (set_name, number, name, checksum) VALUES ($1, $2, $3, $4)"

log = structlog.get_logger()

Place = tuple[str, int]
"""Which migration: set and number."""


class MigrationError(Exception):
    """The database and the migration files disagree; the message says how."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file of SQL, applied once."""

    set_name: str  # "shared", or the service's name
    number: int
    name: str
    sql: str

    @property
    def place(self) -> Place:
        return self.set_name, self.number

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
    wanted = _wanted(service, directory)
    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT)
    try:
        await _lock(connection)
        await connection.execute(_CREATE)
        rows = await connection.fetch(_READ)
        applied = {(row["set_name"], row["number"]): row["checksum"] for row in rows}
        _check(wanted, applied)
        missing = [migration for migration in wanted if migration.place not in applied]
        for migration in missing:
            await _apply(connection, migration)
        return len(missing)
    finally:
        await connection.close()


async def schema_is_current(pool: Pool, service: str, directory: Path) -> bool:
    """Say whether every migration of this program is applied; `/readyz` asks."""
    try:
        rows = await pool.fetch(_READ)
    except asyncpg.UndefinedTableError:
        return False
    applied = {(row["set_name"], row["number"]) for row in rows}
    return all(migration.place in applied for migration in _wanted(service, directory))


def _wanted(service: str, directory: Path) -> list[Migration]:
    return read_migrations("shared", SHARED_MIGRATIONS) + read_migrations(service, directory)


async def _lock(connection: Connection) -> None:
    """Wait until no one else migrates, with no statement that runs meanwhile.

    An index that the other builds concurrently would wait for that statement to end.
    """
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", MIGRATION_LOCK):
        await asyncio.sleep(LOCK_PAUSE)


def _check(wanted: Sequence[Migration], applied: Mapping[Place, str]) -> None:
    for migration in wanted:
        if applied.get(migration.place, migration.checksum) != migration.checksum:
            raise MigrationError(
                f"{migration.name} was changed after it was applied; add a new file instead."
            )
    if not applied.keys() <= {migration.place for migration in wanted}:
        raise MigrationError("The database is newer than this program; deploy the newer program.")


async def _apply(connection: Connection, migration: Migration) -> None:
    if migration.in_transaction:
        async with connection.transaction():
            await _run(connection, migration)
    else:
        await _run(connection, migration)
    log.info("migration applied", migration=migration.name)


async def _run(connection: Connection, migration: Migration) -> None:
    await connection.execute(migration.sql)
    await connection.execute(_NOTE, *migration.place, migration.name, migration.checksum)
