"""Every SQL statement of this service; rows go in and out by the hundred."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
from electoral.events import ApplicationReceived, ApplicationVerified
from electoral.postgres import Connection, Pool
from electoral.resealing import SealedColumn

from verification.errors import ParkReason

AttemptKey = tuple[UUID, int]  # application id, attempt

_PARKED = "(t.application_id, t.attempt) IN (SELECT application_id, attempt FROM parked)"
SEALED_AND_UNFINISHED = (
    SealedColumn("attempt", "sealed_person", _PARKED),
    SealedColumn("attempt", "sealed_nino", _PARKED),
)


class NewAttempt(NamedTuple):
    """An attempt as it is stored first; revision 0 means that it waits."""

    received: ApplicationReceived
    traceparent: str | None
    revision: int


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
    tries: int  # this one included
    claimed_until: datetime
    lost_claims: int  # claims before this one, in a row, that ended with nothing done

    @property
    def key(self) -> AttemptKey:
        return self.received.application_id, self.received.attempt


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """Whether DWP is asked, and how many calls failed in a row."""

    is_open: bool
    failures: int


class ParkedCount(NamedTuple):
    """How many wait for a reason, and since when the oldest does."""

    reason: str
    waiting: int
    oldest: datetime


# -- attempts and outcomes ------------------------------------------------------------------------

_EVENT_COLUMNS = """reference, type, source, language, gss_code, previous_gss_code,
       address_basis, client_id, arrived_at, received_at, attempt_received_at, nino_absence"""

_EVENT_FIELDS = (
    *("application_id", "attempt", "person", "nino"),
    *(name.strip() for name in _EVENT_COLUMNS.split(",")),
)

# What was there before is left as it is, and not returned.
_INSERT_ATTEMPTS = f"""
INSERT INTO attempt (application_id, attempt, state, revision, {_EVENT_COLUMNS},
                     sealed_person, sealed_nino, traceparent)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::text[], $6::text[],
                     $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                     $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::text[],
                     $17::text[], $18::text[], $19::text[])
    ON CONFLICT (application_id, attempt) DO NOTHING
RETURNING application_id, attempt
"""

_INSERT_OUTCOMES = """
INSERT INTO outcome (application_id, attempt, revision, status, result, first_name, middle_name,
                     last_name, date_of_birth, nino, date_of_death, rule_version, decided_by,
                     decided_at)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                     $13::text[], $14::timestamptz[])
"""

# Only what still waits under the revision that its decision followed.
_MARK_DECIDED = """
UPDATE attempt a SET state = 'decided', revision = d.revision
  FROM unnest($1::uuid[], $2::int[], $3::int[]) AS d (application_id, attempt, revision)
 WHERE a.application_id = d.application_id AND a.attempt = d.attempt
   AND a.revision = d.revision - 1
RETURNING a.application_id, a.attempt
"""

# What is held counts there; an attempt with an outcome stays where it is.
_DELETE_ATTEMPTS = """
DELETE FROM attempt a USING unnest($1::uuid[], $2::int[]) AS d (application_id, attempt)
 WHERE a.application_id = d.application_id AND a.attempt = d.attempt AND a.revision = 0
RETURNING a.application_id, a.attempt
"""

_WHICH_ARE_KNOWN = """
SELECT application_id, attempt
  FROM attempt JOIN unnest($1::uuid[], $2::int[]) AS d (application_id, attempt)
       USING (application_id, attempt)
"""


async def insert_attempts(
    connection: Connection, attempts: Sequence[NewAttempt]
) -> frozenset[AttemptKey]:
    """Store attempts, sorted by their key; returns those that were not known."""
    rows = [_attempt_row(attempt) for attempt in attempts]
    return _keys(await connection.fetch(_INSERT_ATTEMPTS, *_columns(rows)))


def _attempt_row(attempt: NewAttempt) -> tuple[object, ...]:
    e = attempt.received
    state = "decided" if attempt.revision else "waiting"
    return (
        *(e.application_id, e.attempt, state, attempt.revision, e.reference, e.type, e.source),
        *(e.language, e.gss_code, e.previous_gss_code, e.address_basis, e.client_id),
        *(e.arrived_at, e.received_at, e.attempt_received_at, e.nino_absence),
        *(e.person, e.nino, attempt.traceparent),
    )


async def insert_outcomes(connection: Connection, events: Sequence[ApplicationVerified]) -> None:
    """Store outcomes, sorted by their attempt."""
    await connection.execute(_INSERT_OUTCOMES, *_columns([_outcome_row(e) for e in events]))


def _outcome_row(e: ApplicationVerified) -> tuple[object, ...]:
    found, levels = e.outcome, e.outcome.levels
    by_field = (
        (None,) * 6
        if levels is None
        else (
            *(levels.first_name, levels.middle_name, levels.last_name),
            *(levels.date_of_birth, levels.nino, levels.date_of_death),
        )
    )
    return (
        *(e.application_id, e.attempt, e.revision, found.status, found.result),
        *by_field,
        *(found.rule_version, found.decided_by, found.decided_at),
    )


async def mark_decided(
    connection: Connection, revisions: Mapping[AttemptKey, int]
) -> frozenset[AttemptKey]:
    """Give attempts their new revision; returns those that had the one before it."""
    rows = [(*key, revision) for key, revision in revisions.items()]
    return _keys(await connection.fetch(_MARK_DECIDED, *_columns(rows))) if rows else frozenset()


async def delete_attempts(
    connection: Connection, keys: Sequence[AttemptKey]
) -> frozenset[AttemptKey]:
    """Remove attempts without an outcome; returns those that were there."""
    return _keys(await connection.fetch(_DELETE_ATTEMPTS, *_columns(keys))) if keys else frozenset()


async def which_are_known(
    connection: Connection, keys: Sequence[AttemptKey]
) -> frozenset[AttemptKey]:
    """Return those of the attempts that are waiting or decided here."""
    return _keys(await connection.fetch(_WHICH_ARE_KNOWN, *_columns(keys))) if keys else frozenset()


# -- what is parked -------------------------------------------------------------------------------

_PARK = """
INSERT INTO parked (application_id, attempt, reason, next_try_at)
SELECT application_id, attempt, reason, now() + make_interval(secs => pause)
  FROM unnest($1::uuid[], $2::int[], $3::text[], $4::float8[])
       AS w (application_id, attempt, reason, pause)
