"""Where the leak scan looks: everything that a running stack shows, publishes, stores or writes."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from electoral.calendar import london_date
from electoral.topics import TOPICS
from electoral_local.stack import Stack

SERVICES = ("registration", "verification", "ems-gateway")
COMMAND_SECONDS = 30
SEALED_NINO = re.compile(rb'"applicationId":"([0-9a-f-]{36})".*"nino":"(nino-online-[^"]+)"')


class Where(StrEnum):
    """The kinds of places."""

    LOG = "log"
    METRIC = "metric or other answer of an admin port"
    TOPIC_VALUE = "topic's values"
    TOPIC_KEY = "topic's keys"
    TOPIC_HEADER = "topic's headers"
    DUMP = "database dump"
    COMMAND = "command's output"
    ANSWER = "answer's body"
    ANSWER_HEADER = "answer's headers"
    ADDRESS = "address or header of a call to DWP"
    KEYS = "key directory"
    KAFKA_FILE = "file of Kafka"
    POSTGRES_FILE = "file of Postgres"
    FILE = "other file"
    DELIVERY = "delivery to a council"


IN_KAFKA = frozenset({Where.TOPIC_VALUE, Where.TOPIC_KEY, Where.TOPIC_HEADER, Where.KAFKA_FILE})


class Place(NamedTuple):
    """Some bytes, and where they are from."""

    where: Where
    name: str
    data: bytes


async def of_admin_ports(session: aiohttp.ClientSession, urls: Iterable[str]) -> list[Place]:
    """Metrics, readiness and ledger of each service."""
    today = london_date(datetime.now(UTC)).isoformat()
    paths = ("/metrics", "/readyz", "/livez", f"/ledger?day={today}")
    places = []
    for url in (f"{base}{path}" for base in urls for path in paths):
        async with session.get(url) as answer:
            places.append(Place(Where.METRIC, url, await answer.read()))
    return places


# -- Kafka ----------------------------------------------------------------------------------------


async def of_topics(bootstrap_servers: str) -> list[Place]:
    """Every message of every topic; the client opens compressed batches."""
    places = []
    async for record in records_of(bootstrap_servers, [topic.name for topic in TOPICS]):
        name = f"{record.topic}/{record.partition}@{record.offset}"
        headers = b"\n".join(n.encode() + b": " + (v or b"") for n, v in record.headers)
        places.append(Place(Where.TOPIC_VALUE, name, record.value or b""))
        places.append(Place(Where.TOPIC_KEY, name, record.key or b""))
        places.append(Place(Where.TOPIC_HEADER, name, headers))
    return places


async def records_of(bootstrap_servers: str, names: Collection[str]) -> AsyncIterator[Any]:
    """Every message that these topics hold now, as aiokafka gives it."""
    # Not by a seek: a look for the end that was under way at the time would undo it.
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        topics = [topic for topic in TOPICS if topic.name in names]
        partitions = [TopicPartition(t.name, n) for t in topics for n in range(t.partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        left = {partition for partition, end in ends.items() if end}
        while left:
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    yield record
                if records[-1].offset + 1 >= ends[partition]:
                    left.discard(partition)
    finally:
        await consumer.stop()


# -- Postgres and commands ------------------------------------------------------------------------


async def of_dumps(stack: Stack) -> list[Place]:
    """Each service's database, as `pg_dump` writes it."""
    program = Path(stack.postgres.spec.command[0]).with_name("pg_dump")
    places = []
    for database in stack.postgres.databases:
        where = urlsplit(stack.postgres.superuser_dsn(database))
        command = (
            *(str(program), "--host=127.0.0.1", f"--port={where.port}"),
            *(f"--username={where.username}", database),
        )
        dump = await _run(command, {"PGPASSWORD": where.password or ""})
        places.append(Place(Where.DUMP, database, dump))
    return places


async def of_commands(stack: Stack) -> list[Place]:
    """What the operators' commands print."""
    commands = [(service, ("held", "list")) for service in SERVICES]
    commands.append(("ems-gateway", ("assign", "--list")))
    return await asyncio.gather(*(_of_command(stack, *command) for command in commands))


async def _of_command(stack: Stack, service: str, words: tuple[str, ...]) -> Place:
    spec = stack.process(service).spec
    command = (*spec.command[:-1], *words)  # in the place of `serve`
    output = await _run(command, dict(spec.environment))
    return Place(Where.COMMAND, f"{service} {' '.join(words)}", output)


async def _run(command: tuple[str, ...], environment: dict[str, str]) -> bytes:
    def run() -> bytes:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command[0]} {command[-1]}: {done.stdout[-500:]!r}"
        return done.stdout

    return await asyncio.to_thread(run)


# -- files ----------------------------------------------------------------------------------------


def of_files(stack: Stack) -> Iterator[Place]:
    """Every file below the state directory; what councils wrote down is the world outside."""
    state = stack.options.state
    kinds = {
        stack.logs: Where.LOG,
        stack.blueprint.keys: Where.KEYS,
        stack.kafka.directory: Where.KAFKA_FILE,
        stack.postgres.directory: Where.POSTGRES_FILE,
        stack.blueprint.journals: Where.DELIVERY,
    }
    for path in sorted(state.rglob("*")):
        if path.is_file() and not path.is_symlink():
            kind = next((kinds[p] for p in path.parents if p in kinds), Where.FILE)
            # A file's name is looked at as well as what is in it.
            named = str(path.relative_to(state))
            yield Place(kind, named, named.encode() + b"\n" + path.read_bytes())


# -- sealed NINOs ---------------------------------------------------------------------------------


class SealedNino(NamedTuple):
    application_id: str
    sealed: str


def sealed_ninos(places: Iterable[Place]) -> set[SealedNino]:
    """The sealed NINOs in the values of topics."""
    values = (p.data for p in places if p.where is Where.TOPIC_VALUE)
    found = (SEALED_NINO.search(value) for value in values)
    return {SealedNino(*map(bytes.decode, match.groups())) for match in found if match}
