"""Attempts that go on as pending, and those that wait again for their final outcome."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
from electoral.events import ApplicationReceived
from electoral.postgres import Connection, Pool

from verification.postgres.attempts import EVENT_COLUMNS
from verification.postgres.parked import received_of
from verification.postgres.rows import AttemptKey, columns


class Undecided(NamedTuple):
    """An attempt that waits."""

    received: ApplicationReceived
    traceparent: str | None

    @property
    def key(self) -> AttemptKey:
        return self.received.application_id, self.received.attempt


# What was held after it had gone on as pending, and is released. In one statement: whoever decides
# an attempt removes it here and writes its final outcome in one transaction.
_PARK_AGAIN = """
INSERT INTO parked (application_id, attempt, reason, next_try_at)
SELECT application_id, attempt, 'released', now()
  FROM unnest($1::uuid[], $2::int[]) AS k (application_id, attempt)
  JOIN attempt USING (application_id, attempt)
  JOIN outcome USING (application_id, attempt, revision)
 WHERE status = 'pending' AND (application_id, attempt) NOT IN (
       SELECT application_id, attempt FROM parked WHERE application_id = ANY($1))
    ON CONFLICT DO NOTHING
"""

_UNDECIDED = f"""
SELECT application_id, attempt, {EVENT_COLUMNS}, sealed_person AS person, sealed_nino AS nino,
       traceparent
  FROM parked JOIN attempt USING (application_id, attempt)
"""
# What another task has in hand is left to it.
_OLDEST = "ORDER BY unanswered_since LIMIT $1 FOR UPDATE OF parked SKIP LOCKED"
_FIND_LATE = f"""
{_UNDECIDED} WHERE unanswered_since <= now() - make_interval(secs => $2) {_OLDEST}
"""
_FIND_ARRIVED = f"""
{_UNDECIDED} JOIN unnest($2::text[], $3::timestamptz[]) AS d (gss_code, deadline) USING (gss_code)
 WHERE unanswered_since IS NOT NULL AND arrived_at < deadline {_OLDEST}
"""
_FIND_AUTHORITIES = """
SELECT DISTINCT gss_code FROM parked JOIN attempt USING (application_id, attempt)
 WHERE unanswered_since IS NOT NULL
"""
_NOTE_PENDING = """
UPDATE parked p SET unanswered_since = NULL
  FROM unnest($1::uuid[], $2::int[]) AS k (application_id, attempt)
 WHERE p.application_id = k.application_id AND p.attempt = k.attempt
"""


async def park_again(connection: Connection, keys: Sequence[AttemptKey]) -> None:
    """Park those of the attempts that wait for their final outcome and are not parked."""
    if keys:
        await connection.execute(_PARK_AGAIN, *columns(keys))


async def find_late(connection: Connection, count: int, *, seconds: float) -> list[Undecided]:
    """Find up to `count` attempts that wait for so long without any outcome, and lock them."""
    return _undecided(await connection.fetch(_FIND_LATE, count, seconds))


async def find_arrived(
    connection: Connection, count: int, before: Mapping[str, datetime]
) -> list[Undecided]:
    """Find up to `count` attempts without any outcome that arrived before their authority's
    deadline, by GSS code, and lock them.
    """
    rows = await connection.fetch(_FIND_ARRIVED, count, list(before), list(before.values()))
    return _undecided(rows)


async def find_authorities(pool: Pool) -> list[str]:
    """Find the GSS codes of all attempts that wait without any outcome."""
    return [row["gss_code"] for row in await pool.fetch(_FIND_AUTHORITIES)]


def _undecided(rows: Sequence[asyncpg.Record]) -> list[Undecided]:
    return sorted(
        (Undecided(received_of(row), row["traceparent"]) for row in rows), key=lambda one: one.key
    )


async def note_pending(connection: Connection, keys: Sequence[AttemptKey]) -> None:
    """Note that parked attempts went on as pending."""
    if keys:
        await connection.execute(_NOTE_PENDING, *columns(keys))
