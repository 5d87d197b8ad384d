"""The watch over what was accepted and has no outcome: an alarm that needs no other service.

It looks at applications older than 5 minutes in the order of their ids, which is the order of time,
from where all before have a final outcome up to the first that has none. So each application is
looked at once, by index, outside every transaction of intake. (A table of unverified ones would
cost intake a row written and deleted for each.) An id is of its process's clock: one that is five
minutes slow goes unwatched here, and is for the ledger to find.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from electoral.metrics import Metrics
from electoral.postgres import Pool, is_away

from registration.postgres.unchecked import find_unchecked, set_checked_up_to

PATIENCE = timedelta(minutes=5)  # from acceptance to the outcome, all queues included
LOOK_INTERVAL = 15.0  # seconds
STEP_ROWS = 5_000

log = structlog.get_logger()


class UncheckedWatch:
    """Knows since when the oldest application without a final outcome waits."""

    def __init__(self, pool: Pool, metrics: Metrics) -> None:
        self._pool = pool
        self._since: datetime | None = None
        gauge = metrics.gauge("accepted_unverified_oldest_seconds")
        gauge.set_function(self._late_seconds)  # it grows between two looks, too

    async def run(self) -> None:
        """Look every 15 s until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("unchecked applications not counted", error_class=type(error).__name__)
            await asyncio.sleep(LOOK_INTERVAL)

    async def look(self) -> None:
        """Pass over what is checked, to the first that is not."""
        before = first_id_of(datetime.now(UTC) - PATIENCE)
        while True:
            step = await find_unchecked(self._pool, before, STEP_ROWS)
            if step.up_to is not None:
                await set_checked_up_to(self._pool, step.up_to)
            self._since = step.unchecked_since
            if step.unchecked_since is not None or step.rows < STEP_ROWS:
                return

    def _late_seconds(self) -> float:
        since = self._since
        return 0.0 if since is None else (datetime.now(UTC) - since).total_seconds()


def first_id_of(moment: datetime) -> UUID:
    """Return the least id that is drawn at a moment."""
    return UUID(int=int(moment.timestamp() * 1_000) << 80)
