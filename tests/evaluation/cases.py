"""Cases: what somebody gives in an application, and what stands under the NINO that they give."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from simulated.chance import Draws
from simulated.identity import DwpRecord
from simulated.names import PersonName, is_latin, written
from simulated.naming import draw_name
from simulated.origins import ENGLISH, OTHERS, Origin

LAST_BIRTH = date(2008, 1, 1)
AGES_DAYS = 70 * 365  # all are between 18 and 88 years old


class Case(NamedTuple):
    given: tuple[PersonName, ...]  # the current name, then the previous one
    born: date  # as given
    record: DwpRecord | None


Draw = Callable[[Draws], Case]


class Somebody(NamedTuple):
    name: PersonName
    born: date
    origin: Origin


def _by_weight(origins: Sequence[Origin]) -> list[Origin]:
    return [origin for origin in origins for _ in range(origin.weight)]


EVERYBODY = _by_weight((ENGLISH, *OTHERS))
# Those whose names can be mistyped on a keyboard with Latin letters.
IN_LATIN_LETTERS = _by_weight(
    [o for o in (ENGLISH, *OTHERS) if all(map(is_latin, o.first)) and o.name != "one letter"]
)
ENGLISH_ONLY = (ENGLISH,)


def somebody(draws: Draws, origins: Sequence[Origin] = EVERYBODY) -> Somebody:
    drawn = draw_name(draws, draws.among(origins))
    return Somebody(drawn.current, birth(draws), drawn.origin)


def birth(draws: Draws) -> date:
    return LAST_BIRTH - timedelta(days=draws.below(AGES_DAYS))


def record(draws: Draws, *names: PersonName, born: date, died: date | None = None) -> DwpRecord:
    """A record as DWP writes it: some in capitals, some without accents or middle names."""
    return DwpRecord(tuple(written(name, draws) for name in names), born, died)


def other_than(draws: Draws, choices: Sequence[str], name: str) -> str:
    """One of the choices, any but this one."""
    start = draws.below(len(choices))
    return choices[start] if choices[start] != name else choices[start - 1]
