"""What registration does with the other services' events: it notes how far an application is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from electoral.consumer import UNEXPECTED_EVENT, Hold, Received
from electoral.events import (
    ApplicationAcknowledged,
    ApplicationDetermined,
    ApplicationVerified,
    Event,
)
from electoral.postgres import Connection

from registration.postgres.progress import advance


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that has happened to an application; None for what changes nothing."""

    application_id: UUID
    name: str | None
    at: datetime


class ProgressHandler:
    """Notes facts; what a citizen sees only moves forward."""

    async def prepare(self, events: Sequence[Received]) -> list[Fact | Hold]:
        return [fact_of(received.event) for received in events]

    async def record(self, connection: Connection, prepared: Sequence[Fact]) -> None:
        facts: dict[tuple[UUID, str], datetime] = {}
        for fact in prepared:
            if fact.name is not None:
                key = (fact.application_id, fact.name)
                facts[key] = min(fact.at, facts.get(key, fact.at))
        await advance(connection, facts)


def fact_of(event: Event) -> Fact | Hold:
    """Say what an event means for the citizen."""
    match event:
        case ApplicationVerified(source="paper"):
            return Fact(event.application_id, None, event.received_at)
        case ApplicationVerified():
            final = event.outcome.status == "final"
            return Fact(
                event.application_id, "checked" if final else None, event.outcome.decided_at
            )
        case ApplicationAcknowledged():
            success = event.status == "success"
            name = "with-your-council" if success else None
            return Fact(event.application_id, name, event.acknowledged_at)
        case ApplicationDetermined():
            return Fact(event.application_id, "decided", event.determined_at)
        case _:
            return UNEXPECTED_EVENT
