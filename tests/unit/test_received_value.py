"""What registration writes of an acceptance is what the event's model would write."""

from datetime import UTC, datetime

import pytest
from electoral.envelope import wrap
from electoral.events import ApplicationReceived, IdempotencyProof
from electoral.identifiers import new_application_id
from registration.acceptance import Acceptance, IntakeKey, Stored, received_value

ARRIVED = datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

WHOLE = Acceptance(
    key=IntakeKey("pärtner", b"\x01" * 32),
    application_id=new_application_id(),
    reference="123456789B",
    body_hash=b"\x02" * 32,
    body_key_id="body-2026q4",
    postcode_hash=b"\x03" * 32,
    postcode_key_id="status-2026q4",
    gss_code="E08000025",
    previous_gss_code="W06000015",
    address_basis="uprn",
    source="web",
    type="ordinary",
    language="cy",
    age_years=40,
    arrived_at=ARRIVED,
    sealed_person="person-2026-11-22.AAAA",
    sealed_nino="nino-online-2026-11-22.AAAA",
    nino_absence=None,
    traceparent=TRACE,
)


@pytest.mark.parametrize(
    "acceptance",
    [
        WHOLE,
        WHOLE._replace(sealed_nino=None, nino_absence="no-nino"),
        WHOLE._replace(previous_gss_code=None, address_basis="unknown", source="assisted"),
    ],
)
def test_a_value_is_what_its_model_writes(acceptance: Acceptance) -> None:
    event = _event_of(acceptance)
    written = wrap(event, source="registration", at=RECEIVED, traceparent=TRACE).value
    assert received_value(acceptance, _stored(acceptance)) == written
    assert ApplicationReceived.model_validate_json(written) == event


def _stored(one: Acceptance) -> Stored:
    return Stored(
        application_id=one.application_id,
        body_hash=one.body_hash,
        body_key_id=one.body_key_id,
        reference=one.reference,
        gss_code=one.gss_code,
        arrived_at=ARRIVED,
        received_at=RECEIVED,
    )


def _event_of(one: Acceptance) -> ApplicationReceived:
    return ApplicationReceived(
        application_id=one.application_id,
        attempt=1,
        gss_code=one.gss_code,
        received_at=RECEIVED,
        attempt_received_at=RECEIVED,
        reference=one.reference,
        type=one.type,
        source=one.source,
        language=one.language,
        arrived_at=ARRIVED,
        previous_gss_code=one.previous_gss_code,
        address_basis=one.address_basis,
        client_id=one.key.client_id,
        person=one.sealed_person,
        nino=one.sealed_nino,
        nino_absence=one.nino_absence,
        idempotency=IdempotencyProof(
            key_hash=one.key.idempotency_hash.hex(),
            body_hash=one.body_hash.hex(),
            body_key_id=one.body_key_id,
        ),
    )
