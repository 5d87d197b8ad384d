"""Pages: what waits for an ERO or is held for it, oldest first, read or leased."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

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

# How many of the oldest rows fit into a page of so many bytes (one always does), of how many read.
FITTING = """
SELECT position, order_at, gss_code, size, offer, leased_until, lease_id, paged
  FROM (SELECT page.*, sum(size) OVER oldest AS total, row_number() OVER oldest AS number,
               count(*) OVER () AS paged
          FROM page WINDOW oldest AS (ORDER BY order_at, position)) AS counted
 WHERE total <= $6 OR number = 1
"""
# Whole records by an array of positions: neighbours cost one descent of the index, and no
# estimate of how many there are can turn this into a scan.
WHOLE = """
SELECT r.position, r.record_id, r.application_id, r.attempt, r.revision, r.replaces, r.event,
       r.person, p.order_at, p.size, p.gss_code AS delivered_under, p.offer, p.leased_until,
       p.lease_id, p.paged, $1::text AS ero
  FROM record r JOIN {place} p USING (position)
 WHERE r.position = ANY(ARRAY(SELECT position FROM {place}))
 ORDER BY p.order_at, r.position
"""
_READ_QUEUED = f"""
WITH page AS (
    SELECT position, order_at, gss_code, size, offer, leased_until, lease_id
           {ROWS_AFTER.format(table="queue")}
     ORDER BY order_at, position LIMIT $5
), fitting AS MATERIALIZED ({FITTING}) {WHOLE.format(place="fitting")}
"""
# The sealed text of a failure is never shorter than the text, and the rest of it is short.
_READ_HELD = f"""
WITH page AS (
    SELECT position, order_at, gss_code, offer, NULL::timestamptz AS leased_until,
           NULL::bytea AS lease_id, size + 256 + coalesce((
               SELECT octet_length(a.sealed_text) FROM answer a
                WHERE a.position = held_record.position AND a.offer = held_record.offer
                  AND a.status = 'failure'), 0) AS size
           {ROWS_AFTER.format(table="held_record")}
     ORDER BY order_at, position LIMIT $5
), fitting AS MATERIALIZED ({FITTING}) {WHOLE.format(place="fitting")}
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
    return Page(told, page.may_go_on)


async def _read(pool: Pool, query: str, wanted: Wanted) -> Page:
    rows = await pool.fetch(query, *wanted.arguments(), wanted.count_max, wanted.bytes_max)
    return page_of(rows, wanted)


def page_of(rows: Sequence[asyncpg.Record], wanted: Wanted) -> Page:
    """Read the rows of `WHOLE`."""
    cut = bool(rows) and (len(rows) < rows[0]["paged"] or len(rows) == wanted.count_max)
    return Page([_entry(row) for row in rows], may_go_on=cut)


def _entry(row: asyncpg.Record) -> Entry:
    content = Content(
        record_id=row["record_id"],
        application_id=row["application_id"],
        attempt=row["attempt"],
        replaces=row["replaces"],
        event=row["event"],
        person=row["person"],
    )
    return Entry(
        place=Place(row["order_at"], row["position"]),
        size=row["size"],
        content=content,
        revision=row["revision"],
        delivery=Delivery(
            row["delivered_under"], row["ero"], row["offer"], row["leased_until"], row["lease_id"]
        ),
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
