"""Notices: stored with their determination, read by the previous ERO, answered, assigned."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
from electoral.postgres import Connection, Pool
from electoral.resealing import SealedColumn

from ems_gateway.delivery import AnswerStatus
from ems_gateway.notices.rules import NewNotice, NoticeReason, NoticeStanding, NoticeState
from ems_gateway.postgres.pages import BEGINNING, QUEUED_COUNT_MAX, Place

# No notice was answered outside of these; and a database cannot hold every moment.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

# What could not be written yet is still to be written from its application's newest record.
NOTICES_SEALED_AND_UNFINISHED = (
    SealedColumn("notice", "content", "t.state <> 'acknowledged'"),
    SealedColumn(
        "record",
        "person",
        "t.position IN (SELECT a.position FROM notice JOIN attempt a USING (application_id)"
        " WHERE notice.state <> 'acknowledged' AND notice.content IS NULL)",
    ),
)

_READ_NEWEST = """
SELECT r.event, r.person FROM attempt a JOIN record r USING (position)
 WHERE a.application_id = $1 AND a.revision > 0 ORDER BY a.attempt DESC LIMIT 1
"""
_INSERT = """
INSERT INTO notice (notice_id, application_id, attempt, gss_code, previous_gss_code, ero, reason,
                    content, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_BEHIND = """
  FROM notice WHERE ero = $1 AND state = '{state}' AND (created_at, position) > ($2, $3)
   AND since >= $4 AND since < $5
"""
# As many of the oldest as fit into a page of so many bytes; one always does.
_READ = f"""
SELECT * FROM (
    SELECT page.*, sum(octet_length(content)) OVER oldest AS total,
           row_number() OVER oldest AS number, count(*) OVER () AS paged
      FROM (SELECT position, notice_id, application_id, gss_code, previous_gss_code, created_at,
                   content {_BEHIND} ORDER BY created_at, position LIMIT $6) AS page
    WINDOW oldest AS (ORDER BY created_at, position)) AS counted
 WHERE total <= $7 OR number = 1 ORDER BY created_at, position
"""
_COUNT = f"SELECT count(*) FROM (SELECT 1 {_BEHIND} LIMIT $6) AS behind"
_STATES: tuple[NoticeState, ...] = ("queued", "held", "acknowledged")
_READ_OF = {state: _READ.format(state=state) for state in _STATES}
_COUNT_OF = {state: _COUNT.format(state=state) for state in _STATES}

_LOCATE = "SELECT created_at, position FROM notice WHERE notice_id = $1 AND ero = $2"
_LOCK = """
SELECT application_id, attempt, state, reason, offer, content FROM notice
 WHERE notice_id = $1 AND ({whose}) FOR UPDATE
"""
_WAS_ANSWERED = """
SELECT EXISTS (SELECT FROM notice_answer WHERE notice_id = $1 AND ero = $2)
"""
_LOCK_OWN = _LOCK.format(whose="ero = $2")
_LOCK_ANY = _LOCK.format(whose="true")
_MOVE = """
UPDATE notice SET state = $2, reason = $3, offer = $4, since = now() WHERE notice_id = $1
"""
_INSERT_ANSWER = """
INSERT INTO notice_answer (notice_id, offer, status, ero, sealed_text) VALUES ($1, $2, $3, $4, $5)
"""


@dataclass(frozen=True, slots=True)
class WantedNotices:
    """Which notices a page is to have."""

    ero: str
    state: NoticeState = "queued"
    since: datetime = EARLIEST  # in this state: at it, or later
    until: datetime = LATEST  # and before this
    after: Place = BEGINNING
    count_max: int = 100

    def behind(self, place: Place) -> "WantedNotices":
        """What is still wanted behind a place."""
        return replace(self, after=place)

    def arguments(self) -> tuple[object, ...]:
        return self.ero, *self.after, self.since, self.until


class StoredNotice(NamedTuple):
    """A notice as it is stored."""

    notice_id: bytes
    application_id: UUID
    gss_code: str  # where the person lives now
    previous_gss_code: str | None
    created_at: datetime
    content: str  # sealed
    place: Place


class NoticePage(NamedTuple):
    """The oldest notices, as many as were wanted and fit."""

    notices: list[StoredNotice]
    may_go_on: bool  # whether any can be behind the last one


async def read_newest(connection: Connection, application_id: UUID) -> tuple[str, str]:
    """Read the event and the sealed person of an application's newest record."""
    row = await connection.fetchrow(_READ_NEWEST, application_id)
    assert row is not None  # records are never deleted
    return row["event"], row["person"]


async def insert_notice(connection: Connection, notice: NewNotice) -> None:
    """Store a notice; its application's attempts are locked already."""
    await connection.execute(_INSERT, *notice, "held" if notice.reason else "queued")


async def read_notices(pool: Pool, wanted: WantedNotices, bytes_max: int) -> NoticePage:
    """Read a page, oldest first; changes nothing."""
    rows = await pool.fetch(
        _READ_OF[wanted.state], *wanted.arguments(), wanted.count_max, bytes_max
    )
    cut = bool(rows) and (len(rows) < rows[0]["paged"] or len(rows) == wanted.count_max)
    return NoticePage([_stored(row) for row in rows], may_go_on=cut)


def _stored(row: asyncpg.Record) -> StoredNotice:
    return StoredNotice(
        notice_id=row["notice_id"],
        application_id=row["application_id"],
        gss_code=row["gss_code"],
        previous_gss_code=row["previous_gss_code"],
        created_at=row["created_at"],
        content=row["content"],
        place=Place(row["created_at"], row["position"]),
    )


async def count_notices(pool: Pool, wanted: WantedNotices) -> int:
    """Count what is behind a place, up to 10,000."""
    query = _COUNT_OF[wanted.state]
    return int(await pool.fetchval(query, *wanted.arguments(), QUEUED_COUNT_MAX))


async def locate_notice(pool: Pool, notice_id: bytes, ero: str) -> Place | None:
    """Find a notice's place in the order, answered or not; None if it is not this ERO's."""
    row = await pool.fetchrow(_LOCATE, notice_id, ero)
    return None if row is None else Place(row["created_at"], row["position"])


async def lock_notice(connection: Connection, notice_id: bytes, ero: str) -> NoticeStanding | None:
    """Lock an ERO's notice and say where it stands."""
    row = await connection.fetchrow(_LOCK_OWN, notice_id, ero)
    return None if row is None else NoticeStanding(**row)


async def was_answered(connection: Connection, notice_id: bytes, ero: str) -> bool:
    """Say whether an ERO answered a notice, whoever's it is now."""
    answered: bool = await connection.fetchval(_WAS_ANSWERED, notice_id, ero)
    return answered


async def lock_any_notice(connection: Connection, notice_id: bytes) -> NoticeStanding | None:
    """Lock a notice, whoever it belongs to; for operators."""
    row = await connection.fetchrow(_LOCK_ANY, notice_id)
    return None if row is None else NoticeStanding(**row)


async def move_notice(
    connection: Connection,
    notice_id: bytes,
    state: NoticeState,
    reason: NoticeReason | None,
    offer: int,
) -> None:
    """Put a notice, which is locked, into a state."""
    await connection.execute(_MOVE, notice_id, state, reason, offer)


async def insert_notice_answer(
    connection: Connection,
    notice_id: bytes,
    offer: int,
    status: AnswerStatus,
    ero: str,
    sealed_text: str | None,
) -> None:
    """Store an answer that had an effect."""
    await connection.execute(_INSERT_ANSWER, notice_id, offer, status, ero, sealed_text)
