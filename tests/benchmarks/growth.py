"""What an application costs beside 10 thousand, 1 million and 5 million stored ones.

    python -m benchmarks.growth [--stored 10000 1000000 5000000] [--pairs 5] [--sent 5000]
                                [--state DIRECTORY]

The real system with everything on this machine. What is stored is made of real rows, copied under
ids of their own; each measurement starts the system, warms it up, and sends applications until the
councils have them. The fewest and the most stored are measured in turn, pair by pair. Ends with 0
if an application touches at most 1.2 times the blocks, and takes at most 1.25 times as long.
A state directory is kept, with all that is stored; without one all is thrown away.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import growth_figures as figures
from benchmarks.growth_figures import Beside
from benchmarks.growth_plans import explain_from_now, explain_no_more, plans_in
from benchmarks.growth_retention import beside_retention
from benchmarks.growth_shown import show, show_plans, show_retention
from benchmarks.growth_stack import Stored, make_sample, store

STORED = (10_000, 1_000_000, 5_000_000)
PAIRS = 5
SENT, WARMING_UP = 5_000, 500
PRISTINE_UP_TO = 20  # times what is sent: fewer are measured on a fresh copy each time
BYTES_EACH = 8_000  # of an application, in all tables and indexes
DISK_BYTES_MAX = 60 * 10**9
EXPLAINED = 1_000  # applications whose statements Postgres explains
GROWING_BLOCKS_MIN = 0.3  # an application more: such a statement is listed with its plan


async def measure(options: argparse.Namespace, directory: Path) -> bool:
    stored = await prepare(sorted(options.stored), options.sent, directory)
    few, many = stored[0], stored[-1]
    measured = {one.count: Beside(one.count) for one in stored}
    for number in range(options.pairs):
        for one in (few, many) if number % 2 == 0 else (many, few):
            await measure_one(one, measured[one.count], options.sent)
    for one in stored[1:-1]:
        await measure_one(one, measured[one.count], options.sent)
    besides = list(measured.values())
    sizes = [await sizes_of(one) for one in stored]
    good = show(besides, sizes, GROWING_BLOCKS_MIN)
    await explain(stored, besides)
    if not options.without_retention:
        good &= show_retention(await beside_retention(many))
    return good


async def prepare(counts: Sequence[int], sent: int, directory: Path) -> list[Stored]:
    """Make a system for each number of stored applications, unless it is there."""
    sample = directory / "sample"
    if not sample.exists():
        await make_sample(sample)
    stored = []
    for count in counts:
        check_disk(directory, count)
        began = time.monotonic()
        state = directory / f"stored-{count}"
        stored.append(await store(sample, state, count, pristine=count <= PRISTINE_UP_TO * sent))
        print(f"{count:,} stored: made in {time.monotonic() - began:,.0f} s", flush=True)
    return stored


def check_disk(directory: Path, count: int) -> None:
    """End where there is no room."""
    needed, free = count * BYTES_EACH, shutil.disk_usage(directory).free
    if needed > min(free, DISK_BYTES_MAX):
        sys.exit(f"{count:,} need {needed / 1e9:,.0f} GB, and {free / 1e9:,.0f} GB are free.")


async def measure_one(stored: Stored, beside: Beside, sent: int) -> None:
    cost = await stored.measure(sent, WARMING_UP)
    beside.costs.append(cost)
    print(
        f"beside {stored.count:>9,}: {cost.blocks:6.1f} blocks, {cost.milliseconds:5.2f} ms,"
        f" {cost.cpu_milliseconds:5.2f} ms of CPU an application",
        flush=True,
    )


async def sizes_of(stored: Stored) -> list[figures.Size]:
    """Read the sizes of a system that does not run."""
    postgres = stored.postgres
    await asyncio.to_thread(postgres.start)
    try:
        return await figures.sizes(postgres)
    finally:
        await asyncio.to_thread(postgres.stop)


async def explain(stored: Sequence[Stored], besides: Sequence[Beside]) -> None:
    """Show by which plans the statements ran that touch more beside more."""
    rows = figures.growing(besides, GROWING_BLOCKS_MIN)
    plans = []
    for one in (stored[0], stored[-1]):
        async with one.running() as stack:
            await one.send(stack, WARMING_UP)
            await explain_from_now(stack.postgres)
        async with one.running(anew=False) as stack:
            log = stack.logs / "postgres.log"
            offset = log.stat().st_size
            await one.send(stack, EXPLAINED)
            await explain_no_more(stack.postgres)
        plans.append(plans_in(log, offset))
    for row in rows:
        show_plans(row, [found.get(row.statement[1], []) for found in plans])


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, nargs="+", default=STORED)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--sent", type=int, default=SENT)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--without-retention", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    if options.state is not None:
        options.state.mkdir(parents=True, exist_ok=True)
        return 0 if asyncio.run(measure(options, options.state.absolute())) else 1
    with tempfile.TemporaryDirectory(prefix=".gateway-growth-", dir=".") as directory:
        Path(directory).chmod(0o755)
        return 0 if asyncio.run(measure(options, Path(directory).absolute())) else 1


if __name__ == "__main__":
    sys.exit(main())
