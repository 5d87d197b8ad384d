"""What was taken from councils: paper applications and resubmissions, each once."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from electoral.calendar import london_date
from electoral.postgres import Connection
from pydantic_core import from_json

from ems_gateway.councils.taking import Proof, Taken

ARRIVAL_CLAMP = timedelta(minutes=1)  # an arrival is at most this much before its receipt

# Sorted by the caller: opposite orders of the same keys in two transactions would deadlock.
_INSERT_PAPER = """
INSERT INTO paper_application (application_id, key_hash, body_hash, body_key_id, gss_code, ero,
                               arrived_at, received_at)
SELECT application_id, key_hash, body_hash, body_key_id, gss_code, $6,
       least(greatest($7::timestamptz, now() - $8::interval), now()), now()
  FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[], $5::text[])
       AS new (application_id, key_hash, body_hash, body_key_id, gss_code)
    ON CONFLICT (key_hash) DO NOTHING
RETURNING application_id, arrived_at, received_at
"""
# A statement of its own: the INSERT's snapshot cannot see a winner that committed meanwhile.
_FIND_PAPER = """
SELECT application_id, key_hash, body_hash, body_key_id, received_at
  FROM paper_application WHERE key_hash = ANY($1::bytea[])
"""
# Another ERO's record is left out before anything is locked, as if it did not exist. Whose the
# attempts are is read as it is once the locks are had.
_LOCK_APPLICATION = """
WITH asked AS MATERIALIZED (
    SELECT r.application_id, r.attempt FROM record r JOIN attempt a USING (application_id, attempt)
     WHERE r.record_id = $1 AND a.ero = $2
)
SELECT a.application_id, a.position, a.ero, a.attempt = asked.attempt AS is_asked
  FROM attempt a JOIN asked USING (application_id)
 ORDER BY a.application_id, a.attempt FOR UPDATE OF a
"""
# Attempts that are on their way to verification count too. Sees what was committed while the
# statement before waited for its locks.
_READ_NEWEST = """
SELECT r.event, r.person, r.attempt_received_at, r.traceparent,
       greatest((SELECT max(attempt) FROM attempt WHERE application_id = r.application_id),
                (SELECT max(attempt) FROM resubmission WHERE application_id = r.application_id))
           AS last_attempt
  FROM record r WHERE r.position = $1
"""
# Records of the application that never were this ERO's are like none.
_FIND_RESUBMISSION = """
SELECT s.application_id, s.attempt, s.attempt_received_at AS received_at, s.body_hash,
       s.body_key_id,
       EXISTS (SELECT FROM record r JOIN attempt a USING (application_id, attempt)
                WHERE r.record_id = $2 AND r.application_id = s.application_id
                  AND (s.ero IN (a.ero, r.ero)
                       OR EXISTS (SELECT FROM assignment g
                                   WHERE g.record_id = r.record_id AND g.ero = s.ero)))
           AS is_of_record
  FROM resubmission s WHERE s.key_hash = $1
"""
# The time is read with the attempts locked: a later attempt is never received before an earlier.
_INSERT_RESUBMISSION = """
INSERT INTO resubmission (application_id, attempt, ero, key_hash, body_hash, body_key_id,
                          attempt_received_at)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
    ON CONFLICT (key_hash) DO NOTHING
RETURNING attempt_received_at
"""


class NewPaper(NamedTuple):
    """A paper application that is to be stored."""

    application_id: UUID
    proof: Proof
    gss_code: str


class StoredPaper(NamedTuple):
    """When a paper application came, by the accepting transaction."""

    arrived_at: datetime
    received_at: datetime


class Newest(NamedTuple):
    """What arrived last of an application, and how many attempts there are."""

    application_id: UUID
    ero: str | None  # whose it is
    event: str  # JSON, as verification published it, less the person
    person: str  # sealed
    attempt_received_at: datetime
    traceparent: str
    last_attempt: int  # taken, be it still on its way

    @property
    def stored(self) -> dict[str, str]:
        """The event, read."""
        read: dict[str, str] = from_json(self.event)
        return read

    @property
    def arrived_on(self) -> date:
        """The London day on which the application arrived."""
        return london_date(datetime.fromisoformat(self.stored["arrivedAt"]))


class Resubmitted(NamedTuple):
    """A resubmission that was taken under this id before."""

    taken: Taken
    is_of_record: bool  # whether it was for the application that is asked about now


async def insert_papers(
    connection: Connection, papers: Sequence[NewPaper], ero: str, arrived_at: datetime
) -> dict[UUID, StoredPaper]:
    """Store what is new, received now; returns only what was stored."""
    rows = await connection.fetch(
        _INSERT_PAPER,
        [one.application_id for one in papers],
        [one.proof.key_hash for one in papers],
        [one.proof.body_hash for one in papers],
        [one.proof.body_key_id for one in papers],
        [one.gss_code for one in papers],
        ero,
        arrived_at,
        ARRIVAL_CLAMP,
    )
    return {
        row["application_id"]: StoredPaper(row["arrived_at"], row["received_at"]) for row in rows
    }


async def find_papers(connection: Connection, key_hashes: Collection[bytes]) -> dict[bytes, Taken]:
    """Return what was taken under these keys."""
    rows = await connection.fetch(_FIND_PAPER, list(key_hashes))
    return {
        row["key_hash"]: Taken(
            row["application_id"], 1, row["received_at"], row["body_hash"], row["body_key_id"]
        )
        for row in rows
    }


async def lock_application(connection: Connection, record_id: bytes, ero: str) -> Newest | None:
    """Lock all attempts of the application that an ERO's record is of; None: it has no such one."""
    rows = await connection.fetch(_LOCK_APPLICATION, record_id, ero)
    if not any(row["is_asked"] and row["ero"] == ero for row in rows):
        return None
    row = await connection.fetchrow(_READ_NEWEST, rows[-1]["position"])
    assert row is not None  # every attempt has a record
    return Newest(application_id=rows[0]["application_id"], ero=rows[-1]["ero"], **row)


async def find_resubmission(
    connection: Connection, key_hash: bytes, record_id: bytes
) -> Resubmitted | None:
    """Return what was taken under a key, for whichever application."""
    row = await connection.fetchrow(_FIND_RESUBMISSION, key_hash, record_id)
    if row is None:
        return None
    *taken, is_of_record = row
    return Resubmitted(Taken(*taken), is_of_record)


async def insert_resubmission(
    connection: Connection, application_id: UUID, attempt: int, ero: str, proof: Proof
) -> datetime | None:
    """Store an attempt and return when it was received; None: its id was used meanwhile."""
    received_at: datetime | None = await connection.fetchval(
        _INSERT_RESUBMISSION, application_id, attempt, ero, *proof
    )
    return received_at
