"""What is measured of processes and of the database, for the cost of an application."""

from collections.abc import Collection, Mapping

from electoral.postgres import Connection, Pool

from registration.performance.cost import ProcessTime

# By the database's clock: of all processes one measures, and one that dies is followed by another.
_CLAIM = """
UPDATE measuring SET claimed_until = now() + $1 * interval '1 second'
 WHERE claimed_until < now() RETURNING true
"""
_LOCK = "SELECT FROM measuring FOR UPDATE"  # held over statements of ours only
_KNOWN = (
    "SELECT url, started_at, cpu_milliseconds FROM measured_process WHERE url = ANY($1::text[])"
)
_REMEMBER = """
INSERT INTO measured_process (url, started_at, cpu_milliseconds)
SELECT * FROM unnest($1::text[], $2::float8[], $3::bigint[]) ORDER BY 1
    ON CONFLICT (url) DO UPDATE
   SET started_at = excluded.started_at, cpu_milliseconds = excluded.cpu_milliseconds
"""
_SIZE = """
WITH before AS (SELECT sized_at FROM measuring)
UPDATE measuring SET sized_at = now() FROM before
RETURNING coalesce((pg_database_size(current_database()) / 1e6
                    * extract(epoch FROM now() - before.sized_at))::bigint, 0)
"""


async def claim_measuring(pool: Pool, seconds: float) -> bool:
    """Say whether this process is the one to measure now."""
    return bool(await pool.fetchval(_CLAIM, seconds))


async def lock_measuring(connection: Connection) -> None:
    """Let no other write what it measured meanwhile."""
    await connection.execute(_LOCK)


async def known_processes(connection: Connection, urls: Collection[str]) -> dict[str, ProcessTime]:
    """Return how much CPU time processes had used when they were asked before."""
    rows = await connection.fetch(_KNOWN, list(urls))
    return {row["url"]: ProcessTime(row["started_at"], row["cpu_milliseconds"]) for row in rows}


async def remember_processes(connection: Connection, processes: Mapping[str, ProcessTime]) -> None:
    """Remember what they have used now."""
    await connection.execute(
        _REMEMBER,
        list(processes),
        [process.started_at for process in processes.values()],
        [process.cpu_milliseconds for process in processes.values()],
    )


async def stored_since_last(connection: Connection) -> int:
    """Return the size of this database in megabytes, times the seconds since this was asked last;
    0 the first time.
    """
    stored: int = await connection.fetchval(_SIZE)
    return stored
