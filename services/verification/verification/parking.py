"""Parked attempts: each is a row that waits for DWP, or for a key, and is tried again.

A task in each process claims what is due (the claim is committed before any work), asks, and
settles all of it in one transaction. Whoever dies with a claim loses it after 30 s. While the
circuit breaker is open nothing is tried but a probe; its closing finds everything due.
"""

import asyncio
import random
from collections.abc import Callable, Sequence

import structlog
from electoral import held
from electoral.consumer import Hold
from electoral.envelope import wrap
from electoral.events import ApplicationReceived
from electoral.held import NO_PARTITION, HeldMessage
from electoral.kafka import Message
from electoral.ledger import LedgerDeltas
from electoral.metrics import Metrics
from electoral.postgres import Connection, Pool, is_away, transaction
from electoral.sealing import Sealer, UnknownKey
from electoral.tracing import child_traceparent

from verification.breaker import Breaker
from verification.deciding import Ask, Conclusion, Decided, decide
from verification.errors import HOLD, RETRY, ParkReason
from verification.lookups import Lookups
from verification.outcomes import SOURCE, NewOutcome, counted, record_outcomes
from verification.postgres import attempts, parked
from verification.postgres.parked import Claimed

CLAIM_SECONDS = 30.0
CLAIM_MAX = 500  # attempts
PROBE_MAX = 20  # look-ups of a probe
POLL_INTERVAL = 0.5  # seconds
PAUSE_SECONDS = 1.0  # before a call that failed is made again
PERSON_PAUSE_SECONDS_MAX = 60.0  # before DWP is asked again about one person
LOST_CLAIMS_ALONE = 2  # after so many lost claims an attempt is taken by itself
LOST_CLAIMS_MAX = 5  # after so many it is held

log = structlog.get_logger()


def pause_before_try(reason: ParkReason, tries: int) -> float:
    """Return how long to wait, in seconds, after so many tries; what is one person's doubles."""
    if reason == "dwp-down":
        return 0.0  # no clock of its own: the breaker's closing releases it
    longest = PAUSE_SECONDS
    if reason != "dwp-unanswered":
        longest = min(PERSON_PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2.0 ** min(tries, 10))
    return longest * random.uniform(0.5, 1.0)


