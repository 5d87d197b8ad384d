"""The sender: one task that sends what was asked for, at its own pace, never for a request.

A row is claimed by a committed `claimed_until`, sent, then marked. Whoever dies between the two
leaves a claim that ends; the next sends the same message under the same id, which Notify knows.
What does not go is tried again after a growing delay and is held after a day, with the reason.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog
from electoral.health import Refresh
from electoral.leases import give_back_lease, take_lease
from electoral.metrics import Metrics
from electoral.postgres import Pool, is_away
from electoral.sealing import ERROR_CLASSES, Sealer, SealingError, UnknownKey

from registration.notify.port import Message, Notify, NotifyFailure
from registration.postgres import notifications
from registration.postgres.notifications import Claimed

CLAIM = timedelta(seconds=60)  # longer than a batch and its calls take
LEASE = "notify"  # of the one sender, so that its rate is everybody's
LEASE_SECONDS = 30.0
BATCH_SECONDS = 5.0  # of sending at the rate; well within the lease
BATCH_MAX = 100
DELAY_MAX = timedelta(hours=1)
DOUBLINGS_MAX = 10

Compose = Callable[[Claimed, str], Message]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Manner:
    """How fast copies go out, and how long a failing one is tried."""

    per_second_max: float = 10.0
    look_interval: float = 2.0  # seconds, when nothing was due
    pause_max: float = 60.0  # seconds that a Notify that does not work is left alone
    delay_first: timedelta = timedelta(seconds=30)  # doubled after each try
    give_up_after: timedelta = timedelta(hours=24)  # nobody wants yesterday's copy tomorrow

    @property
    def batch_max(self) -> int:
        """How many copies are claimed at once."""
        return max(1, min(BATCH_MAX, int(BATCH_SECONDS * self.per_second_max)))

    def delay_after(self, tries: int) -> timedelta:
        """Wait twice as long after each try, a little more or less, and an hour at most."""
        grown = self.delay_first * (1 << min(tries - 1, DOUBLINGS_MAX))
        return min(grown, DELAY_MAX) * random.uniform(0.8, 1.2)

    def pause_after(self, failures: int) -> float:
        """Return the seconds that Notify is left alone after so many failures in a row."""
        return min(2.0 ** min(failures, DOUBLINGS_MAX), self.pause_max)


def counting_unfinished(pool: Pool, metrics: Metrics) -> Refresh:
    """Return what refreshes the gauge of copies that wait or are held."""
    gauge = metrics.gauge("notifications_unfinished")

    async def refresh() -> None:
        waiting, held = await notifications.count_unfinished(pool)
        gauge.labels("waiting").set(waiting)
        gauge.labels("held").set(held)

    return refresh


class CopySender:
    """Sends copies of receipts, one sender at a time per database."""

    def __init__(
        self,
        *,
        pool: Pool,
        sealer: Sealer,
        notify: Notify,
        compose: Compose,
        metrics: Metrics,
        manner: Manner | None = None,
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._notify = notify
        self._compose = compose
        self._manner = manner or Manner()
        self._sent = metrics.counter("notifications_sent_total")
        self._owner: UUID = uuid4()
        self._failures = 0  # calls in a row that came to nothing
        self._rest_ends = 0.0  # on the monotonic clock: until then Notify is left alone

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                await asyncio.sleep(await self._round())
        finally:
            await self._give_back_lease()

    async def _round(self) -> float:
        """Send what is due; returns the seconds until the next look."""
        idle = self._manner.look_interval
        try:
            left = self._rest_left  # Postgres may have been away when the pause began
            if not await take_lease(self._pool, LEASE, self._owner, left + LEASE_SECONDS):
                return idle
            if left:
                return left
            # While calls fail, one at a time says whether they still do.
            limit = 1 if self._failures else self._manner.batch_max
            due = await notifications.claim_due(self._pool, limit, CLAIM)
            return await self._send_all(due) if due else idle
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("copies wait", error_class=type(error).__name__)
            return idle

    @property
    def _rest_left(self) -> float:
        return max(0.0, self._rest_ends - time.monotonic())

    async def _rest(self, pause: float) -> None:
        """Stay the sender for as long as Notify is left alone: nobody else calls it meanwhile."""
        self._rest_ends = max(self._rest_ends, time.monotonic() + pause)
        await take_lease(self._pool, LEASE, self._owner, self._rest_left + LEASE_SECONDS)

    async def _send_all(self, due: Sequence[Claimed]) -> float:
        """Begin one call after the other at the rate; returns how long to leave Notify alone."""
        sending: list[asyncio.Task[None]] = []
        try:
            for copy in due:
                sending.append(asyncio.create_task(self._send(copy)))
                await asyncio.sleep(1 / self._manner.per_second_max)
                if self._rest_left:
                    break
            await notifications.give_back(self._pool, due[len(sending) :])
            await asyncio.gather(*sending)
            return self._rest_left
        finally:
            for task in sending:  # when the service ends; a claim ends by itself
                task.cancel()

    async def _send(self, copy: Claimed) -> None:
        """Send one. No copy ends the sender."""
        try:
            await self._send_and_mark(copy)
        except Exception as error:
            if is_away(error):  # its claim ends by itself
                raise
            log.error("copy failed", exc_info=error)
            await self._try_later(copy, "failed")

    async def _send_and_mark(self, copy: Claimed) -> None:
        try:
            to = self._sealer.open("form-session", copy.application_id, copy.sealed_to).decode()
            await self._notify.send(self._compose(copy, to))
        except UnknownKey as error:  # `/readyz` names it
            await self._try_later(copy, ERROR_CLASSES[type(error)])
        except SealingError as error:
            await self._hold(copy, ERROR_CLASSES[type(error)])
        except NotifyFailure as failure:
            await self._failed(copy, failure)
        else:
            self._failures = 0
            await notifications.mark_sent(self._pool, copy)
            self._sent.inc()

    async def _failed(self, copy: Claimed, failure: NotifyFailure) -> None:
        if failure.is_final:
            self._failures = 0  # that was an answer
            await self._hold(copy, failure.reason)
            return
        self._failures += 1
        # Before the row says so: who ends or dies in between still keeps the next sender away.
        await self._rest(max(failure.retry_after or 0.0, self._manner.pause_after(self._failures)))
        await self._try_later(copy, failure.reason)

    async def _try_later(self, copy: Claimed, reason: str) -> None:
        if datetime.now(UTC) - copy.asked_at > self._manner.give_up_after:
            await self._hold(copy, reason)
            return
        log.info("copy tried again later", reason=reason, tries=copy.tries)
        await notifications.try_later(
            self._pool, copy, reason, self._manner.delay_after(copy.tries)
        )

    async def _hold(self, copy: Claimed, reason: str) -> None:
        log.warning("copy held", reason=reason, tries=copy.tries)
        await notifications.hold(self._pool, copy, reason)

    async def _give_back_lease(self) -> None:
        """Let another be the sender: at once, or when Notify need not be left alone any longer."""
        try:
            if left := self._rest_left:
                await take_lease(self._pool, LEASE, self._owner, left)
            else:
                await give_back_lease(self._pool, LEASE, self._owner)
        except Exception as error:
            if not is_away(error):
                raise
