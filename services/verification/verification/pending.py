"""Pending: what DWP has not answered in time goes on to its ERO, which may begin to act.

It goes on as revision 1 without a result, and stays parked: its final outcome is the next revision.
"In time" is some hours after it was received, whatever it waits for; at once, if a deadline to
register is near where the applicant is to be registered, or comes near while it waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from electoral.authorities import AUTHORITY_UNKNOWN, NATIONS, nation_of
from electoral.calendar import Deadline, Polls, london_date
from electoral.events import ApplicationReceived, Outcome
from electoral.ledger import LedgerDeltas
from electoral.metrics import Metrics
from electoral.postgres import Connection, Pool, is_away, transaction

from verification import rules
from verification.outcomes import Verified, counted, publish_outcomes, verified
from verification.postgres import attempts
from verification.postgres import pending as pending_rows
from verification.postgres.pending import Undecided

PENDING_REVISION = 1
DECIDED_BY = "not-answered-in-time"
SWEEP_INTERVAL = 1.0  # seconds
SWEEP_MAX = 500  # attempts of one transaction
URGENT_INTERVAL = 60.0  # seconds between looks for what a deadline has come near to
POLL_AFTER_DEADLINE_MAX = timedelta(days=60)  # twelve working days, or what an Act says

Find = Callable[[Connection], Awaitable[Sequence[Undecided]]]

log = structlog.get_logger()


def near_deadline(polls: Polls, gss_code: str, now: datetime, near: timedelta) -> datetime | None:
    """Return the last deadline to register that is near, or over with its poll to come.

    For an applicant whose authority is unknown that of any counts.
    """
    today = london_date(now)
    deadlines = _deadlines(polls, gss_code, now, near)
    return max((one.at for one in deadlines if today <= one.poll.date), default=None)


def _deadlines(polls: Polls, gss_code: str, now: datetime, near: timedelta) -> Iterator[Deadline]:
    """Go through those that are near, and those that were not long ago."""
    for nation in (None,) if nation_of(gss_code) else NATIONS:
        deadline = polls.next_deadline(now - POLL_AFTER_DEADLINE_MAX, gss_code, nation)
        while deadline is not None and deadline.at - now <= near:
            yield deadline
            deadline = polls.next_deadline(deadline.at, gss_code, nation)


class Pending:
    """Sends attempts on before they are decided."""

    def __init__(self, polls: Polls, metrics: Metrics, *, deadline_hours: float) -> None:
        self._polls = polls
        self._near = timedelta(hours=deadline_hours)
        self._sent_on = metrics.counter("verification_pending_total")

    def is_urgent(self, event: ApplicationReceived, now: datetime) -> bool:
        """Say whether it arrived before a deadline that is near, or over with the poll to come.

        A later attempt has the arrival of the first: what is corrected too late arrived in time.
        """
        deadline = self.near_deadline(event.gss_code, now)
        return deadline is not None and event.arrived_at < deadline

    def near_deadline(self, gss_code: str, now: datetime) -> datetime | None:
        """Return before when an application for this authority must have arrived to be urgent."""
        return near_deadline(self._polls, gss_code, now, self._near)

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
        await pending_rows.note_pending(connection, list(revisions))
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
    """Finds what waited for too long or has become urgent; each process has one, and no two take
    the same.
    """

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
        self._next_urgent = 0.0  # on the loop's clock

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            try:
                await self._send_on_all(self._find_late)
                await self._send_on_urgent()
            except Exception as error:
                if is_away(error):
                    log.warning("pending sweep waits", error_class=type(error).__name__)
                else:
                    log.error("pending sweep failed", exc_info=error)
            await asyncio.sleep(SWEEP_INTERVAL)

    async def _find_late(self, connection: Connection) -> Sequence[Undecided]:
        return await pending_rows.find_late(connection, SWEEP_MAX, seconds=self._after)

    async def _send_on_urgent(self) -> None:
        """Send on what waits while a deadline has come near; all that waits is looked at for it."""
        now, time = datetime.now(UTC), asyncio.get_running_loop().time()
        is_near = self._pending.near_deadline(AUTHORITY_UNKNOWN, now) is not None
        if not is_near or time < self._next_urgent:
            return
        before = {
            gss_code: deadline
            for gss_code in await pending_rows.find_authorities(self._pool)
            if (deadline := self._pending.near_deadline(gss_code, now)) is not None
        }
        if before:
            await self._send_on_all(
                lambda connection: pending_rows.find_arrived(connection, SWEEP_MAX, before)
            )
        self._next_urgent = time + URGENT_INTERVAL

    async def _send_on_all(self, find: Find) -> None:
        while await self._send_on(find) == SWEEP_MAX:
            pass

    async def _send_on(self, find: Find) -> int:
        """Send some on in one transaction; returns how many there were."""
        deltas = LedgerDeltas()
        async with transaction(self._pool) as connection:
            found = await find(connection)
            await self._pending.send_on(connection, found, deltas)
            await deltas.write(connection)
        if found:
            log.info("sent on as pending", count=len(found))
            self._after_commit()
        return len(found)
