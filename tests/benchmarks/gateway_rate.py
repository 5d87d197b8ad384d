"""How many records a second well-behaved systems drain from one gateway process.

    python -m benchmarks.gateway_rate [COUNT]

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


async def measure(state: Path, count: int) -> bool:
    async with running(state) as stack:
        await stack.publish([stack.eros[n % len(stack.eros)] for n in range(count)])
        await stack.until_waiting(count)
        stack.gateway.sample()
        before, begin = stack.gateway.usage.cpu_seconds, time.perf_counter()
        await drain(stack, count)
        seconds = time.perf_counter() - begin
        stack.gateway.sample()
        left = await stack.fetchval("SELECT count(*) FROM queue")
    cpu = 1000 * (stack.gateway.usage.cpu_seconds - before) / count
    print(f"\n{count:,} records in {seconds:.1f} s: {count / seconds:,.0f}/s (goal {GOAL:,}).")
    print(f"  the gateway: {cpu:.3f} ms of CPU a record; {left} left on the queue")
    return left == 0 and count / seconds >= GOAL


async def drain(stack: GatewayStack, count: int) -> None:
    """Let every ERO's system go on until its queue is empty."""
    left: asyncio.Queue[Ero] = asyncio.Queue()
    for ero in stack.eros:
        left.put_nowait(ero)
    taken = 0

    async def keep_draining() -> None:
        nonlocal taken
        connection = stack.connection()
        while not left.empty():
            ero, remaining = left.get_nowait(), 1
            while remaining:
                number, remaining = await ero.take_page(connection)
                taken += number
                say(f"{taken:,} of {count:,} are taken")
        connection.close()

    await asyncio.gather(*(keep_draining() for _ in range(CONNECTIONS)))


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    sys.exit(run(partial(measure, count=number)))
