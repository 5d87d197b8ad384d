"""Outcomes: each a row, an event in the outbox and a change of the ledger, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from electoral.envelope import Envelope, wrap
from electoral.events import ApplicationReceived, ApplicationVerified, Event, Outcome
from electoral.ledger import Counted, LedgerDeltas
from electoral.outbox import write_outbox
from electoral.postgres import Connection
from electoral.tracing import child_traceparent

from verification.deciding import Decided
from verification.postgres import attempts

SOURCE = "verification"  # the service that its events name


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """A decision about an attempt, to be recorded and published."""

    received: ApplicationReceived
    decided: Decided
    revision: int
    traceparent: str | None  # of what brought the attempt


async def record_outcomes(
    connection: Connection, outcomes: Sequence[NewOutcome], deltas: LedgerDeltas
) -> None:
    """Write outcomes, sorted by attempt, and their events; counts them as decided."""
    if not outcomes:
        return
    at = datetime.now(UTC)
    events = [verified(outcome, at) for outcome in outcomes]
    await attempts.insert_outcomes(connection, events)
    await write_outbox(connection, [_wrap(e, o, at) for e, o in zip(events, outcomes, strict=True)])
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


def _wrap(event: ApplicationVerified, outcome: NewOutcome, at: datetime) -> Envelope:
    traceparent = child_traceparent(outcome.traceparent)
    return wrap(event, source=SOURCE, at=at, traceparent=traceparent)


def verified(outcome: NewOutcome, at: datetime) -> ApplicationVerified:
    """Make the event of an outcome: all of what was received, less the NINO."""
    received, decided = outcome.received, outcome.decided
    return ApplicationVerified(
        application_id=received.application_id,
        attempt=received.attempt,
        revision=outcome.revision,
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
        nino_absence=decided.nino_absence,
        outcome=_final_outcome(decided, at),
    )


def _final_outcome(decided: Decided, at: datetime) -> Outcome:
    return Outcome(
        status="final",
        result=decided.verdict.result,
        levels=decided.levels,
        rule_version=decided.verdict.rule_version,
        decided_by=decided.verdict.decided_by,
        decided_at=at,
    )
