"""Received applications: look up and decide, then record; what cannot be decided now is parked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from electoral.blind_index import BlindIndex
from electoral.consumer import UNEXPECTED_EVENT, Hold, Received
from electoral.events import ApplicationReceived
from electoral.ledger import LedgerDeltas
from electoral.metrics import Metrics
from electoral.postgres import Connection
from electoral.sealing import Sealer

from verification.deciding import Conclusion, Decided, decide
from verification.errors import ParkReason
from verification.lookups import Lookups
from verification.merging import Merging
from verification.outcomes import NewOutcome, counted, record_outcomes
from verification.pauses import pause_when_new
from verification.pending import Pending
from verification.postgres import parked
from verification.postgres import pending as pending_rows
from verification.postgres.attempts import NewAttempt, insert_attempts
from verification.postgres.rows import AttemptKey

FIRST_REVISION = 1


@dataclass(frozen=True, slots=True)
class Prepared:
    """An attempt that is decided, or has to wait."""

    received: ApplicationReceived
    traceparent: str | None
    conclusion: Decided | ParkReason

    @property
    def key(self) -> AttemptKey:
        return self.received.application_id, self.received.attempt


class ApplicationReceivedHandler:
    """Takes attempts from `applications.received`; one that is known already changes nothing."""

    def __init__(
        self,
        sealer: Sealer,
        index: BlindIndex,
        merging: Merging,
        lookups: Lookups,
        pending: Pending,
        metrics: Metrics,
    ) -> None:
        self._sealer = sealer
        self._index = index
        self._merging = merging
        self._lookups = lookups
        self._pending = pending
        self._decided = metrics.counter("verification_decided_total")

    async def prepare(self, events: Sequence[Received]) -> Sequence[Prepared | Hold]:
        """Decide what can be decided; at most as long as a batch may wait for DWP."""
        attempts = [r.event for r in events if isinstance(r.event, ApplicationReceived)]
        merged = iter(await self._merging.whole(attempts))
        whole = [
            next(merged) if isinstance(r.event, ApplicationReceived) else UNEXPECTED_EVENT
            for r in events
        ]
        conclusions = await decide(whole, self._sealer, self._index, self._lookups.ask)
        return [_prepared(*one) for one in zip(events, whole, conclusions, strict=True)]

    async def record(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        """Write the attempts that are new, with their outcomes or their place among the parked."""
        distinct = {one.key: one for one in prepared}
        ordered = [distinct[key] for key in sorted(distinct)]
        added = await insert_attempts(connection, [_new_attempt(one) for one in ordered])
        new = [one for one in ordered if one.key in added]
        deltas = LedgerDeltas()
        await record_outcomes(connection, _outcomes(new), deltas)
        await self._park(connection, new, deltas)
        await deltas.write(connection)
        known = [one.key for one in ordered if one.key not in added]
        await pending_rows.park_again(connection, known)
        self._count(new)

    async def _park(
        self, connection: Connection, new: Sequence[Prepared], deltas: LedgerDeltas
    ) -> None:
        """Let attempts wait; those whose ERO is to know of it go on as pending at once."""
        waiting = [(one, one.conclusion) for one in new if not isinstance(one.conclusion, Decided)]
        await parked.park(
            connection,
            [parked.Waiting(one.key, reason, pause_when_new(reason)) for one, reason in waiting],
        )
        for one, _ in waiting:
            deltas.enter("waiting", counted(one.received, 0))
        undecided = [pending_rows.Undecided(one.received, one.traceparent) for one, _ in waiting]
        await self._pending.send_on_if_urgent(connection, undecided, deltas)

    def _count(self, new: Sequence[Prepared]) -> None:
        decided = (one.conclusion for one in new if isinstance(one.conclusion, Decided))
        for result, count in Counter(one.verdict.result for one in decided).items():
            self._decided.labels(result).inc(count)


def _prepared(
    received: Received, whole: ApplicationReceived | Hold, conclusion: Conclusion
) -> Prepared | Hold:
    if isinstance(whole, Hold):
        return whole
    if isinstance(conclusion, Hold):
        return conclusion
    return Prepared(whole, received.traceparent, conclusion)


def _new_attempt(one: Prepared) -> NewAttempt:
    revision = FIRST_REVISION if isinstance(one.conclusion, Decided) else 0
    return NewAttempt(one.received, one.traceparent, revision)


def _outcomes(new: Sequence[Prepared]) -> list[NewOutcome]:
    return [
        NewOutcome(one.received, one.conclusion, FIRST_REVISION, one.traceparent)
        for one in new
        if isinstance(one.conclusion, Decided)
    ]
