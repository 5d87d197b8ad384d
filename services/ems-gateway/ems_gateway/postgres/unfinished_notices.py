"""Unfinished notices: assigned by operators, moved to who answers for them now, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Connection, Pool

from ems_gateway.notices.rules import NoticeReason, NoticeState
from ems_gateway.postgres.pages import QUEUED_COUNT_MAX

LISTED_ROWS_MAX = 1_000

_ASSIGN = """
UPDATE notice SET previous_gss_code = $2, ero = $3, state = 'queued', reason = NULL, offer = $4,
       content = $5, since = now()
 WHERE notice_id = $1
"""
# Those whose authority is another ERO's now, or nobody's; one that cannot be written yet stays.
_MOVE_TO_WHO_ANSWERS = """
WITH now_answers AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS n (of_code, gss_code, ero)
), elsewhere AS MATERIALIZED (
    SELECT notice.position, now_answers.*
      FROM notice JOIN now_answers ON of_code = previous_gss_code
     WHERE state <> 'acknowledged' AND content IS NOT NULL
       AND notice.ero IS DISTINCT FROM now_answers.ero
     ORDER BY position LIMIT $4 FOR UPDATE OF notice SKIP LOCKED
)
UPDATE notice SET previous_gss_code = elsewhere.gss_code, ero = elsewhere.ero, offer = offer + 1,
       state = CASE WHEN elsewhere.ero IS NULL THEN 'held' ELSE 'queued' END,
       reason = CASE WHEN elsewhere.ero IS NULL THEN 'no-authority' END, since = now()
  FROM elsewhere WHERE notice.position = elsewhere.position
RETURNING notice_id, application_id, attempt, previous_gss_code, notice.ero, offer
"""
_COUNT_UNFINISHED = """
SELECT count(*) FROM (SELECT 1 FROM notice WHERE state = '{state}' LIMIT $1) AS unfinished
"""
_HELD = """
SELECT notice_id, application_id, previous_gss_code, ero, reason, since FROM notice
 WHERE state = 'held' ORDER BY since, position LIMIT $1
"""
_UNASSIGNED = """
SELECT reason, count(*) AS count, extract(epoch FROM now() - min(since))::float8 AS oldest_seconds
  FROM notice WHERE ero IS NULL AND state = 'held' GROUP BY reason ORDER BY reason
"""


class MovedNotice(NamedTuple):
    """A notice that waits for another ERO now, or for an operator."""

    notice_id: bytes
    application_id: UUID
    attempt: int
    previous_gss_code: str
    ero: str | None
    offer: int


@dataclass(frozen=True, slots=True)
class HeldNotice:
    """A notice that nobody can take now."""

    notice_id: bytes
    application_id: UUID
    previous_gss_code: str | None
    ero: str | None
    reason: NoticeReason
    since: datetime


@dataclass(frozen=True, slots=True)
class UnassignedNotices:
    """Notices that are held, and are nobody's."""

    reason: NoticeReason
    count: int
    oldest_seconds: float


async def assign_notice_to(
    connection: Connection, notice_id: bytes, gss_code: str, ero: str, offer: int, content: str
) -> None:
    """Let a notice, which is locked, wait for an ERO."""
    await connection.execute(_ASSIGN, notice_id, gss_code, ero, offer, content)


async def move_notices(
    connection: Connection, answers: Sequence[tuple[str, str, str | None]], count_max: int
) -> list[MovedNotice]:
    """Move what is unfinished to whoever answers for its code: (code, code today, its ERO)."""
    columns = ([one[number] for one in answers] for number in range(3))
    rows = await connection.fetch(_MOVE_TO_WHO_ANSWERS, *columns, count_max)
    return [MovedNotice(**row) for row in rows]


async def count_unfinished_notices(pool: Pool) -> dict[str, int]:
    """Count the notices that wait and those that are held, each up to 10,000."""
    named: tuple[tuple[str, NoticeState], ...] = (("waiting", "queued"), ("held", "held"))
    return {
        name: await pool.fetchval(_COUNT_UNFINISHED.format(state=state), QUEUED_COUNT_MAX)
        for name, state in named
    }


async def read_unassigned_notices(pool: Pool) -> list[UnassignedNotices]:
    """Count what is held and nobody's, and say for how long, by reason."""
    return [UnassignedNotices(**row) for row in await pool.fetch(_UNASSIGNED)]


async def list_held_notices(pool: Pool) -> list[HeldNotice]:
    """List what nobody can take now, longest first."""
    return [HeldNotice(**row) for row in await pool.fetch(_HELD, LISTED_ROWS_MAX)]
