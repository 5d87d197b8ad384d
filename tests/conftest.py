"""What tests share: one real Postgres and one real Kafka a run, and a fresh database a test."""

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from electoral import postgres
from electoral.keys import make_keys
from electoral.metrics import Metrics
from electoral.migrating import migrate
from electoral.postgres import Pool
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.today import LONDON
from electoral_local.kafka import EmbeddedKafka
from electoral_local.postgres import EmbeddedPostgres
from hypothesis import HealthCheck, settings

# How long an example takes says nothing here but how busy the machine is.
settings.register_profile("electoral", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("electoral")

ROOT = Path(__file__).parent.parent
MIGRATIONS = {
    "registration": ROOT / "services/registration/registration/migrations",
    "verification": ROOT / "services/verification/verification/migrations",
    "ems-gateway": ROOT / "services/ems-gateway/ems_gateway/migrations",
}

FreshDatabase = Callable[[str], str]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def embedded_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture(scope="session")
def kafka_bootstrap(embedded_kafka: EmbeddedKafka) -> str:
    return embedded_kafka.bootstrap_servers


def _named(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def template_database(embedded_postgres: EmbeddedPostgres) -> Callable[[str], str]:
    """Return the name of a migrated database of a service, made once a run."""
    made: dict[str, str] = {}

    def template(service: str) -> str:
        if service not in made:
            role = service.replace("-", "_")
            made[service] = f"template_{role}"
            superuser = embedded_postgres.superuser_dsn("postgres")
            _in_thread(_execute(superuser, f"CREATE DATABASE template_{role} OWNER {role}"))
            dsn = _named(embedded_postgres.dsn(role), made[service])
            _in_thread(migrate(dsn, service, MIGRATIONS[service]))
        return made[service]

    return template


@pytest.fixture
def postgres_dsn(
    embedded_postgres: EmbeddedPostgres, template_database: Callable[[str], str]
) -> FreshDatabase:
    """Return a function that makes a fresh, migrated database of a service and gives its DSN.

    None is dropped: the cluster is thrown away with the run.
    """
    superuser = embedded_postgres.superuser_dsn("postgres")

    def fresh(service: str) -> str:
        template, role = template_database(service), service.replace("-", "_")
        name = f"test_{os.getpid()}_{next(_numbers)}"
        create = f"CREATE DATABASE {name} TEMPLATE {template} OWNER {role} STRATEGY wal_log"
        _in_thread(_execute(superuser, create))
        return _named(embedded_postgres.dsn(role), name)

    return fresh


def _in_thread(work: Coroutine[None, None, object]) -> None:
    """Run a coroutine whether or not a loop is running in this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result(timeout=30)


@pytest.fixture
async def registration_pool(postgres_dsn: FreshDatabase) -> AsyncIterator[Pool]:
    pool = await postgres.open_pool(postgres_dsn("registration"), service="test", connections=8)
    async with pool:
        yield pool


@pytest.fixture(scope="session")
def made_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of all services, made once a run: each is written to disk for good, which takes time."""
    root = tmp_path_factory.mktemp("keys") / "keys"
    make_keys(root, datetime.now(UTC).astimezone(LONDON).date())
    return root


@pytest.fixture
def keys_root(made_keys: Path, tmp_path: Path) -> Path:
    """Copy the keys for a test, which may destroy some; and make today's, if it is tomorrow now."""
    root = shutil.copytree(made_keys, tmp_path / "keys")
    make_keys(root, datetime.now(UTC).astimezone(LONDON).date())
    return root


@pytest.fixture
def sealer(keys_root: Path) -> Sealer:
    return Sealer(DirectoryKeyring(keys_root / "registration"))


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()
