"""What applications cost a database: blocks touched by each statement, the log, time; and sizes."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import asyncpg
from benchmarks.growth_plans import shape
from benchmarks.growth_seed import connected
from electoral_local.postgres import DATABASES, EmbeddedPostgres

FLUSHED_SECONDS = 1.5  # until idle sessions have told their counts

_RESET = "SELECT pg_stat_statements_reset(), pg_stat_reset_shared()"
_STATEMENTS = """
SELECT query, sum(shared_blks_hit + shared_blks_read)::bigint AS blocks
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
 WHERE d.datname = $1 AND s.userid <> 'postgres'::regrole GROUP BY query
"""
# By sessions of services alone: planning and commits too, but no vacuum.
_BY_SESSIONS = """
SELECT sum(hits + reads)::bigint FROM pg_stat_io
 WHERE backend_type = 'client backend' AND object = 'relation'
"""
_BY_VACUUM = """
SELECT coalesce(sum(hits + reads), 0)::bigint FROM pg_stat_io WHERE backend_type ~ 'autovacuum'
"""
_LOGGED = "SELECT wal_bytes::bigint AS bytes, wal_fpi AS pages FROM pg_stat_wal"
_SIZES = """
SELECT coalesce(t.relname, c.relname) AS "table", c.relname AS name,
       pg_relation_size(c.oid) + CASE WHEN c.reltoastrelid = 0 THEN 0
                                      ELSE pg_total_relation_size(c.reltoastrelid) END AS bytes,
       coalesce(t.reltuples, c.reltuples)::bigint AS rows,
       CASE WHEN t.oid IS NULL THEN 0
            WHEN a.amname = 'btree' THEN (bt_metap(c.relname)).level + 1 ELSE 1 END::int AS levels
  FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
  LEFT JOIN pg_class t ON t.oid = i.indrelid LEFT JOIN pg_am a ON a.oid = c.relam
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')
"""

Statement = tuple[str, str]
"""Database, and the statement without its constants: Postgres leaves them in here and there."""


class Size(NamedTuple):
    """How much a table or an index takes up."""

    database: str
    table: str
    name: str
    bytes: int
    rows: int  # of the table, as Postgres estimates
    levels: int  # of an index, from its root to its leaves; 0: it is a table


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a number of applications took, from first receipt to the last council's answer."""

    applications: int
    seconds: float  # from the first one received to the last one ready for its council
    cpu_seconds: Mapping[str, float]
    by_statement: Mapping[Statement, int]  # blocks
    by_sessions: int  # blocks, planning included
    by_vacuum: int
    wal_bytes: int
    wal_pages: int  # whole pages among them: of the first change after a checkpoint

    @property
    def blocks(self) -> float:
        """Touched by all statements, for one application."""
        return sum(self.by_statement.values()) / self.applications

    @property
    def milliseconds(self) -> float:
        return 1_000 * self.seconds / self.applications

    @property
    def cpu_milliseconds(self) -> float:
        """Of the product, Postgres and Kafka: not of the world outside."""
        return 1_000 * sum(self.cpu_seconds.values()) / self.applications

    def blocks_of(self, statement: Statement) -> float:
        return self.by_statement.get(statement, 0) / self.applications


@dataclass(frozen=True)
class Beside:
    """What was measured beside one number of stored applications."""

    stored: int
    costs: list[Cost] = field(default_factory=list)

    def median(self, figure: str) -> float:
        return median(_figure(cost, figure) for cost in self.costs)

    def each(self, figure: str) -> float:
        """For one application."""
        return median(_figure(cost, figure) / cost.applications for cost in self.costs)

    def blocks_of(self, statement: Statement) -> float:
        return median(cost.blocks_of(statement) for cost in self.costs)

    def blocks_in(self, database: str) -> float:
        return median(
            sum(n for (where, _), n in cost.by_statement.items() if where == database)
            / cost.applications
            for cost in self.costs
        )

    def cpu_milliseconds_of(self, process: str) -> float:
        return median(1_000 * c.cpu_seconds[process] / c.applications for c in self.costs)


class Growing(NamedTuple):
    """A statement that touches more blocks beside more applications."""

    statement: Statement
    blocks: Sequence[float]  # for one application, beside each number of stored ones

    @property
    def more(self) -> float:
        return self.blocks[-1] - self.blocks[0]


def growing(measured: Sequence[Beside], least: float) -> list[Growing]:
    """Find the statements that touch at least so many more blocks for an application, worst first.

    From the fewest to the most stored; what shrinks is not listed.
    """
    known = {s for beside in measured for cost in beside.costs for s in cost.by_statement}
    rows = [Growing(s, [beside.blocks_of(s) for beside in measured]) for s in known]
    return sorted((row for row in rows if row.more >= least), key=lambda row: -row.more)


def pair_ratio(figure: str, few: Beside, many: Beside) -> float:
    """Return the median of the ratios of pairs: what was measured one after the other."""
    pairs = zip(few.costs, many.costs, strict=True)
    return median(_figure(b, figure) / _figure(a, figure) for a, b in pairs)


def _figure(cost: Cost, name: str) -> float:
    return float(getattr(cost, name))


async def make_ready(postgres: EmbeddedPostgres) -> None:
    """Let statements be counted."""
    for database in DATABASES:
        async with connected(postgres, database) as connection:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


async def begin(postgres: EmbeddedPostgres) -> None:
    """Count from now on."""
    await asyncio.sleep(FLUSHED_SECONDS)
    async with connected(postgres, DATABASES[0]) as connection:
        await connection.execute(_RESET)


class Counted(NamedTuple):
    """What Postgres counted since the beginning."""

    by_statement: dict[Statement, int]
    by_sessions: int
    by_vacuum: int
    wal_bytes: int
    wal_pages: int


async def read(postgres: EmbeddedPostgres) -> Counted:
    """Read what was counted; what sessions and vacuum did since is not, yet."""
    async with connected(postgres, DATABASES[0]) as connection:
        by_statement: Counter[Statement] = Counter()
        for database in DATABASES:
            for row in await connection.fetch(_STATEMENTS, database):
                by_statement[database, shape(row["query"])] += row["blocks"]
        logged = await connection.fetchrow(_LOGGED)
        assert logged is not None
        await asyncio.sleep(FLUSHED_SECONDS)
        by_sessions = await connection.fetchval(_BY_SESSIONS)
        by_vacuum = await connection.fetchval(_BY_VACUUM)
    return Counted(by_statement, by_sessions, by_vacuum, logged["bytes"], logged["pages"])


async def sizes(postgres: EmbeddedPostgres) -> list[Size]:
    """Read how much every table and index takes up."""
    found = []
    for database in DATABASES:
        async with connected(postgres, database) as connection:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
            rows: Iterable[asyncpg.Record] = await connection.fetch(_SIZES)
            found += [Size(database, **row) for row in rows]
    return found


def deeper(few: Sequence[Size], many: Sequence[Size], stored: int) -> float:
    """Say how many blocks more an application touches because indexes have more levels.

    One descent for each row that an application adds to an index.
    """
    levels = {(size.database, size.name): size.levels for size in few}
    return sum(
        (size.levels - levels[size.database, size.name]) * size.rows / stored
        for size in many
        if size.levels and (size.database, size.name) in levels
    )
