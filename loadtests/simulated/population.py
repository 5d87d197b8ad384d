"""Fifty million people of whom none is stored: person n is a pure function of a seed.

The application that a person sends and the record that DWP holds come from one `Identity`, so
they agree by construction, except in the way that the person's `Kind` says.
"""

from datetime import date, timedelta
from typing import NamedTuple

from simulated.applications import Application, compose
from simulated.chance import Draws, key_of_seed
from simulated.clock import london_today
from simulated.identity import DwpRecord, Identity, decide_kind, draw_record
from simulated.kinds import Kind, Shares
from simulated.naming import draw_names
from simulated.neighbours import NEIGHBOUR_KINDS, beside
from simulated.ninos import Ninos
from simulated.origins import ENGLISH, OTHERS
from simulated.places import UNKNOWN_AUTHORITY, Place, Places, load_places
from simulated.truth import Truth, truth_of

POPULATION = 50_000_000
# Everybody who is sent to DWP is 17 to 90 on this day and so between 17 and 114 for years after.
BIRTHS_COUNTED_FROM = date(2026, 1, 1)
AGE_DAYS_MIN = 17 * 366
AGE_DAYS_MAX = 90 * 365


class Citizen(NamedTuple):
    n: int
    application: Application  # the body of POST /v1/applications
    truth: Truth
    identity: Identity
    key: bytes  # of the seed

    @property
    def record(self) -> DwpRecord | None:
        """What DWP holds under the NINO that is given; None: nothing. Drawn when asked for."""
        return _record(self.key, self.identity.nino_holder or self.identity)


class Population:
    """Person n of a seed. Two processes with the same seed and shares agree on everyone."""

    def __init__(
        self,
        seed: int,
        shares: Shares | None = None,
        places: Places | None = None,
    ) -> None:
        self.seed = seed
        self.shares = shares or Shares()
        self._key = key_of_seed(seed)
        self._ninos = Ninos(seed)
        self._places = places or load_places()
        self._share_lost = self.shares.unplaceable + self.shares.unplaceable_with_gss_code
        self._kind_limits = self.shares.kind_limits()
        self._origins = [o for o in (ENGLISH, *OTHERS) for _ in range(o.weight)]

    def person(self, n: int, today: date | None = None) -> Citizen:
        """Person n as an applicant of that day (London; it decides the age of under-16s)."""
        if not 0 <= n < POPULATION:
            raise ValueError(f"person {n} is not among the {POPULATION} of the population")
        identity = self._identity(n)
        draws = Draws(self._key, n, "application")
        today = today or london_today()
        application = compose(identity, draws, self.shares, today)
        if identity.twin:
            application["address"] = self._address(identity.twin, today)
        gss_code = self._settle(identity, application, draws)
        return Citizen(n, application, truth_of(identity.kind, gss_code), identity, self._key)

    def record_of_nino(self, nino: str) -> DwpRecord | None:
        """What DWP holds under a NINO, of which only the first eight characters count."""
        n = self._ninos.number(nino)
        if n is None or n >= POPULATION:
            return None
        return _record(self._key, self._identity(n))

    def gss_code_of(self, n: int) -> str:
        """Where person n lives, for a tenth of what the whole person takes; twins left aside."""
        return self._place(Draws(self._key, n, "identity")).gss_code

    def share_of(self, gss_code: str) -> float:
        """How many of all people live there."""
        return self._places.share_of(gss_code)

    def _address(self, identity: Identity, today: date) -> object:
        draws = Draws(self._key, identity.n, "application")
        return compose(identity, draws, self.shares, today)["address"]

    def _identity(self, n: int) -> Identity:
        identity = self._identity_alone(n)
        if identity.kind is Kind.AS_ON_RECORD or identity.kind not in NEIGHBOUR_KINDS:
            return identity  # most people
        other = self._identity_alone(n - 1 if n else 1)
        return beside(identity, other, Draws(self._key, n, "neighbour"))

    def _identity_alone(self, n: int) -> Identity:
        """Who this is, as far as no neighbour makes a difference."""
        draws = Draws(self._key, n, "identity")
        place = self._place(draws)
        kind = decide_kind(draws, self._kind_limits, place)
        drawn = draw_names(draws, self._origins, kind)
        age_days = AGE_DAYS_MIN + draws.below(AGE_DAYS_MAX - AGE_DAYS_MIN)
        number = n + POPULATION if kind is Kind.UNKNOWN_NINO else n
        return Identity(
            n,
            kind,
            place,
            drawn.origin,
            drawn.current,
            drawn.previous,
            drawn.recorded,
            BIRTHS_COUNTED_FROM - timedelta(days=age_days),
            self._ninos.nino(number),
        )

    def _place(self, draws: Draws) -> Place:
        if draws.chance(self._share_lost):
            return self._places.draw_unplaceable(draws)
        if draws.chance(self.shares.by_hand):
            return self._places.draw(draws)  # typed: the postcode decides
        return self._places.draw_house(draws)

    def _settle(self, identity: Identity, application: Application, draws: Draws) -> str:
        """The authority of the address, after what the applicant may add to it."""
        if identity.place.gss_code == UNKNOWN_AUTHORITY:
            return self._name_the_council(application, draws)
        return identity.place.gss_code

    def _name_the_council(self, application: Application, draws: Draws) -> str:
        if not draws.chance(self.shares.unplaceable_with_gss_code / self._share_lost):
            return UNKNOWN_AUTHORITY
        code = draws.among(self._places.gss_codes)
        application["gssCode"] = code
        return code


def _record(key: bytes, identity: Identity) -> DwpRecord | None:
    return draw_record(Draws(key, identity.n, "record"), identity)
