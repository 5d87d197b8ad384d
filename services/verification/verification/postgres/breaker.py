"""The circuit breaker's one row."""

from dataclasses import dataclass
from datetime import datetime

from electoral.postgres import Pool


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """Whether DWP is asked, and how many calls failed in a row."""

    is_open: bool
    failures: int
    changed_at: datetime  # when it was opened or closed
    next_probe_at: datetime


_READ_BREAKER = "SELECT is_open, failures, changed_at, next_probe_at FROM dwp_breaker"
_COUNT_FAILURES = """
WITH before AS MATERIALIZED (
    SELECT is_open AS was_open, CASE WHEN $2 THEN $1 ELSE failures + $1 END AS counted
      FROM dwp_breaker FOR UPDATE
)
UPDATE dwp_breaker
   SET failures = counted,
       is_open = was_open OR counted >= $3,
       next_probe_at = CASE WHEN was_open THEN next_probe_at
                            ELSE now() + make_interval(secs => $4) END,
       changed_at = CASE WHEN was_open OR counted < $3 THEN changed_at ELSE now() END
  FROM before
RETURNING is_open AND NOT was_open
"""
_FORGET_FAILURES = "UPDATE dwp_breaker SET failures = 0 WHERE failures > 0 AND NOT is_open"
_CLAIM_PROBE = """
UPDATE dwp_breaker SET next_probe_at = now() + make_interval(secs => $1)
 WHERE is_open AND next_probe_at <= now() RETURNING true
"""
_CLOSE_BREAKER = """
UPDATE dwp_breaker SET is_open = false, failures = $1, changed_at = now()
 WHERE is_open RETURNING true
"""


async def read_breaker(pool: Pool) -> BreakerRow:
    """Read the one row."""
    row = await pool.fetchrow(_READ_BREAKER)
    assert row is not None  # its migration wrote it
    return BreakerRow(**row)


async def count_failures(
    pool: Pool, count: int, *, begin_anew: bool, failures_to_open: int, probe_delay: float
) -> bool:
    """Count calls that failed, after a success or not; returns whether that opened the breaker."""
    limits = (failures_to_open, probe_delay)
    return bool(await pool.fetchval(_COUNT_FAILURES, count, begin_anew, *limits))


async def forget_failures(pool: Pool) -> None:
    """Count from none again after a call that was answered."""
    await pool.execute(_FORGET_FAILURES)


async def claim_probe(pool: Pool, seconds: float) -> bool:
    """Claim a probe that is due; the next one is after so long."""
    return bool(await pool.fetchval(_CLAIM_PROBE, seconds))


async def close_breaker(pool: Pool, failures: int) -> bool:
    """Close it, with failures that count on; returns whether it was open."""
    return bool(await pool.fetchval(_CLOSE_BREAKER, failures))
