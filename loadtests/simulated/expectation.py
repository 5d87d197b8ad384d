"""What a council must receive for an application that was sent: written from the two published
formats alone, as a council's supplier would, and owing nothing to the services' own code."""

import json
import unicodedata
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

Detail = dict[str, Any]

NAMES = {"firstName": "fn", "middleNames": "mn", "lastName": "ln"}
# Top-level fields of the application that are delivered under the same name.
SAME_NAME = (
    "nationalities",
    "noNationality",
    "euRetainedRights",
    "noNino",
    "previousAddress",
    "otherAddress",
    "openRegister",
    "postalVote",
    "soleOccupancy",
    "country",
    "timeTakenSeconds",
    "declaration",
)
OTHER_NAME = {
    "language": "lang",
    "dateOfBirth": "dob",
    "noDateOfBirth": "noDob",
    "address": "registeredAddress",
    "applicantIp": "ip",
}
# The service may state these by itself when the sender did not.
SERVICE_MAY_ADD = frozenset({"ip", "timeTakenSeconds"})
NOT_SENT = object()
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: it is dear


class Expected(NamedTuple):
    """What must come of one submission. `result` is None when the truth is not known."""

    application: dict[str, Any]
    gss_code: str
    result: str | None = None
    levels: Mapping[str, str] = {}


def expected_detail(application: dict[str, Any], reference: str) -> Detail:
    """The `detail` of the item, in the gateway's field names; text as NFC without margins."""
    detail: Detail = {"refNum": reference, **_renamed(application, NAMES)}
    previous = application.get("previousName")
    if previous is not None:
        kept = {"changeReason": previous["changeReason"]} if "changeReason" in previous else {}
        detail["previousName"] = {**_renamed(previous, NAMES), **kept}
    detail |= {name: application[name] for name in SAME_NAME if name in application}
    detail |= _renamed(application, OTHER_NAME)
    detail |= application.get("contact", {})
    written: Detail = _as_written(detail)
    return written


def as_asked(application: dict[str, Any], on: date) -> dict[str, Any]:
    """Without what people under 16 are not asked; who answers all the same is not repeated."""
    born = application.get("dateOfBirth")
    if not born or not _is_under_16(date.fromisoformat(born), on):
        return application
    return {name: answer for name, answer in application.items() if name != "noNino"}


def _is_under_16(born: date, on: date) -> bool:
    return (on.year - born.year) - ((on.month, on.day) < (born.month, born.day)) < 16


def _renamed(source: dict[str, Any], names: dict[str, str]) -> Detail:
    return {new: source[old] for old, new in names.items() if old in source}


def differences(expected: Detail, delivered: Detail) -> list[str]:
    """The fields in which the two differ; only names, so that a report shows nobody's data."""
    names = sorted(expected.keys() | delivered.keys())
    return [name for name in names if not _agree(name, expected, delivered)]


def _agree(name: str, expected: Detail, delivered: Detail) -> bool:
    sent, came = expected.get(name, NOT_SENT), delivered.get(name, NOT_SENT)
    if sent is NOT_SENT:
        return name in SERVICE_MAY_ADD
    if came is NOT_SENT:
        return False
    if name in ("registeredAddress", "previousAddress"):
        return _with_plain_postcode(sent) == _with_plain_postcode(came)
    return bool(sent == came) and type(sent) is type(came)


def _with_plain_postcode(address: object) -> object:
    """Postcodes are equal whatever their spaces and capitals."""
    if not isinstance(address, dict) or not isinstance(address.get("postcode"), str):
        return address
    return {**address, "postcode": address["postcode"].replace(" ", "").upper()}


def _as_written(value: Any) -> Any:
    """The value as it is stored: every text composed (NFC) and without spaces around it.

    What was sent as null, or as an empty text, is the same as what was not sent.
    """
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip()
    if isinstance(value, dict):
        written = {key: _as_written(inner) for key, inner in value.items()}
        return {key: inner for key, inner in written.items() if inner not in (None, "")}
    if isinstance(value, list):
        return [_as_written(inner) for inner in value]
    return value


def told_to_councils(application: Mapping[str, Any]) -> bytes:
    """What a council must receive of what was sent: all but the NINO, as compact JSON."""
    told = {name: answer for name, answer in application.items() if name != "nino"}
    return COMPACT.encode(told).encode()


def digest_of(application: Mapping[str, Any]) -> str:
    return sha256(told_to_councils(application)).hexdigest()


def shows_nino(text: str, application: dict[str, Any]) -> bool:
    """Whether a text holds the number that the applicant gave, however it is written."""
    nino = application.get("nino")
    if not isinstance(nino, str):
        return False
    return "".join(c for c in nino if c.isalnum()).upper()[:8] in text.upper()
