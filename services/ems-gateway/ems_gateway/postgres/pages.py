"""Pages: what waits for an ERO or is held for it, oldest first, read or leased."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import asyncpg
from electoral.postgres import Pool

from ems_gateway.items import Content, Delivery
from ems_gateway.postgres.failures import Failure, read_failures

QUEUED_COUNT_MAX = 10_000  # counting stops here


class Place(NamedTuple):
    """A place in the order of delivery: oldest attempt first."""

    order_at: datetime
    position: int


BEGINNING = Place(datetime(1900, 1, 1, tzinfo=UTC), 0)


class Entry(NamedTuple):
    """One record of a page."""

    place: Place
    size: int  # bytes, at most
    content: Content
    revision: int
    delivery: Delivery
    failure: Failure | None = None  # why it is held


@dataclass(frozen=True, slots=True)
class Page:
    """The oldest records, as many as were wanted and fit."""

    entries: list[Entry]
    may_go_on: bool  # whether any can be behind the last one
    on_hold: bool  # whether delivery to the ERO pauses: then there are none


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records a page is to have."""

    ero: str
    gss_code: str | None = None  # only those delivered under it
    after: Place = BEGINNING
    count_max: int = 100
    bytes_max: int = 5_000_000

    def behind(self, place: Place, *, count: int = 0, size: int = 0) -> "Wanted":
        """What is still wanted behind a place, with so many records of such a size at hand."""
        return replace(
            self,
            after=place,
            count_max=self.count_max - count,
            bytes_max=self.bytes_max - size,
        )

    def arguments(self) -> tuple[object, ...]:
        return self.ero, self.after.order_at, self.after.position, self.gss_code


# Nothing waits for an ERO whose delivery is on hold: known before a row is read.
ROWS_AFTER = """
  FROM {table} WHERE ero = $1 AND (order_at, position) > ($2, $3)
   AND ($4::text IS NULL OR gss_code = $4)
   AND NOT EXISTS (SELECT FROM ero_hold WHERE ero_hold.ero = $1 AND resumed_at IS NULL)
"""
FREE = "AND (leased_until IS NULL OR leased_until <= now())"

# As many of the oldest rows as fit into a page of so many bytes (one always does).
FITTING = """
SELECT order_at, position, gss_code, size, offer, leased_until, lease_id, more
  FROM (SELECT page.*, sum(size) OVER oldest AS total,
               lead(position) OVER oldest IS NOT NULL AS more
          FROM page WINDOW oldest AS (ORDER BY order_at, position)) AS counted
 WHERE total <= $6 OR total = size
"""
OLDEST_FIRST = "ORDER BY order_at, position"
# In one statement, in no order: the places of a page, their whole records, and a row of nothing if
# the ERO is on hold. Records are found by an array of positions, never joined: neighbours cost one
# descent of the index, and no wrong guess of how many there are can make a page cost its square.
PLACES_AND_RECORDS = """
SELECT order_at, position, gss_code, size, offer, leased_until, lease_id, more,
       NULL::bytea AS record_id, NULL::uuid AS application_id, NULL::int AS attempt,
       NULL::int AS revision, NULL::bytea AS replaces, NULL::text AS event, NULL::text AS person
  FROM {places}
 UNION ALL
SELECT NULL, position, NULL, NULL, NULL, NULL, NULL, NULL,
       record_id, application_id, attempt, revision, replaces, event, person
  FROM record WHERE position = ANY(ARRAY(SELECT position FROM {places}))
 UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM ero_hold WHERE ero = $1 AND resumed_at IS NULL
"""
_PLACE_COLUMNS = 8
_READ_FITTING = f"""
), fitting AS MATERIALIZED ({FITTING})
{PLACES_AND_RECORDS.format(places="fitting")}
"""
_READ_QUEUED = f"""
WITH page AS (
    SELECT position, order_at, gss_code, size, offer, leased_until, lease_id
           {ROWS_AFTER.format(table="queue")} {OLDEST_FIRST} LIMIT $5
{_READ_FITTING}
"""
# The sealed text of a failure is never shorter than the text, and the rest of it is short.
_READ_HELD = f"""
WITH page AS (
    SELECT position, order_at, gss_code, offer, NULL::timestamptz AS leased_until,
           NULL::bytea AS lease_id, size + 256 + coalesce((
               SELECT octet_length(a.sealed_text) FROM answer a
                WHERE a.position = held_record.position AND a.offer = held_record.offer
                  AND a.status = 'failure'), 0) AS size
           {ROWS_AFTER.format(table="held_record")} {OLDEST_FIRST} LIMIT $5
{_READ_FITTING}
"""
_COUNT = "SELECT count(*) FROM (SELECT 1 {rows} LIMIT $5) AS behind"
_COUNT_QUEUED = _COUNT.format(rows=ROWS_AFTER.format(table="queue"))
_COUNT_HELD = _COUNT.format(rows=ROWS_AFTER.format(table="held_record"))
_COUNT_FREE = _COUNT.format(rows=ROWS_AFTER.format(table="queue") + FREE)

