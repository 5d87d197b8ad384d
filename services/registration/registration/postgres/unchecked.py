"""Unchecked: applications that have no final outcome yet, looked at once each."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from electoral.postgres import Pool

_FIND_UNCHECKED = """
WITH step AS MATERIALIZED (
    SELECT application_id, received_at FROM application
     WHERE application_id > (SELECT application_id FROM checked_up_to) AND application_id < $1
     ORDER BY application_id LIMIT $2
)
SELECT (SELECT count(*) FROM step) AS rows,
       (SELECT application_id FROM step ORDER BY application_id DESC LIMIT 1) AS last_id,
       late.application_id AS late_id, late.received_at AS unchecked_since
  FROM (SELECT) AS always
  LEFT JOIN LATERAL (
       SELECT application_id, received_at FROM step
        WHERE NOT EXISTS (SELECT FROM progress
                           WHERE progress.application_id = step.application_id
                             AND fact = 'checked')
        ORDER BY application_id LIMIT 1) AS late ON true
"""
_SET_CHECKED_UP_TO = "UPDATE checked_up_to SET application_id = $1 WHERE application_id < $1"


@dataclass(frozen=True, slots=True)
class UncheckedStep:
    """Some applications in order of their ids, and the first without a final outcome."""

    rows: int
    up_to: UUID | None  # all up to this id are checked; None when there are no more
    unchecked_since: datetime | None


async def find_unchecked(pool: Pool, before: UUID, limit: int) -> UncheckedStep:
    """Look at the next applications with an id less than `before`."""
    row = await pool.fetchrow(_FIND_UNCHECKED, before, limit)
    assert row is not None
    late: UUID | None = row["late_id"]
    up_to = row["last_id"] if late is None else UUID(int=late.int - 1)
    return UncheckedStep(row["rows"], up_to, row["unchecked_since"])


async def set_checked_up_to(pool: Pool, application_id: UUID) -> None:
    """Note how far all are checked; it only moves forward."""
    await pool.execute(_SET_CHECKED_UP_TO, application_id)
