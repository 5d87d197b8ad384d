"""What the other EROs notice when one's system hangs and another's fails all day.

    python -m benchmarks.gateway_trouble [PAIRS]

Runs come in pairs, without and with the two. Outcomes are published at a steady rate for all EROs,
each of which polls every second. What counts is the time from an outcome's publication to its
answer's transaction, of the others alone. The one that hangs asks for a page on each of several
connections and reads no answer; the one that fails answers each page with `failure` and has all of
it offered again, as often as the others poll.
"""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median

import asyncpg
from benchmarks.gateway_stack import PAGE, Ero, GatewayStack, percentile, run, running, say
from simulated.http_client import Connection

PAIRS = 5
SECONDS, PER_SECOND = 20, 100
POLL_SECONDS = 1.0
HANGING_CONNECTIONS = 20
HANGING_SECONDS = 10.0  # until it gives up and begins anew
BEFORE = 1_000  # records that wait for each of the two
SLOWER_AT_MOST = 1.25
DRAINED_SECONDS_MAX = 30.0
DELAYS = """
SELECT extract(epoch FROM a.answered_at - r.attempt_received_at)::float8
  FROM answer a JOIN record r USING (position)
 WHERE r.attempt_received_at >= $1 AND a.status = 'success' AND a.ero <> ALL($2::text[])
"""
LEFT = "SELECT count(*) FROM queue WHERE ero <> ALL($1::text[])"


async def measure(state: Path, pairs: int) -> bool:
    ratios = []
    async with running(state) as stack:
        hanging, failing, *others = stack.eros
        await stack.publish([hanging, failing] * BEFORE)
        await stack.until_waiting(2 * BEFORE)
        for number in range(pairs):
            alone = await p99_of(stack, others)
            async with alongside(hang(stack, hanging), fail_all_day(stack, failing)):
                troubled = await p99_of(stack, others)
            ratios.append(troubled / alone)
            print(
                f"\rpair {number + 1}: p99 {alone:.3f} s alone, {troubled:.3f} s "
                f"beside the two: {ratios[-1]:.2f} x"
            )
    print(f"median {median(ratios):.2f} x (at most {SLOWER_AT_MOST})")
    return median(ratios) <= SLOWER_AT_MOST


async def p99_of(stack: GatewayStack, others: Sequence[Ero]) -> float:
    """Publish for a while and let the others take it; returns the 99th percentile of the delays."""
    two = [ero.code for ero in stack.eros[:2]]
    begin = await stack.fetchval("SELECT now()")
    async with alongside(*(keep_polling(stack, ero) for ero in others)):
        for second in range(SECONDS):
            say(f"second {second + 1} of {SECONDS}")
            await asyncio.gather(
                stack.publish([random.choice(others) for _ in range(PER_SECOND)]), asyncio.sleep(1)
            )
        async with asyncio.timeout(DRAINED_SECONDS_MAX):
            while await stack.fetchval(LEFT, two):
                await asyncio.sleep(0.2)
    connection = await asyncpg.connect(stack.dsn)
    try:
        rows = await connection.fetch(DELAYS, begin, two)
    finally:
        await connection.close()
    assert len(rows) == SECONDS * PER_SECOND
    return percentile([row[0] for row in rows], 0.99)


async def keep_polling(stack: GatewayStack, ero: Ero) -> None:
    connection = stack.connection()
    await asyncio.sleep(random.random() * POLL_SECONDS)
    try:
        while True:
            while (await ero.take_page(connection))[1]:
                pass
            await asyncio.sleep(POLL_SECONDS)
    finally:
        connection.close()


async def hang(stack: GatewayStack, ero: Ero) -> None:
    """Ask on many connections and read nothing; begin anew when they are cut off."""
    host, port = stack.blueprint.gateway_url.removeprefix("http://").split(":")
    question = f"GET {PAGE} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {ero.token}\r\n\r\n"

    async def ask() -> None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port), limit=1)
                writer.write(question.encode())
                await writer.drain()
                await asyncio.sleep(HANGING_SECONDS)
                writer.transport.abort()

    await asyncio.gather(*(ask() for _ in range(HANGING_CONNECTIONS)))


async def fail_all_day(stack: GatewayStack, ero: Ero) -> None:
    """Take a page, answer it with `failure`, have all of it again."""
    connection = stack.connection()
    try:
        while True:
            page = await patiently(ero, connection, "GET", PAGE)
            ids = [record["id"] for record in json.loads(page)["registrations"]]
            answers = [{"id": id_, "status": "failure", "message": "No."} for id_ in ids]
            body = {"acknowledgements": answers}
            await patiently(ero, connection, "POST", "/registrations/acknowledgements", body)
            await patiently(ero, connection, "POST", "/registrations/offers", {"held": True})
            await asyncio.sleep(POLL_SECONDS)
    finally:
        connection.close()


async def patiently(
    ero: Ero, connection: Connection, method: str, path: str, body: object = None
) -> bytes:
    while (answer := await ero.call(connection, method, path, body)).status in (429, 503):
        await asyncio.sleep(float(answer.header(b"retry-after") or 1))
    assert answer.status == 200, answer
    return answer.body


@asynccontextmanager
async def alongside(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Let things go on for as long as the block lasts; what fails among them fails it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    sys.exit(run(partial(measure, pairs=number)))
