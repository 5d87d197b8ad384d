"""The rate on the real Postgres: one for all processes, fair to both kinds of work, never above."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from itertools import cycle

import pytest
from electoral import postgres
from rate_processes import CEILING, Process, Sent, full, run_for
from verification.errors import NoTurn
from verification.postgres.rate import Work

pytestmark = pytest.mark.integration

SLACK = 0.6  # share of the ceiling that is used at least, on a machine with other things to do

Processes = Sequence[Process]


@pytest.fixture
async def processes(postgres_dsn: Callable[[str], str]) -> AsyncIterator[Processes]:
    dsn, sent = postgres_dsn("verification"), Sent()
    async with AsyncExitStack() as stack:
        pools = [
            await stack.enter_async_context(
                await postgres.open_pool(dsn, service="test", connections=4)
            )
            for _ in range(2)
        ]
        yield [Process(pool, sent) for pool in pools]


async def test_no_second_has_more_look_ups_than_the_ceiling_whoever_sends(
    processes: Processes,
) -> None:
    one, two = processes
    mixed = cycle([20, 1, 20, 20, 3, 17, 20])
    await run_for(
        4.0,
        one.keep_sending("new", full()),
        two.keep_sending("new", mixed),
        one.keep_sending("parked", mixed),
        two.keep_sending("parked", full()),
    )
    assert one.sent.most_within(1.0) <= CEILING
    assert len(one.sent.calls) > 40


async def test_whoever_is_alone_uses_nearly_the_whole_rate(processes: Processes) -> None:
    works: tuple[Work, ...] = ("new", "parked")
    for work in works:
        before = processes[0].sent.of(work)
        await run_for(3.0, *[p.keep_sending(work, full()) for p in processes])
        assert processes[0].sent.of(work) - before >= 3.0 * CEILING * SLACK
        await asyncio.sleep(1.0)
    assert processes[0].sent.most_within(1.0) <= CEILING


async def test_each_kind_of_work_has_its_half_when_both_want_everything(
    processes: Processes,
) -> None:
    one, two = processes
    await run_for(
        4.0,
        one.keep_sending("new", full()),
        two.keep_sending("new", full()),
        one.keep_sending("parked", full()),
        two.keep_sending("parked", full()),
    )
    new, parked = one.sent.of("new"), one.sent.of("parked")
    assert min(new, parked) >= 0.45 * (new + parked)
    assert new + parked >= 4.0 * CEILING * SLACK


async def test_a_little_new_work_hardly_waits_while_a_backlog_takes_all_that_is_left(
    processes: Processes,
) -> None:
    one, two = processes
    waited = []

    async def send_now_and_then() -> None:
        rate, loop = one.rate("new"), asyncio.get_running_loop()
        while True:
            begin = loop.time()
            await one.send(rate, "new", 5)
            waited.append(loop.time() - begin)
            await asyncio.sleep(0.1)

    await run_for(3.0, two.keep_sending("parked", full()), send_now_and_then())
    assert max(waited) < 0.5
    assert one.sent.of("parked") > 0.6 * one.sent.of("new") + 3.0 * CEILING * 0.45
    assert one.sent.most_within(1.0) <= CEILING


async def test_what_was_not_used_in_a_pause_is_not_sent_after_it(processes: Processes) -> None:
    (one, _), sent = processes, processes[0].sent
    await one.send(one.rate("new"), "new", 20)
    await asyncio.sleep(2.0)
    sent.calls.clear()
    await run_for(1.0, one.keep_sending("new", full()))
    assert sent.most_within(0.05) <= 2 * one.rate("new").call_max  # one of each line
    assert sent.most_within(1.0) <= CEILING


async def test_without_a_turn_in_time_nothing_is_taken(processes: Processes) -> None:
    one, _ = processes
    rate = one.rate("parked", ceiling=4)
    for _ in range(2):  # its own line, and the other's
        await one.send(rate, "parked", 1)
    begin = asyncio.get_running_loop().time()
    for _ in range(3):
        with pytest.raises(NoTurn):
            await one.send(rate, "parked", 1, within=0.1)
    assert asyncio.get_running_loop().time() - begin < 0.4
    await one.send(rate, "parked", 1, within=1.0)


async def test_nobody_sends_before_dwp_wants_to_be_asked_again(processes: Processes) -> None:
    one, two = processes
    loop = asyncio.get_running_loop()
    closing = loop.time()
    await one.rate("new").close(1.0)
    with pytest.raises(NoTurn):
        await two.send(two.rate("new"), "new", 1, within=0.5)
    await asyncio.gather(
        one.send(one.rate("new"), "new", 1),
        two.send(two.rate("new"), "new", 1),
        two.send(two.rate("parked"), "parked", 1),
    )
    assert min(at for at, _, _ in one.sent.calls) >= closing + 1.0
    assert loop.time() < closing + 2.5


async def test_who_waits_for_a_turn_when_dwp_wants_to_be_left_alone_waits_for_longer(
    processes: Processes,
) -> None:
    one, two = processes
    rate, loop = one.rate("new", ceiling=4), asyncio.get_running_loop()
    for _ in range(2):
        await one.send(rate, "new", 1)
    waiting = asyncio.create_task(one.send(rate, "new", 1))
    await asyncio.sleep(0.2)
    closing = loop.time()
    await two.rate("parked").close(1.5)
    await waiting
    assert loop.time() >= closing + 1.5


async def test_a_call_that_would_be_late_takes_another_turn(processes: Processes) -> None:
    one, _ = processes
    rate, loop = one.rate("new"), asyncio.get_running_loop()
    for _ in range(2):
        await one.send(rate, "new", 20)
    waiting = asyncio.create_task(one.send(rate, "new", 20))
    await asyncio.sleep(0.02)
    begin = loop.time()
    while loop.time() - begin < 0.4:  # the process is busy with something else
        pass
    await waiting
    free_at = await one.pool.fetchval(
        "SELECT extract(epoch FROM greatest(new_free_at, parked_free_at) - clock_timestamp())"
        " FROM dwp_rate"
    )
    assert free_at > 0.05  # its turn is now, and not that of long ago


async def test_a_clock_that_was_put_back_closes_nothing_for_long(processes: Processes) -> None:
    one, _ = processes
    await one.pool.execute(
        "UPDATE dwp_rate SET new_free_at = now() + interval '1 h',"
        " parked_free_at = now() + interval '1 h', closed_until = now() + interval '1 h'"
    )
    await one.send(one.rate("new"), "new", 1, within=0.5)
    await one.send(one.rate("parked"), "parked", 1, within=0.5)
    assert not await one.rate("new").is_closed()
    await one.rate("new").close(1.0)
    assert await one.rate("new").is_closed()


async def test_a_shorter_wish_to_be_left_alone_does_not_end_a_longer_one(
    processes: Processes,
) -> None:
    one, two = processes
    await one.rate("new").close(300.0)
    await two.rate("new").close(0.1)
    await asyncio.sleep(0.2)
    assert await one.rate("new").is_closed()


async def test_without_postgres_nobody_has_a_turn(processes: Processes) -> None:
    one, _ = processes
    await one.pool.close()
    with pytest.raises(NoTurn):
        await one.send(one.rate("new"), "new", 1)


@pytest.mark.parametrize("ceiling", [2, 3, 10, 99, 1_000, 20_000])
async def test_calls_are_small_enough_to_come_evenly(processes: Processes, ceiling: int) -> None:
    size = processes[0].rate("new", ceiling).call_max
    assert 1 <= size <= 100
    assert size == 1 or size * 20 <= ceiling
