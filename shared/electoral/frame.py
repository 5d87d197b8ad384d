"""A service's frame: what each of the three opens, runs and closes, in one order.

First pool and producer, then the admin port, the tasks, the consumer; then what is the service's
own, its public port last. All is closed in reverse, under one deadline: nothing new is taken, what
was taken is committed, the outbox is drained, and `/livez` goes last.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from aiohttp import web

from electoral import ledger
from electoral.admin import Admin, admin_app
from electoral.connection import Gate
from electoral.consumer import Consumer
from electoral.handling import Handler, Prepared, StopConsuming
from electoral.health import (
    Check,
    Refresh,
    keep_counting_keys,
    standard_checks,
    standard_gauges,
)
from electoral.kafka import Producer
from electoral.ledger import ReadLedger
from electoral.lifecycle import Lifecycle, report_failure
from electoral.metrics import Metrics
from electoral.outbox import Relay
from electoral.postgres import Pool, open_pool
from electoral.resealing import SealedColumn, UnfinishedRows, keep_retention
from electoral.sealing import DirectoryKeyring, Sealer, SealPurpose
from electoral.serving import serving
from electoral.settings import PublicServiceSettings, ServiceSettings
from electoral.topics import topics_read_by

DRAIN_SECONDS = 2.0  # that the outbox gets at the end; the next start publishes the rest

T = TypeVar("T")


class Consuming(Generic[Prepared]):
    """Consuming as one role of a service: when it must not go on, the other roles do.

    A log that was cut, or a program that can handle nothing, must not end intake, EROs' port or the
    relay: they are well, and an end would come again after each start.
    """

    def __init__(self, consumer: Consumer[Prepared], metrics: Metrics) -> None:
        self.consumer = consumer
        self.stopped: str | None = None  # the sentence that says why
        self._gauge = metrics.gauge("consumer_stopped")

    @property
    def last_poll(self) -> float:
        """When Kafka was polled last, in seconds since the epoch."""
        return self.consumer.last_poll

    async def run(self) -> None:
        """Consume until the service ends, or until the consumer says that it must not go on."""
        try:
            await self.consumer.run()
        except StopConsuming as error:
            self.stopped = str(error)
            self._gauge.set(1)
            report_failure(error, "consumer stopped")


@dataclass(frozen=True, slots=True)
class Frame:
    """What every service stands in."""

    service: str
    settings: ServiceSettings
    migrations: Path
    purposes: tuple[SealPurpose, ...]  # that it cannot do without
    lifecycle: Lifecycle
    stack: AsyncExitStack
    metrics: Metrics
    keyring: DirectoryKeyring
    sealer: Sealer
    pool: Pool
    relay: Relay
    unfinished: UnfinishedRows

    async def enter(self, name: str, context: AbstractAsyncContextManager[T]) -> T:
        """Open something until the end; its closing is given up at the deadline."""
        return await self.stack.enter_async_context(self.lifecycle.closing(name, context))

    def consuming(
        self, handler: Handler[Prepared], after_commit: Callable[[], None] = lambda: None
    ) -> Consuming[Prepared]:
        """Make the consumer of the service's topics."""
        consumer = Consumer(
            bootstrap_servers=self.settings.kafka_bootstrap_servers,
            group=self.service,
            topics=topics_read_by(self.service),
            pool=self.pool,
            handler=handler,
            sealer=self.sealer,
            metrics=self.metrics,
            after_commit=after_commit,
            batch_messages_max=self.settings.batch_messages_max,
            held_share_max=self.settings.held_share_max,
        )
        return Consuming(consumer, self.metrics)

    async def serve_admin(
        self,
        read_ledger: ReadLedger,
        *,
        checks: Mapping[str, Check] | None = None,
        gauges: Sequence[Refresh] = (),
    ) -> None:
        """Serve the admin port: first to come, last to go."""
        standard = standard_checks(
            service=self.service,
            pool=self.pool,
            migrations=self.migrations,
            sealer=self.sealer,
            purposes=self.purposes,
        )
        admin = Admin(
            service=self.service,
            checks={"start": self._starting, **standard, **(checks or {})},
            stopping=self.lifecycle.stopping,
            metrics=self.metrics,
            before_metrics=standard_gauges(self.pool, self.metrics, *gauges),
            ledger=read_ledger,
            unfinished=self.unfinished.count,
        )
        app = admin_app(admin)
        place = (self.settings.admin_host, self.settings.admin_port)
        await self.enter("admin port", serving(app, *place))

    async def run(self, consuming: Consuming[Prepared], *work: Coroutine[None, None, None]) -> None:
        """Run the tasks of every service and its own, then its consumer."""
        self.stack.push_async_callback(self._drain)
        for one in (
            self.relay.run(),
            ledger.keep_folding(self.pool),
            keep_retention(self.unfinished, self.sealer, self.settings.retention),
            keep_counting_keys(self.sealer, self.purposes, self.metrics),
            consuming.consumer.keep_releasing(),
            *work,
        ):
            await self.stack.enter_async_context(self.lifecycle.task(one))
        await self.stack.enter_async_context(
            self.lifecycle.task(consuming.run(), finish=consuming.consumer.stop)
        )

    async def serve_public(
        self,
        app: web.Application,
        settings: PublicServiceSettings,
        tls: ssl.SSLContext | None = None,
        gate: Gate | None = None,
    ) -> None:
        """Serve the public port: last to come, first to go."""
        place = (settings.http_host, settings.http_port)
        await self.enter("public port", serving(app, *place, tls, gate))

    async def _starting(self) -> str | None:
        return None if self.lifecycle.started else "The service is starting."

    async def _drain(self) -> None:
        await self.lifecycle.finish("outbox", self.relay.drain(), DRAIN_SECONDS)


@asynccontextmanager
async def open_frame(
    service: str,
    settings: ServiceSettings,
    lifecycle: Lifecycle,
    *,
    migrations: Path,
    purposes: tuple[SealPurpose, ...],
    sealed: Sequence[SealedColumn] = (),
) -> AsyncIterator[Frame]:
    """Open what a service stands in, until the context ends."""
    async with AsyncExitStack() as stack:
        metrics = Metrics()
        keyring = DirectoryKeyring(settings.keys_directory)
        sealer = Sealer(keyring)
        pool = await stack.enter_async_context(
            lifecycle.closing("pool", await _pool(service, settings))
        )
        producer = Producer(settings.kafka_bootstrap_servers, service)
        await stack.enter_async_context(lifecycle.closing("producer", producer))
        yield Frame(
            service=service,
            settings=settings,
            migrations=migrations,
            purposes=purposes,
            lifecycle=lifecycle,
            stack=stack,
            metrics=metrics,
            keyring=keyring,
            sealer=sealer,
            pool=pool,
            relay=Relay(pool, producer, metrics, batch_events_max=settings.relay_events_max),
            unfinished=UnfinishedRows(pool, sealer, sealed),
        )


async def _pool(service: str, settings: ServiceSettings) -> Pool:
    return await open_pool(
        settings.database_url, service=service, connections=settings.database_connections
    )
