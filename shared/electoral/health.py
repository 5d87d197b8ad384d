"""Health: what `/readyz` asks, each check one sentence when all is not well, and what gauges show.

`/readyz` answers one question: may work be sent here. So a service with a public port is ready
without Kafka: what it takes in waits in its outbox. Metrics tell the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import time
from typing import Protocol

import structlog

from electoral import held, postgres
from electoral.lifecycle import within
from electoral.metrics import Metrics
from electoral.migrating import schema_is_current
from electoral.outbox import oldest_unpublished
from electoral.postgres import Pool
from electoral.sealing import Sealer, SealPurpose, daily_key_id
from electoral.today import LONDON

POLL_SILENCE_MAX = 30.0  # seconds without a poll of Kafka
POSTGRES_PATIENCE = 2.0  # seconds that a question of an operator waits for Postgres
KEY_DAYS_MIN = 3  # fewer days of keys ahead are warned of: the key-maker may have stopped
KEY_DAYS_COUNTED = 31
KEYS_LOOK_INTERVAL = 3600.0  # seconds

log = structlog.get_logger()

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, else a sentence that says what is not."""

Refresh = Callable[[], Awaitable[None]]
"""Brings gauges up to date before they are read."""


class Consumes(Protocol):
    """What polls Kafka: when it last did, and why it does no more."""

    @property
    def last_poll(self) -> float: ...

    @property
    def stopped(self) -> str | None: ...


# -- /readyz --------------------------------------------------------------------------------------


def standard_checks(
    *,
    service: str,
    pool: Pool,
    migrations: Path,
    sealer: Sealer,
    purposes: tuple[SealPurpose, ...],
) -> dict[str, Check]:
    """Return the checks that every service has: database, schema, keys."""

    async def database() -> str | None:
        return None if await _answers(pool) else "Postgres does not answer."

    async def schema() -> str | None:
        try:
            current = await within(POSTGRES_PATIENCE, schema_is_current(pool, service, migrations))
        except Exception as error:
            if postgres.is_away(error):
                return "Postgres does not answer."
            raise
        module = service.replace("-", "_")
        return None if current else f"Run `python -m {module} migrate`."

    async def keys() -> str | None:
        missing = sealer.missing_keys(purposes)
        return f"Run `python -m electoral.keys make`: {', '.join(missing)}." if missing else None

    return {"database": database, "schema": schema, "keys": keys}


async def _answers(pool: Pool) -> bool:
    try:
        return await within(POSTGRES_PATIENCE, postgres.can_query(pool))
    except TimeoutError:
        return False


def consuming_check(consumer: Consumes) -> Check:
    """Return the check of a service that does nothing but consume."""

    async def consuming() -> str | None:
        if consumer.stopped is not None:
            return consumer.stopped
        recent = time() - consumer.last_poll < POLL_SILENCE_MAX
        return None if recent else f"Kafka has not been polled for {POLL_SILENCE_MAX:.0f} s."

    return consuming


# -- gauges ---------------------------------------------------------------------------------------


def standard_gauges(pool: Pool, metrics: Metrics, *more: Refresh) -> Refresh:
    """Return what refreshes the gauges that every service has, then its own, which ask Postgres.

    While Postgres is away they keep what they showed last, and all other metrics are shown.
    """
    oldest = metrics.gauge("outbox_oldest_seconds")
    held_messages = metrics.gauge("held_messages")

    async def ask() -> None:
        at = await oldest_unpublished(pool)
        oldest.set(0 if at is None else (datetime.now(UTC) - at).total_seconds())
        held_messages.set(await held.count(pool))
        for refresh in more:
            await refresh()

    async def refresh_all() -> None:
        try:
            await within(POSTGRES_PATIENCE, ask())
        except Exception as error:
            if not postgres.is_away(error):
                raise

    return refresh_all


# -- keys ahead -----------------------------------------------------------------------------------


def key_days_ahead(sealer: Sealer, purposes: tuple[SealPurpose, ...], today: date) -> int:
    """Return for how many days after today every sealing key is there already."""
    there = set(sealer.live_keys())
    for ahead in range(1, KEY_DAYS_COUNTED + 1):
        day = today + timedelta(days=ahead)
        if not all(daily_key_id(purpose, day) in there for purpose in purposes):
            return ahead - 1
    return KEY_DAYS_COUNTED


async def keep_counting_keys(
    sealer: Sealer, purposes: tuple[SealPurpose, ...], metrics: Metrics
) -> None:
    """Show each hour how many days of keys there are, and warn when they run out."""
    gauge = metrics.gauge("key_days_ahead")
    while True:
        today = datetime.now(UTC).astimezone(LONDON).date()
        days = key_days_ahead(sealer, purposes, today)
        gauge.set(days)
        if days < KEY_DAYS_MIN:
            log.warning("keys run out", count=days)
        await asyncio.sleep(KEYS_LOOK_INTERVAL)
