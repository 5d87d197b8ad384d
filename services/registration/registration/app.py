"""Registration, composed: what it needs, in the order it is started, closed in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from pathlib import Path

from electoral import ledger, postgres
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
from electoral.postgres import Pool
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
from registration.submission import BodyHasher, Committer, Submissions, read_partner

SERVICE = "registration"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def serve(settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Run the whole service until the context ends."""
    metrics = Metrics()
    keyring = DirectoryKeyring(settings.keys_directory)
    sealer, index = Sealer(keyring), BlindIndex(keyring)
    partners = Credentials(settings.partners_file, read_partner)
    authorities = Authorities.load()
    postcodes = PostcodeIndex(settings.postcode_index)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            await postgres.open_pool(
                settings.database_url, service=SERVICE, connections=settings.database_connections
            )
        )
        producer = await stack.enter_async_context(
            Producer(settings.kafka_bootstrap_servers, SERVICE)
        )
        relay = Relay(pool, producer, metrics)
        consumer: Consumer[Fact] = Consumer(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            group=SERVICE,
            topics=topics_read_by(SERVICE),
            pool=pool,
            handler=ProgressHandler(),
            sealer=sealer,
            metrics=metrics,
            batch_messages_max=settings.batch_messages_max,
        )
        intake = Intake(pool, hash_body=BodyHasher(index), wake=relay.wake)
        admin = Admin(
            service=SERVICE,
            checks=standard_checks(
                service=SERVICE,
                pool=pool,
                migrations=MIGRATIONS,
                sealer=sealer,
                purposes=("person", "nino-online"),
                consumer=consumer,
            ),
            stopping=lifecycle.stopping,
            metrics=metrics,
            before_metrics=standard_gauges(pool, metrics),
            ledger=_ledger(pool),
        )
        await stack.enter_async_context(
            serving(admin_app(admin), settings.admin_host, settings.admin_port)
        )
        # Closed in reverse: intake first, then what it wrote is published.
        stack.push_async_callback(relay.drain)
        await stack.enter_async_context(lifecycle.task(relay.run()))
        await stack.enter_async_context(lifecycle.task(ledger.keep_folding(pool)))
        await stack.enter_async_context(lifecycle.task(partners.keep_reading()))
        await stack.enter_async_context(lifecycle.task(consumer.keep_releasing()))
        await stack.enter_async_context(lifecycle.task(consumer.run(), finish=consumer.stop))
        committer: Committer = await stack.enter_async_context(
            GroupCommit(
                intake.commit,
                writers=settings.writers,
                batch_items_max=settings.commit_items_max,
                waiting_items_max=settings.waiting_items_max,
            )
        )
        api = Api(
            submissions=Submissions(
                pool=pool,
                sealer=sealer,
                index=index,
                finder=AuthorityFinder(
                    authorities,
                    postcodes,
                    SyntheticAddressLookup(postcodes),
                    settings.address_lookup_timeout,
                ),
                intake=intake,
                committer=committer,
            ),
            questions=StatusQuestions(pool, index),
            partners=partners,
            authorities=authorities,
            metrics=metrics,
            per_address=RateLimit(settings.status_per_minute_address),
            per_reference=RateLimit(settings.status_per_minute_reference),
        )
        await stack.enter_async_context(
            serving(public_app(api, metrics), settings.http_host, settings.http_port)
        )
        yield


def _ledger(pool: Pool) -> ReadLedger:
    async def read(day: date, before: datetime | None) -> list[LedgerRow]:
        async with postgres.transaction(pool) as connection:
            return ledger.merge_rows(await ledger.read_counted(connection, day, before))

    return read
