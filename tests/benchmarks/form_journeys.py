"""Whole journeys through the form a second, what each costs, and what unfinished ones take up.

    python -m benchmarks.form_journeys [JOURNEYS] [UNFINISHED] [PROCESSES]

A journey is start page to receipt, every page fetched and posted: some 34 requests. Registration,
Postgres and Kafka run beside the people, who are a process of their own, on the same cores. Before
it, UNFINISHED people answer six pages and leave: their sessions are there while it is measured.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop
from benchmarks.form_stack import FormStack, running

JOURNEYS, UNFINISHED, PROCESSES = 3_000, 50_000, 2
WARMING_UP = 100  # journeys that do not count
CONNECTIONS = 64
UNFINISHED_PAGES = 6
RATE_MIN = 40.0  # journeys a second
PEAK = 230.0  # journeys a second: two million a day, in the shape of the busiest evening
CPU_MS_MAX = 40.0  # of a journey: registration and Postgres
PAGE_P99_MS_MAX = 500.0
SESSIONS = "SELECT count(*) FROM form_session"
SESSIONS_SIZE = "SELECT pg_total_relation_size('form_session')"
DATABASE_SIZE = "SELECT pg_database_size(current_database())"
MIB = 1 << 20


async def measure(state: Path, journeys: int, unfinished: int, processes: int) -> bool:
    async with running(state, processes) as stack:
        await stack.people(10**6, WARMING_UP, CONNECTIONS, "whole")
        await _leave_unfinished(stack, unfinished)
        before = stack.cpu_seconds()
        seen = await stack.people(0, journeys, CONNECTIONS, "whole")
        after = stack.cpu_seconds()
        used = {name: after[name] - before[name] for name in after}
        return _show(seen, used, processes)


async def _leave_unfinished(stack: FormStack, count: int) -> None:
    """Let people begin and leave, and print what they leave behind."""
    empty = await stack.fetchval(DATABASE_SIZE)
    print(f"Memory before: {_memory(stack)}.", flush=True)
    seen = await stack.people(2 * 10**6, count, CONNECTIONS, str(UNFINISHED_PAGES))
    sessions, size = await stack.fetchval(SESSIONS), await stack.fetchval(SESSIONS_SIZE)
    database = await stack.fetchval(DATABASE_SIZE)
    print(f"{sessions:,} unfinished sessions, begun at {count / seen['seconds']:,.0f}/s.")
    _show_stopped(seen)
    print(
        f"  table {size / MIB:,.0f} MiB ({size / max(1, sessions):,.0f} bytes each), database"
        f" {database / MIB:,.0f} MiB ({(database - empty) / MIB:,.0f} MiB more)"
    )
    print(f"  memory at most: {_memory(stack)}", flush=True)


def _memory(stack: FormStack) -> str:
    held = stack.memory_bytes_max().items()
    return ", ".join(f"{name} {size / MIB:,.0f} MiB" for name, size in held)


def _show(seen: dict[str, Any], used: dict[str, float], processes: int) -> bool:
    done, rate = seen["done"], seen["done"] / seen["seconds"]
    cpu_ms = {name: 1000 * seconds / max(1, done) for name, seconds in used.items()}
    counted = cpu_ms["registration"] + cpu_ms["postgres"]
    requests = seen["requests"] / max(1, done)
    print(
        f"{rate:,.1f} journeys/s held (goal {RATE_MIN:.0f}), {processes} processes,"
        f" {requests:.1f} requests and {seen['bytes'] / max(1, done) / 1024:,.0f} KiB each."
    )
    _show_stopped(seen)
    for name, each in cpu_ms.items():
        print(f"  {name:14} {each:6.2f} ms of CPU a journey, {each / requests:.2f} a request")
    print(f"  both counted   {counted:6.2f} ms (goal {CPU_MS_MAX:.0f})")
    print(
        f"  {PEAK:.0f} journeys/s, the busiest hour's, need {PEAK * counted / 1000:.1f} cores"
        f" for registration and Postgres ({PEAK:.0f} x {counted:.2f} / 1000)"
    )
    print(
        f"  page p50 {seen['p50']:.0f} ms, p95 {seen['p95']:.0f} ms, p99 {seen['p99']:.0f} ms"
        f" (goal {PAGE_P99_MS_MAX:.0f}), worst {seen['worst']:.0f} ms"
    )
    in_goals = rate >= RATE_MIN and counted <= CPU_MS_MAX and seen["p99"] <= PAGE_P99_MS_MAX
    return in_goals and not seen["stopped"]


def _show_stopped(seen: dict[str, Any]) -> None:
    for why, count in seen["stopped"].items():
        print(f"  {count} stopped: {why}")


def main() -> int:
    given = [int(text) for text in sys.argv[1:4]]
    journeys, unfinished, processes = given + [JOURNEYS, UNFINISHED, PROCESSES][len(given) :]
    with tempfile.TemporaryDirectory(prefix=".form-journeys-", dir=".") as state:
        Path(state).chmod(0o755)
        below = Path(state).absolute()
        return 0 if uvloop.run(measure(below, journeys, unfinished, processes)) else 1


if __name__ == "__main__":
    sys.exit(main())
