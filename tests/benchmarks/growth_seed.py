"""Millions of stored applications, copied into the three databases in minutes.

A few hundred are sent through the real system; their rows, under other ids, become all the others
(`growth_rows`). While it is made the server does without what protects real data: nothing of it is
written to the log, and indexes are built when the rows are there.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from benchmarks.gateway_stack import say
from benchmarks.growth_rows import (
    AFTER,
    EMPTIED,
    GROWN,
    SAMPLES,
    Grown,
    filled,
    functions,
    query_of,
)
from electoral.keys import make_keys
from electoral_local.postgres import EmbeddedPostgres

SPREAD = timedelta(days=150)  # of the applications' times, until an hour ago
KEYS_APART = timedelta(days=9)  # as many as are made at once
ENTRIES = 3  # of the history, for one that was acknowledged
CHUNKS_AT_ONCE = 16  # of a copy that are read and not written yet
FOR_SEEDING = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "autovacuum": "off",
    "work_mem": "256MB",
    "maintenance_work_mem": "512MB",
    "log_checkpoints": "off",
}

_FINISHED = """
SELECT a.application_id, r.attempt_received_at
  FROM attempt a JOIN record r USING (application_id, attempt)
 WHERE a.state = 'acknowledged' AND a.attempt = 1 AND r.revision = 1
   AND (SELECT count(*) FROM history h WHERE h.application_id = a.application_id) = 3
 ORDER BY 1
"""
_INDEXES = """
SELECT i.indexrelid::regclass::text AS name, c.conname,
       CASE WHEN c.conname IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname,
                        pg_get_constraintdef(c.oid)) END AS make
  FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
 WHERE i.indrelid = $1::text::regclass ORDER BY i.indisprimary DESC, 1
"""


async def seed(state: Path, count: int) -> float:
    """Turn a stack's finished applications into `count`; it must not run. Returns seconds."""
    begin = datetime.now(UTC) - timedelta(hours=1) - SPREAD
    step_us = int(SPREAD.total_seconds() * 1_000_000) // count
    make_past_keys(state / "keys", begin)
    began = time.monotonic()
    async with _for_seeding(EmbeddedPostgres(state / "postgres")) as postgres:
        async with connected(postgres, "ems_gateway") as connection:
            samples = [tuple(row) for row in await connection.fetch(_FINISHED)]
        seeding = [_Seeding(postgres, database, count - 1, len(samples)) for database in GROWN]
        made = functions(begin, step_us)
        await asyncio.gather(*(one.grow(samples, made) for one in seeding))
    return time.monotonic() - began


def make_past_keys(root: Path, begin: datetime) -> None:
    """Make the keys that services would still hold of the days since."""
    day, today = begin.date(), datetime.now(UTC).date()
    while day < today:
        make_keys(root, day)
        day += KEYS_APART


@asynccontextmanager
async def connected(
    postgres: EmbeddedPostgres, database: str
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Connect as who may do anything."""
    connection = await asyncpg.connect(postgres.superuser_dsn(database), command_timeout=None)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _for_seeding(postgres: EmbeddedPostgres) -> AsyncIterator[EmbeddedPostgres]:
    """Run the server alone, with settings for making data; it forgets them at the end."""
    await _alter(postgres, *(f"{name} = '{to}'" for name, to in FOR_SEEDING.items()))
    await asyncio.to_thread(postgres.start)
    try:
        yield postgres
    finally:
        await asyncio.to_thread(postgres.stop)
    await _alter(postgres)


async def _alter(postgres: EmbeddedPostgres, *settings: str) -> None:
    """Change settings for the next start; none: as they are written down."""
    await asyncio.to_thread(postgres.start)
    try:
        async with connected(postgres, "postgres") as connection:
            await connection.execute("ALTER SYSTEM RESET ALL")
            for setting in settings:
                await connection.execute(f"ALTER SYSTEM SET {setting}")
    finally:
        await asyncio.to_thread(postgres.stop)


@dataclass(frozen=True)
class _Seeding:
    """One database on its way to having applications 0 to `last`."""

    postgres: EmbeddedPostgres
    database: str
    last: int
    samples: int

    async def grow(self, samples: Sequence[tuple[UUID, datetime]], functions: str) -> None:
        async with self._connected() as writer, self._connected() as reader:
            await self._keep_samples(writer, samples, functions)
            for grown in GROWN[self.database]:
                began = time.monotonic()
                await self._fill(writer, reader, grown)
                say(f"{self.database}.{grown.table}: {time.monotonic() - began:.1f} s")
            for statement in (*AFTER[self.database], EMPTIED, "DROP SCHEMA growth CASCADE"):
                await writer.execute(filled(statement, self.last, ENTRIES))
            await writer.execute("VACUUM (ANALYZE)")  # finds all done, and says so to autovacuum

    def _connected(self) -> AbstractAsyncContextManager["asyncpg.Connection[asyncpg.Record]"]:
        return connected(self.postgres, self.database)

    async def _keep_samples(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        samples: Sequence[tuple[UUID, datetime]],
        functions: str,
    ) -> None:
        await connection.execute(
            "CREATE SCHEMA growth;"
            "CREATE TABLE growth.sample (k int, application_id uuid, began timestamptz);"
            f"{functions}"
        )
        await connection.copy_records_to_table(
            "sample",
            schema_name="growth",
            records=[(k, *sample) for k, sample in enumerate(samples)],
        )
        for name, rows in SAMPLES[self.database].items():
            await connection.execute(
                f"CREATE TABLE growth.{name} AS SELECT sample.k, sample.began, rows.*"
                f" FROM {rows} AS rows JOIN growth.sample USING (application_id)"
            )
        await connection.execute("ANALYZE")

    async def _fill(
        self,
        writer: "asyncpg.Connection[asyncpg.Record]",
        reader: "asyncpg.Connection[asyncpg.Record]",
        grown: Grown,
    ) -> None:
        """Empty a table, copy its rows, then index them, all in one transaction."""
        async with writer.transaction():
            await writer.execute("SET LOCAL session_replication_role = replica")
            await writer.execute(f"TRUNCATE {grown.table}")
            indexes = await writer.fetch(_INDEXES, grown.table)
            for index in indexes:
                await writer.execute(_dropping(grown.table, index))
            query = query_of(grown, self.last, self.samples, ENTRIES)
            await _copy(reader, query, writer, grown)
            for index in indexes:
                await writer.execute(index["make"])


def _dropping(table: str, index: asyncpg.Record) -> str:
    if index["conname"] is None:
        return f"DROP INDEX {index['name']}"
    return f"ALTER TABLE {table} DROP CONSTRAINT {index['conname']}"


async def _copy(
    reader: "asyncpg.Connection[asyncpg.Record]",
    query: str,
    writer: "asyncpg.Connection[asyncpg.Record]",
    grown: Grown,
) -> None:
    """Copy what a query finds into a table, as rows that need no vacuum."""
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue(CHUNKS_AT_ONCE)

    async def read() -> None:
        try:
            await reader.copy_from_query(query, output=chunks.put, format="binary")
        finally:
            await chunks.put(None)

    async def taken() -> AsyncIterator[bytes]:
        while (chunk := await chunks.get()) is not None:
            yield chunk

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        await writer.copy_to_table(
            grown.table,
            source=taken(),
            columns=grown.columns.split(),
            format="binary",
            freeze=True,
        )
