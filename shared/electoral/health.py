"""Health: what `/readyz` asks, each check one sentence when all is not well."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Protocol

from electoral import held, postgres
from electoral.metrics import Metrics
from electoral.outbox import oldest_unpublished
from electoral.postgres import Pool
from electoral.sealing import Sealer, SealPurpose

POLL_SILENCE_MAX = 30.0  # seconds without a poll of Kafka

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, else a sentence that says what is not."""


class Polls(Protocol):
    """What polls Kafka and says when it last did."""

    @property
    def last_poll(self) -> float: ...


def standard_checks(
    *,
    service: str,
    pool: Pool,
    migrations: Path,
    sealer: Sealer,
    purposes: tuple[SealPurpose, ...],
    consumer: Polls,
) -> dict[str, Check]:
    """Return the checks that every service has: database, schema, keys, kafka."""

    async def database() -> str | None:
        return None if await postgres.can_query(pool) else "Postgres does not answer."

    async def schema() -> str | None:
        try:
            current = await postgres.schema_is_current(pool, service, migrations)
        except Exception as error:
            if postgres.is_away(error):
                return "Postgres does not answer."
            raise
        module = service.replace("-", "_")
        return None if current else f"Run `python -m {module} migrate`."

    async def keys() -> str | None:
        missing = sealer.missing_keys(purposes)
        return f"Run `python -m electoral.keys make`: {', '.join(missing)}." if missing else None

    async def kafka() -> str | None:
        recent = time() - consumer.last_poll < POLL_SILENCE_MAX
        return None if recent else f"Kafka has not been polled for {POLL_SILENCE_MAX:.0f} s."

    return {"database": database, "schema": schema, "keys": keys, "kafka": kafka}


def standard_gauges(pool: Pool, metrics: Metrics) -> Callable[[], Awaitable[None]]:
    """Return what refreshes the gauges that every service has, before metrics are read."""
    oldest = metrics.gauge("outbox_oldest_seconds")
    held_messages = metrics.gauge("held_messages")

    async def refresh() -> None:
        at = await oldest_unpublished(pool)
        oldest.set(0 if at is None else (datetime.now(UTC) - at).total_seconds())
        held_messages.set(await held.count(pool))

    return refresh
