"""Pending: what DWP has not answered in time goes on to its ERO, which may begin to act.

It goes on as revision 1 without a result, and stays parked: its final outcome is the next revision.
"In time" is some hours after it was received, whatever it waits for; at once, if a deadline to
register is near where the applicant is to be registered.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from electoral.calendar import Polls, london_date
from electoral.events import ApplicationReceived, Outcome
from electoral.ledger import LedgerDeltas
from electoral.metrics import Metrics
from electoral.postgres import Connection, Pool, is_away, transaction

from verification import rules
from verification.outcomes import Verified, counted, publish_outcomes, verified
from verification.postgres import attempts
from verification.postgres import pending as postgres
from verification.postgres.pending import Undecided

PENDING_REVISION = 1
DECIDED_BY = "not-answered-in-time"
SWEEP_INTERVAL = 1.0  # seconds
SWEEP_MAX = 500  # attempts of one transaction

log = structlog.get_logger()


class Pending:
    """Sends attempts on before they are decided."""

    def __init__(self, polls: Polls, metrics: Metrics, *, deadline_hours: float) -> None:
        self._polls = polls
        self._near = timedelta(hours=deadline_hours)
        self._sent_on = metrics.counter("verification_pending_total")

    def is_urgent(self, event: ApplicationReceived, now: datetime) -> bool:
        """Say whether it arrived before a deadline that is near, or over with the poll to come.

        For an applicant whose authority is unknown the nearest deadline of all counts.
        """
        deadline = self._polls.next_deadline(event.arrived_at, event.gss_code)
        if deadline is None or deadline.at - now > self._near:
            return False
        return london_date(now) <= deadline.poll.date

    async def send_on_if_urgent(
        self, connection: Connection, waiting: Sequence[Undecided], deltas: LedgerDeltas
    ) -> None:
        """Send those on, sorted by attempt, for which a deadline is near."""
        now = datetime.now(UTC)
        urgent = [one for one in waiting if self.is_urgent(one.received, now)]
        await self.send_on(connection, urgent, deltas)

    async def send_on(
        self, connection: Connection, waiting: Sequence[Undecided], deltas: LedgerDeltas
    ) -> None:
        """Send parked attempts on, sorted by attempt, that have no outcome yet."""
        revisions = {one.key: PENDING_REVISION for one in waiting}
        marked = await attempts.mark_decided(connection, revisions)
        await postgres.note_pending(connection, list(revisions))
        ours = [one for one in waiting if one.key in marked]
        if not ours:
            return
        for one in ours:
            deltas.leave("waiting", counted(one.received, 0))
        at = datetime.now(UTC)
        await publish_outcomes(connection, [_pending(one, at) for one in ours], deltas)
        self._sent_on.inc(len(ours))


def _pending(one: Undecided, at: datetime) -> Verified:
    outcome = Outcome(
        status="pending",
        rule_version=rules.current().version,
        decided_by=DECIDED_BY,
        decided_at=at,
    )
    absence = one.received.nino_absence
    return Verified(verified(one.received, PENDING_REVISION, absence, outcome), one.traceparent)


class PendingSweep:
    """Finds what has waited for too long; each process has one, and no two take the same."""

    def __init__(
        self,
        pool: Pool,
        pending: Pending,
        *,
        after_hours: float,
        after_commit: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._pending = pending
        self._after = after_hours * 3600  # seconds
        self._after_commit = after_commit

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            try:
                while await self._step() == SWEEP_MAX:
                    pass
            except Exception as error:
                if is_away(error):
                    log.warning("pending sweep waits", error_class=type(error).__name__)
                else:
                    log.error("pending sweep failed", exc_info=error)
            await asyncio.sleep(SWEEP_INTERVAL)

    async def _step(self) -> int:
        """Send some on in one transaction; returns how many there were."""
        deltas = LedgerDeltas()
        async with transaction(self._pool) as connection:
            late = await postgres.find_late(connection, SWEEP_MAX, seconds=self._after)
            await self._pending.send_on(connection, late, deltas)
            await deltas.write(connection)
        if late:
            log.info("sent on as pending", count=len(late))
            self._after_commit()
        return len(late)
