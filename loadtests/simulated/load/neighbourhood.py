"""One authority's people among all: found by where they live, without making their applications."""

from simulated.chance import Draws
from simulated.load.schedule import Part
from simulated.load.shapes import Council
from simulated.population import POPULATION, Population

FIRST = POPULATION // 2  # the others are counted from 0


class Neighbourhood:
    """Sends an authority's people in place of others until it has `share` times its own."""

    def __init__(self, population: Population, council: Council, part: Part) -> None:
        self._population = population
        self._code = council.gss_code
        own = population.share_of(council.gss_code)
        wanted = min(1.0, council.share * own)
        self._extra = (wanted - own) / (1 - own)  # of those who come from everywhere
        self._next, self._step = FIRST + part.first, part.of

    def number(self, n: int, draws: Draws) -> int:
        """Who arrival n is: somebody of that authority, or n as ever."""
        if not draws.chance(self._extra):
            return n
        while self._population.gss_code_of(self._next) != self._code:
            self._next += self._step
        found, self._next = self._next, self._next + self._step
        return found
