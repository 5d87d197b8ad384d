"""Deciding again: newest outcomes step by step, and the attempts that get another one."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
from electoral.events import ApplicationReceived, Levels, MatchResult, NinoAbsence
from electoral.postgres import Connection, Pool

from verification.postgres.attempts import EVENT_COLUMNS, EVENT_FIELDS
from verification.postgres.rows import AttemptKey, columns

BEGINNING, END = UUID(int=0), UUID(int=2**128 - 1)
LEVELS = tuple(Levels.model_fields)  # columns have the names of the fields


class Span(NamedTuple):
    """From when until when something was decided; the end is outside."""

    begin: datetime
    end: datetime


class StoredOutcome(NamedTuple):
    """The newest outcome of an attempt, a final one."""

    key: AttemptKey
    revision: int
    gss_code: str
    result: MatchResult
    decided_by: str
    levels: tuple[str, ...]  # in the order of `LEVELS`
    nino_absence: NinoAbsence | None
    found: str | None  # JSON: what was found among other applications
    person_key: str  # id of the key that the person is sealed under


class Locked(NamedTuple):
    """An attempt whose newest outcome nobody else changes now."""

    received: ApplicationReceived  # less its NINO
    traceparent: str | None


# Steps end at whole applications, wherever the newest of their outcomes stand.
_STEP_END = """
SELECT application_id FROM outcome WHERE application_id > $1
 ORDER BY application_id OFFSET $2 LIMIT 1
"""
_READ_STEP = f"""
SELECT application_id, attempt, revision, a.gss_code, o.result, o.decided_by, o.nino_absence,
       o.found, {", ".join(f"o.{name}" for name in LEVELS)},
       split_part(a.sealed_person, '.', 1) AS person_key
  FROM outcome o JOIN attempt a USING (application_id, attempt, revision)
 WHERE o.application_id > $1 AND o.application_id <= $2
   AND o.status = 'final' AND o.decided_at >= $3 AND o.decided_at < $4
 ORDER BY application_id, attempt
"""
# Locked in one order, so that two that decide again never wait for each other in a circle. What has
# another revision by then is left out.
_LOCK = f"""
SELECT application_id, attempt, {EVENT_COLUMNS}, sealed_person AS person, traceparent
  FROM attempt a JOIN unnest($1::uuid[], $2::int[], $3::int[])
       AS d (application_id, attempt, revision) USING (application_id, attempt, revision)
 ORDER BY application_id, attempt FOR UPDATE OF a
"""
# While no relay runs nobody waits for it.
_RELAY_IS_BEHIND = """
SELECT EXISTS (SELECT FROM lease WHERE name = 'relay' AND until > now())
   AND (SELECT count(*) >= $1 FROM (SELECT FROM outbox LIMIT $1) AS oldest)
"""


async def steps(pool: Pool, span: Span, count: int) -> AsyncIterator[list[StoredOutcome]]:
    """Read all outcomes, some `count` at a time; yields those that are the newest of their attempt,
    final, and decided within the span.
    """
    after = BEGINNING
    while after < END:
        until = await pool.fetchval(_STEP_END, after, count - 1) or END
        rows = await pool.fetch(_READ_STEP, after, until, *span)
        yield [_decided(row) for row in rows]
        after = until


def _decided(row: asyncpg.Record) -> StoredOutcome:
    return StoredOutcome(
        key=(row["application_id"], row["attempt"]),
        revision=row["revision"],
        gss_code=row["gss_code"],
        result=row["result"],
        decided_by=row["decided_by"],
        levels=tuple(row[name] for name in LEVELS),
        nino_absence=row["nino_absence"],
        found=row["found"],
        person_key=row["person_key"],
    )


async def lock_attempts(
    connection: Connection, decided: Sequence[StoredOutcome]
) -> dict[AttemptKey, Locked]:
    """Lock the attempts whose newest outcome still is this one; returns those."""
    rows = [(*one.key, one.revision) for one in decided]
    found = await connection.fetch(_LOCK, *columns(rows))
    return {
        (row["application_id"], row["attempt"]): Locked(_received(row), row["traceparent"])
        for row in found
    }


def _received(row: asyncpg.Record) -> ApplicationReceived:
    return ApplicationReceived(**{name: row[name] for name in EVENT_FIELDS if name != "nino"})


async def relay_is_behind(pool: Pool, rows: int) -> bool:
    """Say whether a relay is running and has at least so many events to publish."""
    return bool(await pool.fetchval(_RELAY_IS_BEHIND, rows))
