"""Attempts: where each stands, its place in the queue or among what is held, and their changes."""

from collections.abc import Collection, Mapping, Sequence

import asyncpg
from electoral.ledger import AttemptKey
from electoral.postgres import Connection

from ems_gateway.delivery import Changes, Standing, Waiting

STANDING = "{0}.revision, {0}.position, {0}.state, {0}.ero, {0}.assigned_gss_code, {0}.offer"

# What is there already, or is committed by a faster worker while this waits for it, is left alone
# and not returned: it is locked by the next statement. Arrays that are unnested side by side in a
# SELECT are read row by row; as functions in FROM each would be copied as a whole first.
_BEGIN_ATTEMPTS = """
INSERT INTO attempt (application_id, attempt, revision, position, state, ero)
SELECT application_id, attempt, revision, nextval('record_position'), state, ero
  FROM (SELECT unnest($1::uuid[]) AS application_id, unnest($2::int[]) AS attempt,
               unnest($3::int[]) AS revision, unnest($4::text[]) AS state,
               unnest($5::text[]) AS ero) AS new
 ORDER BY application_id, attempt
    ON CONFLICT (application_id, attempt) DO NOTHING
RETURNING application_id, attempt, position
"""
# Makes the missing rows and locks all, the other attempts of these applications too, in one order:
# a second writer waits for the first.
_LOCK_ATTEMPTS = f"""
WITH wanted AS MATERIALIZED (
    SELECT application_id, attempt FROM unnest($1::uuid[], $2::int[]) AS w (application_id, attempt)
)
INSERT INTO attempt AS a (application_id, attempt, revision, position, state)
SELECT application_id, attempt, 0, 0, 'new'
  FROM (SELECT application_id, attempt FROM wanted
         UNION
        SELECT there.application_id, there.attempt
          FROM attempt there JOIN wanted USING (application_id)) AS concerned
 ORDER BY application_id, attempt
    ON CONFLICT (application_id, attempt) DO UPDATE SET offer = a.offer
RETURNING a.application_id, a.attempt, {STANDING.format("a")}
"""
_WHICH_ARE_KNOWN = """
SELECT application_id, attempt FROM attempt JOIN unnest($1::uuid[], $2::int[])
    AS wanted (application_id, attempt) USING (application_id, attempt)
"""
_UPDATE_ATTEMPTS = """
UPDATE attempt a SET revision = new.revision, position = new.position, state = new.state,
       ero = new.ero, assigned_gss_code = new.assigned_gss_code, offer = new.offer
  FROM (SELECT unnest($1::uuid[]) AS application_id, unnest($2::int[]) AS attempt,
               unnest($3::int[]) AS revision, unnest($4::bigint[]) AS position,
               unnest($5::text[]) AS state, unnest($6::text[]) AS ero,
               unnest($7::text[]) AS assigned_gss_code, unnest($8::int[]) AS offer) AS new
 WHERE a.application_id = new.application_id AND a.attempt = new.attempt
"""
_DELETE_QUEUED = "DELETE FROM queue WHERE position = ANY($1::bigint[])"
_DELETE_HELD = "DELETE FROM held_record WHERE position = ANY($1::bigint[])"
_QUEUE_COLUMNS = Waiting._fields[:-1]  # what waits has no reason


async def begin_attempts(
    connection: Connection, beginnings: Mapping[AttemptKey, Standing]
) -> dict[AttemptKey, int]:
    """Store attempts, in order of their keys, as they stand; returns the positions of new ones.

    A position is drawn here: the record that it is for is stored under it next.
    """
    if not beginnings:
        return {}
    standings = beginnings.values()
    rows = await connection.fetch(
        _BEGIN_ATTEMPTS,
        [application_id for application_id, _ in beginnings],
        [attempt for _, attempt in beginnings],
        [standing.revision for standing in standings],
        [standing.state for standing in standings],
        [standing.ero for standing in standings],
    )
    return {(row["application_id"], row["attempt"]): row["position"] for row in rows}


async def lock_attempts(
    connection: Connection, keys: Collection[AttemptKey]
) -> dict[AttemptKey, Standing]:
    """Lock attempts, known ones and new ones, with all others of their applications.

    Says where they stand: a later attempt goes where an earlier one was sent, and names it.
    """
    ordered = sorted(keys)
    rows = await connection.fetch(
        _LOCK_ATTEMPTS, [key[0] for key in ordered], [key[1] for key in ordered]
    )
    return {(row["application_id"], row["attempt"]): read_standing(row) for row in rows}


def read_standing(row: asyncpg.Record) -> Standing:
    """Read the columns of `STANDING`."""
    return Standing(
        revision=row["revision"],
        position=row["position"],
        state=row["state"],
        ero=row["ero"],
        assigned_gss_code=row["assigned_gss_code"],
        offer=row["offer"],
    )


async def which_are_known(
    connection: Connection, keys: Sequence[AttemptKey]
) -> frozenset[AttemptKey]:
    """Return those of the attempts that any record arrived for."""
    if not keys:
        return frozenset()
    rows = await connection.fetch(
        _WHICH_ARE_KNOWN, [key[0] for key in keys], [key[1] for key in keys]
    )
    return frozenset((row["application_id"], row["attempt"]) for row in rows)


async def write_changes(connection: Connection, changes: Changes) -> None:
    """Write what was decided; the attempts are locked already."""
    if changes.off_queue:
        await connection.execute(_DELETE_QUEUED, sorted(changes.off_queue))
    if changes.no_longer_held:
        await connection.execute(_DELETE_HELD, sorted(changes.no_longer_held))
    if changes.queued:
        queued = [row[:-1] for row in changes.queued.values()]
        await connection.copy_records_to_table("queue", columns=_QUEUE_COLUMNS, records=queued)
    if changes.held:
        await connection.copy_records_to_table(
            "held_record", columns=Waiting._fields, records=changes.held.values()
        )
    if changes.standings:
        await _update_attempts(connection, changes)
    await changes.ledger.write(connection)


async def _update_attempts(connection: Connection, changes: Changes) -> None:
    standings = changes.standings.values()
    await connection.execute(
        _UPDATE_ATTEMPTS,
        [application_id for application_id, _ in changes.standings],
        [attempt for _, attempt in changes.standings],
        [standing.revision for standing in standings],
        [standing.position for standing in standings],
        [standing.state for standing in standings],
        [standing.ero for standing in standings],
        [standing.assigned_gss_code for standing in standings],
        [standing.offer for standing in standings],
    )
