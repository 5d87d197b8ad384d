"""Outcomes: each a row, an event in the outbox and a change of the ledger, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from electoral.envelope import Envelope, wrap
from electoral.events import (
    ApplicationReceived,
    ApplicationVerified,
    Event,
    NinoAbsence,
    Outcome,
)
from electoral.ledger import Counted, LedgerDeltas
from electoral.outbox import write_outbox
from electoral.postgres import Connection
from electoral.tracing import child_traceparent

from verification.deciding import Decided
from verification.duplicates import Found
from verification.linking import Applicant, link
from verification.postgres import attempts

SOURCE = "verification"  # the service that its events name


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """The first final decision about an attempt, to be recorded and published."""

    received: ApplicationReceived
    decided: Decided
    revision: int
    traceparent: str | None  # of what brought the attempt


class Verified(NamedTuple):
    """An event to be published, and the trace of what brought the attempt."""

    event: ApplicationVerified
    traceparent: str | None


async def record_outcomes(
    connection: Connection, outcomes: Sequence[NewOutcome], deltas: LedgerDeltas
) -> None:
    """Record the first final outcomes of attempts, with what is found of other applications.

    What is found is said once: a pending outcome says nothing of it, a later revision repeats it.
    """
    if not outcomes:
        return
    at = datetime.now(UTC)
    found = await link(connection, [Applicant(o.received, o.decided.identity) for o in outcomes])
    events = [_verified(o, _final(o.decided, f, at)) for o, f in zip(outcomes, found, strict=True)]
    await publish_outcomes(connection, events, deltas)


async def publish_outcomes(
    connection: Connection, new: Sequence[Verified], deltas: LedgerDeltas
) -> None:
    """Write outcomes, sorted by attempt, and their events; counts them as decided."""
    at = datetime.now(UTC)
    events = [one.event for one in new]
    await attempts.insert_outcomes(connection, events)
    await write_outbox(connection, [_wrap(one, at) for one in new])
    for event in events:
        deltas.enter("decided", counted(event, event.revision))


def counted(event: Event, revision: int) -> Counted:
    """Say of an event's attempt what the ledger counts."""
    return Counted(
        application_id=event.application_id,
        attempt=event.attempt,
        revision=revision,
        accepted_at=event.attempt_received_at,
        gss_code=event.gss_code,
    )


def _wrap(new: Verified, at: datetime) -> Envelope:
    traceparent = child_traceparent(new.traceparent)
    return wrap(new.event, source=SOURCE, at=at, traceparent=traceparent)


def _verified(new: NewOutcome, outcome: Outcome) -> Verified:
    absence = new.decided.nino_absence
    return Verified(verified(new.received, new.revision, absence, outcome), new.traceparent)


def verified(
    received: ApplicationReceived, revision: int, absence: NinoAbsence | None, outcome: Outcome
) -> ApplicationVerified:
    """Make the event of an outcome: all of what was received, less the NINO."""
    return ApplicationVerified(
        application_id=received.application_id,
        attempt=received.attempt,
        revision=revision,
        gss_code=received.gss_code,
        received_at=received.received_at,
        attempt_received_at=received.attempt_received_at,
        reference=received.reference,
        type=received.type,
        source=received.source,
        language=received.language,
        arrived_at=received.arrived_at,
        previous_gss_code=received.previous_gss_code,
        address_basis=received.address_basis,
        client_id=received.client_id,
        person=received.person,
        nino_absence=absence,
        outcome=outcome,
    )


def _final(decided: Decided, found: Found, at: datetime) -> Outcome:
    return Outcome(
        status="final",
        result=decided.verdict.result,
        levels=decided.levels,
        rule_version=decided.verdict.rule_version,
        decided_by=decided.verdict.decided_by,
        decided_at=at,
        nino_reuse=found.nino_reuse,
        nino_reuse_total=found.nino_reuse_total,
        possible_duplicates=found.possible_duplicates,
    )