"""

# The claim is committed before any work. Whoever dies with it loses it at its end.
_CLAIM_PARKED = f"""
WITH due AS (
    SELECT application_id, attempt FROM parked WHERE next_try_at <= now()
     ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE parked p
       SET claimed_until = now() + make_interval(secs => $2),
           next_try_at = now() + make_interval(secs => $2),
           tries = tries + 1,
           lost_claims = lost_claims + (p.claimed_until IS NOT NULL)::int
      FROM due WHERE p.application_id = due.application_id AND p.attempt = due.attempt
 RETURNING p.*
)
SELECT application_id, attempt, revision, {_EVENT_COLUMNS}, sealed_person AS person,
       sealed_nino AS nino, traceparent, reason, tries, claimed_until, lost_claims,
       extract(epoch FROM now() - reason_since)::float8 AS reason_age
  FROM claimed JOIN attempt USING (application_id, attempt) ORDER BY application_id, attempt
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
   SET reason = w.reason, claimed_until = NULL, lost_claims = 0,
       reason_since = CASE WHEN p.reason = w.reason THEN p.reason_since ELSE now() END,
       next_try_at = now() + make_interval(secs => w.pause)
  FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::float8[])
       AS w (application_id, attempt, claimed_until, reason, pause)
 WHERE p.application_id = w.application_id AND p.attempt = w.attempt
   AND p.claimed_until = w.claimed_until
"""
_GIVE_BACK = """
UPDATE parked p SET claimed_until = NULL, next_try_at = now()
  FROM unnest($1::uuid[], $2::int[], $3::timestamptz[])
       AS w (application_id, attempt, claimed_until)
 WHERE p.application_id = w.application_id AND p.attempt = w.attempt
   AND p.claimed_until = w.claimed_until
"""
_COUNT_PARKED = "SELECT reason, count(*), min(parked_at) AS oldest FROM parked GROUP BY reason"
_NUMBER_HELD = "SELECT nextval('held_from_parked') FROM generate_series(1, $1)"


async def park(connection: Connection, waiting: Sequence[Waiting]) -> None:
    """Park attempts, sorted by their key."""
    if waiting:
        rows = [(*one.key, one.reason, one.pause) for one in waiting]
        await connection.execute(_PARK, *_columns(rows))


async def claim_parked(pool: Pool, count: int, *, seconds: float) -> list[Claimed]:
    """Claim up to `count` parked attempts that are due, oldest first; the claim is committed."""
    return [_claimed(row) for row in await pool.fetch(_CLAIM_PARKED, count, seconds)]


def _claimed(row: asyncpg.Record) -> Claimed:
    return Claimed(
        received=ApplicationReceived(**{name: row[name] for name in _EVENT_FIELDS}),
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
    return _keys(await connection.fetch(_TAKE_PARKED, *_columns(rows))) if rows else frozenset()


async def postpone(
    connection: Connection, claimed: Sequence[tuple[Claimed, ParkReason, float]]
) -> None:
    """Give claims up: each attempt waits for its reason, and is due after its pause (seconds)."""
    if claimed:
        rows = [(*one.key, one.claimed_until, reason, pause) for one, reason, pause in claimed]
        await connection.execute(_POSTPONE, *_columns(rows))


async def give_back(pool: Pool, claimed: Sequence[Claimed]) -> None:
    """Give claims up without having tried: others may at once."""
    if claimed:
        rows = [(*one.key, one.claimed_until) for one in claimed]
        await pool.execute(_GIVE_BACK, *_columns(rows))


async def number_held(connection: Connection, count: int) -> list[int]:
    """Draw numbers for messages that are held from here."""
    return [row["nextval"] for row in await connection.fetch(_NUMBER_HELD, count)]


async def count_parked(pool: Pool) -> list[ParkedCount]:
    """Count what is parked, by reason."""
    return [ParkedCount(*row) for row in await pool.fetch(_COUNT_PARKED)]


# -- the circuit breaker --------------------------------------------------------------------------

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


# -- rows and columns -----------------------------------------------------------------------------


def _columns(rows: Iterable[Sequence[object]]) -> list[list[object]]:
    """Turn rows into the arrays that `unnest` takes."""
    return [list(column) for column in zip(*rows, strict=True)]


def _keys(rows: Iterable[asyncpg.Record]) -> frozenset[AttemptKey]:
    return frozenset((row["application_id"], row["attempt"]) for row in rows)
