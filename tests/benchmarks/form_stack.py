"""Registration's own processes on real Postgres and Kafka, and people at the form beside them."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg
from electoral_local.blueprint import Blueprint, StackOptions
from electoral_local.credentials import Credentials
from electoral_local.kafka import EmbeddedKafka
from electoral_local.ports import LOOPBACK
from electoral_local.postgres import EmbeddedPostgres
from electoral_local.stack_ports import any_ports
from electoral_local.supervised import SupervisedProcess
from electoral_local.supervisor import Supervisor

BESIDE = ("postgres", "kafka", "keys", "credentials", "topics", "migrate-registration")
TESTS = Path(__file__).parent.parent


@dataclass(frozen=True)
class FormStack:
    """A form that runs, in one process or several."""

    blueprint: Blueprint
    registrations: Sequence[SupervisedProcess]
    beside: Supervisor

    def cpu_seconds(self) -> dict[str, float]:
        """What registration, Postgres and Kafka have used."""
        for process in self.registrations:
            process.sample()
        self.beside.sample()
        lasting = [p for p in self.beside.processes.values() if not p.spec.once]
        used = {process.name: process.usage.cpu_seconds for process in lasting}
        return {"registration": sum(p.usage.cpu_seconds for p in self.registrations)} | used

    def memory_bytes_max(self) -> dict[str, int]:
        """The most that each has held."""
        self.cpu_seconds()
        postgres = self.beside.processes["postgres"].usage.memory_bytes_max
        own = sum(process.usage.memory_bytes_max for process in self.registrations)
        return {"registration": own, "postgres": postgres}

    async def people(self, first: int, count: int, connections: int, whole: str) -> dict[str, Any]:
        """Send people to the form, from a process of their own; returns what they saw."""
        ports = [self.blueprint.ports[one.spec.name] for one in self.registrations]
        urls = ",".join(f"http://{LOOPBACK}:{port}" for port in ports)
        arguments = map(str, (urls, first, count, connections, whole))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.form_generator", *arguments),
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdout=PIPE,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        told: dict[str, Any] = json.loads(said)
        return told

    async def fetchval(self, query: str) -> Any:
        connection = await asyncpg.connect(self.blueprint.postgres.dsn("registration"))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()


@asynccontextmanager
async def running(
    state: Path, processes: int, settings: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[FormStack]:
    """Run Postgres, Kafka and registration, with settings of its own, while the block lasts."""
    instances = {"registration": processes}
    ports = any_ports(instances, 1)
    postgres = EmbeddedPostgres(state / "postgres", port=ports["postgres"])
    kafka = EmbeddedKafka(state / "kafka", ports=ports.kafka)
    names = ("registration", *(f"registration-{n}" for n in range(2, processes + 1)))
    options = StackOptions(
        state,
        free_ports=True,
        instances=instances,
        environment=dict.fromkeys(names, settings),
    )
    blueprint = Blueprint(options, ports, postgres, kafka, Credentials(state / "secrets"))
    await asyncio.to_thread(kafka.prepare)
    await asyncio.to_thread(postgres.make_passwords)
    specs = {spec.name: spec for spec in blueprint.specs()}
    beside = Supervisor(
        [specs[name] for name in (*BESIDE, "postcodes") if name in specs], state / "logs"
    )
    registrations = [
        SupervisedProcess(specs[name], state / "logs" / f"{name}.log")
        for name in blueprint.instances("registration")
    ]
    await beside.start()
    try:
        for process in registrations:
            await process.start()
        yield FormStack(blueprint, registrations, beside)
    finally:
        for process in registrations:
            await process.stop()
        await beside.stop()
