"""Every SQL statement of the gateway.

Whoever changes anything about an attempt locks its row of `attempt` first, in order of the key;
so two transactions never wait for each other in a circle. Leases skip what is locked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
from electoral import held
from electoral.calendar import bin_start
from electoral.events import ApplicationVerified
from electoral.ledger import LedgerRow, merge_rows, read_counted, sum_attempts
from electoral.postgres import Connection, Pool

from ems_gateway.delivery import (
    AnswerStatus,
    AttemptKey,
    Changes,
    Filed,
    HoldReason,
    Standing,
    Waiting,
)
from ems_gateway.items import Content

QUEUED_COUNT_MAX = 10_000  # counting stops here
UNASSIGNED_ROWS_MAX = 1_000

_STANDING = "{0}.revision, {0}.position, {0}.state, {0}.ero, {0}.assigned_gss_code, {0}.offer"
_FILED = """r.position, r.record_id, r.application_id, r.attempt, r.revision, r.gss_code,
       r.received_at, r.attempt_received_at, r.size, r.traceparent"""


# -- what arrives ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrival:
    """An outcome that is to be stored as a record."""

    record_id: bytes
    event: ApplicationVerified
    outcome: str  # JSON
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


# Makes the missing rows and locks all, in one order: a second writer waits for the first.
_LOCK_ATTEMPTS = f"""
INSERT INTO attempt AS a (application_id, attempt, revision, position, state)
SELECT application_id, attempt, 0, 0, 'new'
  FROM unnest($1::uuid[], $2::int[]) AS wanted (application_id, attempt)
 ORDER BY application_id, attempt
    ON CONFLICT (application_id, attempt) DO UPDATE SET offer = a.offer
RETURNING a.application_id, a.attempt, {_STANDING.format("a")}
"""
_EARLIER_ATTEMPTS = f"""
SELECT application_id, attempt, {_STANDING.format("a")} FROM attempt a
 WHERE application_id = ANY($1::uuid[])
"""
_INSERT_RECORDS = """
INSERT INTO record (record_id, application_id, attempt, revision, replaces, gss_code,
                    previous_gss_code, address_basis, received_at, arrived_at, attempt_received_at,
                    type, source, language, reference, client_id, nino_absence, outcome, person,
                    size, traceparent)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::int[], $4::int[], $5::bytea[], $6::text[],
                     $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[],
                     $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::text[],
                     $16::text[], $17::text[], $18::text[], $19::text[], $20::int[], $21::text[])
    ON CONFLICT (record_id) DO NOTHING
RETURNING record_id, position
"""


async def lock_attempts(
    connection: Connection, keys: Collection[AttemptKey]
) -> dict[AttemptKey, Standing]:
    """Lock attempts, known ones and new ones, and say where they stand."""
    ordered = sorted(keys)
    rows = await connection.fetch(
        _LOCK_ATTEMPTS, [key[0] for key in ordered], [key[1] for key in ordered]
    )
    return _standings(rows)


async def attempts_of(
    connection: Connection, application_ids: Collection[UUID]
) -> dict[AttemptKey, Standing]:
    """Say where all attempts of some applications stand."""
    if not application_ids:
        return {}
    return _standings(await connection.fetch(_EARLIER_ATTEMPTS, list(application_ids)))


def _standings(rows: Sequence[asyncpg.Record]) -> dict[AttemptKey, Standing]:
    return {(row["application_id"], row["attempt"]): _standing(row) for row in rows}


def _standing(row: asyncpg.Record, prefix: str = "") -> Standing:
    return Standing(
        revision=row[f"{prefix}revision"],
        position=row[f"{prefix}position"],
        state=row["state"],
        ero=row["ero"],
        assigned_gss_code=row["assigned_gss_code"],
        offer=row["offer"],
    )


async def insert_records(
    connection: Connection, arrivals: Sequence[Arrival], replaced: Sequence[bytes | None]
) -> dict[bytes, int]:
    """Store what is new; returns the positions of those only: a repeat has none."""
    events = [arrival.event for arrival in arrivals]
    rows = await connection.fetch(
        _INSERT_RECORDS,
        [arrival.record_id for arrival in arrivals],
        [event.application_id for event in events],
        [event.attempt for event in events],
        [event.revision for event in events],
        replaced,
        [event.gss_code for event in events],
        [event.previous_gss_code for event in events],
        [event.address_basis for event in events],
        [event.received_at for event in events],
        [event.arrived_at for event in events],
        [event.attempt_received_at for event in events],
        [event.type for event in events],
        [event.source for event in events],
        [event.language for event in events],
        [event.reference for event in events],
        [event.client_id for event in events],
        [event.nino_absence for event in events],
        [arrival.outcome for arrival in arrivals],
        [event.person for event in events],
        [arrival.size for arrival in arrivals],
        [arrival.traceparent for arrival in arrivals],
    )
    return {row["record_id"]: row["position"] for row in rows}


# -- what changes ---------------------------------------------------------------------------------

_UPDATE_ATTEMPTS = """
UPDATE attempt a SET revision = new.revision, position = new.position, state = new.state,
       ero = new.ero, assigned_gss_code = new.assigned_gss_code, offer = new.offer
  FROM unnest($1::uuid[], $2::int[], $3::int[], $4::bigint[], $5::text[], $6::text[], $7::text[],
              $8::int[])
       AS new (application_id, attempt, revision, position, state, ero, assigned_gss_code, offer)
 WHERE a.application_id = new.application_id AND a.attempt = new.attempt
