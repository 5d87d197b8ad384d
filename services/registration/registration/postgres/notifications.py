"""Notifications: copies of receipts that were asked for, each sent once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from electoral.events import Language
from electoral.postgres import Connection, Pool

from registration.notify.port import Kind

# At most one of a kind for an application, whoever asks and however often.
_ASK = """
INSERT INTO notification (notification_id, application_id, kind, language, sealed_to)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
    ON CONFLICT (application_id, kind) DO NOTHING
"""
_ASKED = """
SELECT kind FROM notification
 WHERE application_id = (SELECT application_id FROM application WHERE reference = $1)
"""

# The try is counted with the claim, and the claim is committed before any call.
_CLAIM = """
WITH due AS (
    SELECT notification_id FROM notification
     WHERE state = 'waiting' AND next_try_at <= now()
       AND (claimed_until IS NULL OR claimed_until < now())
     ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE notification AS n SET tries = tries + 1, claimed_until = now() + $2::interval
      FROM due WHERE n.notification_id = due.notification_id
    RETURNING n.*
)
SELECT c.notification_id, c.application_id, c.kind, c.language, c.sealed_to, c.tries, c.asked_at,
       a.reference, a.gss_code, a.received_at
  FROM claimed c JOIN application a USING (application_id)
 ORDER BY c.next_try_at
"""
# The number of the try names the claim: one that ended meanwhile changes nothing.
_MARK_SENT = """
UPDATE notification SET state = 'sent', sealed_to = NULL, reason = NULL, claimed_until = NULL,
                        finished_at = now()
 WHERE notification_id = $1 AND tries = $2 AND state = 'waiting'
"""
_TRY_LATER = """
UPDATE notification SET reason = $3, claimed_until = NULL, next_try_at = now() + $4::interval
 WHERE notification_id = $1 AND tries = $2 AND state = 'waiting'
"""
_GIVE_BACK = """
UPDATE notification AS n SET claimed_until = NULL, tries = n.tries - 1
  FROM unnest($1::uuid[], $2::integer[]) AS claimed (notification_id, tries)
 WHERE n.notification_id = claimed.notification_id AND n.tries = claimed.tries
   AND n.state = 'waiting'
"""
_HOLD = """
UPDATE notification SET state = 'held', reason = $3, claimed_until = NULL, finished_at = now()
 WHERE notification_id = $1 AND tries = $2 AND state = 'waiting'
"""
_RELEASE = """
UPDATE notification SET state = 'waiting', tries = 0, next_try_at = now(), asked_at = now(),
                        finished_at = NULL
 WHERE state = 'held' AND ($1::uuid[] IS NULL OR notification_id = ANY($1))
"""
_LIST_HELD = """
SELECT notification_id, application_id, kind, reason, tries, finished_at FROM notification
 WHERE state = 'held' ORDER BY finished_at LIMIT $1
"""
_COUNT = """
SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
       count(*) FILTER (WHERE state = 'held') AS held
  FROM notification WHERE state IN ('waiting', 'held')
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A copy that somebody asks for."""

    notification_id: UUID
    application_id: UUID
    kind: Kind
    language: Language
    sealed_to: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A copy to be sent now, and what it says."""

    notification_id: UUID
    application_id: UUID
    kind: Kind
    language: Language
    sealed_to: str
    tries: int  # this one included; names the claim
    asked_at: datetime
    reference: str
    gss_code: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """A copy that was given up."""

    notification_id: UUID
    application_id: UUID
    kind: Kind
    reason: str
    tries: int
    finished_at: datetime


async def ask_for(connection: Connection | Pool, copies: Sequence[Asked]) -> None:
    """Note what is asked for, all or nothing; what was asked for before stays as it is."""
    await connection.execute(
        _ASK,
        [c.notification_id for c in copies],
        [c.application_id for c in copies],
        [c.kind for c in copies],
        [c.language for c in copies],
        [c.sealed_to for c in copies],
    )


async def kinds_asked_for(pool: Pool, reference: str) -> frozenset[Kind]:
    """Return how a copy of the receipt with this reference was asked for."""
    return frozenset(row["kind"] for row in await pool.fetch(_ASKED, reference))


async def claim_due(pool: Pool, limit: int, claim: timedelta) -> list[Claimed]:
    """Claim what is due, longest due first; the claim is committed when this returns."""
    return [Claimed(**row) for row in await pool.fetch(_CLAIM, limit, claim)]


async def mark_sent(pool: Pool, copy: Claimed) -> None:
    """Note that it was sent; the address is forgotten."""
    await pool.execute(_MARK_SENT, copy.notification_id, copy.tries)


async def try_later(pool: Pool, copy: Claimed, reason: str, delay: timedelta) -> None:
    """Give the claim up until later."""
    await pool.execute(_TRY_LATER, copy.notification_id, copy.tries, reason, delay)


async def give_back(pool: Pool, copies: Sequence[Claimed]) -> None:
    """Give claims up as if there had been no try."""
    if copies:
        await pool.execute(
            _GIVE_BACK, [c.notification_id for c in copies], [c.tries for c in copies]
        )


async def hold(pool: Pool, copy: Claimed, reason: str) -> None:
    """Give the copy up."""
    await pool.execute(_HOLD, copy.notification_id, copy.tries, reason)


async def release(pool: Pool, ids: Sequence[UUID] | None) -> int:
    """Let some of what was given up be tried anew, or all; returns how many."""
    done = await pool.execute(_RELEASE, None if ids is None else list(ids))
    return int(done.rpartition(" ")[2])


async def list_held(pool: Pool, limit: int = 1_000) -> list[HeldCopy]:
    """List what was given up, oldest first."""
    return [HeldCopy(**row) for row in await pool.fetch(_LIST_HELD, limit)]


async def count_unfinished(pool: Pool) -> tuple[int, int]:
    """Count what waits, and what was given up."""
    row = await pool.fetchrow(_COUNT)
    assert row is not None
    return row["waiting"], row["held"]
