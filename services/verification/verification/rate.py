"""The rate: how many look-ups a second all processes together send to DWP.

DWP counts in any second it likes, so a burst after a pause would be too many: calls are sent one
after the other, each in a turn that lasts as long as its look-ups take at this rate. New work and
what is parked have half of the rate each, and a line of turns of their own. Whichever has to wait
takes a turn of the other's that is free now, so that neither starves and nothing is left unused.

A call may be late: its process is busy, the way to DWP is not always as long. Therefore no more
than the ceiling is sent in any 1.1 s, and a call that is 0.05 s late gives up its turn for another.
What is left, 0.05 s, is for the way: where that varies by more, set the ceiling lower by as much.
"""

import asyncio

from electoral.postgres import Pool, is_away

from verification.dwp import LOOKUPS_MAX
from verification.errors import NoTurn
from verification.postgres import rate as postgres
from verification.postgres.rate import Work

WINDOW = 1.1  # seconds in which the ceiling is kept: one, and what may vary on the way
LATE_SECONDS_MAX = 0.05  # after its turn began, that a call is still sent
CALLS_PER_SECOND_MIN = 10  # of each line at its full rate: smaller calls come more evenly


class Rate:
    """The rate as one kind of work sees it, in one process."""

    def __init__(self, pool: Pool, work: Work, *, lookups_per_second_max: int) -> None:
        half = lookups_per_second_max // 2
        self._pool = pool
        self._work = work
        self._line = asyncio.Lock()  # one turn at a time is taken, as late as can be
        self.call_max = max(1, min(LOOKUPS_MAX, half // CALLS_PER_SECOND_MIN))
        # Seconds of a look-up. A window may begin with a call and end with another one.
        self._pause = WINDOW / (half - self.call_max + 1)

    async def turn(self, lookups: int, latest: float) -> None:
        """Wait until so many look-ups may be sent; raises `NoTurn` if not before `latest`.

        `latest` is of the loop's clock. Whoever returns from here sends at once.
        """
        try:
            async with asyncio.timeout_at(latest), self._line:
                while not await self._wait_for_turn(lookups, latest):
                    pass
        except Exception as error:
            if not is_away(error):
                raise
            raise NoTurn from None  # too late, or nobody knows whether others send

    async def _wait_for_turn(self, lookups: int, latest: float) -> bool:
        """Take a turn and wait for it; returns whether it can be used."""
        loop = asyncio.get_running_loop()
        async with self._pool.acquire() as connection:
            asked_at = loop.time()
            wait = await postgres.reserve(
                connection, self._work, seconds=lookups * self._pause, at_most=latest - asked_at
            )
        if wait is None:
            raise NoTurn
        await asyncio.sleep(max(0.0, wait))
        if wait > 0 and await self.is_closed():
            return False
        return loop.time() - (asked_at + wait) <= LATE_SECONDS_MAX

    async def is_closed(self) -> bool:
        """Say whether DWP asked to be left alone."""
        return await postgres.closed_until(self._pool) is not None

    async def close(self, seconds: float) -> None:
        """Let nobody send for so long: DWP asked for it."""
        await postgres.close(self._pool, seconds)
