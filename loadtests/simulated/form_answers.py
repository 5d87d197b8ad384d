"""What a person types into the citizen's form, page by page, to say what an application says.

Pages and fields are those that the form publishes in its HTML. Everything that may be asked is
answered; who fills in the form types only what it asks for.
"""

from collections.abc import Collection, Mapping
from typing import Any

Typed = dict[str, str]
Answers = dict[str, Typed]  # by the last part of a page's path

LINES = ("property", "street", "locality", "town", "area", "postcode")
HOMES = {"GB": "british", "IE": "irish"}
SET_BY_PARTNERS = frozenset({"applicantIp", "timeTakenSeconds"})  # the form states its own
ASKED_OF_SOME = {"euRetainedRights": "eu-rights"}  # an answer, by the page that not everybody sees
NATIONS = {"E": "england", "W": "wales", "S": "scotland"}  # by how their codes begin


def typed_answers(application: Mapping[str, Any], country: str = "england") -> Answers:
    """What to type, for the body of an application; `country` is where it names none."""
    return {
        "country-of-residence": {"country": application.get("country", country)},
        "nationality": _nationality(application),
        "eu-rights": {"euRights": _yes_or_no(application.get("euRetainedRights", True))},
        "date-of-birth": _date_of_birth(application),
        "name": _name(application),
        "previous-name": _previous_name(application),
        "nino": _nino(application),
        **_address(application),
        "other-address": {"otherAddress": application["otherAddress"]},
        **_previous_address(application.get("previousAddress")),
        "open-register": {"openRegister": _yes_or_no(application["openRegister"])},
        "postal-vote": _postal_vote(application["postalVote"]),
        "sole-occupancy": {"sole": _yes_or_no(application["soleOccupancy"])},
        "contact": _contact(application["contact"]),
    }


def country_of(application: Mapping[str, Any], nation: str) -> str:
    """Where the applicant lives: what they say, else the nation of their place or council."""
    code = str(application.get("gssCode", ""))
    return str(application.get("country") or nation or NATIONS.get(code[:1], "england"))


def as_said(
    application: Mapping[str, Any], country: str, visited: Collection[str]
) -> dict[str, Any]:
    """What somebody has said who was asked on these pages, by the last parts of their paths."""
    said = {
        name: answer
        for name, answer in application.items()
        if name not in SET_BY_PARTNERS and ASKED_OF_SOME.get(name, "") in ("", *visited)
    }
    return said | {"country": country}


def _yes_or_no(value: object) -> str:
    return "yes" if value else "no"


def _cannot(absence: Mapping[str, str]) -> Typed:
    return {"cannot": "yes", "reason": absence["reason"]}


def _nationality(application: Mapping[str, Any]) -> Typed:
    if "noNationality" in application:
        return _cannot(application["noNationality"])
    codes = application["nationalities"]
    others = [code for code in codes if code not in HOMES]
    typed = {HOMES[code]: "yes" for code in codes if code in HOMES}
    if others:
        typed["other"] = "yes"
    return typed | {f"country{n}": code for n, code in enumerate(others, start=1)}


def _date_of_birth(application: Mapping[str, Any]) -> Typed:
    if "noDateOfBirth" in application:
        absence = application["noDateOfBirth"]
        return _cannot(absence) | {"ageRange": absence["ageRange"]}
    year, month, day = str(application["dateOfBirth"]).split("-")
    return {"day": str(int(day)), "month": str(int(month)), "year": year}


def _name(person: Mapping[str, str]) -> Typed:
    fields = ("firstName", "middleNames", "lastName")
    return {field: person[field] for field in fields if field in person}


def _previous_name(application: Mapping[str, Any]) -> Typed:
    previous = application.get("previousName")
    if previous is None:
        return {"changed": "no"}
    typed = {"changed": "yes"} | _name(previous)
    if "changeReason" in previous:
        typed["changeReason"] = previous["changeReason"]
    return typed


def _nino(application: Mapping[str, Any]) -> Typed:
    if "noNino" in application:
        return _cannot(application["noNino"])
    return {"nino": application.get("nino", "")}  # an under-16 is not asked


def _address(application: Mapping[str, Any]) -> Answers:
    address = application["address"]
    return {
        "postcode": {"postcode": address["postcode"]},
        "address": {"uprn": address.get("uprn", "not-listed")},
        "type-address": _lines(address),
        "council": {"gssCode": application.get("gssCode", "unknown")},
    }


def _lines(address: Mapping[str, str]) -> Typed:
    return {line: address[line] for line in LINES if line in address}


def _previous_address(previous: Mapping[str, str] | None) -> Answers:
    if previous is None:
        return {"previous-address": {"moved": "no"}}
    lines, country = _lines(previous), previous.get("country", "GB")
    if country == "GB":
        return {"previous-address": {"moved": "uk"}, "previous-address-uk": lines}
    abroad = lines | {"country": country}
    return {"previous-address": {"moved": "abroad"}, "previous-address-abroad": abroad}


def _postal_vote(postal_vote: Mapping[str, Any]) -> Typed:
    typed = {"wanted": _yes_or_no(postal_vote["wanted"])}
    return typed | ({"formBy": postal_vote["formBy"]} if "formBy" in postal_vote else {})


def _contact(contact: Mapping[str, Any]) -> Typed:
    typed = {way: contact[way] for way in ("email", "phone") if way in contact}
    return typed | ({"post": "yes"} if contact.get("post") else {})
