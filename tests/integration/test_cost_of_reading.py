"""Reading a queue costs the same, whatever was delivered before.

`make gateway-plan` shows it beside 5 million.
"""

import pytest
from gateway_cost import Watched, a_delivered_record, seed_delivered, watching
from gateway_world import World, authorized

pytestmark = pytest.mark.integration

FEW, MANY = 2_000, 120_000
COSTLIER_AT_MOST = 1.2


async def cost_of_a_page(world: World, path: str) -> Watched:
    async def read() -> None:
        response = await world.client.get(path, headers=authorized("hartlepool"))
        assert len((await response.json())["registrations"]) == 100

    await read()
    with watching() as watched:
        await read()
    assert watched.blocks > 0
    return watched


async def test_a_page_costs_the_same_beside_few_and_many_delivered_records(world: World) -> None:
    like = await a_delivered_record(world)
    ids = await world.outcomes(300)
    paths = ("/registrations", f"/registrations?after={ids[99]}")
    await seed_delivered(world, like, range(FEW))
    before = [await cost_of_a_page(world, path) for path in paths]
    await seed_delivered(world, like, range(FEW, MANY))
    after = [await cost_of_a_page(world, path) for path in paths]
    assert [one.plans for one in after] == [one.plans for one in before]
    for one, other in zip(before, after, strict=True):
        assert other.blocks <= COSTLIER_AT_MOST * one.blocks


async def test_a_page_costs_no_more_by_the_plan_that_stays(world: World) -> None:
    await world.outcomes(300)
    costs = (await cost_of_a_page(world, "/registrations")).costs
    assert len(costs) == 2 * 2  # the page, and how many more there are
    for custom, generic in zip(costs[::2], costs[1::2], strict=True):
        assert generic.blocks <= 2 * custom.blocks + 200, generic.plan
