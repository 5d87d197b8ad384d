"""Moving: what waits or is held, and whose GSS code is another ERO's now, goes to that one.

A code ends and has a successor; a split one's parts are told by the address; somebody else answers
for a code. What was delivered stays where it was delivered.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import structlog
from electoral.calendar import london_date
from electoral.postgres import Connection, Pool, transaction

from ems_gateway.delivery import Changes, Filed, Standing
from ems_gateway.errors import will_pass
from ems_gateway.history.writing import Entry, History
from ems_gateway.moves.responsibility import Destination, Responsibilities
from ems_gateway.moves.splitting import Parts
from ems_gateway.postgres.attempts import write_changes
from ems_gateway.postgres.moves import (
    Assigned,
    Candidate,
    find_candidates,
    insert_assignments,
    read_sealed,
)
from ems_gateway.postgres.records import Found, find_by_position
from ems_gateway.postgres.responsibilities import read_stated

SWEEP_INTERVAL = 60.0  # seconds
BATCH_RECORDS_MAX = 500
NEWLY_HELD = timedelta(minutes=5)  # before the last sweep, for clocks that differ
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
GATEWAY = "ems-gateway"

log = structlog.get_logger()


def send(changes: Changes, filed: Filed, before: Standing, to: Destination) -> Standing:
    """Move a record to another destination, in its old place in the order: a new offer there."""
    delivered = before.assigned_gss_code or filed.gss_code
    after = before._replace(
        state="held" if to.ero is None else "queued",
        ero=to.ero,
        assigned_gss_code=before.assigned_gss_code if to.gss_code == delivered else to.gss_code,
        offer=before.offer + 1,
    )
    changes.move(filed, before, after, to.reason)
    return after


def is_undelivered(found: Found) -> bool:
    """Say whether a record is its attempt's newest, and nobody has acknowledged it."""
    newest = found.filed.revision == found.standing.revision
    return newest and found.standing.state in ("queued", "held")


def delivered_under(found: Found) -> str:
    """Return the GSS code that a record is delivered under."""
    return found.standing.assigned_gss_code or found.filed.gss_code


def _is_elsewhere(found: Found, to: Destination) -> bool:
    """Say whether a record belongs elsewhere; of a split code also with the same ERO, by code."""
    here = (found.standing.ero, delivered_under(found))
    return is_undelivered(found) and here != (to.ero, to.gss_code)


async def write_moves(
    connection: Connection,
    history: History,
    moves: Sequence[tuple[Found, Destination]],
    by: str,
) -> None:
    """Send records on, all that belongs to it in this transaction; the attempts are locked."""
    changes, entries, assigned = Changes(), [], []
    for found, to in moves:
        after = send(changes, found.filed, found.standing, to)
        entries.append(_entry(found, after, to, by))
        if to.ero is not None:
            assigned.append(Assigned(found.filed.record_id, to.gss_code, to.ero, by))
    await write_changes(connection, changes)
    await insert_assignments(connection, assigned)
    await history.append(connection, entries)


def _entry(found: Found, after: Standing, to: Destination, by: str) -> Entry:
    facts: dict[str, object] = {
        "revision": found.filed.revision,
        "fromEro": found.standing.ero,
        "toEro": to.ero,
        "gssCode": to.gss_code,
        "offer": after.offer,
    }
    if to.reason is not None:
        facts["reason"] = to.reason
    return Entry(*found.filed.key, "reassigned", by, facts)


