"""The events that travel between the services: the whole contract, as frozen models.

A value never holds personal data in clear: `person` and `nino` are sealed (`electoral.sealing`).
Readers ignore fields they do not know, so that a newer writer does not stop an older reader.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ApplicationType = Literal["ordinary", "overseas", "forces", "crown"]
Source = Literal["web", "assisted", "paper"]
Language = Literal["en", "cy"]
AddressBasis = Literal["uprn", "postcode", "gss-code", "unknown"]
NinoAbsence = Literal["no-nino", "under-16", "never-issued", "not-corrected"]

Level = Literal[
    "match",
    "alias",
    "initials",
    "reversed",
    "alias-reversed",
    "soundex",
    "not-populated",
    "no-match",
    "not-applicable",
]
DateOfDeathLevel = Literal["true", "false", "not-applicable"]
MatchResult = Literal["green", "red", "not-applicable"]

GssCode = Annotated[str, Field(pattern=r"^[A-Z][0-9]{8}$", examples=["E08000025"])]
Sealed = Annotated[
    str,
    Field(
        max_length=200_000,
        description="AES-256-GCM: key id, then nonce and ciphertext in base64url",
        examples=["person-2026-11-22.bm9uY2Vub25jZWNpcGhlcnRleHQ"],
    ),
]


class Part(BaseModel):
    """A piece of an event: frozen, camelCase on the wire."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore"
    )


class Event(Part):
    """What all events say: which attempt of which application, and when that was accepted."""

    TOPIC: ClassVar[str]
    CE_TYPE: ClassVar[str]  # CloudEvents type, version included

    application_id: UUID
    attempt: int = Field(ge=1, le=2**31 - 1)
    gss_code: GssCode  # the authority it was accepted with; never changes
    received_at: datetime  # the application's, by the accepting database
    attempt_received_at: datetime  # this attempt's


class IdempotencyProof(Part):
    """What registration needs to recognise a repeat after its own database is rebuilt."""

    key_hash: str  # hex HMAC-SHA-256 of the client's idempotency key
    body_hash: str  # hex HMAC-SHA-256 of the canonical body
    body_key_id: str


class Submission(Event):
    """What is known of an application besides its outcome."""

    reference: str | None = None  # online only
    type: ApplicationType
    source: Source
    language: Language
    arrived_at: datetime
    previous_gss_code: GssCode | None = None
    address_basis: AddressBasis
    client_id: str = Field(max_length=100)
    person: Sealed


class ApplicationReceived(Submission):
    """An application, or a later attempt of one, was accepted and stored."""

    TOPIC: ClassVar[str] = "applications.received"
    CE_TYPE: ClassVar[str] = "applications.received.v1"

    nino: Sealed | None = None
    nino_absence: NinoAbsence | None = None
    # Of a later attempt: it has all answers, and is not merged with those before.
    is_whole: bool = False
    idempotency: IdempotencyProof | None = None


class Levels(Part):
    """How well each field agrees with the record; nothing of the record itself."""

    first_name: Level
    middle_name: Level
    last_name: Level
    date_of_birth: Literal["match", "no-match", "not-applicable"]
    nino: Literal["match", "no-match", "not-applicable"]
    date_of_death: DateOfDeathLevel


class NinoReuse(Part):
    """How often this NINO was used in other applications within 12 months, per authority."""

    gss_code: GssCode
    nino_count: int = Field(ge=1)


class PossibleDuplicate(Part):
    """An earlier application that looks like the same person; what this ERO may know of it."""

    gss_code: GssCode
    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    reference: str | None = None  # same ERO only
    received_at: datetime | None = None  # same ERO only
    basis: Literal["nino", "name-date-of-birth-postcode"]


class PossibleDuplicates(Part):
    """Earlier applications of what looks like the same person: at most 20 listed, all counted."""

    total: int = Field(default=0, ge=0)
    listed: tuple[PossibleDuplicate, ...] = Field(default=(), max_length=20)
    group: str | None = None  # opaque, per ERO


class Outcome(Part):
    """What verification found, and by which rule."""

    status: Literal["final", "pending"]
    result: MatchResult | None = None  # None while pending
    levels: Levels | None = None  # None while pending
    rule_version: str
    decided_by: str  # the rule within the version that decided
    decided_at: datetime
    # The authorities with the most uses, and how many uses there were everywhere.
    nino_reuse: tuple[NinoReuse, ...] = Field(default=(), max_length=20)
    nino_reuse_total: int = Field(default=0, ge=0)
    possible_duplicates: PossibleDuplicates = PossibleDuplicates()


class ApplicationVerified(Submission):
    """Verification has an outcome for an attempt: pending, final, or decided again."""

    TOPIC: ClassVar[str] = "applications.verified"
    CE_TYPE: ClassVar[str] = "applications.verified.v1"

    revision: int = Field(ge=1, le=2**31 - 1)
    nino_absence: NinoAbsence | None = None
    outcome: Outcome


class ApplicationAcknowledged(Event):
    """The ERO's system has answered for a record; no free text."""

    TOPIC: ClassVar[str] = "applications.acknowledged"
    CE_TYPE: ClassVar[str] = "applications.acknowledged.v1"

    revision: int = Field(ge=1, le=2**31 - 1)
    record_id: str = Field(pattern=r"^[0-9a-f]{24}$")
    status: Literal["success", "failure"]
    acknowledged_at: datetime


class ApplicationDetermined(Event):
    """The ERO has decided an application."""

    TOPIC: ClassVar[str] = "applications.determined"
    CE_TYPE: ClassVar[str] = "applications.determined.v1"

    outcome: Literal["allowed", "rejected"]
    reasons: tuple[str, ...] = ()
    identity_verified_by: Literal["nino", "local-data", "documents", "attestation"]
    determined_at: datetime


EVENTS: tuple[type[Event], ...] = (
    ApplicationReceived,
    ApplicationVerified,
    ApplicationAcknowledged,
    ApplicationDetermined,
)
EVENT_BY_CE_TYPE: dict[str, type[Event]] = {event.CE_TYPE: event for event in EVENTS}
