"""Parked attempts: each is a row that waits for DWP, or for a key, and is tried again.

A task in each process claims what is due, as much as one call carries: the claim is committed
before any work. A few claims are out at once, each of which asks and is settled by itself, in one
transaction, so that a call that hangs delays nobody else's. Whoever dies with a claim loses it
after 30 s. While the circuit breaker is open nothing is tried but a probe; its closing finds
everything due, the oldest first.

An attempt may be the one that ends whatever process tries it. One that lost claims again and again
is suspected of that: it is tried alone, one such at a time in each process, and held at last.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog
from electoral.blind_index import BlindIndex
from electoral.consumer import Hold
from electoral.ledger import LedgerDeltas
from electoral.metrics import Metrics
from electoral.postgres import Connection, Pool, is_away, transaction
from electoral.sealing import Sealer, UnknownKey

from verification.breaker import Breaker
from verification.deciding import Ask, Conclusion, Decided, decide
from verification.errors import HOLD, RETRY
from verification.holding import hold_attempts
from verification.lookups import Lookups
from verification.outcomes import NewOutcome, counted, record_outcomes
from verification.pauses import postponed
from verification.postgres import attempts, parked
from verification.postgres.parked import Claimed, Postponed
from verification.rate import Rate

CLAIM_SECONDS = 30.0
PROBE_MAX = 20  # look-ups of a probe
POLL_INTERVAL = 0.5  # seconds
LOST_CLAIMS_MAX = 5  # after so many it is held

log = structlog.get_logger()


class ParkedAttempts:
    """Tries parked attempts again until they are decided, or can never be."""

    def __init__(
        self,
        *,
        pool: Pool,
        sealer: Sealer,
        index: BlindIndex,
        lookups: Lookups,
        rate: Rate,
        breaker: Breaker,
        metrics: Metrics,
        calls_max: int,
        key_wait_hours: float,
        after_commit: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._index = index
        self._lookups = lookups
        self._rate = rate
        self._breaker = breaker
        self._places = asyncio.Semaphore(calls_max)
        self._key_wait = key_wait_hours * 3600  # seconds
        self._after_commit = after_commit
        self._decided = metrics.counter("verification_decided_total")
        self._interrupted: list[Claimed] = []  # Postgres went away before they were settled
        self._suspect_in_hand = False

    async def run(self) -> None:
        """Try what is due until cancelled; a few tries at once."""
        async with asyncio.TaskGroup() as tries:
            while True:
                await self._places.acquire()
                work, pause = await self._next_work()
                if work is None:
                    self._places.release()
                else:
                    tries.create_task(self._do(work))
                await asyncio.sleep(pause)

    async def _next_work(self) -> tuple[Awaitable[None] | None, float]:
        """Claim what is to be tried next; returns that, and how long to pause after it begins."""
        try:
            await self._give_back_interrupted()
            if await self._rate.is_closed():
                return None, POLL_INTERVAL
            if await self._breaker.is_open():
                return await self._next_probe(), POLL_INTERVAL
            most = self._rate.call_max
            claimed = await self._claim(most)
            pause = 0.0 if len(claimed) == most or _is_of_suspect(claimed) else POLL_INTERVAL
            return (self._try(claimed, self._lookups.ask) if claimed else None), pause
        except Exception as error:
            _note(error)
            return None, POLL_INTERVAL

    async def _next_probe(self) -> Awaitable[None] | None:
        """Claim a probe and some to ask about, but not while others ask about all there are."""
        if not await self._breaker.claim_probe():
            return None
        claimed = await self._claim(min(PROBE_MAX, self._rate.call_max))
        if not claimed and await parked.is_any_parked(self._pool):
            return None
        return self._try(claimed, self._lookups.probe)

    async def _claim(self, most: int) -> list[Claimed]:
        """Claim a suspect alone, unless one is in hand already, or some that are none."""
        claimed = await parked.claim_parked(
            self._pool, most, seconds=CLAIM_SECONDS, suspects=not self._suspect_in_hand
        )
        self._suspect_in_hand |= _is_of_suspect(claimed)
        return claimed

    async def _do(self, work: Awaitable[None]) -> None:
        """Do one try in its place."""
        try:
            await work
        except Exception as error:
            _note(error)  # what was claimed is claimed again, and then one by one if it must be
        finally:
            self._places.release()

    async def _give_back_interrupted(self) -> None:
        """Give up claims that Postgres did not let us settle: they are not lost, and not tries."""
        count = len(self._interrupted)
        await parked.give_back(self._pool, self._interrupted[:count])
        del self._interrupted[:count]

    # -- trying ---------------------------------------------------------------------------------

    async def _try(self, claimed: Sequence[Claimed], ask: Ask) -> None:
        if not _is_of_suspect(claimed):
            await self._try_together(claimed, ask)
            return
        try:
            await self._try_suspect(claimed[0], ask)
        finally:
            self._suspect_in_hand = False

    async def _try_suspect(self, one: Claimed, ask: Ask) -> None:
        if one.lost_claims >= LOST_CLAIMS_MAX:
            await self._settle([(one, Hold("failed-alone"))])
            return
        try:
            await self._try_together([one], ask)
        except Exception as error:
            if is_away(error):
                raise
            log.error("parked attempt failed alone", tries=one.lost_claims, exc_info=error)

    async def _try_together(self, claimed: Sequence[Claimed], ask: Ask) -> None:
        try:
            events = [one.received for one in claimed]
            conclusions = await decide(events, self._sealer, self._index, ask)
            await self._settle(list(zip(claimed, conclusions, strict=True)))
        except asyncio.CancelledError:
            await parked.give_back(self._pool, claimed)  # the process ends: others may try
            raise
        except Exception as error:
            if is_away(error):
                self._interrupted.extend(claimed)
            raise

    # -- settling -------------------------------------------------------------------------------

    async def _settle(self, concluded: Sequence[tuple[Claimed, Conclusion]]) -> None:
        """Record all conclusions whose claim still holds, in one transaction."""
        done: dict[Claimed, Decided | Hold] = {}
        waiting: list[Postponed] = []
        for one, conclusion in concluded:
            final = self._without_end(one, conclusion)
            if isinstance(final, str):
                waiting.append(postponed(one, final))
            else:
                done[one] = final
        async with transaction(self._pool) as connection:
            await self._record(connection, done)
            await parked.postpone(connection, waiting)
        self._after_commit()

    def _without_end(self, one: Claimed, conclusion: Conclusion) -> Conclusion:
        """Hold what has waited for its key for too long."""
        missing = RETRY[UnknownKey]
        waited = one.reason == missing and one.reason_age > self._key_wait
        return Hold(HOLD[UnknownKey]) if conclusion == missing and waited else conclusion

    async def _record(self, connection: Connection, done: dict[Claimed, Decided | Hold]) -> None:
        taken = await parked.take_parked(connection, list(done))
        now = await parked.read_revisions(connection, list(taken))
        ours = {replace(o, revision=now[o.key]): c for o, c in done.items() if o.key in taken}
        deltas = LedgerDeltas()
        decided = {o: c for o, c in ours.items() if isinstance(c, Decided)}
        await self._record_decided(connection, decided, deltas)
        holds = {o: c for o, c in ours.items() if isinstance(c, Hold)}
        await hold_attempts(connection, self._sealer, holds, deltas)
        await deltas.write(connection)

    async def _record_decided(
        self, connection: Connection, decided: dict[Claimed, Decided], deltas: LedgerDeltas
    ) -> None:
        revisions = {one.key: one.revision + 1 for one in decided}
        marked = await attempts.mark_decided(connection, revisions)
        outcomes = []
        for one, conclusion in decided.items():
            if one.key in marked:
                state = "decided" if one.revision else "waiting"
                deltas.leave(state, counted(one.received, one.revision))
                revision = revisions[one.key]
                outcomes.append(NewOutcome(one.received, conclusion, revision, one.traceparent))
                self._decided.labels(conclusion.verdict.result).inc()
        await record_outcomes(connection, outcomes, deltas)


def _is_of_suspect(claimed: Sequence[Claimed]) -> bool:
    return any(one.is_suspect for one in claimed)  # it is the only one then


def _note(error: Exception) -> None:
    if is_away(error):
        log.warning("parked attempts wait", error_class=type(error).__name__)
    else:
        log.error("parked attempts failed", exc_info=error)
