"""Pruning: what was indexed under a key whose time is over is deleted, a little at a time.

Without its key a hash is good for nothing; what was indexed is kept no longer than the key would
be. A key that is only missing may be restored: its rows stay until its time is over.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from electoral.blind_index import BlindIndex
from electoral.calendar import london_date
from electoral.postgres import Pool, is_away
from electoral.resealing import LOOK_INTERVAL
from electoral.retention import Retention, next_time

from verification.postgres.identity_index import delete_rows, next_key

ROWS_AT_A_TIME = 2_000  # a small part of a second
PAUSE_SECONDS = 0.05  # between steps, so that other work hardly notices

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


async def keep_pruning(
    pool: Pool, index: BlindIndex, retention: Retention, now: Callable[[], datetime] = _now
) -> None:
    """Prune at the start, for who was down at the time, and at 04:00 in London, until cancelled."""
    due_at = now()
    while True:
        await asyncio.sleep(LOOK_INTERVAL)
        if now() >= due_at and await _could_prune(pool, index, retention, now()):
            due_at = next_time(now())


async def _could_prune(pool: Pool, index: BlindIndex, retention: Retention, now: datetime) -> bool:
    """Prune; False when Postgres or the keys cannot be read now: then again in a minute."""
    try:
        count = await prune(pool, index, retention, now)
    except Exception as error:
        if not (is_away(error) or isinstance(error, OSError)):
            raise
        log.warning("pruning waits", error_class=type(error).__name__)
        return False
    log.info("index pruned", count=count)
    return True


async def prune(pool: Pool, index: BlindIndex, retention: Retention, now: datetime) -> int:
    """Delete the rows of every key whose time is over, or that was destroyed; returns how many."""
    count, today, key_id = 0, london_date(now), await next_key(pool, "")
    while key_id is not None:
        if retention.is_over(key_id, today) or index.is_destroyed(key_id):
            count += await _delete_all(pool, key_id)
        key_id = await next_key(pool, key_id)
    return count


async def _delete_all(pool: Pool, key_id: str) -> int:
    count, after = 0, b""
    while deleted := await delete_rows(pool, key_id, after, ROWS_AT_A_TIME):
        count, after = count + len(deleted), max(deleted)
        await asyncio.sleep(PAUSE_SECONDS)
    return count
