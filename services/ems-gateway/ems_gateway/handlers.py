"""What the gateway does with an outcome: keep it for the ERO who answers for the place."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from electoral.authorities import Authorities
from electoral.calendar import london_date
from electoral.consumer import Hold, Received
from electoral.events import ApplicationVerified
from electoral.identifiers import record_id
from electoral.postgres import Connection
from electoral.sealing import Sealer
from electoral.tracing import new_traceparent

from ems_gateway import postgres
from ems_gateway.delivery import Changes, Standings, arrive, route
from ems_gateway.errors import HELD_AS
from ems_gateway.items import ITEM_BYTES_BESIDE, read_person
from ems_gateway.postgres import Arrival


class KeepForEro:
    """Takes `ApplicationVerified`: stores the record and queues it, or holds it with a reason."""

    def __init__(self, authorities: Authorities, sealer: Sealer) -> None:
        self._authorities = authorities
        self._sealer = sealer

    async def prepare(self, events: Sequence[Received]) -> Sequence[Arrival | Hold]:
        """Open each person once: what no ERO could read is held now, not found in a page."""
        return [self._prepare(received) for received in events]

    def _prepare(self, received: Received) -> Arrival | Hold:
        event = received.event
        if not isinstance(event, ApplicationVerified):
            return Hold("unexpected-event-type")
        try:
            read_person(self._sealer.open("person", event.application_id, event.person))
        except tuple(HELD_AS) as error:
            return Hold(HELD_AS[type(error)])
        outcome = event.outcome.model_dump_json(by_alias=True, exclude_none=True)
        return Arrival(
            record_id=bytes.fromhex(record_id(event.application_id, event.attempt, event.revision)),
            event=event,
            outcome=outcome,
            # A sealed text is a third longer than what it holds.
            size=len(event.person) + len(outcome) + ITEM_BYTES_BESIDE,
            traceparent=received.traceparent or new_traceparent(),
        )

    async def record(self, connection: Connection, prepared: Sequence[Arrival]) -> None:
        """Store and queue, or hold; a repeat has no effect."""
        arrivals = _in_order(prepared)
        standings = await _lock(connection, arrivals)
        positions = await postgres.insert_records(
            connection, arrivals, _replaced(arrivals, standings)
        )
        changes = Changes()
        for arrival in arrivals:
            if arrival.record_id in positions:
                self._arrive(changes, arrival, positions[arrival.record_id], standings)
        await postgres.write_changes(connection, changes)

    def _arrive(
        self, changes: Changes, arrival: Arrival, position: int, standings: Standings
    ) -> None:
        assigned = standings.assigned_gss_code(arrival.event.application_id)
        today = london_date(datetime.now(UTC))
        destination = route(self._authorities, assigned or arrival.event.gss_code, today)
        before = standings.of(arrival.key)
        arrive(changes, arrival.filed(position), before, assigned, destination)
        standings.put(arrival.key, changes.standings.get(arrival.key, before))


def _in_order(prepared: Sequence[Arrival]) -> list[Arrival]:
    """Sort by attempt and revision, which is also the order of locking; drop repeats."""
    by_id = {arrival.record_id: arrival for arrival in prepared}
    return sorted(by_id.values(), key=lambda arrival: (arrival.key, arrival.event.revision))


async def _lock(connection: Connection, arrivals: Sequence[Arrival]) -> Standings:
    """Lock the attempts that records arrived for; of resubmitted ones read the others too."""
    locked = await postgres.lock_attempts(connection, {arrival.key for arrival in arrivals})
    resubmitted = {a.event.application_id for a in arrivals if a.event.attempt > 1}
    others = await postgres.attempts_of(connection, resubmitted)
    return Standings(others | locked)


def _replaced(arrivals: Sequence[Arrival], standings: Standings) -> list[bytes | None]:
    """Name, for each record in order, the one that it takes the place of."""
    names = []
    draft = standings.copy()
    for arrival in arrivals:
        event = arrival.event
        name = draft.replaced_by(event.application_id, event.attempt, event.revision)
        names.append(None if name is None else bytes.fromhex(name))
        before = draft.of(arrival.key)
        if event.revision > before.revision:
            draft.put(arrival.key, replace(before, revision=event.revision))
    return names
