"""What registration does with the other services' events: it notes how far an application is, and
counts paper applications for the public figures.
"""

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

from registration.performance.counting import PaperApplication, PerformanceDeltas
from registration.postgres.performance import append_deltas, note_paper
from registration.postgres.progress import advance
from registration.status import SENT


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that has happened to an application; None for what changes nothing."""

    application_id: UUID
    name: str | None
    at: datetime
    paper: PaperApplication | None = None  # that is to be counted, if it was not before


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
        await _count_paper(connection, [fact.paper for fact in prepared if fact.paper is not None])


def fact_of(event: Event) -> Fact | Hold:
    """Say what an event means for the citizen."""
    match event:
        case ApplicationVerified(source="paper"):
            return Fact(event.application_id, None, event.received_at, _paper(event))
        case ApplicationVerified():
            # A final outcome leaves for the council as it is decided: one fact says both.
            step = "checked" if event.outcome.status == "final" else SENT
            return Fact(event.application_id, step, event.outcome.decided_at)
        case ApplicationAcknowledged():
            success = event.status == "success"
            name = "with-your-council" if success else None
            return Fact(event.application_id, name, event.acknowledged_at)
        case ApplicationDetermined():
            return Fact(event.application_id, "decided", event.determined_at)
        case _:
            return UNEXPECTED_EVENT


def _paper(event: ApplicationVerified) -> PaperApplication | None:
    """A later attempt is the same application, sent again."""
    if event.attempt != 1:
        return None
    return PaperApplication(event.application_id, event.received_at, event.gss_code, event.type)


async def _count_paper(connection: Connection, papers: Sequence[PaperApplication]) -> None:
    """Count each application once, whatever comes again: a message, or an outcome decided anew."""
    by_id = {paper.application_id: paper for paper in papers}
    if not by_id:
        return
    deltas = PerformanceDeltas()
    for application_id in await note_paper(connection, by_id):
        deltas.take_paper(by_id[application_id])
    await append_deltas(connection, deltas)
