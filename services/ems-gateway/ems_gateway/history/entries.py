"""What the queue's doings are called in the history: facts in words of ours, codes, ids and times.

One row is kept for what one event brings: that the attempt was received, with its times, stands in
the entry that its first outcome makes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from electoral.envelope import timestamp
from electoral.events import ApplicationVerified, Levels
from electoral.ledger import AttemptKey

from ems_gateway.delivery import AnswerStatus, Filed, HoldReason, Standing
from ems_gateway.history.writing import Entry

VERIFICATION = "verification"
GATEWAY = "ems-gateway"


def verified(event: ApplicationVerified) -> Entry:
    """A revision arrived: what was found, and by which rule; when the attempt was received."""
    outcome = event.outcome
    facts = {
        "revision": event.revision,
        "source": event.source,
        "gssCode": event.gss_code,
        "arrivedAt": timestamp(event.arrived_at),
        "receivedAt": timestamp(event.received_at),
        "attemptReceivedAt": timestamp(event.attempt_received_at),
        "status": outcome.status,
        "result": outcome.result,
        "levels": None if outcome.levels is None else _levels(outcome.levels),
        "ruleVersion": outcome.rule_version,
        "decidedBy": outcome.decided_by,
        "decidedAt": timestamp(outcome.decided_at),
    }
    return Entry(event.application_id, event.attempt, "verified", VERIFICATION, facts)


def _levels(levels: Levels) -> Mapping[str, str]:
    return {
        "firstName": levels.first_name,
        "middleName": levels.middle_name,
        "lastName": levels.last_name,
        "dateOfBirth": levels.date_of_birth,
        "nino": levels.nino,
        "dateOfDeath": levels.date_of_death,
    }


def offered(filed: Filed, standing: Standing, by: str = GATEWAY) -> Entry:
    """Put on an ERO's queue."""
    facts = {
        "revision": filed.revision,
        "ero": standing.ero,
        "gssCode": standing.assigned_gss_code or filed.gss_code,
        "offer": standing.offer,
    }
    return Entry(*filed.key, "offered", by, facts)


def held(filed: Filed, reason: HoldReason | None) -> Entry:
    """Nobody can tell whose it is."""
    return Entry(*filed.key, "held", GATEWAY, {"revision": filed.revision, "reason": reason})


def superseded(key: AttemptKey, revision: int, newer: int) -> Entry:
    """A revision is of no further effect: a newer one was there, or took its place."""
    return Entry(*key, "superseded", GATEWAY, {"revision": revision, "newerRevision": newer})


def arrived(
    filed: Filed, before: Standing, after: Standing, reason: HoldReason | None
) -> Iterator[Entry]:
    """Where a record that was just stored left its attempt, which stood `before`."""
    if filed.revision < after.revision:
        yield superseded(filed.key, filed.revision, after.revision)
        return
    if before.revision:
        yield superseded(filed.key, before.revision, after.revision)
    yield offered(filed, after) if after.ero is not None else held(filed, reason)


def answered(
    filed: Filed,
    status: AnswerStatus,
    offer: int,
    reason: str | None,
    suggested_gss_code: str | None,
    by: str,
) -> Entry:
    """What the ERO's system said; of its reason only a word of ours."""
    facts: dict[str, object] = {"revision": filed.revision, "status": status, "offer": offer}
    if reason is not None:
        facts["reason"] = reason
    if suggested_gss_code is not None:
        facts["suggestedGssCode"] = suggested_gss_code
    return Entry(*filed.key, "answered", by, facts)


def leased(key: AttemptKey, revision: int, lease_id: bytes, until: datetime, by: str) -> Entry:
    """Hidden from other leases for a while."""
    facts = {"revision": revision, "leaseId": lease_id.hex(), "until": timestamp(until)}
    return Entry(*key, "leased", by, facts)


def released(key: AttemptKey, revision: int, lease_id: bytes, by: str) -> Entry:
    """No longer hidden by a lease: given back before its time."""
    return Entry(*key, "released", by, {"revision": revision, "leaseId": lease_id.hex()})
