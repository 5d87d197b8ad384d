"""How many records a second well-behaved systems drain from the gateway, two processes of it.

    python -m benchmarks.gateway_rate [COUNT [PROCESSES]]

The records wait before anybody calls. Sixteen connections take pages of 200 for all EROs and
answer each page at once. Postgres, Kafka and the callers run beside it on the same cores.
"""

import asyncio
import sys
import time
from functools import partial
from pathlib import Path

from benchmarks.gateway_stack import Ero, GatewayStack, run, running, say

COUNT = 100_000
GOAL = 3_000  # records per second
CONNECTIONS = 16
PROCESSES = 2  # one for each core


async def measure(state: Path, count: int, processes: int) -> bool:
    async with running(state, processes) as stack:
        await stack.publish([stack.eros[n % len(stack.eros)] for n in range(count)])
        await stack.until_waiting(count)
        before, begin = stack.cpu_seconds(), time.perf_counter()
        await drain(stack, count)
        seconds = time.perf_counter() - begin
        used = stack.cpu_seconds() - before
        left = await stack.fetchval("SELECT count(*) FROM queue")
    print(f"\n{count:,} records in {seconds:.1f} s: {count / seconds:,.0f}/s (goal {GOAL:,}).")
    print(
        f"  {processes} gateway processes: {1000 * used / count:.3f} ms of CPU a record; "
        f"{left} left on the queue"
    )
    return left == 0 and count / seconds >= GOAL


async def drain(stack: GatewayStack, count: int) -> None:
    """Let every ERO's system go on until its queue is empty."""
    left: asyncio.Queue[Ero] = asyncio.Queue()
    for ero in stack.eros:
        left.put_nowait(ero)
    taken = 0

    async def keep_draining(number: int) -> None:
        nonlocal taken
        connection = stack.connection(number)
        while not left.empty():
            ero, remaining = left.get_nowait(), 1
            while remaining:
                many, remaining = await ero.take_page(connection)
                taken += many
                say(f"{taken:,} of {count:,} are taken")
        connection.close()

    await asyncio.gather(*(keep_draining(number) for number in range(CONNECTIONS)))


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    count, processes = (*given, *(COUNT, PROCESSES)[len(given) :])
    sys.exit(run(partial(measure, count=count, processes=processes)))
