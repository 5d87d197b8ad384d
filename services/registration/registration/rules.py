"""The rules between answers, and those that need the day or the nation: pure, and all at once.

The day is the London date of arrival, whatever the backlog. Rules look at `Answers`, because the
form asks them while some answers are still missing, and the API while some are not well formed.
What each rule finds is a Fault, whose code and pointer name its sentence in `messages`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain
from types import MappingProxyType
from typing import Final, NamedTuple

from electoral import franchise
from electoral.answers import Address, Answers, PostalVote, PreviousAddress
from electoral.authorities import NATIONS, Nation
from electoral.postcodes import find_outside

from registration.messages import Fact

AGE_MAX = 114  # years; nobody older ever registered
NINO_AGE = 16  # the age from which people are asked for a NINO, and may be in the open register

_NO_FACTS: Final[Mapping[str, Fact]] = MappingProxyType({})

_NATION_OF_COUNTRY: Mapping[str | None, Nation] = {nation: nation for nation in NATIONS}
_AGE_RANGES: Mapping[Nation, frozenset[str]] = {
    "england": frozenset({"18to75", "over75"}),
    "scotland": frozenset({"16to17", "over18"}),
    "wales": frozenset({"16to17", "over18"}),
}
_AGE_RANGES_NOT_ONLINE = frozenset({"under18", "14to15", "dontKnow"})

# What a field's pair is called, and which of the two is the one that people are asked for first.
_EITHER_OR = (
    ("dateOfBirth", "noDateOfBirth"),
    ("nino", "noNino"),
    ("nationalities", "noNationality"),
)


class Fault(NamedTuple):
    """One thing that is wrong: where, what, and the facts that its sentence needs."""

    pointer: str  # RFC 6901
    code: str
    facts: Mapping[str, Fact] = _NO_FACTS


def faults_between_answers(
    answers: Answers, body: Mapping[str, object], on: date, source: str
) -> Iterator[Fault]:
    """Find all that is wrong with answers that are each well formed.

    `body` is what was sent: an answer that is in it but not in `answers` is not well formed,
    which is somebody else's fault to report.
    """
    nation = residence_nation(answers)
    return chain(
        _type_and_source(answers, source),
        _either_or(answers, body, on),
        _date_of_birth(answers, on),
        faults_in_nation(answers, nation, on),
        _under_16(answers, on),
        _outside_great_britain(answers),
        _previous_address(answers),
        _ways(answers),
    )


def faults_in_nation(answers: Answers, nation: Nation | None, on: date) -> Iterator[Fault]:
    """Find what a nation's own rules have against the answers.

    None is an address that nobody can place: the most lenient nation's rules apply.
    """
    yield from _minimum_age(answers, nation, on)
    yield from _age_range(answers, nation)
    yield from _franchise(answers, nation, on)


def residence_nation(answers: Answers) -> Nation | None:
    """The nation of the country the applicant says they live in."""
    return _NATION_OF_COUNTRY.get(answers.country)


def is_under_16(answers: Answers, on: date) -> bool:
    """Say whether the applicant is known to be too young to be asked for a NINO."""
    birth = answers.date_of_birth
    return birth is not None and birth < on and franchise.age_on(birth, on) < NINO_AGE


def _type_and_source(answers: Answers, source: str) -> Iterator[Fault]:
    if answers.type not in (None, "ordinary"):
        yield Fault("/type", "not-yet-supported")
    if answers.source not in (None, source):
        yield Fault("/source", "not-the-credentials")


def _either_or(answers: Answers, body: Mapping[str, object], on: date) -> Iterator[Fault]:
    for name, instead in _EITHER_OR:
        given = body.get(name) is not None, body.get(instead) is not None
        if all(given):
            yield Fault(f"/{instead}", "give-one-only")
        elif not any(given) and not (name == "nino" and is_under_16(answers, on)):
            yield Fault(f"/{name}", "missing")


def _date_of_birth(answers: Answers, on: date) -> Iterator[Fault]:
    birth = answers.date_of_birth
    if birth is None:
        return
    if birth >= on:
        yield Fault("/dateOfBirth", "in-the-future")
    elif franchise.age_on(birth, on) > AGE_MAX:
        yield Fault("/dateOfBirth", "too-long-ago")


def _minimum_age(answers: Answers, nation: Nation | None, on: date) -> Iterator[Fault]:
    birth = answers.date_of_birth
    if birth is None or birth >= on:
        return
    minimum = franchise.minimum_age(nation, on)
    if franchise.age_on(birth, on) < minimum:
        code = f"too-young-{nation}" if nation else "too-young"
        yield Fault("/dateOfBirth", code, {"minimum_age": minimum})


def _age_range(answers: Answers, nation: Nation | None) -> Iterator[Fault]:
    if answers.no_date_of_birth is None:
        return
    age_range = answers.no_date_of_birth.age_range
    if age_range in _AGE_RANGES_NOT_ONLINE:
        yield Fault("/noDateOfBirth/ageRange", "not-online")
    elif not any(age_range in _AGE_RANGES[n] for n in ((nation,) if nation else NATIONS)):
        yield Fault("/noDateOfBirth/ageRange", f"not-in-{nation}")


def _franchise(answers: Answers, nation: Nation | None, on: date) -> Iterator[Fault]:
    if answers.nationalities is None:
        return
    rights = answers.eu_retained_rights
    match franchise.eligible(answers.nationalities, nation, on, rights):
        case "ask-retained-rights":
            yield Fault("/euRetainedRights", "missing")
        case "not-eligible":
            yield Fault("/nationalities", f"no-franchise-{nation}" if nation else "no-franchise")


def _under_16(answers: Answers, on: date) -> Iterator[Fault]:
    if answers.open_register and is_under_16(answers, on):
        yield Fault("/openRegister", "under-16")


_ELSEWHERE = frozenset({"northern-ireland", "channel-islands", "isle-of-man", "abroad"})
_BAILIWICKS = {"JE": "jersey", "GY": "guernsey"}  # the Channel Islands have an office each


def _outside_great_britain(answers: Answers) -> Iterator[Fault]:
    if answers.country in _ELSEWHERE:
        yield Fault("/country", f"lives-in-{answers.country}")
    if answers.gss_code is not None and answers.gss_code.startswith("N"):
        yield Fault("/gssCode", "lives-in-northern-ireland")
    if answers.address is not None:
        yield from faults_of_postcode(answers.address.postcode)


def faults_of_postcode(postcode: str) -> Iterator[Fault]:
    """Find whether an address cannot be ours, by its postcode ("SW1A 1AA")."""
    outside = find_outside(postcode)
    if outside is not None:
        office = _BAILIWICKS.get(postcode[:2], outside)
        yield Fault("/address/postcode", f"lives-in-{office}")


_NOT_IN_A_PLACE = re.compile(r"[^\w/]|_")  # "flat 2/1" is not "flat 21"


def _previous_address(answers: Answers) -> Iterator[Fault]:
    now, before = answers.address, answers.previous_address
    if now is not None and before is not None and _is_same_place(now, before):
        yield Fault("/previousAddress", "same-as-address")


def _is_same_place(now: Address, before: PreviousAddress) -> bool:
    if before.is_abroad:
        return False
    if now.uprn is not None and before.uprn is not None:
        return now.uprn == before.uprn
    return now.postcode == before.postcode and _house(now) == _house(before)


def _house(address: Address | PreviousAddress) -> str:
    """Write house and street so that their division into lines does not count."""
    text = f"{address.property or ''}{address.street}"
    return _NOT_IN_A_PLACE.sub("", text.casefold())


def _is_by_email(postal_vote: PostalVote) -> bool:
    return postal_vote.wanted and postal_vote.form_by == "email"


def _ways(answers: Answers) -> Iterator[Fault]:
    """The last pages: how to be reached, how to get the form, and that all of it is true."""
    contact, postal_vote = answers.contact, answers.postal_vote
    if contact is not None:
        if not contact.email and postal_vote is not None and _is_by_email(postal_vote):
            yield Fault("/contact/email", "needed-for-postal-vote")
        elif not (contact.email or contact.phone or contact.post):
            yield Fault("/contact", "missing")
    if postal_vote is not None and postal_vote.wanted and postal_vote.form_by is None:
        yield Fault("/postalVote/formBy", "missing")
    if answers.declaration is False:
        yield Fault("/declaration", "not-declared")
