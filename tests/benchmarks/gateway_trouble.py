"""What the other EROs notice when one's system hangs and another's fails all day.

    python -m benchmarks.gateway_trouble [PAIRS]

Runs come in pairs, without and with the two. Outcomes are published at a steady rate for some other
EROs, each of which polls ten times a second, so that little of the time is waiting for the next
poll. Two times of the others are compared: from an outcome's publication to its answer's
transaction, and of a poll with its answers. The one that hangs asks for a page on each of several
connections and reads no answer; the one that fails answers each page with `failure` and has all of
it offered again, each second.
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
from time import perf_counter
from typing import NamedTuple

import asyncpg
from benchmarks.gateway_stack import PAGE, Ero, GatewayStack, percentile, run, running, say
from simulated.http_client import Connection

PAIRS = 5
SECONDS, PER_SECOND = 20, 100
OTHERS = 30
POLL_SECONDS = 0.1
FAILING_SECONDS = 1.0
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
    found = []
    async with running(state) as stack:
        hanging, failing, *others = stack.eros[: OTHERS + 2]
        await stack.publish([hanging, failing] * BEFORE)
        await stack.until_waiting(2 * BEFORE)
        for number in range(pairs):
            alone = await p99_of(stack, others)
            async with alongside(hang(stack, hanging), fail_all_day(stack, failing)):
                troubled = await p99_of(stack, others)
            found.append(troubled.slower_than(alone))
            print(f"\rpair {number + 1}: alone {alone}; beside the two {troubled}")
    ratios = Slower(median(one.delay for one in found), median(one.poll for one in found))
    print(
        f"median {ratios.delay:.2f} x to acknowledged, {ratios.poll:.2f} x a poll "
        f"(at most {SLOWER_AT_MOST})"
    )
    return max(ratios) <= SLOWER_AT_MOST


class Slower(NamedTuple):
    """How many times longer it took."""

    delay: float
    poll: float


class Times(NamedTuple):
    """The 99th percentiles of what the others notice, in seconds."""

    delay: float  # from publication to the answer's transaction
    poll: float  # of a page and its answers

    def slower_than(self, other: "Times") -> Slower:
        return Slower(self.delay / other.delay, self.poll / other.poll)

    def __str__(self) -> str:
        return f"p99 {self.delay:.3f} s to acknowledged, {self.poll:.3f} s a poll"


async def p99_of(stack: GatewayStack, others: Sequence[Ero]) -> Times:
    """Publish for a while and let the others take it; returns their times."""
    two = [ero.code for ero in stack.eros[:2]]
    begin = await stack.fetchval("SELECT now()")
    polls: list[float] = []
    async with alongside(*(keep_polling(stack, ero, polls) for ero in others)):
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
    return Times(percentile([row[0] for row in rows], 0.99), percentile(polls, 0.99))


async def keep_polling(stack: GatewayStack, ero: Ero, polls: list[float]) -> None:
    connection = stack.connection()
    await asyncio.sleep(random.random() * POLL_SECONDS)
    try:
        while True:
            begin = perf_counter()
            await ero.take_page(connection)
            polls.append(perf_counter() - begin)
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
            await asyncio.sleep(FAILING_SECONDS)
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
