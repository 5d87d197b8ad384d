"""What a page costs beside 5 million delivered records, and beside 10 thousand.

    python -m benchmarks.gateway_plan [MANY]

The delivered ones are copied into the tables, all of the same ERO, whose 1,000 wait besides. What
is compared are the plans of the statements behind `GET /registrations` and the blocks they touch.
"""

import sys
from functools import partial
from pathlib import Path

from benchmarks.gateway_bench import open_bench
from benchmarks.gateway_stack import run, say
from gateway_cost import Watched, a_delivered_record, seed_delivered, watching
from gateway_world import World, authorized

FEW, MANY = 10_000, 5_000_000
WAITING = 1_000
COSTLIER_AT_MOST = 1.2


async def measure(state: Path, many: int) -> bool:
    async with open_bench(state) as world:
        return await compare(world, many)


async def compare(world: World, many: int) -> bool:
    like = await a_delivered_record(world)
    ids = await world.outcomes(WAITING)
    paths = {
        "the first page": "/registrations?pageSize=200",
        "a later page": f"/registrations?pageSize=200&after={ids[499]}",
    }
    await seed_delivered(world, like, range(FEW))
    before = {name: await cost_of(world, path) for name, path in paths.items()}
    await seed_delivered(world, like, range(FEW, many), lambda n: say(f"{n:,} of {many:,} copied"))
    after = {name: await cost_of(world, path) for name, path in paths.items()}
    print()
    good = [show(name, before[name], after[name], many) for name in paths]
    return all(good)


async def cost_of(world: World, path: str) -> Watched:
    """Read a page once to warm up, once for its cost."""
    for _ in range(2):
        with watching() as watched:
            response = await world.client.get(path, headers=authorized("hartlepool"))
            assert len((await response.json())["registrations"]) == 200
    return watched


def show(name: str, before: Watched, after: Watched, many: int) -> bool:
    same = after.plans == before.plans
    ratio = after.blocks / before.blocks
    print(
        f"{name}: {before.blocks} blocks beside {FEW:,} delivered, {after.blocks} beside "
        f"{many:,}: {ratio:.2f} x (at most {COSTLIER_AT_MOST}); "
        f"the plan is {'the same' if same else 'another'}"
    )
    for plan in after.plans:
        print(f"  {plan}")
    return same and ratio <= COSTLIER_AT_MOST


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    sys.exit(run(partial(measure, many=number)))
