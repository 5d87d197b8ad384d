"""What is accepted: the values that intake stores and answers with; no I/O.

What is made for every application is a NamedTuple: it is as immutable as a frozen dataclass, and
is made and compared in a fraction of its time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from electoral.events import (
    AddressBasis,
    ApplicationReceived,
    ApplicationType,
    IdempotencyProof,
    Language,
    NinoAbsence,
    Source,
)

ARRIVAL_CLAMP = timedelta(minutes=1)  # an arrival is at most this much before its receipt


class IntakeKey(NamedTuple):
    """An idempotency key in its client's scope, hashed."""

    client_id: str
    idempotency_hash: bytes


class Acceptance(NamedTuple):
    """An application that passed every rule, ready to be stored."""

    key: IntakeKey
    application_id: UUID
    reference: str
    body_hash: bytes
    body_key_id: str
    postcode_hash: bytes
    postcode_key_id: str
    gss_code: str
    previous_gss_code: str | None
    address_basis: AddressBasis
    source: Source
    type: ApplicationType
    language: Language
    age_years: int | None
    arrived_at: datetime  # by our clock; clamped when it is stored
    sealed_person: str
    sealed_nino: str | None
    nino_absence: NinoAbsence | None
    traceparent: str
    time_taken_seconds: int | None = None
    came_at: datetime | None = None  # as we noted it before: then it arrived at this time


class Stored(NamedTuple):
    """What a receipt is made of."""

    application_id: UUID
    body_hash: bytes
    body_key_id: str
    reference: str
    gss_code: str
    arrived_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to an application that is safe with us."""

    stored: Stored
    replayed: bool


def received_event(acceptance: Acceptance, stored: Stored) -> ApplicationReceived:
    """Make the event of an acceptance that was stored."""
    return ApplicationReceived(
        application_id=acceptance.application_id,
        attempt=1,
        gss_code=acceptance.gss_code,
        received_at=stored.received_at,
        attempt_received_at=stored.received_at,
        reference=acceptance.reference,
        type=acceptance.type,
        source=acceptance.source,
        language=acceptance.language,
        arrived_at=stored.arrived_at,
        previous_gss_code=acceptance.previous_gss_code,
        address_basis=acceptance.address_basis,
        client_id=acceptance.key.client_id,
        person=acceptance.sealed_person,
        nino=acceptance.sealed_nino,
        nino_absence=acceptance.nino_absence,
        idempotency=IdempotencyProof(
            key_hash=acceptance.key.idempotency_hash.hex(),
            body_hash=acceptance.body_hash.hex(),
            body_key_id=acceptance.body_key_id,
        ),
    )
