"""How long answers take for another ERO's ids and for unknown ones: 2,000 calls of each, in turn.

python -m benchmarks.gateway_timing [CALLS]
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.gateway_bench import open_bench
from benchmarks.gateway_stack import run, say
from gateway_cost import a_delivered_record, seed_delivered
from gateway_operations import operations
from gateway_timing import DIFFERENCE_MAX, compare, with_ids

CALLS = 2_000
DELIVERED = 50_000


async def measure(state: Path, calls: int, names: Sequence[str]) -> bool:
    differences = []
    asked = [one for one in with_ids(operations()) if not names or one.name in names]
    async with open_bench(state) as world:
        # Beside many, Postgres goes by the indexes, as it does in earnest.
        await seed_delivered(world, await a_delivered_record(world), range(DELIVERED))
        for one in asked:
            found = await compare(world, one, calls, partial(_show_progress, one.name, calls))
            differences.append(found.difference)
            print(
                f"\r{one.name:26} another's {1000 * found.others:.3f} ms, unknown "
                f"{1000 * found.unknown:.3f} ms: {100 * found.difference:.1f}% apart"
            )
    return max(differences) <= DIFFERENCE_MAX


def _show_progress(name: str, calls: int, done: int) -> None:
    say(f"{name}: {done:,} of {calls:,} calls")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else CALLS
    sys.exit(run(partial(measure, calls=number, names=sys.argv[2:])))
