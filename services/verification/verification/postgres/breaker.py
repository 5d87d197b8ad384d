"""The circuit breaker's one row."""

from dataclasses import dataclass

from electoral.postgres import Pool


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """Whether DWP is asked, and how many calls failed in a row."""

    is_open: bool
    failures: int


_READ_BREAKER = "SELECT is_open, failures FROM dwp_breaker"
_COUNT_FAILURES = """
UPDATE dwp_breaker
   SET failures = CASE WHEN $2 THEN $1 ELSE failures + $1 END,
       is_open = is_open OR CASE WHEN $2 THEN $1 ELSE failures + $1 END >= $3,
       next_probe_at = CASE WHEN is_open THEN next_probe_at
                            ELSE now() + make_interval(secs => $4) END,
       changed_at = now()
"""
_FORGET_FAILURES = "UPDATE dwp_breaker SET failures = 0 WHERE failures > 0 AND NOT is_open"
_CLAIM_PROBE = """
UPDATE dwp_breaker SET next_probe_at = now() + make_interval(secs => $1)
 WHERE is_open AND next_probe_at <= now() RETURNING true
"""
_CLOSE_BREAKER = "UPDATE dwp_breaker SET is_open = false, failures = $1, changed_at = now()"
_POSTPONE_PROBE = "UPDATE dwp_breaker SET next_probe_at = now() + make_interval(secs => $1)"


async def read_breaker(pool: Pool) -> BreakerRow:
    """Read the one row."""
    row = await pool.fetchrow(_READ_BREAKER)
    assert row is not None  # its migration wrote it
    return BreakerRow(row["is_open"], row["failures"])


async def count_failures(
    pool: Pool, count: int, *, begin_anew: bool, failures_to_open: int, probe_delay: float
) -> None:
    """Count calls that failed, after a success or not; opens the breaker at the limit."""
    await pool.execute(_COUNT_FAILURES, count, begin_anew, failures_to_open, probe_delay)


async def forget_failures(pool: Pool) -> None:
    """Count from none again after a call that was answered."""
    await pool.execute(_FORGET_FAILURES)


async def claim_probe(pool: Pool, seconds: float) -> bool:
    """Claim a probe that is due, for so long."""
    return bool(await pool.fetchval(_CLAIM_PROBE, seconds))


async def close_breaker(pool: Pool, failures: int) -> None:
    """Close it, with failures that count on."""
    await pool.execute(_CLOSE_BREAKER, failures)


async def postpone_probe(pool: Pool, seconds: float) -> None:
    """Let the next probe be due after so long."""
    await pool.execute(_POSTPONE_PROBE, seconds)
