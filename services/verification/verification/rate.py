"""The rate: how many look-ups a second all processes together send to DWP.

DWP counts in any second it likes, so a burst after a pause would be too many: calls are sent one
after the other, each in a turn that lasts as long as its look-ups take at this rate. New work and
what is parked have half of the rate each, and a line of turns of their own. Whichever has to wait
takes a turn of the other's that is free now, so that neither starves and nothing is left unused.

A call may be late: its process is busy, the way to DWP is not always as long. Therefore no more
than the ceiling is sent in any 1.1 s, and a call that is 0.05 s late gives up its turn for another.
What is left, 0.05 s, is for the way: where that varies by more, set the ceiling lower by as much.

When a turn begins is known as exactly as its statement is quick. Where Postgres is slow every call
would be too late: a turn then lasts longer by what usual calls are late beyond 0.05 s, and may be
used by so much later. Whenever such a call is sent, there is a turn of the usual length in the long
one that it is in time for: the ceiling is kept as before, and what slowness costs is a part of the
rate. Who is later than a second has no turn: long turns are everybody's loss.
"""

import asyncio
from collections import deque
from statistics import median

import structlog
from electoral.postgres import Pool, is_away

from verification.dwp import LOOKUPS_MAX
from verification.errors import NoTurn
from verification.postgres import rate as rate_rows
from verification.postgres.rate import Work

WINDOW = 1.1  # seconds in which the ceiling is kept: one, and what may vary on the way
LATE_SECONDS_MAX = 0.05  # after its turn began, that a call is still sent
LATE_SECONDS_EVER = 1.0  # however slow it usually is: one slow process must not hold up all
LATE_OF_USUAL = 1.5  # how late a call may be when calls are late, of what they usually are
USUAL_OF = 5  # calls whose lateness is remembered: one that is late changes nothing, three do
CALLS_PER_SECOND_MIN = 10  # of each line at its full rate: smaller calls come more evenly

log = structlog.get_logger()


class Rate:
    """The rate as one kind of work sees it, in one process."""

    def __init__(
        self,
        pool: Pool,
        work: Work,
        *,
        lookups_per_second_max: int,
        lookups_per_call_max: int = LOOKUPS_MAX,
    ) -> None:
        half = lookups_per_second_max // 2
        self._pool = pool
        self._work = work
        self._late = deque([0.0] * USUAL_OF, maxlen=USUAL_OF)  # seconds, of the latest turns
        self._line = asyncio.Lock()  # one turn at a time is taken, as late as can be
        self.call_max = max(1, min(lookups_per_call_max, half // CALLS_PER_SECOND_MIN))
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
        late_max = self._late_max()
        seconds = lookups * self._pause + late_max - LATE_SECONDS_MAX
        async with self._pool.acquire() as connection:
            asked_at = loop.time()
            wait = await rate_rows.reserve(
                connection, self._work, seconds=seconds, at_most=latest - asked_at
            )
        if wait is None:
            raise NoTurn
        if await self._is_closed_after(wait, look_before=2 * late_max):
            return False
        return self._is_in_time(loop.time() - (asked_at + wait), late_max)

    def _late_max(self) -> float:
        """Return how many seconds late a call may be: more, while that is usual."""
        usual = LATE_OF_USUAL * median(self._late)
        return min(max(LATE_SECONDS_MAX, usual), LATE_SECONDS_EVER)

    async def _is_closed_after(self, seconds: float, *, look_before: float) -> bool:
        """Wait for a turn; returns whether DWP has asked meanwhile to be left alone.

        That is looked up so long before the turn begins that it makes nobody late.
        """
        loop = asyncio.get_running_loop()
        begins_at = loop.time() + seconds
        if seconds > look_before:
            await asyncio.sleep(seconds - look_before)
            if await self.is_closed():
                return True
        await asyncio.sleep(max(0.0, begins_at - loop.time()))
        return False

    def _is_in_time(self, late: float, late_max: float) -> bool:
        self._late.append(late)
        if late > late_max:
            log.warning("dwp turn given up", seconds=round(late, 3))
        return late <= late_max

    async def is_closed(self) -> bool:
        """Say whether DWP asked to be left alone."""
        return await rate_rows.closed_until(self._pool) is not None

    async def close(self, seconds: float) -> None:
        """Let nobody send for so long: DWP asked for it."""
        await rate_rows.close(self._pool, seconds)
