"""Who arrives: people, some of them again, some with an application that must be refused."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from simulated.applications import Application
from simulated.chance import Draws, key_of_seed
from simulated.expectation import COMPACT, told_to_councils
from simulated.load.invalid import MISTAKES, spoilt
from simulated.load.neighbourhood import Neighbourhood
from simulated.load.schedule import WHOLE, Part, Schedule
from simulated.load.shapes import Council
from simulated.population import Population

REMEMBERED = 2_000  # people of late who may come again
MADE_AHEAD = 500  # bodies


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


class Coming:
    """A part's arrivals in order, some of them made before they are due."""

    def __init__(
        self, schedule: Schedule, crowd: Crowd, part: Part = WHOLE, made_ahead: int = MADE_AHEAD
    ) -> None:
        self._schedule = schedule
        self._crowd = crowd
        self._numbers: Iterator[int] = iter(part.arrivals(schedule.total))
        self._made: deque[Arrival] = deque()
        self._most = made_ahead

    def make(self, count: int) -> bool:
        """Makes up to so many; False if there are enough, or no more."""
        before = len(self._made)
        for n in islice(self._numbers, max(0, min(count, self._most - before))):
            self._made.append(self._crowd.arrival(n))
        return len(self._made) > before

    def next_due(self) -> float | None:
        """Seconds from the start; None after the last one."""
        if not self._made and not self.make(1):
            return None
        return self._schedule.due(self._made[0].n)

    def take(self) -> Arrival:
        return self._made.popleft()


def _as_sent(number: int, application: Application) -> Person:
    told = told_to_councils(application)
    digest = sha256(told).hexdigest()
    if "nino" not in application:
        return Person(number, told, digest)
    nino = COMPACT.encode(application["nino"]).encode()
    return Person(number, b'%b,"nino":%b}' % (told[:-1], nino), digest)
