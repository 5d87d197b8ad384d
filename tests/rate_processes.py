"""Processes that send as much as the rate lets them, and what they have sent."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

from electoral.postgres import Pool
from verification.postgres.rate import Work
from verification.rate import Rate

CEILING = 400  # look-ups a second


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


async def run_for(seconds: float, *work: object) -> None:
    tasks = [asyncio.ensure_future(one) for one in work]  # type: ignore[call-overload]
    await asyncio.sleep(seconds)
    for task in tasks:
        assert not task.done(), task.exception()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def full() -> Iterator[int]:
    return cycle([1_000])
