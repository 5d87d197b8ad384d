"""What all three services do alike, each as a process: without Postgres, without a consumer, ended.

Postgres is reached through a proxy that can fall silent, as a frozen server does.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientConnectionError, ClientResponse, ClientSession
from builders import an_application
from electoral.kafka import Producer, Record
from electoral_local.ports import free_ports
from positions import begin_at_the_end, make_topics
from postgres_proxy import PostgresProxy
from registration_service import authorized, postcode_index, write_partners

pytestmark = pytest.mark.integration

SERVICES = ("registration", "verification", "ems-gateway")
READ_BY = {
    "registration": "applications.acknowledged",
    "verification": "applications.received",
    "ems-gateway": "applications.verified",
}
ENDS_WITHIN = 10.0  # seconds from SIGTERM
STARTS_WITHIN = 60.0  # seconds
ERO_TOKEN = "token-of-hartlepool"
UNREADABLE = 30  # messages: more than 20, and all there are


@dataclass(frozen=True, slots=True)
class Running:
    """A service's process."""

    name: str
    process: subprocess.Popen[bytes]
    url: str
    admin: str
    session: ClientSession
    errors: Path  # what it wrote to its standard error

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(self.admin + path) as response:
            return response.status, await response.text()

    async def metrics(self) -> str:
        status, text = await self.get("/metrics")
        assert status == 200
        return text

    async def ask_public_port(self) -> int | None:
        """Do what the service is there for; None where it has no public port."""
        if self.name == "registration":
            headers = authorized() | {"Idempotency-Key": uuid4().hex}
            return await _status(
                self.session.post(
                    f"{self.url}/v1/applications", json=an_application(), headers=headers
                )
            )
        if self.name == "ems-gateway":
            headers = {"Authorization": f"Bearer {ERO_TOKEN}"}
            return await _status(self.session.get(f"{self.url}/registrations", headers=headers))
        return None

    async def end(self) -> int:
        """Send SIGTERM; returns the exit status, which must come within 10 s."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, ENDS_WITHIN)


async def _status(request: Awaitable[ClientResponse]) -> int:
    response = await request
    response.release()
    return response.status


Environment = dict[str, str]


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def environment(
    service: str,
    postgres_dsn: Callable[[str], str],
    kafka_bootstrap: str,
    keys_root: Path,
    tmp_path: Path,
) -> Environment:
    await make_topics(kafka_bootstrap)
    dsn = postgres_dsn(service)
    await begin_at_the_end(dsn, kafka_bootstrap, service)
    return {
        "DATABASE_URL": dsn,
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "KEYS_DIRECTORY": str(keys_root / service),
        **_own_settings(service, tmp_path),
    }


def _own_settings(service: str, folder: Path) -> Environment:
    if service == "registration":
        partners = str(write_partners(folder))
        return {"PARTNERS_FILE": partners, "POSTCODE_INDEX": str(postcode_index(folder))}
    if service == "verification":
        nobody = {"DWP_URL": "http://127.0.0.1:1"}
        return nobody | {"DWP_CLIENT_ID": "hub", "DWP_CLIENT_SECRET": "secret"}
    eros = folder / "eros.json"
    token = sha256(ERO_TOKEN.encode()).hexdigest()
    eros.write_text(json.dumps([{"ero": "hartlepool", "tokenSha256": [token]}]))
    return {"EROS_FILE": str(eros)}


@asynccontextmanager
async def running(service: str, environment: Environment, folder: Path) -> AsyncIterator[Running]:
    """Run a service until the context ends; its consumer polls when it is yielded."""
    prefix = service.upper().replace("-", "_")
    http_port, admin_port = free_ports(2)
    settings = environment | {"HTTP_PORT": str(http_port), "ADMIN_PORT": str(admin_port)}
    errors = folder / "errors"
    with errors.open("wb") as file, (folder / "log").open("ab") as log:
        process = subprocess.Popen(  # starts at once, and is no file to wait for
            [sys.executable, "-m", service.replace("-", "_"), "serve"],
            env=os.environ | {f"{prefix}_{name}": value for name, value in settings.items()},
            stdout=log,
            stderr=file,
        )
    try:
        async with ClientSession() as session:
            url, admin = f"http://127.0.0.1:{http_port}", f"http://127.0.0.1:{admin_port}"
            service_process = Running(service, process, url, admin, session, errors)
            await _until(lambda: _is_ready(service_process))
            yield service_process
    finally:
        process.kill()
        process.wait()


async def _is_ready(service: Running) -> bool:
    assert service.process.poll() is None, "it has ended"
    try:
        return (await service.get("/readyz"))[0] == 200
    except ClientConnectionError:
        return False


async def _until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(STARTS_WITHIN):
        while not await reached():
            await asyncio.sleep(0.1)


def _shows(service: Running, metric: str) -> Callable[[], Awaitable[bool]]:
    async def shows() -> bool:
        return f"\n{metric}\n" in await service.metrics()

    return shows


@asynccontextmanager
async def behind_a_proxy(
    service: str, environment: Environment, folder: Path
) -> AsyncIterator[tuple[Running, PostgresProxy]]:
    async with PostgresProxy(environment["DATABASE_URL"]).listening() as proxy:
        by_proxy = environment | {"DATABASE_URL": proxy.dsn}
        async with running(service, by_proxy, folder) as process:
            yield process, proxy


# -- Postgres away --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [PostgresProxy.be_gone, PostgresProxy.fall_silent])
async def test_metrics_are_shown_while_postgres_is_away(
    service: str,
    environment: Environment,
    tmp_path: Path,
    how: Callable[[PostgresProxy], None],
) -> None:
    async with behind_a_proxy(service, environment, tmp_path) as (process, proxy):
        how(proxy)
        begin = time.monotonic()
        assert "\nkey_days_ahead 8.0\n" in await process.metrics()
        assert time.monotonic() - begin < 5.0
        status, text = await process.get("/readyz")
        assert (status, "Postgres does not answer." in text) == (503, True)
        assert (await process.get("/livez"))[0] == 200


# -- Kafka away, or a consumer that must not go on ------------------------------------------------


@pytest.mark.parametrize("service", ["registration", "ems-gateway"], indirect=True)
async def test_a_public_port_is_ready_without_kafka(
    service: str, environment: Environment, tmp_path: Path
) -> None:
    (nobody,) = free_ports(1)
    without = environment | {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{nobody}"}
    async with running(service, without, tmp_path) as process:
        assert await process.ask_public_port() in (200, 201)
        assert await process.end() == 0


def unreadable(topic: str) -> Record:
    """A message of an attempt of ours that no program can read."""
    application_id = str(uuid4())
    headers = {
        "application-id": application_id,
        "attempt": "1",
        "gss-code": "E06000001",
        "accepted-at": datetime.now(UTC).isoformat(),
    }
    encoded = [(name, text.encode()) for name, text in headers.items()]
    return Record(topic, application_id.encode(), b"{", encoded)


async def test_a_consumer_that_must_not_go_on_ends_alone_and_may_be_told_to(
    service: str, environment: Environment, kafka_bootstrap: str, tmp_path: Path
) -> None:
    async with running(service, environment, tmp_path) as process:
        async with Producer(kafka_bootstrap, "test") as producer:
            await producer.publish([unreadable(READ_BY[service]) for _ in range(UNREADABLE)])
        await _until(_shows(process, "consumer_stopped 1.0"))
        assert "HELD_SHARE_MAX" in process.errors.read_text()
        await check_others_go_on(process)
        assert await process.end() == 0
    told = environment | {"HELD_SHARE_MAX": "1"}
    async with running(service, told, tmp_path) as process:
        await _until(_shows(process, f"held_messages {UNREADABLE:.1f}"))
        assert await _shows(process, "consumer_stopped 0.0")()
        assert await process.end() == 0


async def check_others_go_on(process: Running) -> None:
    """A public port is served and stays ready; a service that only consumes says what is wrong."""
    answer = await process.ask_public_port()
    status, text = await process.get("/readyz")
    if answer is None:
        assert (status, "could not be handled" in text) == (503, True)
    else:
        assert answer in (200, 201)
        assert status == 200
    if process.name == "registration":
        await _until(_shows(process, "outbox_published_total 1.0"))


# -- the end --------------------------------------------------------------------------------------


async def test_a_silent_postgres_does_not_keep_a_service_from_ending_in_time(
    service: str, environment: Environment, tmp_path: Path
) -> None:
    async with behind_a_proxy(service, environment, tmp_path) as (process, proxy):
        proxy.fall_silent()
        asking = [asyncio.create_task(process.ask_public_port()) for _ in range(5)]
        await asyncio.sleep(0.5)  # the tasks of the service wait for Postgres, and the requests
        assert await process.end() == 0
        await asyncio.gather(*asking, return_exceptions=True)
