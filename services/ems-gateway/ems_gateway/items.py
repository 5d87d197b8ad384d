"""A record as an ERO's system reads it: the published API's names, and what ours adds.

The online applicant's NINO is never here: only named fields are copied, and no NINO among them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from electoral.envelope import timestamp
from electoral.explanation import explain
from electoral.person import UnreadablePerson
from pydantic_core import from_json

from ems_gateway.duplicates import AnswersFor, Duplicates, possible_duplicates

Json = dict[str, object]

ITEM_BYTES_BESIDE = 2_048  # of an item, besides its person and its event: the sentences above all
EXPLANATIONS_MAX = 1_024  # remembered; most outcomes share a few dozen combinations of levels
MOMENT_CHARACTERS = len("2026-11-22T09:30:15.123456Z")

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


class Delivery(NamedTuple):
    """How a record waits for its ERO: what of an item is not the record's own."""

    gss_code: str  # it is delivered under
    ero: str  # it is delivered to
    offer: int = 1
    leased_until: datetime | None = None
    lease_id: bytes | None = None  # of the newest lease, ended or not


class Content(NamedTuple):
    """What is stored of a record, as far as an item needs it."""

    record_id: bytes
    application_id: UUID
    attempt: int
    replaces: bytes | None
    event: str  # JSON, as verification published it, less the person
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


def verification(event: Mapping[str, Any], duplicates: Duplicates) -> Json:
    """Say what verification found, all levels included, and what that means in words."""
    outcome = event["outcome"]
    result, levels = outcome.get("result"), outcome.get("levels")
    return {
        "status": outcome["status"],
        "result": result,
        "levels": levels,
        "explanation": _explanation(
            result, None if levels is None else tuple(levels.items()), event.get("ninoAbsence")
        ),
        "ruleVersion": outcome["ruleVersion"],
        "decidedBy": outcome["decidedBy"],
        "ninoReuse": outcome.get("ninoReuse", []),
        "ninoReuseTotal": outcome.get("ninoReuseTotal", 0),
        "possibleDuplicates": duplicates,
    }


@lru_cache(EXPLANATIONS_MAX)
def _explanation(
    result: str | None, levels: tuple[tuple[str, str], ...] | None, nino_absence: str | None
) -> Mapping[str, object]:
    return explain(result, None if levels is None else dict(levels), nino_absence).as_json()


def item(
    content: Content,
    person: Mapping[str, object],
    delivery: Delivery,
    answers_for: AnswersFor,
) -> Json:
    """Make the whole item; `createdAt` is the time that the queue is ordered by."""
    event = from_json(content.event)
    attempt_received_at = _in_full(event["attemptReceivedAt"])
    replaces = content.replaces
    under, ero = delivery.gss_code, delivery.ero
    duplicates = possible_duplicates(event, under, ero, answers_for)
    leased_until = _still_leased(delivery.leased_until)
    lease_id = delivery.lease_id if leased_until else None
    rendered: Json = {
        "id": content.record_id.hex(),
        "createdAt": attempt_received_at,
        "gssCode": event["gssCode"],
        "source": event["source"],
        "type": event["type"],
        "applicationId": event["applicationId"],
        "attempt": event["attempt"],
        "revision": event["revision"],
        "replaces": None if replaces is None else replaces.hex(),
        "leasedUntil": leased_until,
        "leaseId": None if lease_id is None else lease_id.hex(),
        "offer": delivery.offer,
        "receivedAt": _in_full(event["receivedAt"]),
        "arrivedAt": _in_full(event["arrivedAt"]),
        "attemptReceivedAt": attempt_received_at,
        "language": event["language"],
        "detail": detail(person, event.get("reference"), event["language"]),
        "addressBasis": event["addressBasis"],
        "verification": verification(event, duplicates),
    }
    if under != event["gssCode"]:
        rendered["assignedGssCode"] = under
    return rendered


def _in_full(moment: str) -> str:
    """Write a moment of an event with its microseconds, which JSON leaves out where there are none,
    and in UTC.
    """
    if len(moment) == MOMENT_CHARACTERS and moment[-1] == "Z":
        return moment
    return timestamp(datetime.fromisoformat(moment))


def _still_leased(until: datetime | None) -> str | None:
    if until is None or until <= datetime.now(UTC):
        return None
    return timestamp(until)
