"""Registration's public interface, asked over HTTP of real processes on real Postgres and Kafka."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from aiohttp import ClientResponse, ClientSession, TCPConnector
from builders import ABSENT, an_address, an_application
from electoral.kafka import create_topics
from electoral.keys import make_keys
from electoral.sealing import LONDON
from electoral.topics import PARTITIONS, TOPICS
from electoral_local.kafka import EmbeddedKafka
from electoral_local.postgres import EmbeddedPostgres
from registration_service import Service, authorized, count_applications, running, settings_of

pytestmark = pytest.mark.integration

PROBLEM_MEMBERS = {"type", "title", "status", "code", "detail"}
CANARY = "Zyxwvut"


@pytest.fixture(scope="module")
def environment(
    embedded_postgres: EmbeddedPostgres,
    template_database: Callable[[str], str],
    embedded_kafka: EmbeddedKafka,
    postcode_index: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("registration")
    topics = {topic.name: topic.configuration(1) for topic in TOPICS}
    bootstrap = embedded_kafka.bootstrap_servers
    asyncio.run(create_topics(bootstrap, topics, partitions=PARTITIONS, copies=1))
    make_keys(folder / "keys", datetime.now(UTC).astimezone(LONDON).date())
    dsn = asyncio.run(_a_database(embedded_postgres, template_database("registration")))
    return settings_of(dsn, bootstrap, folder / "keys", folder, postcode_index)


async def _a_database(server: EmbeddedPostgres, template: str) -> str:
    name = f"registration_http_{uuid4().hex}"
    connection = await asyncpg.connect(server.superuser_dsn())
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER registration")
    await connection.close()
    return server.dsn("registration").rpartition("/")[0] + f"/{name}"
