"""Registration, composed: what it needs, in the order it is started, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from electoral import ledger
from electoral.authorities import Authorities
from electoral.consumer import Consumer
from electoral.credentials import Credentials
from electoral.group_commit import GroupCommit
from electoral.health import standard_checks, standard_gauges
from electoral.http import Admin, admin_app, serving
from electoral.kafka import Producer
from electoral.ledger import LedgerRow, ReadLedger
from electoral.lifecycle import Lifecycle
from electoral.metrics import Metrics
from electoral.outbox import Relay
from electoral.postgres import Pool, is_away, open_pool, transaction
from electoral.resealing import UnfinishedRows, keep_retention
from electoral.sealing import BlindIndex, DirectoryKeyring, Sealer
from electoral.topics import topics_read_by

from registration.address_lookup import SyntheticAddressLookup
from registration.authority import AuthorityFinder
from registration.handlers import Fact, ProgressHandler
from registration.intake import Intake
from registration.limits import RateLimit
from registration.postcodes import PostcodeIndex
from registration.routes import Api, public_app
from registration.settings import Settings
from registration.status import StatusQuestions
from registration.submission import BodyHasher, Committer, Partner, Submissions, read_partner
from registration.watch import UncheckedWatch

SERVICE = "registration"
MIGRATIONS = Path(__file__).parent / "migrations"
DRAIN_SECONDS = 2.0  # that the outbox gets at the end; the next start publishes the rest


@dataclass(frozen=True, slots=True)
class _Parts:
    """What several parts of the service share."""

    settings: Settings
    metrics: Metrics
    sealer: Sealer
    index: BlindIndex
    partners: Credentials[Partner]
    authorities: Authorities
    postcodes: PostcodeIndex
    pool: Pool
    relay: Relay
    intake: Intake
    committer: Committer
    watch: UncheckedWatch
    unfinished: UnfinishedRows


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    async with AsyncExitStack() as stack:
        parts = await _open_parts(stack, settings)
        consumer = _consumer(parts)
        admin = _admin(parts, consumer, lifecycle.stopping)
        await stack.enter_async_context(
            serving(admin_app(admin), settings.admin_host, settings.admin_port)
        )
        # Closed in reverse: intake first, then what it wrote is published.
        stack.push_async_callback(_drain, parts.relay)
        for work in (
            parts.relay.run(),
            ledger.keep_folding(parts.pool),
            parts.partners.keep_reading(),
            parts.watch.run(),
            keep_retention(parts.unfinished, parts.sealer, settings.retention),
            consumer.keep_releasing(),
        ):
            await stack.enter_async_context(lifecycle.task(work))
        await stack.enter_async_context(lifecycle.task(consumer.run(), finish=consumer.stop))
        await stack.enter_async_context(parts.committer)
        await stack.enter_async_context(
            serving(public_app(_api(parts), parts.metrics), settings.http_host, settings.http_port)
        )
        yield


async def _drain(relay: Relay) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await relay.drain()


async def _open_parts(stack: AsyncExitStack, settings: Settings) -> _Parts:
    metrics = Metrics()
    keyring = DirectoryKeyring(settings.keys_directory)
    sealer, index = Sealer(keyring), BlindIndex(keyring)
    partners = Credentials(settings.partners_file, read_partner)
    postcodes = PostcodeIndex(settings.postcode_index)
    pool = await stack.enter_async_context(
        await open_pool(
            settings.database_url, service=SERVICE, connections=settings.database_connections
        )
    )
    producer = await stack.enter_async_context(Producer(settings.kafka_bootstrap_servers, SERVICE))
    relay = Relay(pool, producer, metrics)
    intake = Intake(pool, hash_body=BodyHasher(index), wake=relay.wake)
    return _Parts(
        settings=settings,
        metrics=metrics,
        sealer=sealer,
        index=index,
        partners=partners,
        authorities=Authorities.load(),
        postcodes=postcodes,
        pool=pool,
        relay=relay,
        intake=intake,
        committer=_committer(intake, settings),
        watch=UncheckedWatch(pool, metrics),
        unfinished=UnfinishedRows(pool, sealer),
    )


def _committer(intake: Intake, settings: Settings) -> Committer:
    return GroupCommit(
        intake.commit,
        writers=settings.writers,
        batch_items_max=settings.commit_items_max,
        waiting_items_max=settings.waiting_items_max,
    )


def _consumer(parts: _Parts) -> Consumer[Fact]:
    return Consumer(
        bootstrap_servers=parts.settings.kafka_bootstrap_servers,
        group=SERVICE,
        topics=topics_read_by(SERVICE),
        pool=parts.pool,
        handler=ProgressHandler(),
        sealer=parts.sealer,
        metrics=parts.metrics,
        batch_messages_max=parts.settings.batch_messages_max,
    )


def _api(parts: _Parts) -> Api:
    settings = parts.settings
    addresses = SyntheticAddressLookup(parts.postcodes)
    finder = AuthorityFinder(
        parts.authorities, parts.postcodes, addresses, settings.address_lookup_timeout
    )
    return Api(
        submissions=Submissions(
            pool=parts.pool,
            sealer=parts.sealer,
            index=parts.index,
            finder=finder,
            intake=parts.intake,
            committer=parts.committer,
        ),
        questions=StatusQuestions(parts.pool, parts.index),
        partners=parts.partners,
        authorities=parts.authorities,
        metrics=parts.metrics,
        per_address=RateLimit(settings.status_per_minute_address),
        per_reference=RateLimit(settings.status_per_minute_reference),
    )


# -- the admin port -------------------------------------------------------------------------------


def _admin(parts: _Parts, consumer: Consumer[Fact], stopping: asyncio.Event) -> Admin:
    return Admin(
        service=SERVICE,
        checks=standard_checks(
            service=SERVICE,
            pool=parts.pool,
            migrations=MIGRATIONS,
            sealer=parts.sealer,
            purposes=("person", "nino-online"),
            consumer=consumer,
        ),
        stopping=stopping,
        metrics=parts.metrics,
        before_metrics=_gauges(parts),
        ledger=_ledger(parts.pool),
        unfinished=parts.unfinished.count,
    )


def _ledger(pool: Pool) -> ReadLedger:
    async def read(day: date, before: datetime | None) -> list[LedgerRow]:
        async with transaction(pool) as connection:
            return ledger.merge_rows(await ledger.read_counted(connection, day, before))

    return read


def _gauges(parts: _Parts) -> Callable[[], Awaitable[None]]:
    refresh_standard = standard_gauges(parts.pool, parts.metrics)
    waiting = parts.metrics.gauge("intake_waiting")

    async def refresh() -> None:
        waiting.set(parts.committer.waiting)
        parts.watch.show()
        try:
            await refresh_standard()
        except Exception as error:
            if not is_away(error):  # the other metrics are shown without Postgres, too
                raise

    return refresh