"""
_DELETE_QUEUED = "DELETE FROM queue WHERE position = ANY($1::bigint[])"
_DELETE_HELD = "DELETE FROM held_record WHERE position = ANY($1::bigint[])"
_INSERT_QUEUED = """
INSERT INTO queue (position, ero, order_at, gss_code, size)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::int[])
"""
_INSERT_HELD = """
INSERT INTO held_record (position, ero, order_at, gss_code, size, reason)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::int[], $6::text[])
"""


async def write_changes(connection: Connection, changes: Changes) -> None:
    """Write what was decided; the attempts are locked already."""
    if changes.off_queue:
        await connection.execute(_DELETE_QUEUED, sorted(changes.off_queue))
    if changes.no_longer_held:
        await connection.execute(_DELETE_HELD, sorted(changes.no_longer_held))
    if changes.queued:
        await connection.execute(_INSERT_QUEUED, *_columns(changes.queued.values()))
    if changes.held:
        reasons = [waiting.reason for waiting in changes.held.values()]
        await connection.execute(_INSERT_HELD, *_columns(changes.held.values()), reasons)
    if changes.standings:
        await _update_attempts(connection, changes)
    await changes.ledger.write(connection)


def _columns(rows: Collection[Waiting]) -> tuple[Sequence[object], ...]:
    return (
        [row.position for row in rows],
        [row.ero for row in rows],
        [row.order_at for row in rows],
        [row.gss_code for row in rows],
        [row.size for row in rows],
    )


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


# -- answers --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """A record that somebody asks about, and where its attempt stands; its row is locked."""

    filed: Filed
    standing: Standing
    now: datetime  # the transaction's


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that had an effect."""

    position: int
    offer: int
    status: AnswerStatus
    ero: str
    reason: str | None
    suggested_gss_code: str | None
    sealed_text: str | None


# Another ERO's record is left out before anything is locked, as if it did not exist.
_FIND_OF_EROS = f"""
WITH wanted AS MATERIALIZED (
    SELECT DISTINCT record_id, ero FROM unnest($1::bytea[], $2::text[]) AS w (record_id, ero)
), filed AS MATERIALIZED (
    SELECT {_FILED}, wanted.ero AS asked_by
      FROM record r JOIN wanted USING (record_id)
)
SELECT filed.*, now() AS now, a.revision AS newest_revision, a.position AS newest_position,
       a.state, a.ero, a.assigned_gss_code, a.offer
  FROM filed JOIN attempt a ON a.application_id = filed.application_id
                           AND a.attempt = filed.attempt AND a.ero = filed.asked_by
 ORDER BY a.application_id, a.attempt FOR UPDATE OF a
"""
_FIND_ONE = f"""
SELECT {_FILED}, now() AS now, a.revision AS newest_revision, a.position AS newest_position,
       a.state, a.ero, a.assigned_gss_code, a.offer
  FROM record r JOIN attempt a USING (application_id, attempt)
 WHERE r.record_id = $1 FOR UPDATE OF a
"""
_INSERT_ANSWERS = """
INSERT INTO answer (position, offer, status, ero, reason, suggested_gss_code, sealed_text)
SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::text[])
"""