_LOCATE = """
SELECT r.attempt_received_at, r.position
  FROM record r JOIN attempt a USING (application_id, attempt)
 WHERE r.record_id = $1 AND a.ero = $2
"""


async def read_queued(pool: Pool, wanted: Wanted) -> Page:
    """Read what waits, leased or not, oldest first."""
    return await _read(pool, _READ_QUEUED, wanted)


async def read_held(pool: Pool, wanted: Wanted) -> Page:
    """Read what is held of an ERO's own, oldest first."""
    page = await _read(pool, _READ_HELD, wanted)
    failures = await read_failures(pool, [entry.place.position for entry in page.entries])
    told = [entry._replace(failure=failures.get(entry.place.position)) for entry in page.entries]
    return replace(page, entries=told)


async def _read(pool: Pool, query: str, wanted: Wanted) -> Page:
    rows = await pool.fetch(query, *wanted.arguments(), wanted.count_max, wanted.bytes_max)
    return page_of(rows, wanted)


def page_of(rows: Sequence[asyncpg.Record], wanted: Wanted) -> Page:
    """Put together what the rows of `PLACES_AND_RECORDS` tell."""
    places = sorted(row[:_PLACE_COLUMNS] for row in rows if row["order_at"] is not None)
    records = {row["position"]: row[_PLACE_COLUMNS:] for row in rows if row["record_id"]}
    more = bool(places) and (places[-1][-1] or len(places) == wanted.count_max)
    return Page(
        entries=[_entry(place, records[place[1]], wanted.ero) for place in places],
        may_go_on=more,
        on_hold=any(row["position"] is None for row in rows),
    )


def _entry(place: tuple[Any, ...], record: tuple[Any, ...], ero: str) -> Entry:
    order_at, position, gss_code, size, offer, leased_until, lease_id, _ = place
    record_id, application_id, attempt, revision, replaces, event, person = record
    return Entry(
        place=Place(order_at, position),
        size=size,
        content=Content(record_id, application_id, attempt, replaces, event, person),
        revision=revision,
        delivery=Delivery(gss_code, ero, offer, leased_until, lease_id),
    )


async def count_queued(pool: Pool, wanted: Wanted) -> int:
    """Count what waits behind a place, up to 10,000."""
    return await _count(pool, _COUNT_QUEUED, wanted)


async def count_held(pool: Pool, wanted: Wanted) -> int:
    """Count what is held behind a place, up to 10,000."""
    return await _count(pool, _COUNT_HELD, wanted)


async def count_free(pool: Pool, wanted: Wanted) -> int:
    """Count what nobody has leased behind a place, up to 10,000."""
    return await _count(pool, _COUNT_FREE, wanted)


async def _count(pool: Pool, query: str, wanted: Wanted) -> int:
    return int(await pool.fetchval(query, *wanted.arguments(), QUEUED_COUNT_MAX))


async def locate(pool: Pool, record_id: bytes, ero: str) -> Place | None:
    """Find a record's place in the order, delivered or not; None if it is not this ERO's."""
    row = await pool.fetchrow(_LOCATE, record_id, ero)
    return None if row is None else Place(row["attempt_received_at"], row["position"])
