"""People at the form, in a process of their own: what they saw, as one line of JSON.

    python -m benchmarks.form_generator URL[,URL] FIRST COUNT CONNECTIONS WHOLE

WHOLE is `whole` for journeys to the receipt, or how many pages to answer before leaving.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

import uvloop
from simulated.form_answers import country_of, typed_answers
from simulated.form_citizen import FormCitizen, JourneyStopped, Visit
from simulated.http_client import Connection, ConnectionBroken, Server
from simulated.population import Citizen, Population

SEED = 1


@dataclass
class Seen:
    """What everybody together has met."""

    pages: list[float] = field(default_factory=list)  # seconds that each request took
    bytes: int = 0
    done: int = 0
    stopped: Counter[str] = field(default_factory=Counter)  # why

    def note(self, visit: Visit) -> None:
        self.pages.append(visit.seconds)
        self.bytes += visit.bytes

    def as_json(self, seconds: float) -> dict[str, object]:
        ordered = sorted(self.pages) or [0.0]
        at = {
            f"p{share}": 1000 * ordered[min(len(ordered) - 1, share * len(ordered) // 100)]
            for share in (50, 95, 99)
        }
        return {
            **at,
            "worst": 1000 * ordered[-1],
            "requests": len(self.pages),
            "bytes": self.bytes,
            "done": self.done,
            "stopped": dict(self.stopped),
            "seconds": seconds,
        }


async def everybody(
    urls: list[str], first: int, count: int, connections: int, whole: str
) -> dict[str, object]:
    """Let so many people at the form at a time, until all have been there."""
    population, seen = Population(SEED), Seen()
    people = iter(range(first, first + count))
    servers = cycle([Server.of_url(url) for url in urls])
    begin = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_in_turn(population, people, next(servers), whole, seen))
    return seen.as_json(time.monotonic() - begin)


async def _in_turn(
    population: Population, people: Iterator[int], server: Server, whole: str, seen: Seen
) -> None:
    connection = Connection(server, {})
    try:
        for number in people:
            await _one(population.person(number), connection, whole, seen)
    finally:
        connection.close()


async def _one(person: Citizen, connection: Connection, whole: str, seen: Seen) -> None:
    application = person.application
    answers = typed_answers(application, country_of(application, person.identity.place.nation))
    citizen = FormCitizen(connection, language=str(application["language"]), note=seen.note)
    try:
        if whole == "whole":
            await citizen.walk(answers)
        else:
            await citizen.begin(answers, int(whole))
    except (JourneyStopped, ConnectionBroken, OSError, TimeoutError) as error:
        seen.stopped[f"{type(error).__name__}: {error}"[:200]] += 1
    else:
        seen.done += 1


def main() -> None:
    urls, first, count, connections, whole = sys.argv[1:]
    told = everybody(urls.split(","), int(first), int(count), int(connections), whole)
    print(json.dumps(uvloop.run(told)))


if __name__ == "__main__":
    main()
