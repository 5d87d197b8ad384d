"""Who arrives: people, some of them again, some with an application that must be refused."""

import json
from collections import deque
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from simulated.applications import Application
from simulated.chance import Draws, key_of_seed
from simulated.load.invalid import MISTAKES, spoilt
from simulated.load.neighbourhood import Neighbourhood
from simulated.load.schedule import WHOLE, Part
from simulated.load.shapes import Council
from simulated.population import Population

REMEMBERED = 2_000  # people of late who may come again
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Person(NamedTuple):
    number: int
    body: bytes
    digest: str  # of what a council must receive of it
    invalid: bool = False


class Arrival(NamedTuple):
    n: int  # in the schedule
    key: str  # its own: whoever applies again does so with a new one
    person: Person
    batched: bool  # comes by way of a partner


@dataclass(frozen=True)
class Shares:
    """How many of the arrivals do what."""

    duplicates: float = 0.38  # the same person applies again
    invalid: float = 0.02  # must be refused
    batched: float = 0.0  # sent by partners, in batches


class Crowd:
    """Arrival n of a run; asked for in ascending order. Bodies can be made ahead."""

    def __init__(
        self,
        population: Population,
        today: date,
        shares: Shares,
        council: Council | None = None,
        part: Part = WHOLE,
    ) -> None:
        self._population = population
        self._today = today
        self._shares = shares
        self._key = key_of_seed(population.seed)
        self._favoured = Neighbourhood(population, council, part) if council else None
        self._recent: deque[Person] = deque(maxlen=REMEMBERED)

    def arrival(self, n: int) -> Arrival:
        draws = Draws(self._key, n, "arrival")
        batched = draws.chance(self._shares.batched)
        key = f"arrival-{self._population.seed}-{n}"
        if draws.chance(self._shares.duplicates) and self._recent:
            return Arrival(n, key, draws.among(self._recent), batched)
        if draws.chance(self._shares.invalid / (1 - self._shares.duplicates)):
            return Arrival(n, key, self._wrong(n, draws.below(len(MISTAKES))), batched)
        person = self._person(self._favoured.number(n, draws) if self._favoured else n)
        self._recent.append(person)
        return Arrival(n, key, person, batched)

    def _person(self, number: int) -> Person:
        application = self._population.person(number, self._today).application
        return _as_sent(number, application)

    def _wrong(self, number: int, mistake: int) -> Person:
        application = self._population.person(number, self._today).application
        return _as_sent(number, spoilt(application, mistake))._replace(invalid=True)


def _as_sent(number: int, application: Application) -> Person:
    told = _without_nino(application)
    digest = sha256(told).hexdigest()
    if "nino" not in application:
        return Person(number, told, digest)
    nino = COMPACT.encode(application["nino"]).encode()
    return Person(number, b'%b,"nino":%b}' % (told[:-1], nino), digest)


def digest_of(application: Application) -> str:
    """SHA-256 over what a council must receive: all that was sent, without the NINO."""
    return sha256(_without_nino(application)).hexdigest()


def _without_nino(application: Application) -> bytes:
    told = {name: answer for name, answer in application.items() if name != "nino"}
    return COMPACT.encode(told).encode()
