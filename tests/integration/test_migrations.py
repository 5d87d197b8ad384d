"""The migration runner against the real Postgres: each file once, in order, and never changed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
from electoral.health import standard_checks
from electoral.migrating import (
    SHARED_MIGRATIONS,
    MigrationError,
    migrate,
    read_migrations,
    schema_is_current,
)
from electoral.postgres import Pool, open_pool
from electoral.sealing import Sealer
from electoral_local.postgres import EmbeddedPostgres

pytestmark = pytest.mark.integration

SHARED_COUNT = len(list(SHARED_MIGRATIONS.glob("*.sql")))

Write = Callable[[str, str], Path]


@pytest.fixture
async def dsn(embedded_postgres: EmbeddedPostgres) -> str:
    """A database of registration in which nothing is yet."""
    name = f"empty_{uuid4().hex}"
    connection = await asyncpg.connect(embedded_postgres.superuser_dsn("postgres"))
    await connection.execute(f"CREATE DATABASE {name} OWNER registration")
    await connection.close()
    return urlunsplit(urlsplit(embedded_postgres.dsn("registration"))._replace(path=f"/{name}"))


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    async with await open_pool(dsn, service="test", connections=2) as pool:
        yield pool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    return tmp_path / "migrations"


@pytest.fixture
def write(folder: Path) -> Write:
    """Write one migration of the service."""

    def written(name: str, sql: str) -> Path:
        (folder / name).write_text(sql)
        return folder / name

    return written


async def tables(pool: Pool) -> set[str]:
    rows = await pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    return {row["table_name"] for row in rows}


async def test_the_shared_tables_come_first_then_the_service_s_each_file_once(
    dsn: str, pool: Pool, folder: Path, write: Write
) -> None:
    write("0001_first.sql", "CREATE TABLE first AS SELECT * FROM outbox")
    write("0002_second.sql", "ALTER TABLE first RENAME TO second")
    assert await migrate(dsn, "registration", folder) == SHARED_COUNT + 2
    assert await migrate(dsn, "registration", folder) == 0
    write("0003_third.sql", "ALTER TABLE second RENAME TO third")
    assert await migrate(dsn, "registration", folder) == 1
    assert {"outbox", "third"} <= await tables(pool)


async def test_a_file_changed_after_it_was_applied_stops_before_anything_is_applied(
    dsn: str, pool: Pool, folder: Path, write: Write
) -> None:
    write("0001_first.sql", "CREATE TABLE first ()")
    await migrate(dsn, "registration", folder)
    write("0001_first.sql", "CREATE TABLE first (more int)")
    write("0002_second.sql", "CREATE TABLE second ()")
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed after"):
        await migrate(dsn, "registration", folder)
    assert "second" not in await tables(pool)


async def test_a_database_that_is_newer_than_the_program_stops_before_anything_is_applied(
    dsn: str, pool: Pool, folder: Path, write: Write
) -> None:
    write("0001_first.sql", "CREATE TABLE first ()")
    await migrate(dsn, "registration", folder)
    await pool.execute(
        "INSERT INTO schema_migration (set_name, number, name, checksum)"
        " VALUES ('registration', 3, '0003_of_a_newer_program.sql', '')"
    )
    write("0002_second.sql", "CREATE TABLE second ()")
    with pytest.raises(MigrationError, match="newer than this program"):
        await migrate(dsn, "registration", folder)
    assert "second" not in await tables(pool)


@pytest.mark.parametrize(
    "name", ["0002_after_a_gap.sql", "1_first.sql", "0001-first.sql", "0001_First.sql"]
)
def test_a_gap_or_a_name_out_of_order_is_refused(folder: Path, write: Write, name: str) -> None:
    write(name, "SELECT 1")
    with pytest.raises(MigrationError, match=f"{name} should be number 0001"):
        read_migrations("registration", folder)


async def test_a_file_that_fails_leaves_nothing_and_is_applied_once_it_is_mended(
    dsn: str, pool: Pool, folder: Path, write: Write
) -> None:
    write("0001_first.sql", "CREATE TABLE first (); SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(dsn, "registration", folder)
    assert "first" not in await tables(pool)
    write("0001_first.sql", "CREATE TABLE first ()")
    assert await migrate(dsn, "registration", folder) == 1


async def test_an_index_is_built_concurrently_by_a_file_that_asks_for_no_transaction(
    dsn: str, folder: Path, write: Write
) -> None:
    build = "CREATE INDEX CONCURRENTLY ON outbox (topic)"
    path = write("0001_index.sql", build)
    with pytest.raises(asyncpg.ActiveSQLTransactionError):
        await migrate(dsn, "registration", folder)
    path.write_text(f"-- no transaction\n{build}")
    assert await migrate(dsn, "registration", folder) == 1
    assert await migrate(dsn, "registration", folder) == 0


async def test_of_two_that_migrate_at_once_the_second_finds_all_done(
    dsn: str, folder: Path, write: Write
) -> None:
    write("0001_slow.sql", "CREATE TABLE slow (); SELECT pg_sleep(0.3)")
    # It waits until every statement that runs has ended, the other migrator's too.
    write("0002_index.sql", "-- no transaction\nCREATE INDEX CONCURRENTLY ON outbox (topic)")
    async with asyncio.timeout(20):
        counts = await asyncio.gather(*(migrate(dsn, "registration", folder) for _ in range(2)))
    assert sorted(counts) == [0, SHARED_COUNT + 2]


async def test_until_every_file_is_applied_the_service_is_not_ready_and_says_what_to_run(
    dsn: str, pool: Pool, folder: Path, write: Write, sealer: Sealer
) -> None:
    write("0001_first.sql", "CREATE TABLE first ()")
    checks = standard_checks(
        service="registration", pool=pool, migrations=folder, sealer=sealer, purposes=("person",)
    )
    sentence = "Run `python -m registration migrate`."
    assert not await schema_is_current(pool, "registration", folder)
    assert await checks["schema"]() == sentence
    await migrate(dsn, "registration", folder)
    assert await schema_is_current(pool, "registration", folder)
    assert await checks["schema"]() is None
    write("0002_second.sql", "CREATE TABLE second ()")
    assert await checks["schema"]() == sentence
