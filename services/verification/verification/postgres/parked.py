"""Attempts that wait, their claims, and what is held from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg
from electoral.events import ApplicationReceived
from electoral.postgres import Connection, Pool
from electoral.resealing import SealedColumn

from verification.errors import ParkReason
from verification.postgres.attempts import EVENT_COLUMNS, EVENT_FIELDS
from verification.postgres.rows import AttemptKey, columns, fetch_keys

# What is held may have gone on as pending: it is still to be decided then.
_PARKED = """(t.application_id, t.attempt) IN (
    SELECT application_id, attempt FROM parked
    UNION ALL SELECT application_id, attempt FROM held_message WHERE application_id IS NOT NULL)"""
LOST_CLAIMS_ALONE = 2  # after so many lost claims an attempt is taken by itself
SEALED_AND_UNFINISHED = (
    SealedColumn("attempt", "sealed_person", _PARKED),
    SealedColumn("attempt", "sealed_nino", _PARKED),
)


class Waiting(NamedTuple):
    """What an attempt waits for, and how long until the next try."""

    key: AttemptKey
    reason: ParkReason
    pause: float  # seconds


@dataclass(frozen=True, slots=True, eq=False)  # one claim is only ever itself
class Claimed:
    """A parked attempt that is ours until `claimed_until`, on the database's clock."""

    received: ApplicationReceived
    traceparent: str | None
    revision: int  # of its newest outcome; 0 while there is none
    reason: ParkReason
    reason_age: float  # seconds that it has waited for this reason
    tries: int  # before this one, that ended with this reason
    claimed_until: datetime
    lost_claims: int  # claims before this one, in a row, that ended with nothing done

    @property
    def key(self) -> AttemptKey:
        return self.received.application_id, self.received.attempt

    @property
    def is_suspect(self) -> bool:
        """Whether it may be this one that ends the processes which try it."""
        return self.lost_claims >= LOST_CLAIMS_ALONE


class Postponed(NamedTuple):
    """What a claimed attempt waits for now, and how long until the next try."""

    claimed: Claimed
    reason: ParkReason
    tries: int  # that ended with this reason
    pause: float  # seconds; 0: it goes back to its place, and the oldest come first


class ParkedCount(NamedTuple):
    """How many wait for a reason, since when, and how many of them went on as pending."""

    reason: str
    waiting: int
    pending: int
    since: datetime  # that the first waits for this reason
    oldest: datetime  # when the oldest was parked, for whatever reason
    next_try: datetime


_PARK = """
INSERT INTO parked (application_id, attempt, reason, next_try_at, place, unanswered_since)
SELECT application_id, w.attempt, reason, now() + make_interval(secs => pause),
       now() + make_interval(secs => least(pause, 0)), attempt_received_at
  FROM unnest($1::uuid[], $2::int[], $3::text[], $4::float8[])
       AS w (application_id, attempt, reason, pause)
  LEFT JOIN attempt USING (application_id, attempt)
"""

# The claim is committed before any work. Whoever dies with it loses it at its end. One that many
# died with is claimed alone: what is claimed beside it would lose as many claims.
_LOST = "lost_claims + (claimed_until IS NOT NULL)::int"
_CLAIM_PARKED = f"""
WITH due AS (
    SELECT application_id, attempt, next_try_at, {_LOST} >= {LOST_CLAIMS_ALONE} AS is_suspect
      FROM parked
     WHERE next_try_at <= now() AND ($3 OR {_LOST} < {LOST_CLAIMS_ALONE})
     ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
), first AS (
    SELECT * FROM due ORDER BY next_try_at LIMIT 1
), ours AS (
    SELECT * FROM first WHERE is_suspect
     UNION ALL
    SELECT due.* FROM due, first WHERE NOT due.is_suspect AND NOT first.is_suspect
), claimed AS (
    UPDATE parked p
       SET claimed_until = now() + make_interval(secs => $2),
           next_try_at = now() + make_interval(secs => $2),
           lost_claims = {_LOST}
      FROM ours WHERE p.application_id = ours.application_id AND p.attempt = ours.attempt
 RETURNING p.*
)
SELECT application_id, attempt, revision, {EVENT_COLUMNS}, sealed_person AS person,
       sealed_nino AS nino, traceparent, reason, tries, claimed_until, lost_claims,
       extract(epoch FROM now() - reason_since)::float8 AS reason_age
  FROM claimed JOIN attempt USING (application_id, attempt) ORDER BY application_id, attempt
"""

# A claimed attempt may have gone on as pending since: what counts is its revision now.
_READ_REVISIONS = """
SELECT application_id, attempt, revision
  FROM attempt JOIN unnest($1::uuid[], $2::int[]) AS k (application_id, attempt)
       USING (application_id, attempt)
"""