async def find_of_eros(
    connection: Connection, record_ids: Sequence[bytes], eros: Sequence[str]
) -> list[Found]:
    """Find and lock the records among these pairs that are really those EROs'."""
    return [_found(row) for row in await connection.fetch(_FIND_OF_EROS, record_ids, eros)]


async def find_one(connection: Connection, record_id: bytes) -> Found | None:
    """Find and lock a record, whoever it belongs to; for operators."""
    row = await connection.fetchrow(_FIND_ONE, record_id)
    return None if row is None else _found(row)


def _found(row: asyncpg.Record) -> Found:
    filed = Filed(
        position=row["position"],
        record_id=row["record_id"],
        application_id=row["application_id"],
        attempt=row["attempt"],
        revision=row["revision"],
        gss_code=row["gss_code"],
        received_at=row["received_at"],
        attempt_received_at=row["attempt_received_at"],
        size=row["size"],
        traceparent=row["traceparent"],
    )
    return Found(filed, _standing(row, "newest_"), row["now"])


async def insert_answers(connection: Connection, answers: Sequence[StoredAnswer]) -> None:
    """Store answers that had an effect; the attempts are locked already."""
    if answers:
        await connection.execute(
            _INSERT_ANSWERS,
            [answer.position for answer in answers],
            [answer.offer for answer in answers],
            [answer.status for answer in answers],
            [answer.ero for answer in answers],
            [answer.reason for answer in answers],
            [answer.suggested_gss_code for answer in answers],
            [answer.sealed_text for answer in answers],
        )


# -- pages ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of delivery: oldest attempt first."""

    order_at: datetime
    position: int