class Moves:
    """Sweeps: finds what belongs elsewhere now and moves it, in batches that each commit.

    Several processes may sweep at once: who comes second finds nothing left to do.
    """

    def __init__(
        self,
        pool: Pool,
        responsibilities: Responsibilities,
        history: History,
        parts: Parts | None,
        *,
        batch_records_max: int = BATCH_RECORDS_MAX,
    ) -> None:
        self._pool = pool
        self._responsibilities = responsibilities
        self._history = history
        self._parts = parts  # None: nobody told us where postcodes are
        self._batch_records_max = batch_records_max
        self._looked: tuple[int, date] | None = None  # by which list, on which day
        self._looked_at = LONG_AGO

    async def sweep(self, now: datetime) -> int:
        """Move what belongs elsewhere on that moment's day; returns how many records were moved."""
        today = london_date(now)
        self._responsibilities.replace_stated(await read_stated(self._pool))
        looking = (self._responsibilities.version, today)
        # By another list everything held may be placed; by the same one only what is newly held.
        held_since = self._looked_at - NEWLY_HELD if looking == self._looked else LONG_AGO
        moved = await self._sweep(today, held_since)
        self._looked, self._looked_at = looking, now
        return moved

    async def _sweep(self, today: date, held_since: datetime) -> int:
        answers = _answers(self._responsibilities, today)
        moved, after = 0, 0
        while True:
            candidates = await find_candidates(
                self._pool,
                answers,
                after=after,
                held_since=held_since,
                count_max=self._batch_records_max,
            )
            if candidates:
                moved += await self._move(candidates, today)
                after = candidates[-1].position
            if len(candidates) < self._batch_records_max:
                return moved

    async def _move(self, candidates: Sequence[Candidate], today: date) -> int:
        """Move one batch; what has changed since it was found is decided anew, or left alone."""
        placed = await self._placed(candidates, today)
        async with transaction(self._pool) as connection:
            found = await find_by_position(connection, [one.position for one in candidates])
            # Read behind the locks: whoever states something and sweeps then comes after this,
            # or is seen by this.
            self._responsibilities.replace_stated(await read_stated(connection))
            destinations = [(one, self._destination(one, placed, today)) for one in found]
            moves = [(one, to) for one, to in destinations if _is_elsewhere(one, to)]
            await write_moves(connection, self._history, moves, GATEWAY)
        return len(moves)

    def _destination(self, found: Found, placed: Mapping[int, str], today: date) -> Destination:
        to = self._responsibilities.destination(delivered_under(found), today)
        part = placed.get(found.filed.position)
        if to.reason == "no-authority" and part is not None:
            return self._responsibilities.destination(part, today)
        return to

    async def _placed(self, candidates: Sequence[Candidate], today: date) -> dict[int, str]:
        """Find, of records of split areas, whose part each is; outside of any transaction."""
        if self._parts is None:
            return {}
        heirs = {code: self._heirs(code, today) for code in {one.gss_code for one in candidates}}
        of_position = {one.position: heirs[one.gss_code] for one in candidates}
        split = [position for position, codes in of_position.items() if codes]
        placed = {}
        for sealed in await read_sealed(self._pool, split):
            part = await self._parts.place(
                sealed,
                of_position[sealed.position],
                lambda code: self._responsibilities.destination(code, today).gss_code,
            )
            if part is not None:
                placed[sealed.position] = part
        return placed

    def _heirs(self, gss_code: str, today: date) -> frozenset[str]:
        """Name those who share a split code's area; none of one that somebody answers for."""
        to = self._responsibilities.destination(gss_code, today)
        if to.reason != "no-authority":
            return frozenset()
        return self._responsibilities.heirs(gss_code, today)


def _answers(responsibilities: Responsibilities, today: date) -> list[tuple[str, str | None]]:
    """Pair each code with its ERO; none with a code that was split, and leave out unknown ones."""
    return [
        (code, to.ero)
        for code, to in responsibilities.destinations(today)
        if to.ero is not None or to.reason == "no-authority"
    ]


async def keep_sweeping(moves: Moves) -> None:
    """Sweep each minute until cancelled."""
    while True:
        try:
            count = await moves.sweep(datetime.now(UTC))
            if count:
                log.info("records moved to who answers for them now", count=count)
        except Exception as error:
            if not will_pass(error):
                raise
        await asyncio.sleep(SWEEP_INTERVAL)
