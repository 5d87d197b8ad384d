"""Who somebody is, before any form or record is filled in, and what DWP wrote down about it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from simulated.chance import MILLION, Draws
from simulated.kinds import Kind
from simulated.names import (
    ENGLISH,
    OTHER_FIRST_NAMES,
    OTHER_LAST_NAMES,
    Origin,
    PersonName,
)
from simulated.names import on_record as written_on_record
from simulated.places import Place

# Kinds whose truth rests on one name being another: Latin letters, one name on either side.
OTHER_NAME_KINDS = frozenset({Kind.OTHER_FIRST_NAME, Kind.OTHER_LAST_NAME})
UNRECORDED_KINDS = frozenset({Kind.UNKNOWN_NINO, Kind.UNDER_16})
LAST_DEATH = date(2025, 12, 31)


class Identity(NamedTuple):
    n: int
    kind: Kind
    place: Place
    origin: Origin
    name: PersonName
    previous_name: PersonName | None
    date_of_birth: date  # of an under-16 it is not used: that age depends on the day
    nino: str  # eight characters


class DrawnNames(NamedTuple):
    origin: Origin
    current: PersonName
    previous: PersonName | None


class DwpRecord(NamedTuple):
    names: tuple[PersonName, ...]
    date_of_birth: date
    date_of_death: date | None

    def as_json(self) -> dict[str, object]:
        """The record as DWP's API states it."""
        died = self.date_of_death
        return {
            "names": [{"first": n.first, "middle": n.middle, "last": n.last} for n in self.names],
            "dateOfBirth": self.date_of_birth.isoformat(),
            "dateOfDeath": died.isoformat() if died else None,
        }


def decide_kind(draws: Draws, limits: Sequence[tuple[float, Kind]], place: Place) -> Kind:
    drawn = draws.below(MILLION)
    if drawn >= limits[-1][0]:
        return Kind.AS_ON_RECORD  # most people
    kind = next(kind for limit, kind in limits if drawn < limit)
    if kind is Kind.UNDER_16 and place.nation not in ("scotland", "wales"):
        return Kind.AS_ON_RECORD
    if kind is Kind.NO_DATE_OF_BIRTH and not place.nation:
        return Kind.AS_ON_RECORD  # the age ranges differ by nation
    return kind


def draw_names(draws: Draws, origins: Sequence[Origin], kind: Kind) -> DrawnNames:
    origin = ENGLISH if kind in OTHER_NAME_KINDS else draws.among(origins)
    last = draws.among(origin.last)
    if origin is ENGLISH and draws.below(100) < 3:
        last = f"{last}-{draws.among(origin.last)}"
    middle = draws.among(origin.first) if draws.below(100) < 45 else ""
    current = PersonName(draws.among(origin.first), middle, last)
    voluntary = kind is Kind.AS_ON_RECORD and draws.below(100) < 5
    if not voluntary and kind is not Kind.PREVIOUS_NAME_ON_RECORD:
        return DrawnNames(origin, current, None)
    before = _another(draws, origin.last, last)
    return DrawnNames(origin, current, PersonName(current.first, middle, before))


def _another(draws: Draws, choices: Sequence[str], other_than: str) -> str:
    """One of the choices that does not begin as the other does, if there is one."""
    start = draws.below(len(choices))
    turned = [*choices[start:], *choices[:start]]
    return next((name for name in turned if name[0] != other_than[0]), turned[0])


def draw_record(draws: Draws, identity: Identity) -> DwpRecord | None:
    """What DWP wrote down: in its own manner, and different in the way the kind says."""
    kind = identity.kind
    if kind in UNRECORDED_KINDS:
        return None
    held = [_written(name, draws) for name in _names_on_record(draws, identity)]
    born = identity.date_of_birth
    if kind is Kind.WRONG_DATE_OF_BIRTH:
        born += timedelta(days=1 + draws.below(4_000))
    died = LAST_DEATH - timedelta(days=draws.below(1_500)) if kind is Kind.DECEASED else None
    return DwpRecord(tuple(held), born, died)


def _names_on_record(draws: Draws, identity: Identity) -> list[PersonName]:
    name, previous = identity.name, identity.previous_name
    if identity.kind is Kind.OTHER_FIRST_NAME:
        return [name._replace(first=_another(draws, OTHER_FIRST_NAMES, name.first))]
    if identity.kind is Kind.OTHER_LAST_NAME:
        return [name._replace(last=_another(draws, OTHER_LAST_NAMES, name.last))]
    if identity.kind is Kind.PREVIOUS_NAME_ON_RECORD and previous:
        return [previous]
    if previous and draws.below(2):
        return [previous, name]
    return [name]


def _written(name: PersonName, draws: Draws) -> PersonName:
    style = draws.among((0, 0, 0, 1, 1, 2))
    middle = name.middle if draws.below(10) else ""  # records often lack it
    last = written_on_record(name.last, style)
    if style == 2 and "-" in last:
        last = last.replace("-", " ")
    return PersonName(written_on_record(name.first, style), written_on_record(middle, style), last)
