"""What is accepted: the values that intake stores and answers with; no I/O."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True, slots=True, order=True)
class IntakeKey:
    """An idempotency key in its client's scope, hashed."""

    client_id: str
    idempotency_hash: bytes


@dataclass(frozen=True, slots=True)
class Acceptance:
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


@dataclass(frozen=True, slots=True)
class Stored:
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


def same_body(stored: Stored, body_hash: bytes) -> bool:
    """Say whether a repeat has the body that the first had (hashes under the same key)."""
    return hmac.compare_digest(stored.body_hash, body_hash)


def clamp_arrival(arrived_at: datetime, received_at: datetime) -> datetime:
    """Keep an arrival between a minute before the receipt and the receipt."""
    return min(max(arrived_at, received_at - ARRIVAL_CLAMP), received_at)


def as_stored(acceptance: Acceptance, now: datetime) -> Stored:
    return Stored(
        application_id=acceptance.application_id,
        body_hash=acceptance.body_hash,
        body_key_id=acceptance.body_key_id,
        reference=acceptance.reference,
        gss_code=acceptance.gss_code,
        arrived_at=clamp_arrival(acceptance.arrived_at, now),
        received_at=now,
    )


def received_event(acceptance: Acceptance, now: datetime) -> ApplicationReceived:
    """Make the event of an acceptance; `now` is its `receivedAt`."""
    return ApplicationReceived.model_construct(
        application_id=acceptance.application_id,
        attempt=1,
        gss_code=acceptance.gss_code,
        received_at=now,
        attempt_received_at=now,
        reference=acceptance.reference,
        type=acceptance.type,
        source=acceptance.source,
        language=acceptance.language,
        arrived_at=clamp_arrival(acceptance.arrived_at, now),
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
