"""How a service's end is bounded: one deadline for everything that closes, then force."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from electoral.lifecycle import EX_SOFTWARE, Lifecycle, within

HANGS_WHEN_IT_ENDS = """
import sys, time
from contextlib import asynccontextmanager
from electoral import lifecycle

lifecycle.FORCE_TIMEOUT = 0.5

@asynccontextmanager
async def serve(life):
    life.stop()
    yield
    time.sleep(20)  # the loop itself hangs: nothing in it can end it

sys.exit(lifecycle.run(serve))
"""


async def heedless(seconds: float) -> None:
    """Take no notice of being cancelled, as a roll-back on a frozen Postgres does."""
    ends = asyncio.get_running_loop().time() + seconds
    while (left := ends - asyncio.get_running_loop().time()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue


@asynccontextmanager
async def slow_to_close(seconds: float, closed: list[float]) -> AsyncIterator[None]:
    yield
    await heedless(seconds)
    closed.append(seconds)


async def test_waiting_ends_in_time_even_for_what_does_not_heed_its_cancelling() -> None:
    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        await within(0.1, heedless(2.0))
    assert time.monotonic() - begin < 1.0


async def test_waiting_returns_or_raises_what_came_in_time() -> None:
    async def fail() -> None:
        raise LookupError

    assert await within(1.0, asyncio.sleep(0.01, "done")) == "done"
    with pytest.raises(LookupError):
        await within(1.0, fail())


async def test_all_that_closes_shares_one_deadline() -> None:
    lifecycle = Lifecycle(end_timeout=0.5)
    closed: list[float] = []
    begin = time.monotonic()
    async with AsyncExitStack() as stack:
        for number, seconds in enumerate((0.0, 5.0, 5.0, 5.0, 0.1)):
            context = lifecycle.closing(f"part {number}", slow_to_close(seconds, closed))
            await stack.enter_async_context(context)
    assert time.monotonic() - begin < 1.5
    assert closed == [0.1, 0.0]  # the last opened, in time; and what needs no time at all


async def test_the_time_of_the_end_runs_from_its_begin() -> None:
    lifecycle = Lifecycle(end_timeout=5.0)
    lifecycle.stop()
    await asyncio.sleep(0.2)
    assert 4.0 < lifecycle.remaining() <= 4.8


async def test_a_task_that_must_run_ends_the_service_when_it_dies() -> None:
    async def die() -> None:
        raise LookupError

    lifecycle = Lifecycle()
    async with lifecycle.task(die()):
        async with asyncio.timeout(1):
            await lifecycle.stopping.wait()
    assert isinstance(lifecycle.failure, LookupError)


async def test_a_task_may_finish_what_it_has_in_hand() -> None:
    told, done = asyncio.Event(), []

    async def work() -> None:
        await told.wait()
        await asyncio.sleep(0.05)
        done.append(True)

    lifecycle = Lifecycle()
    async with lifecycle.task(work(), finish=told.set):
        pass
    assert done
    assert lifecycle.failure is None


def test_a_process_whose_end_hangs_is_ended_by_force() -> None:
    begin = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-c", HANGS_WHEN_IT_ENDS],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert found.returncode == EX_SOFTWARE
    assert "ended by force" in found.stdout
    assert time.monotonic() - begin < 10
