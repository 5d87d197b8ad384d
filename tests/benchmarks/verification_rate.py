"""How many applications a second one worker process verifies, with everything it needs beside it.

    python tests/benchmarks/verification_rate.py [COUNT]

The events are in `applications.received` before the worker starts; Postgres, Kafka and the
simulated DWP run beside it on the same cores. The rate is from the first outcome's transaction to
the last, over the applications between them, so that neither start nor the first batch counts.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from electoral.envelope import Envelope, wrap
from electoral.events import ApplicationReceived
from electoral.identifiers import draw_reference, new_application_id
from electoral.kafka import Producer, Record
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.tracing import new_traceparent
from electoral_local.blueprint import Blueprint, StackOptions
from electoral_local.credentials import Credentials
from electoral_local.kafka import EmbeddedKafka
from electoral_local.postgres import EmbeddedPostgres
from electoral_local.stack_ports import any_ports
from electoral_local.supervised import SupervisedProcess
from electoral_local.supervisor import Supervisor
from simulated.population import Citizen, Population

COUNT = 30_000
FLOOR = 1_500  # applications per second
BESIDE = ("postgres", "kafka", "keys", "credentials", "topics", "migrate-verification", "dwp")
PUBLISHED_AT_ONCE = 1_000
LOOK_SECONDS = 0.5
LONGEST_SECONDS = 300.0
RATE = """
SELECT count(*) AS outcomes, count(*) FILTER (WHERE decided_at > first) AS counted,
       extract(epoch FROM max(decided_at) - first)::float8 AS seconds
  FROM outcome, (SELECT min(decided_at) AS first FROM outcome) AS f GROUP BY first
"""


async def measure(state: Path, count: int) -> float:
    options = StackOptions(
        state,
        free_ports=True,
        # No ceiling of ours: what the worker can do is what is asked here.
        environment={"verification": {"VERIFICATION_DWP_LOOKUPS_PER_SECOND_MAX": "1000000"}},
    )
    ports = any_ports({}, 1)
    postgres = EmbeddedPostgres(state / "postgres", port=ports["postgres"])
    kafka = EmbeddedKafka(state / "kafka", ports=ports.kafka)
    blueprint = Blueprint(options, ports, postgres, kafka, Credentials(state / "secrets"))
    await asyncio.to_thread(kafka.prepare)
    await asyncio.to_thread(postgres.make_passwords)
    specs = {spec.name: spec for spec in blueprint.specs()}
    beside = Supervisor([specs[name] for name in BESIDE], state / "logs")
    worker = SupervisedProcess(specs["verification"], state / "logs" / "verification.log")
    await beside.start()
    try:
        await publish(blueprint, count)
        print(f"{count:,} events are there; the worker starts.", flush=True)
        before = cpu_seconds(beside)
        await worker.start()
        rate = await watch(postgres.dsn("verification"), count)
        worker.sample()
        used = {name: seconds - before[name] for name, seconds in cpu_seconds(beside).items()}
        show(rate, {"worker": worker.usage.cpu_seconds, **used}, count)
        return rate
    finally:
        await worker.stop()
        await beside.stop()


async def publish(blueprint: Blueprint, count: int) -> None:
    """Put the events into their topic, as registration's relay does."""
    sealer = Sealer(DirectoryKeyring(blueprint.keys / "registration"))
    everybody = people(count)
    async with Producer(blueprint.kafka.bootstrap_servers, "registration") as producer:
        while some := [one for _, one in zip(range(PUBLISHED_AT_ONCE), everybody, strict=False)]:
            await producer.publish([record(envelope(sealer, one)) for one in some])


def people(count: int) -> Iterator[Citizen]:
    population = Population(1)
    return (population.person(n) for n in range(count))


def envelope(sealer: Sealer, citizen: Citizen) -> Envelope:
    body = dict(citizen.application)
    application_id, now = new_application_id(), datetime.now(UTC)
    nino = body.pop("nino", None)
    event = ApplicationReceived(
        application_id=application_id,
        attempt=1,
        gss_code=citizen.truth.gss_code,
        received_at=now,
        attempt_received_at=now,
        reference=draw_reference(),
        type="ordinary",
        source="web",
        language="en",
        arrived_at=now,
        address_basis="uprn",
        client_id="partner",
        person=sealer.seal("person", application_id, json.dumps(body).encode()),
        nino=nino and sealer.seal("nino-online", application_id, str(nino).encode()),
        nino_absence=None if nino else "no-nino",
    )
    return wrap(event, source="registration", at=now, traceparent=new_traceparent())


def record(one: Envelope) -> Record:
    headers = [(name, text.encode()) for name, text in one.headers.items()]
    return Record(one.topic, one.key.encode(), one.value, headers)


async def watch(dsn: str, count: int) -> float:
    """Wait for all outcomes; their number a second, by the database's clock of each batch."""
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                row = await connection.fetchrow(RATE)
                if row is not None and row["outcomes"] >= count:
                    return float(row["counted"] / row["seconds"])
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()


def cpu_seconds(supervisor: Supervisor) -> dict[str, float]:
    supervisor.sample()
    lasting = (p for p in supervisor.processes.values() if not p.spec.once)
    return {process.name: process.usage.cpu_seconds for process in lasting}


def show(rate: float, seconds: dict[str, float], count: int) -> None:
    print(f"{rate:,.0f} applications/s by one worker process (floor {FLOOR:,}).")
    for name, used in seconds.items():
        print(f"  {name:10} {1000 * used / count:.2f} ms of CPU an application")


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with tempfile.TemporaryDirectory(prefix=".verification-rate-", dir=".") as state:
        Path(state).chmod(0o755)
        return 0 if asyncio.run(measure(Path(state).absolute(), count)) >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
