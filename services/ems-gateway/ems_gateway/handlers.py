"""What the gateway does with an outcome: keep it for the ERO who answers for the place."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from electoral.calendar import london_date
from electoral.consumer import UNEXPECTED_EVENT, Hold, Received
from electoral.events import ApplicationVerified
from electoral.identifiers import record_id
from electoral.ledger import AttemptKey
from electoral.postgres import Connection
from electoral.sealing import Sealer
from electoral.tracing import new_traceparent

from ems_gateway.delivery import (
    NOTHING_YET,
    Changes,
    Filed,
    Route,
    Standing,
    arrive,
    first_standing,
)
from ems_gateway.errors import HOLD
from ems_gateway.history.entries import arrived, verified
from ems_gateway.history.writing import Entry, History
from ems_gateway.items import ITEM_BYTES_BESIDE, read_person
from ems_gateway.moves.responsibility import Responsibilities
from ems_gateway.postgres.attempts import begin_attempts, lock_attempts, write_changes
from ems_gateway.postgres.records import Arrival, insert_records
from ems_gateway.standings import Standings

FIRST_ATTEMPT = 1


class _Begun(NamedTuple):
    """An attempt that nobody knew: its newest record, and where that put it."""

    filed: Filed
    destination: Route

    @property
    def standing(self) -> Standing:
        return first_standing(self.filed.revision, self.destination)


class KeepForEro:
    """Takes `ApplicationVerified`: stores the record and queues it, or holds it with a reason."""

    def __init__(
        self, responsibilities: Responsibilities, sealer: Sealer, history: History
    ) -> None:
        self._responsibilities = responsibilities
        self._sealer = sealer
        self._history = history

    async def prepare(self, events: Sequence[Received]) -> Sequence[Arrival | Hold]:
        """Open each person once: what no ERO could read is held now, not found in a page."""
        return [self._prepare(received) for received in events]

    def _prepare(self, received: Received) -> Arrival | Hold:
        event = received.event
        if not isinstance(event, ApplicationVerified):
            return UNEXPECTED_EVENT
        try:
            read_person(self._sealer.open("person", event.application_id, event.person))
        except tuple(HOLD) as error:
            return Hold(HOLD[type(error)])
        text = event.model_dump_json(by_alias=True, exclude_none=True, exclude={"person"})
        return Arrival(
            record_id=bytes.fromhex(record_id(event.application_id, event.attempt, event.revision)),
            event=event,
            text=text,
            # A sealed text is a third longer than what it holds.
            size=len(event.person) + len(text) + ITEM_BYTES_BESIDE,
            traceparent=received.traceparent or new_traceparent(),
        )

    async def record(self, connection: Connection, prepared: Sequence[Arrival]) -> None:
        """Store and queue, or hold; a repeat has no effect."""
        arrivals = _in_order(prepared)
        changes = Changes()
        begun = await self._begin(connection, arrivals, changes)
        standings = await _lock(connection, arrivals, begun)
        destinations = [self._destination(arrival, begun, standings) for arrival in arrivals]
        stored = await insert_records(
            connection,
            arrivals,
            [_position(arrival, begun) for arrival in arrivals],
            _replaced(arrivals, begun, standings),
            [destination.ero for destination in destinations],
        )
        entries: list[Entry] = []
        for arrival, destination in zip(arrivals, destinations, strict=True):
            if arrival.record_id in stored:
                entries.append(verified(arrival.event))
                filed = arrival.filed(stored[arrival.record_id])
                entries += _placed(changes, filed, begun.get(filed.key), destination, standings)
        await write_changes(connection, changes)
        await self._history.append(connection, entries, _unwritten(begun, arrivals))

    async def _begin(
        self, connection: Connection, arrivals: Sequence[Arrival], changes: Changes
    ) -> dict[AttemptKey, _Begun]:
        """Store first attempts that nobody knew as they stand, with the newest record of each.

        Nearly all are such: one statement, where locking and changing them would be two.
        """
        newest = {a.key: a for a in arrivals if a.event.attempt == FIRST_ATTEMPT}
        destinations = {key: self._route(a.event.gss_code) for key, a in newest.items()}
        positions = await begin_attempts(
            connection,
            {key: first_standing(a.event.revision, destinations[key]) for key, a in newest.items()},
        )
        begun = {
            key: _Begun(newest[key].filed(position), destinations[key])
            for key, position in positions.items()
        }
        for one in begun.values():
            changes.begin(one.filed, one.destination)
        return begun

    def _destination(
        self, arrival: Arrival, begun: Mapping[AttemptKey, _Begun], standings: Standings
    ) -> Route:
        """Whose a record is: where an operator sent its application, later ones follow."""
        if arrival.key in begun:
            return begun[arrival.key].destination
        assigned = standings.assigned_gss_code(arrival.event.application_id)
        return self._route(assigned or arrival.event.gss_code)

    def _route(self, gss_code: str) -> Route:
        return self._responsibilities.route(gss_code, london_date(datetime.now(UTC)))


def _in_order(prepared: Sequence[Arrival]) -> list[Arrival]:
    """Sort by attempt and revision, which is also the order of locking; drop repeats."""
    by_id = {arrival.record_id: arrival for arrival in prepared}
    return sorted(by_id.values(), key=_place_in_order)


def _place_in_order(arrival: Arrival) -> tuple[int, int, int]:
    event = arrival.event
    return event.application_id.int, event.attempt, event.revision  # as Postgres orders a uuid


async def _lock(
    connection: Connection, arrivals: Sequence[Arrival], begun: Mapping[AttemptKey, _Begun]
) -> Standings:
    """Lock the attempts that have not just begun, and the others of their applications."""
    left = [arrival for arrival in arrivals if arrival.key not in begun]
    if not left:
        return Standings({})
    locked = await lock_attempts(connection, {arrival.key for arrival in left})
    return Standings({key: standing for key, standing in locked.items() if key not in begun})


def _placed(
    changes: Changes, filed: Filed, begun: _Begun | None, destination: Route, standings: Standings
) -> Iterator[Entry]:
    """Put a record where it belongs, unless its attempt began with it; tells where that is."""
    if begun is not None:
        return arrived(filed, NOTHING_YET, begun.standing, destination.reason)
    before = standings.of(filed.key)
    assigned = standings.assigned_gss_code(filed.application_id)
    arrive(changes, filed, before, assigned, destination)
    after = changes.standings.get(filed.key, before)
    standings.put(filed.key, after)
    return arrived(filed, before, after, destination.reason)


def _unwritten(begun: Mapping[AttemptKey, _Begun], arrivals: Sequence[Arrival]) -> frozenset[UUID]:
    """Tell which applications have no history before their first record: not those on paper."""
    return frozenset(
        arrival.event.application_id
        for arrival in arrivals
        if arrival.key in begun and arrival.event.source != "paper"
    )


def _position(arrival: Arrival, begun: Mapping[AttemptKey, _Begun]) -> int | None:
    """The position that a record has from the attempt that it began."""
    one = begun.get(arrival.key)
    return one.filed.position if one and one.filed.record_id == arrival.record_id else None


def _replaced(
    arrivals: Sequence[Arrival], begun: Collection[AttemptKey], standings: Standings
) -> list[bytes | None]:
    """Name, for each record in order, the one that it takes the place of."""
    if len(begun) == len(arrivals):  # an attempt of its own each, and nothing before
        return [None] * len(arrivals)
    names: list[bytes | None] = []
    draft = standings.copy()
    for arrival in arrivals:
        event = arrival.event
        name = draft.replaced_by(event.application_id, event.attempt, event.revision)
        names.append(None if name is None else bytes.fromhex(name))
        before = draft.of(arrival.key)
        if event.revision > before.revision:
            draft.put(arrival.key, before._replace(revision=event.revision))
    return names
