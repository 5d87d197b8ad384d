"""The rows of check-your-answers: each question that was asked, and what the answer will say.

Words are texts of the form: `<slug>.summary` names the question, `<slug>.options.<choice>` says a
choice, as beside its radio or checkbox. Names and addresses are shown as they will be sent.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from electoral.answers import Address, Answers, PreviousAddress, PreviousName

from registration.form.countries import country_names
from registration.form.dates import day
from registration.form.journey import Journey
from registration.form.pages.address import COUNCIL_UNKNOWN
from registration.form.texts import Translate
from registration.form.typed import ticked

CouncilName = Callable[[str], str]  # from a GSS code

_LINES = ("street", "locality", "town", "area", "postcode")


class Row(NamedTuple):
    """One answer, and the page that changes it."""

    slug: str
    label_key: str
    lines: tuple[str, ...]


class _Words(NamedTuple):
    """What a row is written with."""

    journey: Journey
    answers: Answers
    t: Translate
    council_name: CouncilName

    def typed(self, slug: str, name: str) -> str:
        return self.journey.typed[slug].get(name, "")

    def option(self, slug: str, choice: str) -> str:
        return self.t(f"{slug}.options.{choice}")

    def country(self, code: str | None) -> str:
        return country_names(self.journey.language).get(code or "", "")


_Lines = Iterable[str]


def summary(journey: Journey, t: Translate, council_name: CouncilName) -> tuple[Row, ...]:
    """Write the rows of a journey that is complete."""
    words = _Words(journey, journey.answers, t, council_name)
    return tuple(
        Row(page.slug, f"{page.slug}.summary", tuple(_ROWS[page.slug](words)))
        for page in journey.pages
        if page.slug not in _without_row(journey)
    )


def _without_row(journey: Journey) -> frozenset[str]:
    """Name pages that only led to an address, which another row shows."""
    return frozenset({"postcode", "address"} if journey.place.is_typed else ())


def _choice(slug: str, name: str) -> "_RowLines":
    """Show the one choice of a page."""
    return lambda words: (words.option(slug, words.typed(slug, name)),)


def _nationality(words: _Words) -> Iterator[str]:
    for code in words.answers.nationalities or ():
        own = {"GB": "british", "IE": "irish"}.get(code)
        yield words.option("nationality", own) if own else words.country(code)
    if words.answers.no_nationality is not None:
        yield from _cannot(words, "nationality", words.answers.no_nationality.reason)


def _date_of_birth(words: _Words) -> Iterator[str]:
    if words.answers.date_of_birth is not None:
        yield day(words.answers.date_of_birth, words.journey.language)
    elif (without := words.answers.no_date_of_birth) is not None:
        yield from _cannot(words, "date-of-birth", without.reason)
        yield words.option("date-of-birth", without.age_range)


def _cannot(words: _Words, slug: str, reason: str) -> _Lines:
    return words.option(slug, "cannot"), *reason.splitlines()


def _full_name(name: Answers | PreviousName) -> str:
    return " ".join(filter(None, (name.first_name, name.middle_names, name.last_name)))


def _previous_name(words: _Words) -> Iterator[str]:
    previous = words.answers.previous_name
    if previous is None:
        yield words.option("previous-name", words.typed("previous-name", "changed"))
        return
    yield _full_name(previous)
    yield from (previous.change_reason or "").splitlines()


def _nino(words: _Words) -> Iterator[str]:
    """Write the number in pairs, as on letters about it."""
    nino = words.answers.nino
    if nino is not None:
        yield " ".join(nino[place : place + 2] for place in range(0, len(nino), 2))
    elif words.answers.no_nino is not None:
        yield from _cannot(words, "nino", words.answers.no_nino.reason)


def _address(address: Address | PreviousAddress | None) -> Iterator[str]:
    """Write an address as on an envelope: a house's number stands before its street."""
    if address is None:
        return
    house, rest = address.property or "", [getattr(address, line) for line in _LINES]
    if house and house[0].isdecimal() and " " not in house:
        rest[0] = f"{house} {rest[0]}"
    elif house:
        yield house
    yield from filter(None, rest)


def _council(words: _Words) -> _Lines:
    code = words.typed("council", "gssCode")
    if code == COUNCIL_UNKNOWN:
        return (words.option("council", COUNCIL_UNKNOWN),)
    return (words.council_name(code),)


def _previous_address(words: _Words) -> Iterator[str]:
    previous = words.answers.previous_address
    yield from _address(previous)
    if previous is not None and previous.is_abroad:
        yield words.country(previous.country)


def _postal_vote(words: _Words) -> Iterator[str]:
    yield words.option("postal-vote", words.typed("postal-vote", "wanted"))
    vote = words.answers.postal_vote
    if vote is not None and vote.form_by is not None:
        yield words.option("postal-vote", vote.form_by)


def _contact(words: _Words) -> Iterator[str]:
    contact = words.answers.contact
    if contact is not None:
        yield from filter(None, (contact.email, contact.phone))
    if ticked(words.journey.typed["contact"], "post"):
        yield words.option("contact", "post")


_RowLines = Callable[[_Words], _Lines]

_ROWS: dict[str, _RowLines] = {
    "country-of-residence": _choice("country-of-residence", "country"),
    "nationality": _nationality,
    "eu-rights": _choice("eu-rights", "euRights"),
    "date-of-birth": _date_of_birth,
    "name": lambda words: (_full_name(words.answers),),
    "previous-name": _previous_name,
    "nino": _nino,
    "postcode": lambda words: (words.answers.address.postcode if words.answers.address else "",),
    "address": lambda words: _address(words.answers.address),
    "type-address": lambda words: _address(words.answers.address),
    "council": _council,
    "other-address": _choice("other-address", "otherAddress"),
    "previous-address": _choice("previous-address", "moved"),
    "previous-address-uk": _previous_address,
    "previous-address-abroad": _previous_address,
    "open-register": _choice("open-register", "openRegister"),
    "postal-vote": _postal_vote,
    "sole-occupancy": _choice("sole-occupancy", "sole"),
    "contact": _contact,
}
