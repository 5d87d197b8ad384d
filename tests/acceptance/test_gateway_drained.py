"""The gateway killed again and again while councils' systems of every manner drain it, and while
an operator sends on what they say is another authority's.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from electoral_local.blueprint import SERVICES, StackOptions
from electoral_local.rehearsal import Rehearsal, Script
from electoral_local.stack import Stack
from electoral_local.sums import counts_by_state, fetch

from acceptance.operator_at_work import Operator
from acceptance.troubled_stack import show
from acceptance.verdicts import judge

pytestmark = [pytest.mark.integration, pytest.mark.long]

APPLICATIONS = int(os.environ.get("GATEWAY_DRAIN_APPLICATIONS", "1000"))
SEED = int(os.environ.get("GATEWAY_DRAIN_SEED", "1"))
KILLS = int(os.environ.get("GATEWAY_DRAIN_KILLS", "3"))
# Many that fail: even of a few applications some are to be sent on.
BEHAVIOURS = (
    '{"batch": 0.4, "one-by-one": 0.1, "workers": 0.1, "late": 0.1, "failing": 0.2, "away": 0.1}'
)
EARLIEST_SHARE, LATEST_SHARE = 0.02, 0.9  # of what there is to acknowledge
DELAY_SECONDS_MAX = 0.5  # after that share was reached
READY_SECONDS = 60.0
DRAINED_SECONDS = 60 + APPLICATIONS / 60  # a large council that puts one by one takes its time
LOOK_SECONDS = 0.02


@pytest.mark.timeout(240 + 2 * DRAINED_SECONDS)
async def test_gateway_killed_at_any_moment_while_the_fleet_drains_it_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    script = Script(applications=APPLICATIONS, seed=SEED, behaviours=BEHAVIOURS)
    options = StackOptions(
        state=tmp_path / "var",
        free_ports=True,
        seed=SEED,
        arguments={"councils": (*script.councils_arguments, "--operator")},
    )
    async with Stack(options) as stack, aiohttp.ClientSession() as session:
        await stack.process("councils").stop()
        rehearsal = Rehearsal(stack, script)
        playing = asyncio.create_task(rehearsal.play())
        waiting = await until_all_waits(stack, rehearsal)
        await stack.process("councils").start()
        began = asyncio.get_running_loop().time()
        async with operator_at_work(stack, tmp_path / "moved.jsonl") as operator:
            killed_at = await kill_while_it_drains(stack, session, waiting)
            await playing
            await until_all_acknowledged(stack, session, waiting)
        verdict = await judge(
            stack, rehearsal.receipts, limit_seconds=DRAINED_SECONDS, moved=operator.moved
        )
        told = await statistics(stack, session)
        restarts = stack.process("ems-gateway").restarts
    show(
        waiting=waiting,
        killed_when_so_many_were_acknowledged=killed_at,
        seconds=round(asyncio.get_running_loop().time() - began),
        councils=told,
        sent_on=operator.sent_on,
    )
    assert verdict.failed == {}
    assert (len(killed_at), restarts) == (KILLS, KILLS)
    assert all(at < waiting for at in killed_at)
    assert told["acknowledged"] == waiting
    assert operator.sent_on > 0, "nothing was sent on to another ERO"
    assert told["failed"] > operator.sent_on, "no council reported a failure of its own"
    assert told["offered"] > 0, "no council asked for anything again"
    assert told["items"] > waiting, "no council read anything twice"


async def until_all_waits(stack: Stack, rehearsal: Rehearsal) -> int:
    """Wait until the last outcome is at the gateway; returns how many wait for councils."""
    while True:
        await asyncio.sleep(0.5)
        if not rehearsal.progress.sent_all:
            continue
        counts = await asyncio.to_thread(ledger_counts, stack)
        queued, held = counts["ems-gateway", "queued"], counts["ems-gateway", "held"]
        if queued + held == rehearsal.progress.accepted:
            return queued


@asynccontextmanager
async def operator_at_work(stack: Stack, moved: Path) -> AsyncIterator[Operator]:
    """Somebody sends on what councils suggest; ends between two commands, never within one."""
    operator = Operator(stack, moved)
    is_over = asyncio.Event()
    working = asyncio.create_task(operator.work(is_over))
    try:
        yield operator
    finally:
        is_over.set()
        await working


async def until_all_acknowledged(stack: Stack, session: aiohttp.ClientSession, count: int) -> None:
    """What an operator sends on is acknowledged last."""
    with suppress(TimeoutError):  # the judge says what is missing
        async with asyncio.timeout(DRAINED_SECONDS):
            while (await statistics(stack, session))["acknowledged"] < count:
                await asyncio.sleep(0.2)


def ledger_counts(stack: Stack) -> Mapping[tuple[str, str], int]:
    admin = {service: stack.blueprint.admin_url(service) for service in SERVICES}
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/London")).date()
    return counts_by_state(fetch(admin, today, None))


async def kill_while_it_drains(
    stack: Stack, session: aiohttp.ClientSession, waiting: int
) -> list[int]:
    """Kill the gateway at moments drawn by the seed; returns how many were acknowledged at each."""
    chance = random.Random(SEED)
    shares = sorted(chance.uniform(EARLIEST_SHARE, LATEST_SHARE) for _ in range(KILLS))
    killed_at = []
    for share in shares:
        await stack.process("ems-gateway").wait_ready(READY_SECONDS)
        while (await statistics(stack, session))["acknowledged"] < share * waiting:
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(chance.uniform(0.0, DELAY_SECONDS_MAX))
        killed_at.append((await statistics(stack, session))["acknowledged"])
        stack.process("ems-gateway").kill()
    return killed_at


async def statistics(stack: Stack, session: aiohttp.ClientSession) -> dict[str, int]:
    url = f"{stack.blueprint.admin_url('councils')}/statistics"
    async with session.get(url) as answer:
        told: dict[str, int] = await answer.json()
        return told
