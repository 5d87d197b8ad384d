"""Operators: what waits for one, what one assigned, and the figures that they watch."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from electoral.postgres import Pool

from ems_gateway.delivery import HoldReason
from ems_gateway.postgres.pages import QUEUED_COUNT_MAX

UNASSIGNED_ROWS_MAX = 1_000
HELD_ROWS_MAX = 5_000

_UNASSIGNED = """
SELECT r.record_id, r.application_id, r.gss_code, h.reason, h.since
  FROM held_record h JOIN record r USING (position)
 WHERE h.reason IN ('authority-unknown', 'no-authority') ORDER BY h.since, h.position LIMIT $1
"""
# What the ERO said when it failed within this offer goes with it.
_HELD = """
SELECT r.record_id, r.application_id, h.ero, h.gss_code, h.reason, h.since, a.reason AS said,
       a.suggested_gss_code
  FROM held_record h JOIN record r USING (position)
       LEFT JOIN answer a ON a.position = h.position AND a.offer = h.offer AND a.status = 'failure'
                         AND h.reason = 'failure'
 WHERE ($1::text IS NULL OR h.ero = $1) AND (NOT $2 OR a.suggested_gss_code IS NOT NULL)
   AND ($4::bytea IS NULL OR r.record_id = $4)
 ORDER BY h.since, h.position LIMIT $3
"""
_COUNT_ALL_QUEUED = "SELECT count(*) FROM (SELECT 1 FROM queue LIMIT $1) AS waiting"
_OLDEST_QUEUED = """
SELECT extract(epoch FROM now() - r.created_at)::float8
  FROM record r WHERE r.position = (SELECT position FROM queue ORDER BY position LIMIT 1)
"""
_COUNT_HELD_BY_REASON = """
SELECT reason, count(*) AS count, extract(epoch FROM now() - min(since))::float8 AS oldest_seconds
  FROM held_record GROUP BY reason
"""


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A record that waits for an operator to say whose it is."""

    record_id: bytes
    application_id: UUID
    gss_code: str
    reason: HoldReason
    since: datetime


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record that no ERO's system can take now."""

    record_id: bytes
    application_id: UUID
    ero: str | None
    gss_code: str  # where it is delivered
    reason: HoldReason
    since: datetime
    said: str | None  # why, in a word of ours, by the ERO whose system failed
    suggested_gss_code: str | None  # whose it may be instead


@dataclass(frozen=True, slots=True)
class HeldFigure:
    """How much is held for one reason, and since when."""

    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What operators watch."""

    queued: int  # at most 10,000
    oldest_queued_seconds: float
    held: dict[HoldReason, HeldFigure]


async def list_unassigned(pool: Pool) -> list[Unassigned]:
    """List what waits for an operator, longest first."""
    return [Unassigned(**row) for row in await pool.fetch(_UNASSIGNED, UNASSIGNED_ROWS_MAX)]


async def list_held(
    pool: Pool,
    *,
    ero: str | None = None,
    suggested_only: bool = False,
    record_id: bytes | None = None,
) -> list[HeldRecord]:
    """List what is held, longest first: all, an ERO's, what was said to be another's, or one."""
    rows = await pool.fetch(_HELD, ero, suggested_only, HELD_ROWS_MAX, record_id)
    return [HeldRecord(**row) for row in rows]


async def read_held_figures(pool: Pool) -> dict[HoldReason, HeldFigure]:
    """Count what is held, by reason."""
    rows = await pool.fetch(_COUNT_HELD_BY_REASON)
    return {row["reason"]: HeldFigure(row["count"], row["oldest_seconds"]) for row in rows}


async def read_figures(pool: Pool) -> Figures:
    """Read what operators watch; none of it grows with what was delivered."""
    return Figures(
        queued=await pool.fetchval(_COUNT_ALL_QUEUED, QUEUED_COUNT_MAX),
        oldest_queued_seconds=await pool.fetchval(_OLDEST_QUEUED) or 0.0,
        held=await read_held_figures(pool),
    )
