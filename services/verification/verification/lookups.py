"""Look-ups: many NINOs, calls of a hundred at most, a few at once, and only so much patience."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from verification.breaker import Breaker
from verification.dwp import Answer, Answers, Dwp, Unanswered
from verification.errors import DwpFailure, NoTurn
from verification.rate import Rate

DOWN = Unanswered("dwp-down")
UNANSWERED = Unanswered("dwp-unanswered")
THROTTLED = Unanswered("dwp-throttled")
TURN_SHARE = 0.5  # of the patience, in which a call is sent: the rest is for its answer

log = structlog.get_logger()


class Lookups:
    """Asks DWP for one kind of work: new, or parked."""

    def __init__(
        self, dwp: Dwp, breaker: Breaker, rate: Rate, *, calls_max: int, patience: float
    ) -> None:
        self._dwp = dwp
        self._breaker = breaker
        self._rate = rate
        self._slots = asyncio.Semaphore(calls_max)
        self.patience = patience  # seconds that all look-ups of one `ask` get together

    async def ask(self, ninos: Sequence[str]) -> Answers:
        """Answer for every NINO, be it `Unanswered`.

        Asks nobody while the breaker is open, or while DWP wants to be left alone: what then waits
        is not behind for having found no turn, but waits with all others, oldest first.
        """
        if not ninos:
            return {}
        if await self._breaker.is_open() or await self._rate.is_closed():
            return dict.fromkeys(ninos, DOWN)
        tally = _Tally()
        answers = await self._ask_in_calls(ninos, tally)
        await self._breaker.report(answered=tally.answered, failed_since=tally.failed_since)
        return answers

    async def probe(self, ninos: Sequence[str]) -> Answers:
        """Ask although the breaker is open, and close it when there is an answer.

        Without anything to ask about it is closed too, so that the next that comes is the probe.
        """
        if not ninos:
            await self._breaker.close_warily()
            return {}
        tally = _Tally()
        answers = await self._ask_in_calls(ninos, tally)
        if tally.answered:
            await self._breaker.close()
        return answers

    async def _ask_in_calls(self, ninos: Sequence[str], tally: "_Tally") -> Answers:
        begin = asyncio.get_running_loop().time()
        size = self._rate.call_max
        calls = [
            self._call(ninos[first : first + size], begin, tally)
            for first in range(0, len(ninos), size)
        ]
        answers: dict[str, Answer] = {}
        for part in await asyncio.gather(*calls):
            answers.update(part)
        return answers

    async def _call(self, ninos: Sequence[str], begin: float, tally: "_Tally") -> Answers:
        """Send one call if there is a place and a turn for it in time."""
        sent_by = begin + self.patience * TURN_SHARE
        try:
            async with asyncio.timeout_at(sent_by):
                await self._slots.acquire()
        except TimeoutError:
            return dict.fromkeys(ninos, THROTTLED)
        try:
            async with asyncio.timeout_at(begin + self.patience):
                answers = await self._dwp.look_up(
                    ninos, partial(self._rate.turn, len(ninos), sent_by)
                )
        except NoTurn:
            return dict.fromkeys(ninos, THROTTLED)
        except (DwpFailure, TimeoutError) as error:
            failure = error if isinstance(error, DwpFailure) else DwpFailure("timeout")
            return dict.fromkeys(ninos, await self._note(failure, len(ninos), tally))
        finally:
            self._slots.release()
        tally.succeed()
        return answers

    async def _note(self, failure: DwpFailure, count: int, tally: "_Tally") -> Unanswered:
        """Leave DWP alone if it asks for it; a 429 says that it is there, and is no failure."""
        log.warning("dwp did not answer", reason=failure.reason, count=count)
        if failure.retry_after is not None:
            await self._rate.close(failure.retry_after)
        if failure.reason == "throttled":
            return THROTTLED
        tally.fail()
        return UNANSWERED


class _Tally:
    """Counts calls in the order in which they ended."""

    def __init__(self) -> None:
        self.answered = 0
        self.failed_since = 0  # the last that was answered

    def succeed(self) -> None:
        self.answered += 1
        self.failed_since = 0

    def fail(self) -> None:
        self.failed_since += 1
