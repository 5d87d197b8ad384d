"""What the simulated DWP answers to look-ups: rightly, or as another person's."""

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, NamedTuple

from simulated.dwp_control import Control
from simulated.dwp_figures import Figure, Figures
from simulated.dwp_misfortunes import Chance
from simulated.dwp_records import Records
from simulated.identity import DwpRecord

LOOKUPS_MAX = 100  # in one call

Result = dict[str, Any]


class Lookup(NamedTuple):
    id: str
    nino: str


class Answers:
    """Answers look-ups and counts what it says."""

    def __init__(self, records: Records, chance: Chance, figures: Figures) -> None:
        self._records = records
        self._chance = chance
        self._figures = figures

    def answer(self, lookups: Sequence[Lookup], control: Control) -> list[Result]:
        told: dict[Figure, int] = {}
        answer_one = (
            partial(self._perhaps_wrong, control) if _goes_wrong(control) else self._rightly
        )
        results = []
        for lookup in lookups:
            figure, result = answer_one(lookup)
            told[figure] = told.get(figure, 0) + 1
            results.append(result)
        for figure, count in told.items():
            self._figures.count(figure, count)
        return results

    def _rightly(self, lookup: Lookup) -> tuple[Figure, Result]:
        record = self._records.of_nino(lookup.nino)
        return "notFound" if record is None else "found", _result(lookup, record)

    def _perhaps_wrong(self, control: Control, lookup: Lookup) -> tuple[Figure, Result]:
        strikes = self._chance.strikes
        if strikes("item-error", control.item_error_rate):
            return "unavailable", {**lookup._asdict(), "outcome": "unavailable"}
        if strikes("wrong-number", control.wrong_number_rate):
            return "wrongNumber", self._as_somebody_elses(lookup)
        if strikes("wrong-record", control.wrong_record_rate):
            record = self._records.of_anybody(self._chance.of("stranger"))[1]
            return "wrongRecord", _result(lookup, record)
        return self._rightly(lookup)

    def _as_somebody_elses(self, lookup: Lookup) -> Result:
        """Another NINO with its record, or the right one under another look-up's id."""
        chance = self._chance.of("stranger")
        if chance.random() < 0.5:
            nino, record = self._records.of_anybody(chance)
            return _result(lookup._replace(nino=nino), record)
        own = self._records.of_nino(lookup.nino)
        return _result(lookup._replace(id=_another_id(lookup.id, chance)), own)


def _goes_wrong(control: Control) -> bool:
    return (control.item_error_rate, control.wrong_number_rate, control.wrong_record_rate) != (
        0,
        0,
        0,
    )


def _result(lookup: Lookup, record: DwpRecord | None) -> Result:
    if record is None:
        return {"id": lookup.id, "nino": lookup.nino, "outcome": "not-found"}
    told = record.as_json()
    return {"id": lookup.id, "nino": lookup.nino, "outcome": "found", "record": told}


def _another_id(own: str, chance: Random) -> str:
    """One that another look-up of the call may have."""
    return chance.choice([other for other in map(str, range(LOOKUPS_MAX)) if other != own])
