"""The simulated councils' systems, in all their manners, on the real gateway."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, a_person
from gateway_world import World
from simulated.behaviours import Habits
from simulated.councils import Council
from simulated.deliveries import Acknowledgement, Delivery, Failure, read_journals
from simulated.fleet import Fleet, running_fleet
from simulated.journal import Journal

pytestmark = pytest.mark.integration

EROS = [Council(ero, f"token-of-{ero}") for ero in ("hartlepool", LOTHIAN)]
RECORDS = 120  # for each ERO


@asynccontextmanager
async def playing(
    world: World,
    path: Path,
    behaviours: dict[str, str],
    determining: frozenset[str] = frozenset(),
) -> AsyncIterator[Fleet]:
    journal = Journal(path)
    fleet = Fleet(
        EROS,
        str(world.client.make_url("")),
        journal,
        habits=Habits(interval=0.2, away=1.0),
        behaviours=behaviours,
        determining=determining,
        connections=8,
    )
    async with running_fleet(fleet, journal):
        yield fleet


async def until_acknowledged(fleet: Fleet, count: int) -> None:
    async with asyncio.timeout(60):
        while fleet.statistics.acknowledged < count:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("hartlepool", "lothian"),
    [("failing", "workers"), ("workers", "failing"), ("late", "away"), ("one-by-one", "batch")],
)
async def test_whatever_their_manner_each_journal_holds_each_of_its_ids_and_no_other(
    world: World, tmp_path: Path, hartlepool: str, lothian: str
) -> None:
    path = tmp_path / "councils.jsonl"
    ids = {
        "hartlepool": await world.outcomes(RECORDS),
        LOTHIAN: await world.outcomes(RECORDS, gss_code=EDINBURGH),
    }
    async with playing(world, path, {"hartlepool": hartlepool, LOTHIAN: lothian}) as fleet:
        await until_acknowledged(fleet, 2 * RECORDS)
        assert fleet.statistics.unacknowledged == 0
    entries = list(read_journals([path]))
    for ero, expected in ids.items():
        received = {e.item["id"] for e in entries if isinstance(e, Delivery) and e.ero == ero}
        taken = {
            i for e in entries if isinstance(e, Acknowledgement) and e.ero == ero for i in e.ids
        }
        assert received == taken == set(expected)
        assert await world.ids(ero) == []
    failed = {id_ for e in entries if isinstance(e, Failure) for id_ in e.ids}
    assert bool(failed) == ("failing" in (hartlepool, lothian))
    counted = await world.ledger()
    acknowledged = {(code, "acknowledged"): RECORDS for code in (HARTLEPOOL, EDINBURGH)}
    assert {key: count for key, count in counted.items() if count} == acknowledged


async def determined_in(world: World) -> Counter[str]:
    return Counter(event["outcome"] for event in await world.events() if "determinedAt" in event)


async def test_officers_decide_on_what_was_taken_and_the_old_ero_takes_the_notice(
    world: World, tmp_path: Path
) -> None:
    moved = {"street": "High Street", "postcode": "EH1 1YZ"}
    person = a_person(previousAddress=moved)
    await world.outcomes(30, person=person, previous_gss_code=EDINBURGH)
    path = tmp_path / "councils.jsonl"
    both = frozenset({"hartlepool", LOTHIAN})
    async with playing(world, path, {}, determining=both) as fleet:
        async with asyncio.timeout(60):
            while fleet.statistics.determined < 30 or not fleet.statistics.notices:
                await asyncio.sleep(0.05)
            while fleet.statistics.notices < (await determined_in(world))["allowed"]:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)  # in which nobody is told again
        told = fleet.statistics
    outcomes = await determined_in(world)
    assert outcomes.total() == 30
    assert told.notices == outcomes["allowed"]
