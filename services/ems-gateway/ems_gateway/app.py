"""The gateway, composed: what it needs, in the order it is started, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from electoral import ledger
from electoral.authorities import Authorities
from electoral.consumer import Consumer
from electoral.health import standard_checks, standard_gauges
from electoral.http import Admin, admin_app, serving
from electoral.kafka import Producer
from electoral.ledger import LedgerRow, ReadLedger
from electoral.lifecycle import Lifecycle
from electoral.metrics import Metrics
from electoral.outbox import Relay
from electoral.postgres import Pool, open_pool
from electoral.resealing import SealedColumn, UnfinishedRows, keep_retention
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.topics import topics_read_by

from ems_gateway import postgres
from ems_gateway.answers import Answers
from ems_gateway.credentials import EroCredentials, credentials_check, read_credentials
from ems_gateway.handlers import KeepForEro
from ems_gateway.pages import Pages
from ems_gateway.postgres import Arrival
from ems_gateway.routes import Gateway, public_app
from ems_gateway.settings import Settings
from ems_gateway.watch import keep_warning, set_gauges

SERVICE = "ems-gateway"
MIGRATIONS = Path(__file__).parent / "migrations"
DRAIN_SECONDS = 2.0  # that the outbox gets at the end; the next start publishes the rest

SEALED_AND_WAITING = SealedColumn(
    "record",
    "person",
    "t.position IN (SELECT position FROM queue UNION ALL SELECT position FROM held_record)",
)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What several parts of the service share."""

    settings: Settings
    metrics: Metrics
    authorities: Authorities
    credentials: EroCredentials
    sealer: Sealer
    pool: Pool
    relay: Relay
    unfinished: UnfinishedRows


def read_authorities(settings: Settings) -> Authorities:
    """Read the lists of authorities and EROs."""
    return Authorities.load(settings.authorities_file, settings.ero_contacts_file)


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    async with AsyncExitStack() as stack:
        parts = await _open_parts(stack, settings)
        consumer = _consumer(parts)
        answers = Answers(parts.pool, parts.sealer, parts.metrics, parts.relay.wake)
        admin = _admin(parts, consumer, lifecycle.stopping)
        await stack.enter_async_context(
            serving(admin_app(admin), settings.admin_host, settings.admin_port)
        )
        # Closed in reverse: answers first, then what they wrote is published.
        stack.push_async_callback(_drain, parts.relay)
        await stack.enter_async_context(lifecycle.task(parts.relay.run()))
        await stack.enter_async_context(lifecycle.task(ledger.keep_folding(parts.pool)))
        await stack.enter_async_context(lifecycle.task(keep_warning(parts.pool)))
        await stack.enter_async_context(lifecycle.task(parts.credentials.keep_reading()))
        await stack.enter_async_context(lifecycle.task(consumer.keep_releasing()))
        await stack.enter_async_context(
            lifecycle.task(keep_retention(parts.unfinished, parts.sealer, settings.retention))
        )
        await stack.enter_async_context(lifecycle.task(consumer.run(), finish=consumer.stop))
        await stack.enter_async_context(answers.group_commit)
        gateway = Gateway(parts.credentials, Pages(parts.pool, parts.sealer), answers)
        await stack.enter_async_context(
            serving(public_app(gateway, parts.metrics), settings.http_host, settings.http_port)
        )
        yield


async def _open_parts(stack: AsyncExitStack, settings: Settings) -> _Parts:
    metrics = Metrics()
    authorities = read_authorities(settings)
    credentials = read_credentials(settings.eros_file, authorities)
    pool = await stack.enter_async_context(
        await open_pool(
            settings.database_url, service=SERVICE, connections=settings.database_connections
        )
    )
    producer = await stack.enter_async_context(Producer(settings.kafka_bootstrap_servers, SERVICE))
    sealer = Sealer(DirectoryKeyring(settings.keys_directory))
    return _Parts(
        settings=settings,
        metrics=metrics,
        authorities=authorities,
        credentials=credentials,
        sealer=sealer,
        pool=pool,
        relay=Relay(pool, producer, metrics),
        unfinished=UnfinishedRows(pool, sealer, (SEALED_AND_WAITING,)),
    )


async def _drain(relay: Relay) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await relay.drain()


def _consumer(parts: _Parts) -> Consumer[Arrival]:
    return Consumer(
        bootstrap_servers=parts.settings.kafka_bootstrap_servers,
        group=SERVICE,
        topics=topics_read_by(SERVICE),
        pool=parts.pool,
        handler=KeepForEro(parts.authorities, parts.sealer),
        sealer=parts.sealer,
        metrics=parts.metrics,
        batch_messages_max=parts.settings.batch_messages_max,
    )


def _admin(parts: _Parts, consumer: Consumer[Arrival], stopping: asyncio.Event) -> Admin:
    checks = standard_checks(
        service=SERVICE,
        pool=parts.pool,
        migrations=MIGRATIONS,
        sealer=parts.sealer,
        purposes=("person",),
        consumer=consumer,
    )
    return Admin(
        service=SERVICE,
        checks=checks | {"credentials": credentials_check(parts.credentials)},
        stopping=stopping,
        metrics=parts.metrics,
        before_metrics=_gauges(parts),
        ledger=_ledger(parts.pool),
        unfinished=parts.unfinished.count,
    )


def _gauges(parts: _Parts) -> Callable[[], Awaitable[None]]:
    refresh_standard = standard_gauges(parts.pool, parts.metrics)

    async def refresh() -> None:
        await refresh_standard()
        await set_gauges(parts.pool, parts.metrics)

    return refresh


def _ledger(pool: Pool) -> ReadLedger:
    async def read(day: date, before: datetime | None) -> list[LedgerRow]:
        return await postgres.read_ledger(pool, day, before)

    return read
