"""Determinations: which record one names, whose that is, and what was decided before."""

from uuid import UUID

from electoral.postgres import Connection

from ems_gateway.determinations.rules import Attempt, Determination, Determined, Named

# An ERO's own record, or the very one by which it determined before that went to another: other
# records of the application may never have been its own, and are like none.
_FIND_NAMED = """
SELECT r.record_id, r.application_id, r.attempt, r.gss_code, r.received_at, r.attempt_received_at,
       r.traceparent, now() AS now
  FROM record r JOIN attempt a USING (application_id, attempt)
 WHERE r.record_id = $1
   AND (a.ero = $2 OR EXISTS (SELECT FROM determination d
                               WHERE d.application_id = r.application_id AND d.ero = $2
                                 AND d.record_id = r.record_id))
"""
_LOCK_ATTEMPTS_OF = """
SELECT attempt AS number, ero, assigned_gss_code, revision FROM attempt
 WHERE application_id = $1 ORDER BY attempt FOR UPDATE
"""
_FIND_DETERMINED = """
SELECT ero, outcome, reasons, identity_verified_by, determined_at
  FROM determination WHERE application_id = $1
"""
_INSERT = """
INSERT INTO determination (application_id, record_id, ero, outcome, reasons, identity_verified_by,
                           determined_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


async def find_named(connection: Connection, record_id: bytes, ero: str) -> Named | None:
    """Find the record that an ERO names; nothing is locked yet, so another's costs no more."""
    row = await connection.fetchrow(_FIND_NAMED, record_id, ero)
    return None if row is None else Named(**row)


async def lock_attempts_of(connection: Connection, application_id: UUID) -> tuple[Attempt, ...]:
    """Lock all attempts of an application; returns those with a record, oldest first."""
    rows = await connection.fetch(_LOCK_ATTEMPTS_OF, application_id)
    return tuple(
        Attempt(row["number"], row["ero"], row["assigned_gss_code"])
        for row in rows
        if row["revision"]
    )


async def find_determined(connection: Connection, application_id: UUID) -> Determined | None:
    """Find what was decided of an application."""
    row = await connection.fetchrow(_FIND_DETERMINED, application_id)
    if row is None:
        return None
    determination = Determination(
        outcome=row["outcome"],
        reasons=tuple(row["reasons"]),
        identity_verified_by=row["identity_verified_by"],
        determined_at=row["determined_at"],
    )
    return Determined(row["ero"], determination)


async def insert_determination(
    connection: Connection, named: Named, ero: str, determination: Determination
) -> None:
    """Store what was decided; the attempts are locked already."""
    await connection.execute(
        _INSERT,
        named.application_id,
        named.record_id,
        ero,
        determination.outcome,
        list(determination.reasons),
        determination.identity_verified_by,
        determination.determined_at,
    )
