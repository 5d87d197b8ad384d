"""Builders of what reaches the gateway: valid by default, with the change a test is about."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from electoral.events import ApplicationVerified
from electoral.sealing import Sealer
from ems_gateway.delivery import Filed

HARTLEPOOL = "E06000001"
EDINBURGH = "S12000036"
MIDLOTHIAN = "S12000019"  # Edinburgh's ERO answers for it too
LOTHIAN = "lothian"
RECEIVED_AT = datetime(2026, 11, 20, 9, 30, 15, 123456, tzinfo=UTC)

LEVELS = {
    "firstName": "match",
    "middleName": "not-populated",
    "lastName": "match",
    "dateOfBirth": "match",
    "nino": "match",
    "dateOfDeath": "false",
}


def a_person(**changes: object) -> dict[str, object]:
    """What is sealed in an event: the application's body, less the NINO."""
    person: dict[str, object] = {
        "type": "ordinary",
        "language": "en",
        "firstName": "Siân",
        "middleNames": "Mair",
        "lastName": "O'Neill",
        "previousName": {"firstName": "Siân", "lastName": "Jones", "changeReason": "marriage"},
        "dateOfBirth": "1987-03-31",
        "nationalities": ["GB"],
        "address": {"property": "12", "street": "Mill Lane", "postcode": "S1 2HH", "uprn": "1"},
        "otherAddress": "none",
        "openRegister": False,
        "postalVote": {"wanted": True, "formBy": "email"},
        "soleOccupancy": True,
        "contact": {"email": "sian@example.com", "post": True},
        "declaration": True,
        "country": "england",
        "applicantIp": "192.0.2.7",
        "timeTakenSeconds": 312,
    }
    return person | changes


def an_outcome(sealer: Sealer, **changes: Any) -> ApplicationVerified:
    """An `ApplicationVerified` as verification publishes it; `person` may be a dict or text."""
    application_id: UUID = changes.pop("application_id", None) or uuid4()
    person: object = changes.pop("person", None) or a_person()
    plain = person if isinstance(person, str) else json.dumps(person, ensure_ascii=False)
    received_at = changes.pop("received_at", RECEIVED_AT)
    fields: dict[str, Any] = {
        "attempt": 1,
        "revision": 1,
        "gss_code": HARTLEPOOL,
        "received_at": received_at,
        "attempt_received_at": received_at,
        "arrived_at": received_at - timedelta(milliseconds=40),
        "reference": "1234567890",
        "type": "ordinary",
        "source": "web",
        "language": "en",
        "address_basis": "uprn",
        "client_id": "partner",
        "outcome": a_final_outcome(),
    }
    sealed = sealer.seal("person", application_id, plain.encode("utf-8", "surrogatepass"))
    return ApplicationVerified.model_validate(
        fields | {"application_id": application_id, "person": sealed} | changes
    )


def a_final_outcome(**changes: object) -> dict[str, object]:
    outcome: dict[str, object] = {
        "status": "final",
        "result": "green",
        "levels": LEVELS,
        "ruleVersion": "2026-11",
        "decidedBy": "nino-and-date-of-birth",
        "decidedAt": RECEIVED_AT,
    }
    return outcome | changes


def a_pending_outcome() -> dict[str, object]:
    return a_final_outcome(status="pending", result=None, levels=None, decidedBy="waited")


def a_filed(**changes: Any) -> Filed:
    """A stored record, as decisions see it."""
    fields: dict[str, Any] = {
        "position": 1,
        "record_id": bytes(12),
        "application_id": UUID(int=1),
        "attempt": 1,
        "revision": 1,
        "gss_code": HARTLEPOOL,
        "received_at": RECEIVED_AT,
        "attempt_received_at": RECEIVED_AT,
        "size": 2_000,
        "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
    }
    return Filed(**(fields | changes))