# Only what is still claimed by us.
_TAKE_PARKED = """
DELETE FROM parked p USING unnest($1::uuid[], $2::int[], $3::timestamptz[])
       AS d (application_id, attempt, claimed_until)
 WHERE p.application_id = d.application_id AND p.attempt = d.attempt
   AND p.claimed_until = d.claimed_until
RETURNING p.application_id, p.attempt
"""
_POSTPONE = """
UPDATE parked p
   SET reason = w.reason, tries = w.tries, claimed_until = NULL, lost_claims = 0,
       reason_since = CASE WHEN p.reason = w.reason THEN p.reason_since ELSE now() END,
       next_try_at = CASE WHEN w.pause = 0 THEN p.place
                          ELSE now() + make_interval(secs => w.pause) END
  FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::int[], $6::float8[])
       AS w (application_id, attempt, claimed_until, reason, tries, pause)
 WHERE p.application_id = w.application_id AND p.attempt = w.attempt
   AND p.claimed_until = w.claimed_until
"""
_GIVE_BACK = """
UPDATE parked p SET claimed_until = NULL, next_try_at = p.place
  FROM unnest($1::uuid[], $2::int[], $3::timestamptz[])
       AS w (application_id, attempt, claimed_until)
 WHERE p.application_id = w.application_id AND p.attempt = w.attempt
   AND p.claimed_until = w.claimed_until
"""
_IS_ANY_PARKED = "SELECT EXISTS (SELECT FROM parked)"
_COUNT_PARKED = """
SELECT reason, count(*), count(*) FILTER (WHERE unanswered_since IS NULL), min(reason_since),
       min(parked_at), min(next_try_at)
  FROM parked GROUP BY reason ORDER BY min(parked_at)
"""
_NUMBER_HELD = "SELECT nextval('held_from_parked') FROM generate_series(1, $1)"


async def park(connection: Connection, waiting: Sequence[Waiting]) -> None:
    """Park attempts, sorted by their key."""
    if waiting:
        rows = [(*one.key, one.reason, one.pause) for one in waiting]
        await connection.execute(_PARK, *columns(rows))


async def claim_parked(
    pool: Pool, count: int, *, seconds: float, suspects: bool = True
) -> list[Claimed]:
    """Claim up to `count` parked attempts that are due, oldest first; the claim is committed.

    When the first is a suspect it is all that is claimed, and else none of them is.
    """
    return [_claimed(row) for row in await pool.fetch(_CLAIM_PARKED, count, seconds, suspects)]


def received_of(row: asyncpg.Record) -> ApplicationReceived:
    """Read an attempt as it was received."""
    return ApplicationReceived(**{name: row[name] for name in EVENT_FIELDS})


def _claimed(row: asyncpg.Record) -> Claimed:
    return Claimed(
        received=received_of(row),
        traceparent=row["traceparent"],
        revision=row["revision"],
        reason=row["reason"],
        reason_age=row["reason_age"],
        tries=row["tries"],
        claimed_until=row["claimed_until"],
        lost_claims=row["lost_claims"],
    )


async def take_parked(connection: Connection, claimed: Sequence[Claimed]) -> frozenset[AttemptKey]:
    """Remove parked rows whose claim still holds; returns those."""
    rows = [(*one.key, one.claimed_until) for one in claimed]
    return await fetch_keys(connection, _TAKE_PARKED, rows)


async def read_revisions(
    connection: Connection, keys: Sequence[AttemptKey]
) -> dict[AttemptKey, int]:
    """Read the revision that each attempt has now."""
    if not keys:
        return {}
    rows = await connection.fetch(_READ_REVISIONS, *columns(keys))
    return {(row["application_id"], row["attempt"]): row["revision"] for row in rows}


async def postpone(connection: Connection, postponed: Sequence[Postponed]) -> None:
    """Give claims up: each attempt waits for its reason, and is due after its pause."""
    if postponed:
        rows = [(*one.key, one.claimed_until, *waits) for one, *waits in postponed]
        await connection.execute(_POSTPONE, *columns(rows))


async def give_back(pool: Pool, claimed: Sequence[Claimed]) -> None:
    """Give claims up without having tried: others may at once."""
    if claimed:
        rows = [(*one.key, one.claimed_until) for one in claimed]
        await pool.execute(_GIVE_BACK, *columns(rows))


async def number_held(connection: Connection, count: int) -> list[int]:
    """Draw numbers for messages that are held from here."""
    return [row["nextval"] for row in await connection.fetch(_NUMBER_HELD, count)]


async def is_any_parked(pool: Pool) -> bool:
    """Say whether anything is parked, claimed or not."""
    return bool(await pool.fetchval(_IS_ANY_PARKED))


async def count_parked(pool: Pool) -> list[ParkedCount]:
    """Count what is parked, by reason, that of the oldest first."""
    return [ParkedCount(*row) for row in await pool.fetch(_COUNT_PARKED)]
