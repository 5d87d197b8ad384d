"""Who fills in the form: one for each kind of answer, as the body of the API."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from allpairspy import AllPairs
from builders import ABSENT, an_application
from electoral.address_lookup import uprn_of
from electoral.today import LONDON
from simulated.form_answers import Answers, typed_answers

Kinds = Mapping[str, str]  # which kind of each answer

POSTCODES = {"england": "S1 2HH", "scotland": "EH1 1YZ", "wales": "CF10 1EP"}
# Nothing is built there yet, as far as the directory knows; a council is then chosen or not.
UNPLACEABLE = "AB11 3AG"
COUNCILS = {"england": "E08000039", "scotland": "S12000036", "wales": "W06000015"}
NATIONALITIES: Mapping[str, dict[str, object]] = {
    "british": {"nationalities": ["GB"]},
    "irish and british": {"nationalities": ["GB", "IE"]},
    "three others": {"nationalities": ["AU", "CY", "PL"]},
    "asked about rights": {"nationalities": ["DE"], "euRetainedRights": True},
    "elsewhere": {"nationalities": ["BR"]},
    "cannot say": {"noNationality": {"reason": "Stateless"}},
}
KINDS: Mapping[str, tuple[str, ...]] = {
    "nation": ("england", "scotland", "wales"),
    "birth": ("adult", "15", "cannot say"),
    "nationality": tuple(NATIONALITIES),
    "nino": ("given", "cannot say"),
    "address": ("chosen", "typed", "unplaceable", "council"),
    "moved": ("no", "uk", "abroad"),
    "changed": ("no", "yes"),
    "postal": ("no", "post", "email"),
    "contact": ("email", "phone", "post", "all"),
    "other": ("none", "student", "secondHome"),
    "language": ("en", "cy"),
    "javascript": ("with", "without"),
}


def pairs_of_kinds() -> Iterator[Kinds]:
    """Every two kinds together at least once, where both can be."""
    for row in AllPairs(list(KINDS.values()), filter_func=_can_be):
        yield dict(zip(KINDS, row, strict=True))


def _can_be(row: list[str]) -> bool:
    """Whether somebody of these kinds may register; rows come half finished, too."""
    kinds = dict(zip(KINDS, row, strict=False))
    in_england = kinds["nation"] == "england"
    if in_england and "elsewhere" in row:
        return False
    # The council tells the nation again, and so whether an under-16 may register.
    return not (kinds.get("birth") == "15" and (in_england or "unplaceable" in row))


def applicant(**kinds: str) -> dict[str, Any]:
    """The body of an application; what is not said is the first of its kind."""
    chosen = {kind: choices[0] for kind, choices in KINDS.items()} | kinds
    nation = chosen["nation"]
    return an_application(
        **_birth(chosen["birth"], nation),
        **_nino(chosen),
        **{"nationalities": ABSENT} | NATIONALITIES[chosen["nationality"]],
        **_address(chosen["address"], nation),
        **_previous(chosen["moved"]),
        **_previous_name(chosen["changed"]),
        postalVote=_postal_vote(chosen["postal"]),
        contact=_contact(chosen["contact"], chosen["postal"]),
        otherAddress=chosen["other"],
        country=nation,
        language=chosen["language"],
        openRegister=chosen["birth"] != "15" and chosen["other"] == "none",
    )


def answers(**kinds: str) -> Answers:
    return typed_answers(applicant(**kinds))


def _birth(kind: str, nation: str) -> dict[str, object]:
    if kind == "cannot say":
        age_range = "18to75" if nation == "england" else "over18"
        absence = {"reason": "Adopted; the date is not known", "ageRange": age_range}
        return {"dateOfBirth": ABSENT, "noDateOfBirth": absence}
    if kind == "15":
        today = datetime.now(UTC).astimezone(LONDON).date()
        return {"dateOfBirth": (today - timedelta(days=15 * 365 + 100)).isoformat()}
    return {"dateOfBirth": "1987-03-31"}


def _nino(kinds: Kinds) -> dict[str, object]:
    if kinds["birth"] == "15":
        return {"nino": ABSENT}
    if kinds["nino"] == "given":
        return {"nino": "AB123456C"}
    return {"nino": ABSENT, "noNino": {"reason": "I cannot find it\nand moved — twice"}}


def _address(kind: str, nation: str) -> dict[str, object]:
    postcode = UNPLACEABLE if kind in ("unplaceable", "council") else POSTCODES[nation]
    address = {"property": "Tŷ Gwyn", "street": "Heol y Bont", "postcode": postcode}
    if kind == "chosen":
        address["uprn"] = uprn_of(postcode, 1)
    more = {"gssCode": COUNCILS[nation]} if kind == "council" else {}
    return {"address": address, **more}


def _previous(kind: str) -> dict[str, object]:
    if kind == "no":
        return {}
    lines = {"property": "500", "street": "Hauptstraße", "town": "Köln"}
    if kind == "abroad":
        return {"previousAddress": lines | {"country": "DE", "postcode": "50667"}}
    return {"previousAddress": lines | {"postcode": "LS1 1UR"}}


def _previous_name(kind: str) -> dict[str, object]:
    if kind == "no":
        return {}
    name = {"firstName": "Łukasz", "lastName": "Nguyễn", "changeReason": "Marriage"}
    return {"previousName": name}


def _postal_vote(kind: str) -> dict[str, object]:
    return {"wanted": False} if kind == "no" else {"wanted": True, "formBy": kind}


def _contact(kind: str, postal: str) -> dict[str, object]:
    ways: dict[str, object] = {
        "email": "sian@example.com",
        "phone": "01632 960123",
        "post": True,
    }
    chosen = {way: ways[way] for way in ways if kind in (way, "all")}
    # Who wants the form by e-mail says to which address.
    return {"email": ways["email"], **chosen} if postal == "email" else chosen
