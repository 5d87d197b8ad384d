"""All that can be done to a queue, at once and in any order: nothing lost, nobody sees an error."""

import asyncio
import random
from collections.abc import Sequence

import pytest
from electoral.authorities import Authorities
from electoral.events import ApplicationVerified
from electoral.identifiers import revision_digest
from ems_gateway.holds import hold, resume
from gateway_builders import HARTLEPOOL, a_pending_outcome
from gateway_world import World, ledger_rows
from queue_calls import lease_page, offer, offer_all, release

pytestmark = pytest.mark.integration

EVENTS, WORKERS, STEPS = 60, 4, 12


async def worker(world: World, seed: int, ids: Sequence[str]) -> None:
    """Do at random what several workers of a careless system do."""
    dice = random.Random(seed)
    lease_ids = ["0" * 24]
    for _ in range(STEPS):
        some = dice.sample(ids, 12)
        match dice.randrange(6):
            case 0:
                page = await lease_page(world, dice.randrange(1, 20))
                lease_ids.append(page["leaseId"] or lease_ids[0])
            case 1:
                response = await release(world, dice.choice(lease_ids))
                assert response.status in (204, 404)
            case 2:
                response = await offer(world, some[0])
                assert response.status in (204, 404, 409)
            case 3:
                assert (await offer_all(world, {"held": True})).status == 200
            case _:
                await answer(world, dice, some, lease_ids)


async def answer(
    world: World, dice: random.Random, records: Sequence[str], lease_ids: Sequence[str]
) -> None:
    entries: list[dict[str, object]] = []
    for record in records:
        entry: dict[str, object] = {"id": record, "status": dice.choice(["success", "failure"])}
        entry |= dice.choice([{}, {"leaseId": dice.choice(lease_ids)}, {"offer": 1}])
        entries.append(entry)
    assert set(await world.acknowledge(entries)) <= {204, 404}


async def arrivals(world: World, events: Sequence[ApplicationVerified]) -> None:
    for begin in range(0, len(events), 15):
        await world.arrive(*events[begin : begin + 15])
        await asyncio.sleep(0.05)


async def holding(world: World) -> None:
    authorities = Authorities.load()
    for _ in range(5):
        await hold(world.pool, authorities, "hartlepool", None, "A. Operator")
        await asyncio.sleep(0.05)
        await resume(world.pool, authorities, "hartlepool", "A. Operator")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("seed", [1, 2])
async def test_everything_at_once_loses_nothing_and_ends_in_no_error(
    world: World, seed: int
) -> None:
    first = [world.outcome(outcome=a_pending_outcome()) for _ in range(EVENTS)]
    second = [world.outcome(application_id=one.application_id, revision=2) for one in first]
    ids = await world.arrive(*first[: EVENTS // 2])
    numbers = [seed * 100 + worker_number for worker_number in range(WORKERS)]
    await asyncio.gather(
        arrivals(world, first[EVENTS // 2 :]),
        arrivals(world, list(reversed(second))),
        holding(world),
        *(worker(world, number, ids) for number in numbers),
    )
    await drained(world)
    (row,) = await ledger_rows(world.pool)
    digest = sum(revision_digest(one.application_id, 1, 2) for one in first) % (1 << 128)
    assert (row.gss_code, row.state, row.count) == (HARTLEPOOL, "acknowledged", EVENTS)
    assert row.revision_digest == digest


async def drained(world: World) -> None:
    """Answer all that is left, as a system does that was put in order."""
    await offer_all(world, {"held": True})
    while waiting := await world.ids(pageSize=200):
        statuses = await world.acknowledge([{"id": one, "status": "success"} for one in waiting])
        assert set(statuses) == {204}