class ParkedAttempts:
    """Tries parked attempts again until they are decided, or can never be."""

    def __init__(
        self,
        *,
        pool: Pool,
        sealer: Sealer,
        lookups: Lookups,
        breaker: Breaker,
        metrics: Metrics,
        lookups_per_second_max: float,
        key_wait_hours: float,
        after_commit: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._lookups = lookups
        self._breaker = breaker
        self._per_second_max = lookups_per_second_max
        self._key_wait = key_wait_hours * 3600  # seconds
        self._after_commit = after_commit
        self._decided = metrics.counter("verification_decided_total")
        self._interrupted: list[Claimed] = []  # Postgres went away before they were settled

    async def run(self) -> None:
        """Try what is due until cancelled."""
        while True:
            try:
                pause = await self._round()
            except Exception as error:
                # What was claimed is claimed again later, and then one by one if it must be.
                if is_away(error):
                    log.warning("parked attempts wait", error_class=type(error).__name__)
                else:
                    log.error("parked attempts failed", exc_info=error)
                pause = POLL_INTERVAL
            await asyncio.sleep(pause)

    async def _round(self) -> float:
        """Try some; returns how long to pause, so that new work keeps its share of DWP."""
        await self._give_back_interrupted()
        if await self._breaker.is_open():
            await self._probe()
            return POLL_INTERVAL
        begin = asyncio.get_running_loop().time()
        most = max(1, min(CLAIM_MAX, int(self._per_second_max)))
        claimed = await parked.claim_parked(self._pool, most, seconds=CLAIM_SECONDS)
        await self._try(claimed, self._lookups.ask)
        if len(claimed) < most:
            return POLL_INTERVAL
        took = asyncio.get_running_loop().time() - begin
        return max(0.0, len(claimed) / self._per_second_max - took)

    async def _give_back_interrupted(self) -> None:
        """Give up claims that Postgres did not let us settle: they are not lost, and not tries."""
        await parked.give_back(self._pool, self._interrupted)
        self._interrupted.clear()

    async def _probe(self) -> None:
        if await self._breaker.claim_probe(seconds=self._lookups.patience + 1.0):
            claimed = await parked.claim_parked(self._pool, PROBE_MAX, seconds=CLAIM_SECONDS)
            await self._try_together(claimed, self._lookups.probe)

    # -- trying ---------------------------------------------------------------------------------

    async def _try(self, claimed: Sequence[Claimed], ask: Ask) -> None:
        claim_ends = asyncio.get_running_loop().time() + CLAIM_SECONDS
        suspects = [one for one in claimed if one.lost_claims >= LOST_CLAIMS_ALONE]
        others = [one for one in claimed if one.lost_claims < LOST_CLAIMS_ALONE]
        if others:
            await self._try_together(others, ask)
        for number, one in enumerate(suspects):
            if asyncio.get_running_loop().time() + self._lookups.patience >= claim_ends:
                await parked.give_back(self._pool, suspects[number:])
                return
            await self._try_alone(one, ask)

    async def _try_alone(self, one: Claimed, ask: Ask) -> None:
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
            conclusions = await decide([one.received for one in claimed], self._sealer, ask)
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
        postponed: list[tuple[Claimed, ParkReason, float]] = []
        for one, conclusion in concluded:
            final = self._without_end(one, conclusion)
            if isinstance(final, str):
                postponed.append((one, final, pause_before_try(final, one.tries)))
            else:
                done[one] = final
        async with transaction(self._pool) as connection:
            await self._record(connection, done)
            await parked.postpone(connection, postponed)
        self._after_commit()

    def _without_end(self, one: Claimed, conclusion: Conclusion) -> Conclusion:
        """Hold what has waited for its key for too long."""
        missing = RETRY[UnknownKey]
        waited = one.reason == missing and one.reason_age > self._key_wait
        return Hold(HOLD[UnknownKey]) if conclusion == missing and waited else conclusion

    async def _record(self, connection: Connection, done: dict[Claimed, Decided | Hold]) -> None:
        ours = await parked.take_parked(connection, list(done))
        deltas = LedgerDeltas()
        decided = {o: c for o, c in done.items() if isinstance(c, Decided) and o.key in ours}
        await self._record_decided(connection, decided, deltas)
        holds = {o: c for o, c in done.items() if isinstance(c, Hold) and o.key in ours}
        await self._hold(connection, holds, deltas)
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

    async def _hold(
        self, connection: Connection, holds: dict[Claimed, Hold], deltas: LedgerDeltas
    ) -> None:
        """Turn attempts into held messages, as if their topic had just brought them."""
        removed = await attempts.delete_attempts(connection, [one.key for one in holds])
        numbers = await parked.number_held(connection, len(holds))
        messages = []
        for (one, hold), number in zip(holds.items(), numbers, strict=True):
            if one.key in removed:
                deltas.leave("waiting", counted(one.received, 0))
                messages.append(self._held_message(one, hold, number))
                log.error(
                    "attempt held",
                    application_id=str(one.received.application_id),
                    attempt=one.received.attempt,
                    error_class=hold.error_class,
                )
        await held.hold(connection, messages)

    def _held_message(self, one: Claimed, hold: Hold, number: int) -> HeldMessage:
        envelope = wrap(
            one.received,
            source=SOURCE,
            at=one.claimed_until,
            traceparent=child_traceparent(one.traceparent),
        )
        headers = {name: text.encode() for name, text in envelope.headers.items()}
        topic = ApplicationReceived.TOPIC
        message = Message(topic, NO_PARTITION, number, envelope.value, headers)
        return held.seal_message(self._sealer, message, hold.error_class)
