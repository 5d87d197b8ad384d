"""The rate's one row: when the next look-up may be sent, whoever sends it."""

from datetime import datetime
from typing import Literal

from electoral.postgres import Connection, Pool

Work = Literal["new", "parked"]

# Nobody reserves or closes further ahead: what is, a clock that was put back has left there.
AHEAD_SECONDS_MAX = 60.0
CLOSED_SECONDS_MAX = 300.0
BEHIND_SECONDS_MAX = 0.02  # that a turn may have begun: who is woken for it is never quite in time

# The clock is read once the row is ours. A line that is busy takes a turn of the other's when that
# is free at this moment. The commit does not wait for the disk: what a crash can lose is over
# before Postgres is up again.
_RESERVE = f"""
WITH line AS MATERIALIZED (
    SELECT {{own}} AS own, {{other}} AS other, closed_until AS closed FROM dwp_rate FOR UPDATE
), present AS MATERIALIZED (
    SELECT clock_timestamp() AS at, line.*, set_config('synchronous_commit', 'off', true) FROM line
), believed AS MATERIALIZED (
    SELECT at, at - interval '{BEHIND_SECONDS_MAX} s' AS begun,
           CASE WHEN own < at + interval '{AHEAD_SECONDS_MAX} s' THEN own END AS own,
           CASE WHEN other < at + interval '{AHEAD_SECONDS_MAX} s' THEN other END AS other,
           CASE WHEN closed BETWEEN at AND at + interval '{CLOSED_SECONDS_MAX} s'
                THEN closed END AS closed
      FROM present
), turn AS MATERIALIZED (
    SELECT at, greatest(own, begun, closed) AS own_turn, greatest(other, begun) AS others_turn,
           own > at AND closed IS NULL AND coalesce(other <= at, true) AS is_others
      FROM believed
)
UPDATE dwp_rate
   SET {{own}} = CASE WHEN is_others THEN {{own}}
                    ELSE own_turn + make_interval(secs => $1) END,
       {{other}} = CASE WHEN is_others THEN others_turn + make_interval(secs => $1)
                      ELSE {{other}} END
  FROM turn WHERE is_others OR own_turn <= at + make_interval(secs => $2)
RETURNING extract(epoch FROM CASE WHEN is_others THEN others_turn ELSE own_turn END - at)::float8
"""
_RESERVE_FOR: dict[Work, str] = {
    "new": _RESERVE.format(own="new_free_at", other="parked_free_at"),
    "parked": _RESERVE.format(own="parked_free_at", other="new_free_at"),
}
_CLOSE = f"""
WITH present AS MATERIALIZED (SELECT clock_timestamp() AS at)
UPDATE dwp_rate
   SET closed_until = greatest(
           CASE WHEN closed_until <= at + interval '{CLOSED_SECONDS_MAX} s' THEN closed_until END,
           at + make_interval(secs => $1))
  FROM present
"""
_READ_CLOSED = """
SELECT closed_until FROM dwp_rate
 WHERE closed_until > clock_timestamp()
   AND closed_until <= clock_timestamp() + make_interval(secs => $1)
"""


async def reserve(
    connection: Connection, work: Work, *, seconds: float, at_most: float
) -> float | None:
    """Take a turn that lasts so long; returns in how many seconds it begins, or has begun.

    None when none begins within `at_most` seconds: then nothing is taken.
    """
    wait: float | None = await connection.fetchval(_RESERVE_FOR[work], seconds, at_most)
    return wait


async def close(pool: Pool, seconds: float) -> None:
    """Let no turn begin for so long."""
    await pool.execute(_CLOSE, min(seconds, CLOSED_SECONDS_MAX))


async def closed_until(executor: Pool | Connection) -> datetime | None:
    """Return until when no turn begins; None when turns do."""
    until: datetime | None = await executor.fetchval(_READ_CLOSED, CLOSED_SECONDS_MAX)
    return until
