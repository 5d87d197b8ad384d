"""Verification, composed: what it needs, in the order it is started, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from electoral import ledger
from electoral.consumer import Consumer
from electoral.health import standard_checks, standard_gauges
from electoral.http import Admin, admin_app, serving
from electoral.kafka import Producer
from electoral.ledger import LedgerRow, ReadLedger
from electoral.lifecycle import Lifecycle
from electoral.metrics import Metrics
from electoral.outbox import Relay
from electoral.postgres import Pool, is_away, open_pool
from electoral.resealing import SealedColumn, UnfinishedRows, keep_retention
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.topics import topics_read_by

from verification import postgres
from verification.breaker import Breaker
from verification.dwp import Dwp, HttpDwp
from verification.errors import PARK_REASONS
from verification.handlers import ApplicationReceivedHandler, Prepared
from verification.lookups import Lookups
from verification.parking import ParkedAttempts
from verification.reckoning import read_ledger
from verification.settings import Settings

SERVICE = "verification"
MIGRATIONS = Path(__file__).parent / "migrations"
DRAIN_SECONDS = 2.0  # that the outbox gets at the end; the next start publishes the rest

_PARKED = "(t.application_id, t.attempt) IN (SELECT application_id, attempt FROM parked)"
SEALED_AND_PARKED = (
    SealedColumn("attempt", "sealed_person", _PARKED),
    SealedColumn("attempt", "sealed_nino", _PARKED),
)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What several parts of the service share."""

    settings: Settings
    metrics: Metrics
    sealer: Sealer
    pool: Pool
    relay: Relay
    dwp: Dwp
    breaker: Breaker
    unfinished: UnfinishedRows


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    async with AsyncExitStack() as stack:
        parts = await _open_parts(stack, settings)
        consumer = _consumer(parts)
        # Closed in reverse: the consumer ends after its batch, then what it wrote is published.
        stack.push_async_callback(_drain, parts.relay)
        await stack.enter_async_context(lifecycle.task(parts.relay.run()))
        await stack.enter_async_context(lifecycle.task(ledger.keep_folding(parts.pool)))
        await stack.enter_async_context(lifecycle.task(_parked(parts).run()))
        await stack.enter_async_context(lifecycle.task(consumer.keep_releasing()))
        await stack.enter_async_context(
            lifecycle.task(keep_retention(parts.unfinished, parts.sealer, settings.retention))
        )
        await stack.enter_async_context(
            serving(
                admin_app(_admin(parts, consumer, lifecycle.stopping)),
                settings.admin_host,
                settings.admin_port,
            )
        )
        await stack.enter_async_context(lifecycle.task(consumer.run(), finish=consumer.stop))
        yield


async def _open_parts(stack: AsyncExitStack, settings: Settings) -> _Parts:
    metrics = Metrics()
    pool = await stack.enter_async_context(
        await open_pool(
            settings.database_url, service=SERVICE, connections=settings.database_connections
        )
    )
    producer = await stack.enter_async_context(Producer(settings.kafka_bootstrap_servers, SERVICE))
    dwp = await stack.enter_async_context(
        HttpDwp(
            url=settings.dwp_url,
            client_id=settings.dwp_client_id,
            client_secret=settings.dwp_client_secret,
            calls_max=settings.dwp_calls_in_flight_max + settings.dwp_parked_calls_in_flight_max,
            metrics=metrics,
        )
    )
    sealer = Sealer(DirectoryKeyring(settings.keys_directory))
    return _Parts(
        settings=settings,
        metrics=metrics,
        sealer=sealer,
        pool=pool,
        relay=Relay(pool, producer, metrics),
        dwp=dwp,
        breaker=Breaker(
            pool,
            failures_to_open=settings.dwp_failures_to_open,
            probe_delay=settings.dwp_probe_delay_seconds,
        ),
        unfinished=UnfinishedRows(pool, sealer, SEALED_AND_PARKED),
    )


async def _drain(relay: Relay) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await relay.drain()


def _consumer(parts: _Parts) -> Consumer[Prepared]:
    settings = parts.settings
    lookups = Lookups(
        parts.dwp,
        parts.breaker,
        calls_max=settings.dwp_calls_in_flight_max,
        patience=settings.dwp_patience_seconds,
    )
    return Consumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group=SERVICE,
        topics=topics_read_by(SERVICE),
        pool=parts.pool,
        handler=ApplicationReceivedHandler(parts.sealer, lookups, parts.metrics),
        sealer=parts.sealer,
        metrics=parts.metrics,
        after_commit=parts.relay.wake,
        batch_messages_max=settings.batch_messages_max,
    )


def _parked(parts: _Parts) -> ParkedAttempts:
    settings = parts.settings
    lookups = Lookups(
        parts.dwp,
        parts.breaker,
        calls_max=settings.dwp_parked_calls_in_flight_max,
        patience=settings.dwp_parked_patience_seconds,
    )
    return ParkedAttempts(
        pool=parts.pool,
        sealer=parts.sealer,
        lookups=lookups,
        breaker=parts.breaker,
        metrics=parts.metrics,
        lookups_per_second_max=settings.parked_lookups_per_second_max,
        key_wait_hours=settings.key_wait_hours,
        after_commit=parts.relay.wake,
    )


# -- the admin port -------------------------------------------------------------------------------


def _admin(parts: _Parts, consumer: Consumer[Prepared], stopping: asyncio.Event) -> Admin:
    return Admin(
        service=SERVICE,
        # A task that dies, the relay among them, ends the process: it needs no check of its own.
        checks=standard_checks(
            service=SERVICE,
            pool=parts.pool,
            migrations=MIGRATIONS,
            sealer=parts.sealer,
            purposes=("person", "nino-online", "nino-council"),
            consumer=consumer,
        ),
        stopping=stopping,
        metrics=parts.metrics,
        before_metrics=_gauges(parts.pool, parts.metrics),
        ledger=_ledger(parts.pool),
        unfinished=parts.unfinished.count,
    )


def _ledger(pool: Pool) -> ReadLedger:
    async def read(day: date, before: datetime | None) -> list[LedgerRow]:
        return await read_ledger(pool, day, before)

    return read


def _gauges(pool: Pool, metrics: Metrics) -> Callable[[], Awaitable[None]]:
    refresh_standard = standard_gauges(pool, metrics)
    parked = metrics.gauge("verification_parked")
    oldest = metrics.gauge("verification_parked_oldest_seconds")

    async def refresh_parked() -> None:
        found = {row.reason: row for row in await postgres.count_parked(pool)}
        for reason in PARK_REASONS:
            parked.labels(reason).set(found[reason].waiting if reason in found else 0)
        since = min((row.oldest for row in found.values()), default=None)
        oldest.set(0 if since is None else (datetime.now(UTC) - since).total_seconds())

    async def refresh() -> None:
        try:
            await refresh_standard()
            await refresh_parked()
        except Exception as error:
            if not is_away(error):  # the other metrics are shown without Postgres, too
                raise

    return refresh
