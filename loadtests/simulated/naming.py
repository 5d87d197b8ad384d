"""The names that a person gives, and the one on record where that is another.

The order of draws is part of the population: an extra draw makes other people of everybody after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from simulated.chance import Draws
from simulated.forms import (
    IRISH_FORMS,
    LATIN_FORMS,
    SCOTTISH_FORMS,
    SHORT_FORMS,
    WELSH_FORMS,
)
from simulated.kinds import Kind
from simulated.mistakes import MISTAKES
from simulated.names import PersonName, is_latin, without_marks
from simulated.origins import (
    ENGLISH,
    OTHER_FIRST_NAMES,
    OTHER_LAST_NAMES,
    OTHERS,
    Origin,
)

OTHER_SCRIPTS = next(origin for origin in OTHERS if origin.name == "cyrillic")


class DrawnNames(NamedTuple):
    origin: Origin
    current: PersonName
    previous: PersonName | None = None
    recorded: PersonName | None = None  # on record instead of what the person gives


def draw_names(draws: Draws, origins: Sequence[Origin], kind: Kind) -> DrawnNames:
    if kind is Kind.AS_ON_RECORD:  # most people
        drawn = draw_name(draws, draws.among(origins))
        return _with_previous(draws, drawn) if draws.below(100) < 5 else drawn
    if kind is Kind.PREVIOUS_NAME_ON_RECORD:
        return _with_previous(draws, draw_name(draws, draws.among(origins)))
    drawn_for_kind = WITH_ANOTHER_ON_RECORD.get(kind)
    return drawn_for_kind(draws) if drawn_for_kind else draw_name(draws, draws.among(origins))


def _with_previous(draws: Draws, drawn: DrawnNames) -> DrawnNames:
    before = another(draws, drawn.origin.last, drawn.current.last)
    return drawn._replace(previous=drawn.current._replace(last=before))


def draw_name(draws: Draws, origin: Origin) -> DrawnNames:
    last = draws.among(origin.last)
    if origin is ENGLISH and draws.below(100) < 3:
        last = f"{last}-{draws.among(origin.last)}"
    middle = draws.among(origin.first) if draws.below(100) < 45 else ""
    return DrawnNames(origin, PersonName(draws.among(origin.first), middle, last))


def another(draws: Draws, choices: Sequence[str], other_than: str) -> str:
    """One of the choices that does not begin as the other does, if there is one."""
    start = draws.below(len(choices))
    turned = [*choices[start:], *choices[:start]]
    return next((name for name in turned if name[0] != other_than[0]), turned[0])


def _other_first_name(draws: Draws) -> DrawnNames:
    drawn = draw_name(draws, ENGLISH)
    first = another(draws, OTHER_FIRST_NAMES, drawn.current.first)
    return drawn._replace(recorded=drawn.current._replace(first=first))


def _other_last_name(draws: Draws) -> DrawnNames:
    """Somebody else's last name, or one's own before a marriage that was not told."""
    drawn = draw_name(draws, ENGLISH)
    last = another(draws, OTHER_LAST_NAMES, drawn.current.last)
    return drawn._replace(recorded=drawn.current._replace(last=last))


# How people are drawn by the language of the other form of their first name.
_FORMS = (*(SHORT_FORMS,) * 5, WELSH_FORMS, SCOTTISH_FORMS, IRISH_FORMS)


def _alias(draws: Draws) -> DrawnNames:
    given, recorded = draws.among(draws.among(_FORMS))
    if draws.below(2):
        given, recorded = recorded, given
    drawn = draw_name(draws, ENGLISH)
    current = drawn.current._replace(first=given)
    return DrawnNames(ENGLISH, current, recorded=current._replace(first=recorded))


def _swapped(draws: Draws) -> DrawnNames:
    name = draw_name(draws, ENGLISH).current
    name = name._replace(last=another(draws, ENGLISH.last, name.first))
    return DrawnNames(ENGLISH, name, recorded=PersonName(name.last, name.middle, name.first))


def _accented(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(n for n in names if is_latin(n) and without_marks(n) != n)


ACCENTED = [
    replace(origin, first=_accented(origin.first))
    for origin in OTHERS
    if len(_accented(origin.first)) >= 3
]


def _accents_left_out(draws: Draws) -> DrawnNames:
    drawn = draw_name(draws, draws.among(ACCENTED))
    return drawn._replace(
        current=PersonName(*map(without_marks, drawn.current)), recorded=drawn.current
    )


def _transliterated(draws: Draws) -> DrawnNames:
    firsts, lasts = draws.among(LATIN_FORMS)
    (first, latin_first), (last, latin_last) = draws.among(firsts), draws.among(lasts)
    current, recorded = PersonName(first, "", last), PersonName(latin_first, "", latin_last)
    return DrawnNames(OTHER_SCRIPTS, current, recorded=recorded)


def _mistyped(draws: Draws) -> DrawnNames:
    drawn = draw_name(draws, ENGLISH)
    part = draws.among(("first", "last"))
    mistyped = draws.among(MISTAKES)(getattr(drawn.current, part), draws)
    return drawn._replace(
        current=drawn.current._replace(**{part: mistyped}), recorded=drawn.current
    )


WITH_ANOTHER_ON_RECORD: Mapping[Kind, Callable[[Draws], DrawnNames]] = {
    Kind.OTHER_FIRST_NAME: _other_first_name,
    Kind.OTHER_LAST_NAME: _other_last_name,
    Kind.PREVIOUS_NAME_NOT_GIVEN: _other_last_name,
    Kind.ALIAS: _alias,
    Kind.SWAPPED_NAMES: _swapped,
    Kind.ACCENTS_LEFT_OUT: _accents_left_out,
    Kind.TRANSLITERATED: _transliterated,
    Kind.MISTYPED_NAME: _mistyped,
}
