"""Differences between what somebody gives and their own record."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from evaluation.cases import (
    ENGLISH_ONLY,
    EVERYBODY,
    IN_LATIN_LETTERS,
    Case,
    Draw,
    other_than,
    record,
    somebody,
)
from evaluation.spellings import IN_LATIN_LETTERS as LATIN_FORMS
from evaluation.spellings import SHORT_FORMS, Pairs
from simulated.chance import Draws
from simulated.mistakes import MISTAKES, Mistake
from simulated.names import PersonName, without_marks
from simulated.naming import ACCENTED
from simulated.origins import ENGLISH, OTHERS, Origin

Change = Callable[[PersonName, Draws], PersonName]
FIRST_LETTERS_MIN = 3
WITH_CHOSEN_NAMES = [o for o in OTHERS if o.name in ("vietnamese", "west african", "polish")]


def as_on_record(draws: Draws) -> Case:
    return _given(lambda name, _: name, EVERYBODY)(draws)


def _given(change: Change, origins: Sequence[Origin] = EVERYBODY) -> Draw:
    """The record has the name; the person gives it changed."""

    def draw(draws: Draws) -> Case:
        who = somebody(draws, origins)
        return Case((change(who.name, draws),), who.born, record(draws, who.name, born=who.born))

    return draw


def form(part: str, pairs: Pairs) -> Draw:
    """Two forms of a first or last name, either of them on record."""

    def draw(draws: Draws) -> Case:
        who = somebody(draws, ENGLISH_ONLY)
        pair = draws.among(pairs)
        one, other = pair if draws.below(2) else pair[::-1]
        given, held = who.name._replace(**{part: one}), who.name._replace(**{part: other})
        return Case((given,), who.born, record(draws, held, born=who.born))

    return draw


def in_latin_letters(draws: Draws) -> Case:
    """The first and the last name in one's own script; on record in Latin letters."""
    who = somebody(draws, ENGLISH_ONLY)
    firsts, lasts = draws.among(LATIN_FORMS)
    (first, latin_first), (last, latin_last) = draws.among(firsts), draws.among(lasts)
    held = record(draws, PersonName(latin_first, "", latin_last), born=who.born)
    return Case((PersonName(first, "", last),), who.born, held)


def mistyped(part: str, mistake: Mistake) -> Draw:
    def change(name: PersonName, draws: Draws) -> PersonName:
        return name._replace(**{part: mistake(getattr(name, part), draws)})

    return _given(change, IN_LATIN_LETTERS)


def _both_mistyped(name: PersonName, draws: Draws) -> PersonName:
    first, last = (draws.among(MISTAKES)(part, draws) for part in (name.first, name.last))
    return name._replace(first=first, last=last)


def _swapped(name: PersonName, draws: Draws) -> PersonName:
    return name._replace(first=name.last, last=name.first)


def swapped_and_short(draws: Draws) -> Case:
    case = form("first", SHORT_FORMS)(draws)
    return case._replace(given=(_swapped(case.given[0], draws),))


def _without_accents(name: PersonName, draws: Draws) -> PersonName:
    return PersonName(*map(without_marks, name))


def _first_letters(name: PersonName, draws: Draws) -> PersonName:
    letters = FIRST_LETTERS_MIN + draws.below(2)
    return name._replace(first=name.first[:letters])


def _first_letter(name: PersonName, draws: Draws) -> PersonName:
    return name._replace(first=name.first[0])


def _with_a_middle_name(draws: Draws) -> tuple[PersonName, date]:
    who = somebody(draws)
    middle = other_than(draws, who.origin.first, who.name.first)
    return who.name._replace(middle=middle), who.born


def middle_name_as_first(draws: Draws) -> Case:
    name, born = _with_a_middle_name(draws)
    given = PersonName(name.middle, "", name.last)
    return Case((given,), born, record(draws, name, born=born))


def middle_name_in_the_first_names_field(draws: Draws) -> Case:
    name, born = _with_a_middle_name(draws)
    given = PersonName(f"{name.first} {name.middle}", "", name.last)
    return Case((given,), born, record(draws, name, born=born))


def married(tells: bool) -> Draw:
    """On record under the former last name, any other one."""

    def draw(draws: Draws) -> Case:
        who = somebody(draws)
        former = who.name._replace(last=other_than(draws, who.origin.last, who.name.last))
        given = (who.name, former) if tells else (who.name,)
        return Case(given, who.born, record(draws, former, born=who.born))

    return draw


def double_barrelled(on_record: bool) -> Draw:
    """One side has two names with a hyphen, the other only the first or the second of them."""

    def draw(draws: Draws) -> Case:
        who = somebody(draws, ENGLISH_ONLY)
        one = draws.among(ENGLISH.last)
        names = (one, other_than(draws, ENGLISH.last, one))
        both = who.name._replace(last="-".join(names))
        single = who.name._replace(last=draws.among(names))
        given, held = (single, both) if on_record else (both, single)
        return Case((given,), who.born, record(draws, held, born=who.born))

    return draw


def _chosen(name: PersonName, draws: Draws) -> PersonName:
    return name._replace(first=other_than(draws, ENGLISH.first, name.first))


def born_another_day(mistake: Callable[[date, Draws], date]) -> Draw:
    """The date of birth is given wrong; the names are as on record."""

    def draw(draws: Draws) -> Case:
        case = as_on_record(draws)
        return case._replace(born=mistake(case.born, draws))

    return draw


def one_part_wrong(born: date, draws: Draws) -> date:
    """A day or ten off, a month off, a year or ten off."""
    days = draws.among((1, 10, 30, 365, 3_652))
    return born - timedelta(days=days)


def day_and_month_exchanged(draws: Draws) -> Case:
    case = as_on_record(draws)
    month = 1 + draws.below(12)
    day = 1 + (month + draws.below(11)) % 12  # any of twelve but the month
    born = case.born.replace(month=month, day=day)
    assert case.record is not None
    held = case.record._replace(date_of_birth=born)
    return Case(case.given, born.replace(month=day, day=month), held)


def nino_of_nobody(draws: Draws) -> Case:
    return as_on_record(draws)._replace(record=None)


swapped = _given(_swapped)
without_accents = _given(_without_accents, ACCENTED)
first_letters = _given(_first_letters, IN_LATIN_LETTERS)
first_letter = _given(_first_letter, IN_LATIN_LETTERS)
both_mistyped = _given(_both_mistyped, IN_LATIN_LETTERS)
chosen_first_name = _given(_chosen, WITH_CHOSEN_NAMES)
other_first_name = _given(_chosen, ENGLISH_ONLY)
