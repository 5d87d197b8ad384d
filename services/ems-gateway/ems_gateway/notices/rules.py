"""Who is told of somebody who moved, and what: decisions only, no input or output.

When an ERO allows someone who gave a previous address under another ERO, that one gets a notice, so
that it can delete the old entry: names, date of birth, previous address and the new authority.
Never a NINO, never the new address: only named fields are copied.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Literal, NamedTuple
from uuid import UUID

from electoral.postcodes import find_outside

from ems_gateway.delivery import AnswerStatus, Route
from ems_gateway.items import Json, detail

NoticeState = Literal["queued", "held", "acknowledged"]
NoticeReason = Literal["authority-unknown", "no-authority", "unreadable", "failure"]

_OF_THE_PERSON = ("fn", "mn", "ln", "dob")
_OF_A_NAME = ("fn", "mn", "ln")
_OF_AN_ADDRESS = ("property", "street", "locality", "town", "area", "postcode", "uprn")


class Notice(NamedTuple):
    """What there is to tell: to an ERO, or to nobody yet, with the reason."""

    ero: str | None
    reason: NoticeReason | None
    content: Json | None  # None while it could not be written


class NewNotice(NamedTuple):
    """A notice as it is stored first."""

    notice_id: bytes
    application_id: UUID
    attempt: int  # by whose record the application was determined
    gss_code: str  # where the person lives now
    previous_gss_code: str | None  # None while nobody could place the previous address
    ero: str | None
    reason: NoticeReason | None
    content: str | None  # sealed


class NoticeStanding(NamedTuple):
    """Where a notice stands."""

    application_id: UUID
    attempt: int
    state: NoticeState
    reason: NoticeReason | None
    offer: int  # within one offer the first answer stands
    content: str | None  # sealed


def notice_id(application_id: UUID) -> bytes:
    """Name the notice of an application: 12 bytes, the same after any repeat."""
    return sha256(b"notice" + application_id.bytes).digest()[:12]


def notice_for(ero: str, previous: Route, person: Mapping[str, object] | None) -> Notice | None:
    """Decide who is told of somebody whom `ero` allowed; None where nobody has to be.

    `previous` is whose the previous address is; `person` is None if it could not be read: nobody
    knows then that there was no previous address, so that somebody has to look.
    """
    if previous.ero == ero:
        return None
    if person is None:
        return Notice(None, "unreadable", None)
    content = content_of(person)
    if content is None:
        return None
    reason: NoticeReason | None = None if previous.ero else "authority-unknown"
    if previous.reason == "no-authority":
        reason = "no-authority"
    return Notice(previous.ero, reason, content)


def content_of(person: Mapping[str, object]) -> Json | None:
    """Say what a notice says; None for whoever lived nowhere in Great Britain before."""
    address = person.get("previousAddress")
    if not isinstance(address, dict) or _is_elsewhere(address):
        return None
    named = detail(person, None, "")
    content = _only(named, _OF_THE_PERSON)
    previous_name = named.get("previousName")
    if isinstance(previous_name, dict):
        content["previousName"] = _only(previous_name, _OF_A_NAME)
    content["previousAddress"] = _only(address, _OF_AN_ADDRESS)
    return content


def _is_elsewhere(address: Mapping[str, object]) -> bool:
    """Abroad, in Northern Ireland or on the islands: no ERO of ours has the old entry."""
    postcode = address.get("postcode")
    if address.get("country") not in (None, "GB") or not isinstance(postcode, str):
        return True
    return find_outside(postcode) is not None


def _only(answers: Mapping[str, object], names: tuple[str, ...]) -> Json:
    return {name: answers[name] for name in names if name in answers}


def is_effective(standing: NoticeStanding, status: AnswerStatus) -> bool:
    """Say whether an answer changes anything: the first of an offer does, and success after
    failure.
    """
    return standing.state == "queued" or (standing.state == "held" and status == "success")
