"""Whose records DWP has: the population's, worked out when asked for, and those of a file."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from simulated.identity import DwpRecord
from simulated.names import PersonName
from simulated.population import POPULATION, Population

NINO_LENGTH = 8  # characters that identify; a suffix does not count


class Records:
    """Records by NINO; those of `also` come before the population's."""

    def __init__(self, population: Population, also: Mapping[str, DwpRecord]) -> None:
        self._population = population
        self._also = also

    def of_nino(self, nino: str) -> DwpRecord | None:
        return self._also.get(nino[:NINO_LENGTH]) or self._population.record_of_nino(nino)

    def of_anybody(self, chance: Random) -> tuple[str, DwpRecord]:
        """Some person's NINO and record."""
        while True:
            person = self._population.person(chance.randrange(POPULATION))
            if (record := person.record) is not None:
                return person.identity.nino, record


def read_records(path: Path) -> dict[str, DwpRecord]:
    """Records by NINO, from a JSON list of a record as the API states it and its `nino`."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    return {entry["nino"][:NINO_LENGTH]: _record_of(entry) for entry in entries}


def _record_of(entry: Mapping[str, Any]) -> DwpRecord:
    names = tuple(PersonName(n["first"], n["middle"], n["last"]) for n in entry["names"])
    died = entry["dateOfDeath"]
    return DwpRecord(
        names,
        date.fromisoformat(entry["dateOfBirth"]),
        date.fromisoformat(died) if died else None,
    )
