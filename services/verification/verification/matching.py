"""Matching: how well an applicant agrees with DWP's record, field by field.

It works as a filter: a record with that NINO, then the date of birth, then the names, then the
date of death; what comes after the first that fails is not compared (`not-applicable`). Nothing of
the record is in what comes out, only levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple
from unicodedata import normalize

from anyascii import anyascii
from electoral.events import DateOfDeathLevel, Level, Levels
from electoral.person import Name

# Strongest first. A pair of names is as good as the weaker of its first and last name.
NAME_LEVELS: tuple[Level, ...] = (
    "match",
    "alias",
    "initials",
    "reversed",
    "alias-reversed",
    "soundex",
    "no-match",
)
MIDDLE_NAME_LEVELS: tuple[Level, ...] = ("match", "initials", "not-populated", "no-match")

_NAME_RANKS = {level: rank for rank, level in enumerate(NAME_LEVELS)}
_MIDDLE_NAME_RANKS = {level: rank for rank, level in enumerate(MIDDLE_NAME_LEVELS)}
# After transliteration there is one hyphen, one apostrophe and what people type in its place.
_PUNCTUATION = str.maketrans({"-": " ", "'": None, "`": None})


@dataclass(frozen=True, slots=True)
class Applicant:
    """What an application says that a record can be compared with."""

    names: tuple[Name, ...]  # the current one, then the previous one
    date_of_birth: date | None


@dataclass(frozen=True, slots=True)
class Record:
    """What DWP holds under a NINO; it is never stored, logged or passed on."""

    names: tuple[Name, ...]
    date_of_birth: date
    date_of_death: date | None


class PairLevels(NamedTuple):
    """How well one name of the applicant agrees with one name of the record."""

    first: Level
    middle: Level
    last: Level

    @property
    def order(self) -> tuple[int, int, int, int]:
        """The best pair is the one with the lowest: its weaker name counts most."""
        first, last = _NAME_RANKS[self.first], _NAME_RANKS[self.last]
        return max(first, last), last, first, _MIDDLE_NAME_RANKS[self.middle]


NOTHING_COMPARED = Levels(
    first_name="not-applicable",
    middle_name="not-applicable",
    last_name="not-applicable",
    date_of_birth="not-applicable",
    nino="not-applicable",
    date_of_death="not-applicable",
)
NO_RECORD = NOTHING_COMPARED.model_copy(update={"nino": "no-match"})
OTHER_DATE_OF_BIRTH = NOTHING_COMPARED.model_copy(
    update={"nino": "match", "date_of_birth": "no-match"}
)


def compare(applicant: Applicant, record: Record | None) -> Levels:
    """Compare an applicant with the record of their NINO; None: there is no such record."""
    if record is None:
        return NO_RECORD
    if applicant.date_of_birth != record.date_of_birth:
        return OTHER_DATE_OF_BIRTH
    pair = best_pair(applicant.names, record.names)
    return _levels(pair, "false" if record.date_of_death is None else "true")


@cache  # a few dozen values: there are no others
def _levels(pair: PairLevels, date_of_death: DateOfDeathLevel) -> Levels:
    return Levels(
        first_name=pair.first,
        middle_name=pair.middle,
        last_name=pair.last,
        date_of_birth="match",
        nino="match",
        date_of_death=date_of_death,
    )


def best_pair(names: Sequence[Name], recorded_names: Sequence[Name]) -> PairLevels:
    """Compare each name with each of the record; the first name never joins another's surname."""
    recorded = [standardise_name(name) for name in recorded_names]
    pairs = (
        compare_names(name, other) for name in map(standardise_name, names) for other in recorded
    )
    return min(pairs, key=lambda pair: pair.order)


def compare_names(name: Name, recorded: Name) -> PairLevels:
    """Compare two standardised names."""
    return PairLevels(
        first=_name_level(name.first, recorded.first),
        middle=_middle_name_level(name.middle, recorded.middle),
        last=_name_level(name.last, recorded.last),
    )


def _name_level(name: str, recorded: str) -> Level:
    # A name of which nothing is left to compare agrees with nothing.
    return "match" if name and name == recorded else "no-match"


def _middle_name_level(name: str, recorded: str) -> Level:
    if not (name and recorded):
        return "not-populated"
    return "match" if name == recorded else "no-match"


def standardise_name(name: Name) -> Name:
    """Make the comparison key of each part of a name."""
    return Name(standardise(name.first), standardise(name.middle), standardise(name.last))


def standardise(text: str) -> str:
    """Make the comparison key of a name: what was typed stays what is stored and shown.

    Case, accents and apostrophes do not count, a hyphen is a space, spaces collapse; other
    scripts are compared as they are transliterated.
    """
    if not text.isascii():
        text = _transliterate(normalize("NFC", text))
    return " ".join(text.lower().translate(_PUNCTUATION).split())


def _transliterate(text: str) -> str:
    """Write a name in ASCII, or leave it when nothing would be left of it."""
    plain = anyascii(text)
    return plain if any(map(str.isalnum, plain)) else normalize("NFC", text.casefold())
