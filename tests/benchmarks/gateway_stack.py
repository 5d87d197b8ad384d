"""The gateway's own process on real Postgres and Kafka, what waits in it, and EROs that call it."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from electoral.envelope import wrap
from electoral.events import ApplicationVerified
from electoral.kafka import Producer, Record
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.tracing import new_traceparent
from electoral_local.blueprint import Blueprint, StackOptions
from electoral_local.credentials import Credentials
from electoral_local.kafka import EmbeddedKafka
from electoral_local.ports import LOOPBACK
from electoral_local.postgres import EmbeddedPostgres
from electoral_local.stack_ports import any_ports
from electoral_local.supervised import SupervisedProcess
from electoral_local.supervisor import Supervisor
from gateway_builders import an_outcome
from simulated.http_client import Answer, Connection, Server

BESIDE = ("postgres", "kafka", "keys", "credentials", "topics", "migrate-ems-gateway")
PUBLISHED_AT_ONCE = 1_000
LOOK_SECONDS = 0.5
ARRIVING_SECONDS_MAX = 900.0
PAGE = "/registrations?pageSize=200"


@dataclass(frozen=True)
class Ero:
    """An ERO's system, as far as a call needs it."""

    code: str
    token: str
    gss_code: str

    async def call(
        self, connection: Connection, method: str, path: str, body: object = None
    ) -> Answer:
        headers = f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
        sent = None if body is None else json.dumps(body).encode()
        return await connection.request(method, path, sent, headers.encode(), 60.0)

    async def take_page(self, connection: Connection, status: str = "success") -> tuple[int, int]:
        """Take a page and answer all of it; returns how many it had, and how many are left."""
        answer = await self.call(connection, "GET", PAGE)
        assert answer.status == 200, answer
        page = json.loads(answer.body)
        if ids := [record["id"] for record in page["registrations"]]:
            answers = [{"id": id_, "status": status} for id_ in ids]
            body = {"acknowledgements": answers}
            done = await self.call(connection, "POST", "/registrations/acknowledgements", body)
            assert done.status == 200, done
        return len(ids), page["remaining"]


@dataclass(frozen=True)
class GatewayStack:
    """A gateway that runs, and everybody who may call it."""

    blueprint: Blueprint
    gateways: Sequence[SupervisedProcess]
    eros: Sequence[Ero]

    @property
    def dsn(self) -> str:
        return self.blueprint.postgres.dsn("ems_gateway")

    @property
    def gateway(self) -> SupervisedProcess:
        return self.gateways[0]

    def connection(self, number: int = 0) -> Connection:
        """Connect to one of the processes, in turn."""
        name = self.gateways[number % len(self.gateways)].spec.name
        return Connection(Server.of_url(f"http://{LOOPBACK}:{self.blueprint.ports[name]}"), {})

    def cpu_seconds(self) -> float:
        """What all gateway processes have used."""
        for gateway in self.gateways:
            gateway.sample()
        return sum(gateway.usage.cpu_seconds for gateway in self.gateways)

    async def publish(self, eros: Sequence[Ero]) -> None:
        """Publish an outcome for each, as verification does: received and verified now."""
        sealer = Sealer(DirectoryKeyring(self.blueprint.keys / "verification"))
        async with Producer(self.blueprint.kafka.bootstrap_servers, "verification") as producer:
            for begin in range(0, len(eros), PUBLISHED_AT_ONCE):
                some = eros[begin : begin + PUBLISHED_AT_ONCE]
                await producer.publish([_record(sealer, ero) for ero in some])
                say(f"{begin + len(some):,} of {len(eros):,} outcomes are published")

    async def fetchval(self, query: str, *arguments: object) -> Any:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def until_waiting(self, count: int) -> None:
        """Return when so many wait."""
        async with asyncio.timeout(ARRIVING_SECONDS_MAX):
            while (waiting := await self.fetchval("SELECT count(*) FROM queue")) < count:
                say(f"{waiting:,} of {count:,} wait")
                await asyncio.sleep(LOOK_SECONDS)
        say(f"{count:,} wait\n")


def _record(sealer: Sealer, ero: Ero) -> Record:
    now = datetime.now(UTC)
    event: ApplicationVerified = an_outcome(
        sealer, gss_code=ero.gss_code, received_at=now, attempt_received_at=now, arrived_at=now
    )
    envelope = wrap(event, source="verification", at=now, traceparent=new_traceparent())
    headers = [(name, text.encode()) for name, text in envelope.headers.items()]
    return Record(envelope.topic, envelope.key.encode(), envelope.value, headers)


def say(text: str) -> None:
    """Show how far it is, on one line; only where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r{text:60}", end="", file=sys.stderr, flush=True)


@asynccontextmanager
async def running(state: Path, processes: int = 1) -> AsyncIterator[GatewayStack]:
    """Run Postgres, Kafka and gateway processes for as long as the block lasts."""
    instances = {"ems-gateway": processes}
    options = StackOptions(state, free_ports=True, instances=instances)
    ports = any_ports(instances, 1)
    postgres = EmbeddedPostgres(state / "postgres", port=ports["postgres"])
    kafka = EmbeddedKafka(state / "kafka", ports=ports.kafka)
    credentials = Credentials(state / "secrets")
    blueprint = Blueprint(options, ports, postgres, kafka, credentials)
    await asyncio.to_thread(kafka.prepare)
    await asyncio.to_thread(postgres.make_passwords)
    specs = {spec.name: spec for spec in blueprint.specs()}
    beside = Supervisor([specs[name] for name in BESIDE], state / "logs")
    gateways = [
        SupervisedProcess(specs[name], state / "logs" / f"{name}.log")
        for name in blueprint.instances("ems-gateway")
    ]
    await beside.start()
    try:
        for gateway in gateways:
            await gateway.start()
        yield GatewayStack(blueprint, gateways, _eros(credentials))
    finally:
        for gateway in gateways:
            await gateway.stop()
        await beside.stop()


def _eros(credentials: Credentials) -> list[Ero]:
    entries = json.loads(credentials.tokens_file.read_text())
    return [Ero(one["ero"], one["token"], one["gssCodes"][0]) for one in entries]


def run(measure: Callable[[Path], Awaitable[bool]]) -> int:
    """Measure in a directory of its own; 0 if the goals are met."""

    async def measured(state: Path) -> bool:
        return await measure(state)

    with tempfile.TemporaryDirectory(prefix=".gateway-", dir=".") as state:
        Path(state).chmod(0o755)
        return 0 if uvloop.run(measured(Path(state).absolute())) else 1


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