BEGINNING = Place(datetime(1900, 1, 1, tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a page."""

    place: Place
    content: Content
    delivered_under: str  # GSS code
    leased_until: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """The oldest records, as many as were wanted and fit."""

    entries: list[Entry]
    may_go_on: bool  # whether any can be behind the last one


_ROWS_AFTER = """
  FROM {table} WHERE ero = $1 AND (order_at, position) > ($2, $3)
   AND ($4::text IS NULL OR gss_code = $4)
"""
_FREE = "AND (leased_until IS NULL OR leased_until <= now())"

# How many of the oldest rows fit into a page of so many bytes (one always does), of how many read.
_FITTING = """
SELECT position, order_at, gss_code, leased_until, paged
  FROM (SELECT page.*, sum(size) OVER oldest AS total, row_number() OVER oldest AS number,
               count(*) OVER () AS paged
          FROM page WINDOW oldest AS (ORDER BY order_at, position)) AS counted
 WHERE total <= $6 OR number = 1
"""
# Whole records by an array of positions: neighbours cost one descent of the index, and no
# estimate of how many there are can turn this into a scan.
_WHOLE = """
SELECT r.position, record_id, application_id, attempt, revision, replaces, r.gss_code,
       address_basis, received_at, arrived_at, attempt_received_at, type, source, language,
       reference, outcome, person, p.order_at, p.gss_code AS delivered_under, p.leased_until,
       p.paged
  FROM record r JOIN {place} p USING (position)
 WHERE r.position = ANY(ARRAY(SELECT position FROM {place}))
 ORDER BY p.order_at, r.position
"""
_READ_QUEUED = f"""
WITH page AS (
    SELECT position, order_at, gss_code, size, leased_until {_ROWS_AFTER.format(table="queue")}
     ORDER BY order_at, position LIMIT $5
), fitting AS MATERIALIZED ({_FITTING}) {_WHOLE.format(place="fitting")}
"""
_READ_HELD = f"""
WITH page AS (
    SELECT position, order_at, gss_code, size, NULL::timestamptz AS leased_until
           {_ROWS_AFTER.format(table="held_record")}
     ORDER BY order_at, position LIMIT $5
), fitting AS MATERIALIZED ({_FITTING}) {_WHOLE.format(place="fitting")}
"""
_LEASE = f"""
WITH page AS (
    SELECT position, order_at, gss_code, size, leased_until {_ROWS_AFTER.format(table="queue")}
       {_FREE} ORDER BY order_at, position LIMIT $5 FOR UPDATE SKIP LOCKED
), fitting AS ({_FITTING}), leased AS (
    UPDATE queue q SET leased_until = now() + make_interval(secs => $7)
      FROM fitting WHERE q.position = fitting.position
    RETURNING q.position, q.order_at, q.gss_code, q.leased_until, fitting.paged
) {_WHOLE.format(place="leased")}
"""
_COUNT = "SELECT count(*) FROM (SELECT 1 {rows} LIMIT $5) AS behind"
_COUNT_QUEUED = _COUNT.format(rows=_ROWS_AFTER.format(table="queue"))
_COUNT_HELD = _COUNT.format(rows=_ROWS_AFTER.format(table="held_record"))
_COUNT_FREE = _COUNT.format(rows=_ROWS_AFTER.format(table="queue") + _FREE)

_LOCATE = """
SELECT r.attempt_received_at, r.position
  FROM record r JOIN attempt a USING (application_id, attempt)
 WHERE r.record_id = $1 AND a.ero = $2
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records a page is to have."""

    ero: str
    gss_code: str | None = None  # only those delivered under it
    after: Place = BEGINNING
    count_max: int = 100
    bytes_max: int = 5_000_000

    def behind(self, place: Place) -> "Wanted":
        return replace(self, after=place)

    def arguments(self) -> tuple[object, ...]:
        return self.ero, self.after.order_at, self.after.position, self.gss_code


async def read_queued(pool: Pool, wanted: Wanted) -> Page:
    """Read what waits, leased or not, oldest first."""
    return await _read(pool, _READ_QUEUED, wanted)


async def read_held(pool: Pool, wanted: Wanted) -> Page:
    """Read what is held of an ERO's own, oldest first."""
    return await _read(pool, _READ_HELD, wanted)


async def lease(pool: Pool, wanted: Wanted, seconds: int) -> Page:
    """Hide the oldest free records from other leases for a while; committed on return."""
    return await _read(pool, _LEASE, wanted, float(seconds))


async def _read(pool: Pool, query: str, wanted: Wanted, *more: object) -> Page:
    rows = await pool.fetch(query, *wanted.arguments(), wanted.count_max, wanted.bytes_max, *more)
    cut = bool(rows) and (len(rows) < rows[0]["paged"] or len(rows) == wanted.count_max)
    return Page([_entry(row) for row in rows], may_go_on=cut)


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(
        place=Place(row["order_at"], row["position"]),
        content=Content(*row[: len(fields(Content))]),
        delivered_under=row["delivered_under"],
        leased_until=row["leased_until"],
    )


async def count_queued(pool: Pool, wanted: Wanted) -> int:
    """Count what waits behind a place, up to 10,000."""
    return await _count(pool, _COUNT_QUEUED, wanted)


async def count_held(pool: Pool, wanted: Wanted) -> int:
    """Count what is held behind a place, up to 10,000."""
    return await _count(pool, _COUNT_HELD, wanted)


async def count_free(pool: Pool, wanted: Wanted) -> int:
    """Count what nobody has leased behind a place, up to 10,000."""
    return await _count(pool, _COUNT_FREE, wanted)


async def _count(pool: Pool, query: str, wanted: Wanted) -> int:
    return int(await pool.fetchval(query, *wanted.arguments(), QUEUED_COUNT_MAX))


async def locate(pool: Pool, record_id: bytes, ero: str) -> Place | None:
    """Find a record's place in the order, delivered or not; None if it is not this ERO's."""
    row = await pool.fetchrow(_LOCATE, record_id, ero)
    return None if row is None else Place(row["attempt_received_at"], row["position"])


# -- operators ------------------------------------------------------------------------------------

_UNASSIGNED = """
SELECT r.record_id, r.application_id, r.gss_code, h.reason, h.since
  FROM held_record h JOIN record r USING (position)
 WHERE h.reason IN ('authority-unknown', 'no-authority') ORDER BY h.since, h.position LIMIT $1
"""
_INSERT_ASSIGNMENT = """
INSERT INTO assignment (record_id, gss_code, ero, assigned_by) VALUES ($1, $2, $3, $4)
"""


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A record that waits for an operator to say whose it is."""

    record_id: bytes
    application_id: UUID
    gss_code: str
    reason: HoldReason
    since: datetime


async def list_unassigned(pool: Pool) -> list[Unassigned]:
    """List what waits for an operator, longest first."""
    return [Unassigned(**row) for row in await pool.fetch(_UNASSIGNED, UNASSIGNED_ROWS_MAX)]


async def insert_assignment(
    connection: Connection, record_id: bytes, gss_code: str, ero: str, assigned_by: str
) -> None:
    """Note who sent which record where."""
    await connection.execute(_INSERT_ASSIGNMENT, record_id, gss_code, ero, assigned_by)


# -- ledger and figures ---------------------------------------------------------------------------

_KNOWN_ATTEMPTS = """
SELECT application_id, attempt FROM attempt JOIN unnest($1::uuid[], $2::int[])
    AS wanted (application_id, attempt) USING (application_id, attempt)
"""


async def read_ledger(pool: Pool, day: date, before: datetime | None) -> list[LedgerRow]:
    """Read the gateway's side of a London day's sum, from one snapshot.

    A message that could not be decoded counts as held while its attempt has no better state.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        counted = await read_counted(connection, day, before)
        undecoded = await held.attempts_held(connection, day)
        rows = await connection.fetch(
            _KNOWN_ATTEMPTS,
            [one.application_id for one in undecoded],
            [one.attempt for one in undecoded],
        )
    known = {(row["application_id"], row["attempt"]) for row in rows}
    until = None if before is None else bin_start(before)
    only_held = (
        one
        for one in undecoded
        if (one.application_id, one.attempt) not in known
        and (until is None or one.accepted_at < until)
    )
    return merge_rows([*counted, *sum_attempts("held", only_held, day)])


_COUNT_ALL_QUEUED = "SELECT count(*) FROM (SELECT 1 FROM queue LIMIT $1) AS waiting"
_OLDEST_QUEUED = """
SELECT extract(epoch FROM now() - r.created_at)::float8
  FROM record r WHERE r.position = (SELECT position FROM queue ORDER BY position LIMIT 1)
"""
_COUNT_HELD_BY_REASON = """
SELECT reason, count(*) AS count, extract(epoch FROM now() - min(since))::float8 AS oldest_seconds
  FROM held_record GROUP BY reason
"""


@dataclass(frozen=True, slots=True)
class HeldFigure:
    """How much is held for one reason, and since when."""

    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What operators watch."""

    queued: int  # at most 10,000
    oldest_queued_seconds: float
    held: dict[HoldReason, HeldFigure]


async def read_held_figures(pool: Pool) -> dict[HoldReason, HeldFigure]:
    """Count what is held, by reason."""
    rows = await pool.fetch(_COUNT_HELD_BY_REASON)
    return {row["reason"]: HeldFigure(row["count"], row["oldest_seconds"]) for row in rows}


async def read_figures(pool: Pool) -> Figures:
    """Read what operators watch; none of it grows with what was delivered."""
    return Figures(
        queued=await pool.fetchval(_COUNT_ALL_QUEUED, QUEUED_COUNT_MAX),
        oldest_queued_seconds=await pool.fetchval(_OLDEST_QUEUED) or 0.0,
        held=await read_held_figures(pool),
    )
