"""People who are what they are because of the person before them: twins, and users of one NINO."""

from datetime import timedelta

from simulated.chance import Draws
from simulated.identity import Identity
from simulated.kinds import Kind
from simulated.names import PersonName
from simulated.naming import another
from simulated.origins import ENGLISH, OTHER_FIRST_NAMES

NEIGHBOUR_KINDS = frozenset({Kind.TWIN, Kind.TWINS_NINO, Kind.SHARED_NINO})


def beside(identity: Identity, other: Identity, draws: Draws) -> Identity:
    """The person as the other's neighbour; as on record where the other is not.

    So the other has a record under their own name, and applies with their own NINO.
    """
    if other.kind is not Kind.AS_ON_RECORD:
        return identity._replace(kind=Kind.AS_ON_RECORD)
    if identity.kind is Kind.SHARED_NINO:
        return _born_on_another_day(identity, other)._replace(nino=other.nino, nino_holder=other)
    if identity.kind is Kind.TWIN:
        return _twin(identity, other, another(draws, other.origin.first, other.name.first))
    if other.origin is not ENGLISH:  # nobody can be sure that no rule will link the first names
        return identity._replace(kind=Kind.AS_ON_RECORD)
    twin = _twin(identity, other, another(draws, OTHER_FIRST_NAMES, other.name.first))
    return twin._replace(nino=other.nino, nino_holder=other)


def _born_on_another_day(identity: Identity, other: Identity) -> Identity:
    if identity.date_of_birth != other.date_of_birth:
        return identity
    return identity._replace(date_of_birth=other.date_of_birth - timedelta(days=1))


def _twin(identity: Identity, other: Identity, first: str) -> Identity:
    return identity._replace(
        place=other.place,
        origin=other.origin,
        name=PersonName(first, "", other.name.last),
        date_of_birth=other.date_of_birth,
        twin=other,
    )
