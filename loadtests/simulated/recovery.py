"""An EMS finds from the gateway's statement alone what its journal lost, and gets it again."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from simulated.behaviours import Habits, batch
from simulated.council_desk import Desk
from simulated.deliveries import Delivery, read_journals

WITHDRAWN = "superseded"  # a newer record took its place; only that one is to be had
COMES_BY_ITSELF = frozenset({"waiting", "leased"})


class Recovery(NamedTuple):
    """What a comparison of statement and journal came to."""

    stated: int  # records that reached the gateway for this ERO
    missing: tuple[str, ...]  # of them, ids that the journal lacks
    offered: tuple[str, ...]  # of these, asked for again; the rest waited anyway


async def recover(desk: Desk, journal: Path, days: Iterable[str]) -> Recovery:
    """Gets again what the journal lacks of these days, and journals it. Raises what a call can."""
    held_here = ids_in(journal, desk.council.ero)
    stated: dict[str, str] = {}
    for day in days:
        stated |= await _states_of(desk, day)
    missing = [id_ for id_, state in stated.items() if id_ not in held_here and state != WITHDRAWN]
    to_offer = [id_ for id_ in missing if stated[id_] not in COMES_BY_ITSELF]
    await desk.offer_again(to_offer, together=False)
    await batch(desk, Habits())
    return Recovery(len(stated), tuple(missing), tuple(to_offer))


def ids_in(journal: Path, ero: str) -> set[str]:
    """The records that a journal holds for one ERO."""
    return {entry.item["id"] for entry in _deliveries(journal) if entry.ero == ero}


def _deliveries(journal: Path) -> Iterator[Delivery]:
    return (entry for entry in read_journals([journal]) if isinstance(entry, Delivery))


async def _states_of(desk: Desk, day: str) -> dict[str, str]:
    """By record id, the state of all that reached the gateway on a day, page by page."""
    found: dict[str, str] = {}
    more = True
    while more:
        statement = await desk.calls.statement(day, after=next(reversed(found), None))
        found |= {entry["id"]: entry["state"] for entry in statement["records"]}
        more = statement["more"]
    return found
