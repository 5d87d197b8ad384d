"""Pruning: what was indexed under a key whose time is over is deleted, a little at a time.

Without its key a hash is good for nothing; what was indexed is kept no longer than the key would
be. A key that is only missing may be restored: its rows stay until its time is over.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog
from electoral.blind_index import BlindIndex
from electoral.calendar import london_date
from electoral.postgres import Pool, is_away
from electoral.resealing import LOOK_INTERVAL
from electoral.retention import Retention, next_time

from verification.postgres.identity_index import count_blocks, delete_rows, next_key

BLOCKS_AT_A_TIME = 32  # of 8 kB, some 15 rows each: a few milliseconds
PAUSE_SECONDS = 0.05  # between steps, at least
REST = 4.0  # times as long as the step took: a busy server is left alone for longer

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
    today, over = london_date(now), []
    key_id = await next_key(pool, "")
    while key_id is not None:
        if retention.is_over(key_id, today) or index.is_destroyed(key_id):
            over.append(key_id)
        key_id = await next_key(pool, key_id)
    return await _delete_all(pool, over) if over else 0


async def _delete_all(pool: Pool, key_ids: Sequence[str]) -> int:
    """Walk through the blocks that there are: nothing is added under such a key any more."""
    count = 0
    for begin in range(0, await count_blocks(pool), BLOCKS_AT_A_TIME):
        began = time.monotonic()
        count += await delete_rows(pool, key_ids, begin, begin + BLOCKS_AT_A_TIME)
        took = time.monotonic() - began
        await asyncio.sleep(max(PAUSE_SECONDS, REST * took))
    return count
