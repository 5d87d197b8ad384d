"""The circuit breaker: whether DWP is asked at all, one row in Postgres for all processes.

Calls that fail in a row open it. While it is open nothing is sent but a probe of a few look-ups
every few seconds, by one process at a time; the first probe that is answered closes it. A probe
that hangs does not keep the next one from being sent.
"""

import structlog
from electoral.postgres import Pool

from verification.postgres import breaker as breaker_rows

log = structlog.get_logger()


class Breaker:
    """What this process knows of the row, and how it changes it."""

    def __init__(self, pool: Pool, *, failures_to_open: int, probe_delay: float) -> None:
        self._pool = pool
        self._failures_to_open = failures_to_open
        self._probe_delay = probe_delay  # seconds
        self._failures_seen = 0

    async def is_open(self) -> bool:
        """Say whether DWP is not to be asked now."""
        row = await breaker_rows.read_breaker(self._pool)
        self._failures_seen = row.failures
        return row.is_open

    async def report(self, *, answered: int, failed_since: int) -> None:
        """Say how many calls were answered, and how many failed after the last of those."""
        if failed_since:
            opened = await breaker_rows.count_failures(
                self._pool,
                failed_since,
                begin_anew=answered > 0,
                failures_to_open=self._failures_to_open,
                probe_delay=self._probe_delay,
            )
            if opened:
                log.warning("dwp breaker opens", count=failed_since)
        elif answered and self._failures_seen:
            await breaker_rows.forget_failures(self._pool)

    async def claim_probe(self) -> bool:
        """Claim the next probe; False when it is not due, or another's."""
        return await breaker_rows.claim_probe(self._pool, self._probe_delay)

    async def close(self, *, failures: int = 0) -> None:
        """Ask again; `failures` is what still counts against it."""
        if await breaker_rows.close_breaker(self._pool, failures):
            log.info("dwp breaker closes", count=failures)

    async def close_warily(self) -> None:
        """Ask again without having probed: the next failure opens it."""
        await self.close(failures=self._failures_to_open - 1)
