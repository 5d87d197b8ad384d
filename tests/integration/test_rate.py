"""The rate on the real Postgres: one for all processes, fair to both kinds of work, never above."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle

import pytest
from electoral import postgres
from electoral.postgres import Pool
from verification.errors import NoTurn
from verification.postgres.rate import Work
from verification.rate import Rate

pytestmark = pytest.mark.integration

CEILING = 400  # look-ups a second
SLACK = 0.6  # share of the ceiling that is used at least, on a machine with other things to do


@dataclass
class Sent:
    """What went to DWP: when, for which work, and how many look-ups."""

    calls: list[tuple[float, Work, int]] = field(default_factory=list)

    def of(self, work: Work) -> int:
        return sum(count for _, kind, count in self.calls if kind == work)

    def most_within(self, seconds: float) -> int:
        """Return the most look-ups in any window of this length."""
        most = begin = within = 0
        for at, _, count in self.calls:
            within += count
            while at - self.calls[begin][0] > seconds:
                within -= self.calls[begin][2]
                begin += 1
            most = max(most, within)
        return most


@dataclass
class Process:
    """Stands for one process: its own pool, and both kinds of work."""

    pool: Pool
    sent: Sent

    def rate(self, work: Work, ceiling: int = CEILING) -> Rate:
        return Rate(self.pool, work, lookups_per_second_max=ceiling)

    async def keep_sending(self, work: Work, sizes: Iterator[int], callers: int = 4) -> None:
        """Want everything, as several calls in flight do, until cancelled."""
        rate = self.rate(work)
        await asyncio.gather(*[self._keep_calling(rate, work, sizes) for _ in range(callers)])

    async def _keep_calling(self, rate: Rate, work: Work, sizes: Iterator[int]) -> None:
        while True:
            await self.send(rate, work, min(next(sizes), rate.call_max))

    async def send(self, rate: Rate, work: Work, lookups: int, within: float = 5.0) -> None:
        loop = asyncio.get_running_loop()
        await rate.turn(lookups, loop.time() + within)
        self.sent.calls.append((loop.time(), work, lookups))


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


async def run_for(seconds: float, *work: object) -> None:
    tasks = [asyncio.ensure_future(one) for one in work]  # type: ignore[call-overload]
    await asyncio.sleep(seconds)
    for task in tasks:
        assert not task.done(), task.exception()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def full() -> Iterator[int]:
    return cycle([1_000])


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
