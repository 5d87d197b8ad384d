"""Who somebody is, before any form or record is filled in, and what DWP wrote down about it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from simulated.chance import MILLION, Draws
from simulated.kinds import Kind
from simulated.names import PersonName, written
from simulated.origins import Origin
from simulated.places import Place

UNRECORDED_KINDS = frozenset({Kind.UNKNOWN_NINO, Kind.UNDER_16})
LAST_DEATH = date(2025, 12, 31)


class Identity(NamedTuple):
    n: int
    kind: Kind
    place: Place
    origin: Origin
    name: PersonName
    previous_name: PersonName | None
    recorded_name: PersonName | None  # on record instead of what the person gives
    date_of_birth: date  # of an under-16 it is not used: that age depends on the day
    nino: str  # eight characters, as given
    twin: "Identity | None" = None  # in whose home this one lives
    nino_holder: "Identity | None" = None  # whose NINO is given, if not the person's own


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


def draw_record(draws: Draws, identity: Identity) -> DwpRecord | None:
    """What DWP wrote down: in its own manner, and different in the way the kind says."""
    kind = identity.kind
    if kind in UNRECORDED_KINDS:
        return None
    held = [written(name, draws) for name in _names_on_record(draws, identity)]
    born = identity.date_of_birth
    if kind is Kind.WRONG_DATE_OF_BIRTH:
        born += timedelta(days=1 + draws.below(4_000))
    died = LAST_DEATH - timedelta(days=draws.below(1_500)) if kind is Kind.DECEASED else None
    return DwpRecord(tuple(held), born, died)


def _names_on_record(draws: Draws, identity: Identity) -> list[PersonName]:
    name, previous = identity.name, identity.previous_name
    if identity.recorded_name:
        return [identity.recorded_name]
    if identity.kind is Kind.PREVIOUS_NAME_ON_RECORD and previous:
        return [previous]
    if previous and draws.below(2):
        return [previous, name]
    return [name]
