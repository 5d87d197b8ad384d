"""People who give a NINO that is not theirs: the record is somebody else's, or of the dead."""

from datetime import date, timedelta

from evaluation.cases import Case, Somebody, birth, other_than, record, somebody
from simulated.chance import Draws

DEATHS_UNTIL = date(2026, 6, 30)
YEAR_DAYS = 365


def _other(draws: Draws, holder: Somebody, given: Somebody) -> Case:
    return Case((given.name,), given.born, record(draws, holder.name, born=holder.born))


def _sibling_of(holder: Somebody, draws: Draws) -> Somebody:
    """Last name and origin of the holder, another first name."""
    first = other_than(draws, holder.origin.first, holder.name.first)
    middle = draws.among(("", draws.among(holder.origin.first)))
    return holder._replace(name=holder.name._replace(first=first, middle=middle))


def twin(draws: Draws) -> Case:
    holder = somebody(draws)
    return _other(draws, holder, _sibling_of(holder, draws))


def sibling(draws: Draws) -> Case:
    holder = somebody(draws)
    apart = timedelta(days=YEAR_DAYS + draws.below(12 * YEAR_DAYS))
    return _other(draws, holder, _sibling_of(holder, draws)._replace(born=holder.born + apart))


def parent_of_the_same_name(draws: Draws) -> Case:
    holder = somebody(draws)
    apart = timedelta(days=18 * YEAR_DAYS + draws.below(22 * YEAR_DAYS))
    return _other(draws, holder, holder._replace(born=holder.born + apart))


def spouse(draws: Draws) -> Case:
    """One last name, another first name, a date of birth of their own."""
    holder = somebody(draws)
    given = _sibling_of(holder, draws)
    return _other(draws, holder, given._replace(born=_another_birth(draws, holder)))


def stranger(draws: Draws) -> Case:
    holder, given = somebody(draws), somebody(draws)
    return _other(draws, holder, given._replace(born=_another_birth(draws, holder)))


def stranger_of_the_same_birth(draws: Draws) -> Case:
    """Two people who are alike in nothing but the day; only their names tell them apart."""
    holder, given = somebody(draws), somebody(draws)
    while given.name == holder.name:
        given = somebody(draws)
    return _other(draws, holder, given._replace(born=holder.born))


def _another_birth(draws: Draws, holder: Somebody) -> date:
    born = birth(draws)
    return born if born != holder.born else born - timedelta(days=1)


def deceased(draws: Draws) -> Case:
    """Somebody applies in the name of the dead, with everything right."""
    holder = somebody(draws)
    died = DEATHS_UNTIL - timedelta(days=draws.below(10 * YEAR_DAYS))
    held = record(draws, holder.name, born=holder.born, died=died)
    return Case((holder.name,), holder.born, held)
