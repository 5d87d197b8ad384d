"""Leases: what was hidden from other leases together, and is released or forgotten together."""

from collections.abc import Collection
from typing import NamedTuple

from electoral.ledger import AttemptKey
from electoral.postgres import Connection, Pool

from ems_gateway.postgres.pages import (
    FITTING,
    FREE,
    OLDEST_FIRST,
    PLACES_AND_RECORDS,
    ROWS_AFTER,
    Page,
    Wanted,
    page_of,
)

# A lease that takes more, for some did not open, adds to what it has noted.
_LEASE = f"""
WITH page AS (
    SELECT position, order_at, gss_code, size, offer, leased_until, lease_id
           {ROWS_AFTER.format(table="queue")}
       {FREE} {OLDEST_FIRST} LIMIT $5 FOR UPDATE SKIP LOCKED
), fitting AS ({FITTING}), leased AS (
    UPDATE queue q SET leased_until = now() + make_interval(secs => $7), lease_id = $8
      FROM fitting WHERE q.position = fitting.position
    RETURNING q.position, q.order_at, q.gss_code, q.size, q.offer, q.leased_until, q.lease_id,
              fitting.more
), noted AS (
    INSERT INTO record_lease AS noted (lease_id, ero, leased_until, positions)
    SELECT $8, $1, max(leased_until), array_agg(position) FROM leased HAVING count(*) > 0
        ON CONFLICT (lease_id) DO UPDATE SET positions = noted.positions || excluded.positions,
                                             leased_until = excluded.leased_until
)
{PLACES_AND_RECORDS.format(places="leased")}
"""
# In one order; whoever answers waits for a lease that is being given, and sees it.
_LOCK_LEASES = """
SELECT position, lease_id FROM queue WHERE position = ANY($1::bigint[])
 ORDER BY position FOR UPDATE
"""
_IS_LEASE = "SELECT EXISTS (SELECT FROM record_lease WHERE lease_id = $1 AND ero = $2)"
# What is locked is being answered. The lease stays the newest of what it releases.
_RELEASE = """
WITH running AS MATERIALIZED (
    SELECT q.position FROM record_lease l JOIN queue q ON q.position = ANY(l.positions)
     WHERE l.lease_id = $1 AND q.lease_id = $1 AND q.leased_until > now()
       FOR UPDATE OF q SKIP LOCKED
), released AS (
    UPDATE queue q SET leased_until = NULL FROM running WHERE q.position = running.position
    RETURNING q.position
)
SELECT r.application_id, r.attempt, r.revision FROM record r
 WHERE r.position = ANY(ARRAY(SELECT position FROM released))
"""
_FORGET = "DELETE FROM record_lease WHERE leased_until < now() - interval '1 day'"


class Released(NamedTuple):
    """A record that a lease no longer hides."""

    key: AttemptKey
    revision: int


async def lease(connection: Connection, wanted: Wanted, seconds: int, lease_id: bytes) -> Page:
    """Hide the oldest free records from other leases for a while."""
    rows = await connection.fetch(
        _LEASE, *wanted.arguments(), wanted.count_max, wanted.bytes_max, float(seconds), lease_id
    )
    return page_of(rows, wanted)


async def lock_leases(
    connection: Connection, positions: Collection[int]
) -> dict[int, bytes | None]:
    """Lock rows of the queue; says which lease of each is the newest."""
    if not positions:
        return {}
    rows = await connection.fetch(_LOCK_LEASES, sorted(positions))
    return {row["position"]: row["lease_id"] for row in rows}


async def is_lease(connection: Connection, lease_id: bytes, ero: str) -> bool:
    """Say whether an ERO was given such a lease; one is known until a day after its end."""
    return bool(await connection.fetchval(_IS_LEASE, lease_id, ero))


async def release(connection: Connection, lease_id: bytes) -> list[Released]:
    """Release what a lease still hides."""
    rows = await connection.fetch(_RELEASE, lease_id)
    return [Released((row["application_id"], row["attempt"]), row["revision"]) for row in rows]


async def forget_ended(pool: Pool) -> None:
    """Remove what was noted of leases that ended more than a day ago."""
    await pool.execute(_FORGET)
