"""Matching: how well an applicant agrees with DWP's record, field by field.

It works as a filter: a record with that NINO, then the date of birth, then the names, then the
date of death; what comes after the first that fails is not compared (`not-applicable`). Nothing of
the record is in what comes out, only levels.

The levels of the names are those of one pair: a name of the applicant, current or previous, and a
name of the record, compared as they stand or with first and last name swapped. The first name of
one pair never joins the surname of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

from electoral.events import DateOfDeathLevel, Level, Levels
from electoral.person import Name
from jellyfish import soundex

from verification.aliases import Aliases, given_names, surnames
from verification.standardising import standardise_name

INITIALS = 3  # characters that two names must begin with to agree by their initials

# Strongest first: what order there is among levels and pairs comes from here. A last name has no
# initials.
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
        """The best pair is the one with the lowest: its weaker name counts most.

        So one more name on a record can only help: a pair is green if its weaker name agrees.
        Among equals the last name counts, then the first, then the middle name.
        """
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


@cache  # a few hundred values: there are no others
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
    """Compare each name with each of the record; among equals the one that is named first wins."""
    recorded = [standardise_name(name) for name in recorded_names]
    pairs = [
        compare_names(name, other) for name in map(standardise_name, names) for other in recorded
    ]
    return min(pairs, key=_order) if len(pairs) > 1 else pairs[0]


def compare_names(name: Name, recorded: Name) -> PairLevels:
    """Compare two standardised names, as they stand or swapped, whichever is better."""
    middle = _middle_name_level(name.middle, recorded.middle)
    as_they_stand = PairLevels(
        _first_name_level(name.first, recorded.first),
        middle,
        _last_name_level(name.last, recorded.last),
    )
    first = _reversed_level(name.first, recorded.last, surnames())
    last = first and _reversed_level(name.last, recorded.first, given_names())
    if first and last:
        return min(as_they_stand, PairLevels(first, middle, last), key=_order)
    return as_they_stand


def _order(pair: PairLevels) -> tuple[int, int, int, int]:
    return pair.order


def _first_name_level(name: str, recorded: str) -> Level:
    if not (name and recorded):
        return "no-match"  # a name of which nothing is left to compare agrees with nothing
    if name == recorded:
        return "match"
    if are_aliases(name, recorded, given_names()):
        return "alias"
    if begin_alike(name, recorded):
        return "initials"
    return "soundex" if sound_alike(name, recorded) else "no-match"


def _last_name_level(name: str, recorded: str) -> Level:
    if not (name and recorded):
        return "no-match"
    if name == recorded:
        return "match"
    if are_aliases(name, recorded, surnames()):
        return "alias"
    return "soundex" if sound_alike(name, recorded) else "no-match"


def _middle_name_level(name: str, recorded: str) -> Level:
    if not (name and recorded):
        return "not-populated"
    if name == recorded:
        return "match"
    return "initials" if begin_alike(name, recorded) else "no-match"


def _reversed_level(name: str, recorded: str, aliases: Aliases) -> Level | None:
    """Compare a name with the other part of the record; the aliases are that part's."""
    if name and name == recorded:
        return "reversed"
    return "alias-reversed" if are_aliases(name, recorded, aliases) else None


def are_aliases(name: str, recorded: str, aliases: Aliases) -> bool:
    """Say whether one name is another form of the other."""
    return recorded in aliases.get(name, ())


def begin_alike(name: str, recorded: str) -> bool:
    """Say whether the first three characters are the same, spaces left out."""
    # Most names that differ do so in the first letter, and a key does not begin with a space.
    return name[:1] == recorded[:1] and _initials(name) == _initials(recorded)


def _initials(name: str) -> str:
    return name.replace(" ", "")[:INITIALS]


def sound_alike(name: str, recorded: str) -> bool:
    """Say whether two names have the same Soundex code, which only Latin letters have."""
    if name == recorded:
        return True
    # The code begins with the first letter.
    if name[:1] != recorded[:1] or not _has_code(name) or not _has_code(recorded):
        return False
    return soundex(name) == soundex(recorded)


def _has_code(name: str) -> bool:
    return name.isascii() and name[:1].isalpha()
