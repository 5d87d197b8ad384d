"""A record as an ERO's system reads it: the published API's names, and what ours adds.

The online applicant's NINO is never here: only named fields are copied, and no NINO among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from electoral.envelope import timestamp
from pydantic_core import from_json

from ems_gateway.errors import UnreadablePerson

Json = dict[str, object]

ITEM_BYTES_BESIDE = 2_048  # of an item, besides its person and its outcome

# What a person's answer is called in `detail`; what is not here is not delivered.
_DETAIL_NAMES = (
    ("applicantIp", "ip"),
    ("firstName", "fn"),
    ("middleNames", "mn"),
    ("lastName", "ln"),
    ("dateOfBirth", "dob"),
    ("noDateOfBirth", "noDob"),
    ("noNino", "noNino"),
    ("nationalities", "nationalities"),
    ("noNationality", "noNationality"),
    ("euRetainedRights", "euRetainedRights"),
    ("address", "registeredAddress"),
    ("previousAddress", "previousAddress"),
    ("qualifyingAddress", "qualifyingAddress"),
    ("correspondenceAddress", "correspondenceAddress"),
    ("otherAddress", "otherAddress"),
    ("openRegister", "openRegister"),
    ("postalVote", "postalVote"),
    ("proxyVote", "proxyVote"),
    ("soleOccupancy", "soleOccupancy"),
    ("overseas", "overseas"),
    ("forces", "forces"),
    ("crown", "crown"),
    ("country", "country"),
    ("timeTakenSeconds", "timeTakenSeconds"),
    ("declaration", "declaration"),
)
_PREVIOUS_NAME_NAMES = (
    ("firstName", "fn"),
    ("middleNames", "mn"),
    ("lastName", "ln"),
    ("changeReason", "changeReason"),
)
_CONTACT_NAMES = (("email", "email"), ("phone", "phone"), ("post", "post"))


@dataclass(frozen=True, slots=True)
class Content:
    """A stored record, whole."""

    position: int
    record_id: bytes
    application_id: UUID
    attempt: int
    revision: int
    replaces: bytes | None
    gss_code: str
    address_basis: str
    received_at: datetime
    arrived_at: datetime
    attempt_received_at: datetime
    type: str
    source: str
    language: str
    reference: str | None
    outcome: str
    person: str  # sealed


def read_person(opened: bytes) -> Json:
    """Read an opened person as it is, so that every field is delivered as it was sent.

    What this reads, `item` can render and JSON can hold: lone surrogates are refused too.
    """
    try:
        person: object = from_json(opened, allow_inf_nan=False)
    except ValueError:
        raise UnreadablePerson("not JSON") from None
    if not isinstance(person, dict):
        raise UnreadablePerson("not an object")
    if not ("firstName" in person and "lastName" in person):
        raise UnreadablePerson("without a name")
    for name in ("previousName", "contact"):
        if not isinstance(person.get(name, {}), dict):
            raise UnreadablePerson(f"{name} is not an object")
    return person


def detail(person: Mapping[str, object], reference: str | None, language: str) -> Json:
    """Name a person's answers as the published API does; what was not sent is left out."""
    named: Json = {} if reference is None else {"refNum": reference}
    named["lang"] = language
    named |= _renamed(person, _DETAIL_NAMES)
    if "previousName" in person:
        named["previousName"] = _renamed(_part(person, "previousName"), _PREVIOUS_NAME_NAMES)
    named |= _renamed(_part(person, "contact"), _CONTACT_NAMES)
    return named


def _renamed(answers: Mapping[str, object], names: tuple[tuple[str, str], ...]) -> Json:
    return {new: answers[old] for old, new in names if old in answers}


def _part(person: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = person.get(name, {})
    assert isinstance(part, dict)  # `read_person` has looked
    return part


def verification(outcome: str) -> Json:
    """Say what verification found, all levels included."""
    found = from_json(outcome)
    return {
        "status": found["status"],
        "result": found.get("result"),
        "levels": found.get("levels"),
        "ruleVersion": found["ruleVersion"],
        "decidedBy": found["decidedBy"],
        "ninoReuse": found.get("ninoReuse", []),
        "possibleDuplicates": found.get("possibleDuplicates", {"total": 0, "listed": []}),
    }


def item(
    content: Content,
    person: Mapping[str, object],
    *,
    delivered_under: str,
    leased_until: datetime | None,
) -> Json:
    """Make the whole item; `createdAt` is the time that the queue is ordered by."""
    attempt_received_at = timestamp(content.attempt_received_at)
    replaces = content.replaces
    rendered: Json = {
        "id": content.record_id.hex(),
        "createdAt": attempt_received_at,
        "gssCode": content.gss_code,
        "source": content.source,
        "type": content.type,
        "applicationId": str(content.application_id),
        "attempt": content.attempt,
        "revision": content.revision,
        "replaces": None if replaces is None else replaces.hex(),
        "leasedUntil": _still_leased(leased_until),
        "receivedAt": timestamp(content.received_at),
        "arrivedAt": timestamp(content.arrived_at),
        "attemptReceivedAt": attempt_received_at,
        "language": content.language,
        "detail": detail(person, content.reference, content.language),
        "addressBasis": content.address_basis,
        "verification": verification(content.outcome),
    }
    if delivered_under != content.gss_code:
        rendered["assignedGssCode"] = delivered_under
    return rendered


def _still_leased(until: datetime | None) -> str | None:
    if until is None or until <= datetime.now(UTC):
        return None
    return timestamp(until)
