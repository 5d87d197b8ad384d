"""How long EROs' systems wait when all of them poll at the same moment.

    python -m benchmarks.gateway_polls [WAITING-EACH]

Each has a connection of its own, to one of two gateway processes. First all have as many records
waiting, then none.
"""

import asyncio
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.gateway_stack import PAGE, Ero, GatewayStack, percentile, run, running

EACH = 200
ROUNDS = 3
PROCESSES = 2  # of the gateway: one for each core
FULL_P99, EMPTY_P99 = 6.0, 0.3  # seconds
SLOWEST_BY_MEDIAN = 3.0


async def measure(state: Path, each: int) -> bool:
    async with running(state, PROCESSES) as stack:
        await stack.publish([ero for ero in stack.eros for _ in range(each)])
        await stack.until_waiting(each * len(stack.eros))
        full = [await poll_all(stack, expected=min(each, 200)) for _ in range(ROUNDS)]
        await answer_all(stack)
        empty = [await poll_all(stack, expected=0) for _ in range(ROUNDS)]
    good = [show(f"{each} waiting each", one, FULL_P99) for one in full]
    good += [show("empty queues", one, EMPTY_P99) for one in empty]
    even = all(max(one) <= SLOWEST_BY_MEDIAN * median(one) for one in full)
    return all(good) and even


async def poll_all(stack: GatewayStack, expected: int) -> list[float]:
    """Let all call at once; returns the seconds that each waited."""

    async def poll(number: int, ero: Ero) -> float:
        connection, begin = stack.connection(number), time.perf_counter()
        answer = await ero.call(connection, "GET", PAGE)
        seconds = time.perf_counter() - begin
        connection.close()
        assert answer.status == 200, answer
        assert answer.body.count(b'"applicationId"') == expected
        return seconds

    return await asyncio.gather(*(poll(number, ero) for number, ero in enumerate(stack.eros)))


async def answer_all(stack: GatewayStack) -> None:
    connection = stack.connection()
    for ero in stack.eros:
        while (await ero.take_page(connection))[1]:
            pass
    connection.close()


def show(name: str, seconds: list[float], goal: float) -> bool:
    p99 = percentile(seconds, 0.99)
    print(
        f"{len(seconds)} EROs, {name}: median {median(seconds):.3f} s, p99 {p99:.3f} s "
        f"(goal {goal} s), slowest {max(seconds):.3f} s, "
        f"{max(seconds) / median(seconds):.1f} x the median"
    )
    return p99 <= goal


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else EACH
    sys.exit(run(partial(measure, each=number)))
