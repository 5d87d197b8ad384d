"""What a refusal costs: a port that has no room for anybody, and callers who send applications.

    python -m benchmarks.refusals [COUNT]

The port, its connections and its gate are registration's own; there is nothing behind it. Callers
keep their connections and send bodies of an application's size, from a process of their own.
"""

import asyncio
import resource
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe

import uvloop
from aiohttp import web
from electoral.serving import serving
from registration.admission import Admission, Kind
from registration.admission_gate import AdmissionGate
from simulated.http_client import Connection, Server

COUNT, CALLERS = 50_000, 64
BODY = b"{" + b" " * 900 + b"}"
GOAL_MS = 0.06  # of CPU, user's and kernel's
HEADERS = {"Authorization": f"Bearer {'t' * 40}", "Content-Type": "application/json"}


class NoRoom(Admission):
    """Refuses everybody."""

    def admits(self, kind: Kind) -> bool:
        self.limit = 0.0
        return super().admits(kind)


def refuse(pipe: Pipe) -> None:
    """Serve the port until told to end; then tell the CPU seconds used since the first word."""
    uvloop.run(_refuse(pipe))


async def _refuse(pipe: Pipe) -> None:
    admission = NoRoom()
    looking = asyncio.create_task(admission.keep_looking())
    async with serving(web.Application(), "127.0.0.1", 0, gate=AdmissionGate(admission)) as port:
        pipe.send(port)
        await asyncio.to_thread(pipe.recv)
        before = cpu_seconds()
        await asyncio.to_thread(pipe.recv)
        pipe.send(cpu_seconds() - before)
    looking.cancel()


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def call(port: int, count: int) -> dict[int, int]:
    """Send so many applications; returns how many had which status."""
    left, statuses = iter(range(count)), dict[int, int]()

    async def keep_calling() -> None:
        connection = Connection(Server("127.0.0.1", port, ""), HEADERS)
        for number in left:
            key = b"Idempotency-Key: citizen-1-%d\r\n" % number
            answer = await connection.request("POST", "/v1/applications", BODY, key)
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
        connection.close()

    await asyncio.gather(*(keep_calling() for _ in range(CALLERS)))
    return statuses


def cost_of_a_refusal(count: int) -> float:
    """Return the CPU milliseconds of one."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=refuse, args=(theirs,))
    process.start()
    port = ours.recv()
    uvloop.run(call(port, 1_000))
    ours.send("begin")
    statuses = uvloop.run(call(port, count))
    ours.send("end")
    seconds: float = ours.recv()
    process.join()
    assert statuses == {503: count}, statuses
    return 1000 * seconds / count


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    cost = cost_of_a_refusal(count)
    print(f"A refusal costs {cost:.4f} ms of CPU (goal {GOAL_MS}), over {count:,}.")
    return 0 if cost <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
