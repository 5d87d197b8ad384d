"""Attempts and what was found for each, once for each revision."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from electoral.events import ApplicationReceived, ApplicationVerified, NinoAbsence, Outcome
from electoral.postgres import Connection, Pool

from verification.postgres.rows import AttemptKey, columns, fetch_keys

# What an outcome says of other applications: every later revision repeats it.
FOUND = {"nino_reuse", "nino_reuse_total", "possible_duplicates"}


class Earlier(NamedTuple):
    """What a resubmission leaves as it was."""

    attempt: int
    person: str  # sealed
    nino: str | None  # sealed
    nino_absence: NinoAbsence | None


class NewAttempt(NamedTuple):
    """An attempt as it is stored first; revision 0 means that it waits."""

    received: ApplicationReceived
    traceparent: str | None
    revision: int


EVENT_COLUMNS = """reference, type, source, language, gss_code, previous_gss_code,
       address_basis, client_id, arrived_at, received_at, attempt_received_at, nino_absence"""

EVENT_FIELDS = (
    *("application_id", "attempt", "person", "nino"),
    *(name.strip() for name in EVENT_COLUMNS.split(",")),
)

# What was there before is left as it is, and not returned. Arrays that are unnested side by side in
# a SELECT are read row by row; as functions in FROM each would be copied as a whole first.
_INSERT_ATTEMPTS = f"""
INSERT INTO attempt (application_id, attempt, state, revision, {EVENT_COLUMNS},
                     sealed_person, sealed_nino, traceparent)
SELECT unnest($1::uuid[]), unnest($2::int[]), unnest($3::text[]), unnest($4::int[]),
       unnest($5::text[]), unnest($6::text[]), unnest($7::text[]), unnest($8::text[]),
       unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), unnest($12::text[]),
       unnest($13::timestamptz[]), unnest($14::timestamptz[]), unnest($15::timestamptz[]),
       unnest($16::text[]), unnest($17::text[]), unnest($18::text[]), unnest($19::text[])
    ON CONFLICT (application_id, attempt) DO NOTHING
RETURNING application_id, attempt
"""

_OUTCOME_COLUMNS = (
    *("application_id", "attempt", "revision", "status", "result"),
    *("first_name", "middle_name", "last_name", "date_of_birth", "nino", "date_of_death"),
    *("rule_version", "decided_by", "decided_at"),
    *("nino_absence", "found"),
)

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


# Of those attempts the newest one that came before.
_FIND_EARLIER = """
SELECT d.application_id, d.attempt AS before, e.attempt, e.sealed_person, e.sealed_nino,
       e.nino_absence
  FROM unnest($1::uuid[], $2::int[]) AS d (application_id, attempt)
 CROSS JOIN LATERAL (
       SELECT * FROM attempt a
        WHERE a.application_id = d.application_id AND a.attempt < d.attempt
        ORDER BY a.attempt DESC LIMIT 1) AS e
"""


async def insert_attempts(
    connection: Connection, attempts: Sequence[NewAttempt]
) -> frozenset[AttemptKey]:
    """Store attempts, sorted by their key; returns those that were not known."""
    rows = [_attempt_row(attempt) for attempt in attempts]
    return await fetch_keys(connection, _INSERT_ATTEMPTS, rows)


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
    rows = [_outcome_row(event) for event in events]
    await connection.copy_records_to_table("outcome", columns=_OUTCOME_COLUMNS, records=rows)


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
        *(e.nino_absence, _found(found)),
    )


def _found(outcome: Outcome) -> str | None:
    """Write what was found among other applications, if anything was."""
    found = outcome.model_dump_json(include=FOUND, by_alias=True, exclude_defaults=True)
    return None if found == "{}" else found


async def mark_decided(
    connection: Connection, revisions: Mapping[AttemptKey, int]
) -> frozenset[AttemptKey]:
    """Give attempts their new revision; returns those that had the one before it."""
    rows = [(*key, revision) for key, revision in revisions.items()]
    return await fetch_keys(connection, _MARK_DECIDED, rows)


async def delete_attempts(
    connection: Connection, keys: Sequence[AttemptKey]
) -> frozenset[AttemptKey]:
    """Remove attempts without an outcome; returns those that were there."""
    return await fetch_keys(connection, _DELETE_ATTEMPTS, keys)


async def find_earlier(pool: Pool, keys: Sequence[AttemptKey]) -> dict[AttemptKey, Earlier]:
    """Find for each attempt the newest one of its application before it, where there is one."""
    rows = await pool.fetch(_FIND_EARLIER, *columns(keys)) if keys else ()
    return {
        (row["application_id"], row["before"]): Earlier(
            row["attempt"], row["sealed_person"], row["sealed_nino"], row["nino_absence"]
        )
        for row in rows
    }


async def which_are_known(
    connection: Connection, keys: Sequence[AttemptKey]
) -> frozenset[AttemptKey]:
    """Return those of the attempts that are waiting or decided here."""
    return await fetch_keys(connection, _WHICH_ARE_KNOWN, keys)
