"""Records: what arrived, one row per revision of an attempt, stored once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
from electoral.events import ApplicationVerified
from electoral.ledger import AttemptKey
from electoral.postgres import Connection
from electoral.resealing import SealedColumn

from ems_gateway.delivery import Filed, Standing
from ems_gateway.postgres.attempts import STANDING, read_standing

SEALED_AND_UNFINISHED = (
    SealedColumn(
        "record",
        "person",
        "t.position IN (SELECT position FROM queue UNION ALL SELECT position FROM held_record)",
    ),
)

_COLUMNS = (
    "record_id",
    "application_id",
    "attempt",
    "revision",
    "replaces",
    "gss_code",
    "received_at",
    "attempt_received_at",
    "size",
    "traceparent",
    "event",
    "person",
    "ero",
)
# What may have been stored before; the position of what began its attempt is known.
_INSERT_RECORDS = f"""
INSERT INTO record ({", ".join(_COLUMNS)})
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::int[], $4::int[], $5::bytea[], $6::text[],
                     $7::timestamptz[], $8::timestamptz[], $9::int[], $10::text[], $11::text[],
                     $12::text[], $13::text[])
    ON CONFLICT (record_id) DO NOTHING
RETURNING record_id, position
"""
_FILED = """r.position AS filed_position, r.record_id, r.application_id, r.attempt,
       r.revision AS filed_revision, r.gss_code, r.received_at, r.attempt_received_at, r.size,
       r.traceparent"""
# Another ERO's record is left out before anything is locked, as if it did not exist.
_FIND_OF_EROS = f"""
WITH wanted AS MATERIALIZED (
    SELECT unnest($1::bytea[]) AS record_id, unnest($2::text[]) AS ero
), filed AS MATERIALIZED (
    SELECT {_FILED}, wanted.ero AS asked_by
      FROM record r JOIN wanted USING (record_id)
)
SELECT filed.*, now() AS now, {STANDING.format("a")}
  FROM filed JOIN attempt a ON a.application_id = filed.application_id
                           AND a.attempt = filed.attempt AND a.ero = filed.asked_by
 ORDER BY a.application_id, a.attempt FOR UPDATE OF a
"""
_FIND_ONE = f"""
SELECT {_FILED}, now() AS now, {STANDING.format("a")}
  FROM record r JOIN attempt a USING (application_id, attempt)
 WHERE r.record_id = $1 FOR UPDATE OF a
"""
_FIND_BY_POSITION = f"""
WITH filed AS MATERIALIZED (SELECT {_FILED} FROM record r WHERE r.position = ANY($1::bigint[]))
SELECT filed.*, now() AS now, {STANDING.format("a")}
  FROM filed JOIN attempt a USING (application_id, attempt)
 ORDER BY a.application_id, a.attempt FOR UPDATE OF a
"""
_SEALED_UNDER = """
SELECT position, split_part(person, '.', 1) AS key_id
  FROM record WHERE position = ANY($1::bigint[])
"""


class Arrival(NamedTuple):
    """An outcome that is to be stored as a record."""

    record_id: bytes
    event: ApplicationVerified
    text: str  # the event as JSON, less its person
    size: int  # bytes of the delivered item, at most
    traceparent: str

    @property
    def key(self) -> AttemptKey:
        return self.event.application_id, self.event.attempt

    def filed(self, position: int) -> Filed:
        return Filed(
            position=position,
            record_id=self.record_id,
            application_id=self.event.application_id,
            attempt=self.event.attempt,
            revision=self.event.revision,
            gss_code=self.event.gss_code,
            received_at=self.event.received_at,
            attempt_received_at=self.event.attempt_received_at,
            size=self.size,
            traceparent=self.traceparent,
        )


class Found(NamedTuple):
    """A record that somebody asks about, and where its attempt stands; its row is locked."""

    filed: Filed
    standing: Standing
    now: datetime  # the transaction's


async def insert_records(
    connection: Connection,
    arrivals: Sequence[Arrival],
    positions: Sequence[int | None],
    replaced: Sequence[bytes | None],
    eros: Sequence[str | None],
) -> dict[bytes, int]:
    """Store what is new; returns the positions of those only: a repeat has none.

    What has a position already began its attempt in this transaction: it is new.
    """
    rows = [_row(*one) for one in zip(arrivals, replaced, eros, strict=True)]
    placed = [(p, *row) for p, row in zip(positions, rows, strict=True) if p is not None]
    others = [row for p, row in zip(positions, rows, strict=True) if p is None]
    stored = {
        arrival.record_id: position
        for arrival, position in zip(arrivals, positions, strict=True)
        if position is not None
    }
    if placed:
        columns = ("position", *_COLUMNS)
        await connection.copy_records_to_table("record", columns=columns, records=placed)
    if others:
        inserted = await connection.fetch(_INSERT_RECORDS, *zip(*others, strict=True))
        stored |= {row["record_id"]: row["position"] for row in inserted}
    return stored


def _row(arrival: Arrival, replaced: bytes | None, ero: str | None) -> tuple[object, ...]:
    event = arrival.event
    return (
        arrival.record_id,
        event.application_id,
        event.attempt,
        event.revision,
        replaced,
        event.gss_code,
        event.received_at,
        event.attempt_received_at,
        arrival.size,
        arrival.traceparent,
        arrival.text,
        event.person,
        ero,
    )


async def find_of_eros(
    connection: Connection, record_ids: Sequence[bytes], eros: Sequence[str]
) -> list[Found]:
    """Find and lock the records among these pairs that are really those EROs'."""
    return [_found(row) for row in await connection.fetch(_FIND_OF_EROS, record_ids, eros)]


async def find_one(connection: Connection, record_id: bytes) -> Found | None:
    """Find and lock a record, whoever it belongs to; for operators."""
    row = await connection.fetchrow(_FIND_ONE, record_id)
    return None if row is None else _found(row)


async def find_by_position(connection: Connection, positions: Sequence[int]) -> list[Found]:
    """Find and lock records, whoever they belong to."""
    return [_found(row) for row in await connection.fetch(_FIND_BY_POSITION, positions)]


async def keys_of_persons(connection: Connection, positions: Sequence[int]) -> dict[int, str]:
    """Name the keys that the persons of some records are sealed under."""
    rows = await connection.fetch(_SEALED_UNDER, positions)
    return {row["position"]: row["key_id"] for row in rows}


def _found(row: asyncpg.Record) -> Found:
    filed = Filed(
        position=row["filed_position"],
        record_id=row["record_id"],
        application_id=row["application_id"],
        attempt=row["attempt"],
        revision=row["filed_revision"],
        gss_code=row["gss_code"],
        received_at=row["received_at"],
        attempt_received_at=row["attempt_received_at"],
        size=row["size"],
        traceparent=row["traceparent"],
    )
    return Found(filed, read_standing(row), row["now"])
