"""Look-ups: many NINOs, calls of a hundred, a few at once, and only so much patience."""

import asyncio
from collections.abc import Sequence

import structlog

from verification.breaker import Breaker
from verification.dwp import LOOKUPS_MAX, Answer, Answers, Dwp, Unanswered
from verification.errors import DwpFailure

DOWN = Unanswered("dwp-down")
UNANSWERED = Unanswered("dwp-unanswered")

log = structlog.get_logger()


class Lookups:
    """Asks DWP for one kind of work: new, or parked."""

    def __init__(self, dwp: Dwp, breaker: Breaker, *, calls_max: int, patience: float) -> None:
        self._dwp = dwp
        self._breaker = breaker
        self._slots = asyncio.Semaphore(calls_max)
        self.patience = patience  # seconds that all look-ups of one `ask` get together

    async def ask(self, ninos: Sequence[str]) -> Answers:
        """Answer for every NINO, be it `Unanswered`; asks nobody while the breaker is open."""
        if not ninos:
            return {}
        if await self._breaker.is_open():
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
            log.info("dwp answers again")
            await self._breaker.close()
        else:
            await self._breaker.keep_open()
        return answers

    async def _ask_in_calls(self, ninos: Sequence[str], tally: "_Tally") -> Answers:
        deadline = asyncio.get_running_loop().time() + self.patience
        calls = [
            self._call(ninos[begin : begin + LOOKUPS_MAX], deadline, tally)
            for begin in range(0, len(ninos), LOOKUPS_MAX)
        ]
        answers: dict[str, Answer] = {}
        for part in await asyncio.gather(*calls):
            answers.update(part)
        return answers

    async def _call(self, ninos: Sequence[str], deadline: float, tally: "_Tally") -> Answers:
        try:
            async with asyncio.timeout_at(deadline), self._slots:
                answers = await self._dwp.look_up(ninos)
        except (DwpFailure, TimeoutError) as error:
            reason = error.reason if isinstance(error, DwpFailure) else "timeout"
            log.warning("dwp did not answer", reason=reason, count=len(ninos))
            tally.fail()
            return dict.fromkeys(ninos, UNANSWERED)
        tally.succeed()
        return answers


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
