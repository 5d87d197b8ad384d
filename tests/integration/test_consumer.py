"""The consumer engine on real Kafka and Postgres: every message's effect exactly once."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition
from electoral import held, postgres
from electoral.envelope import wrap
from electoral.events import ApplicationReceived
from electoral.identifiers import new_application_id
from electoral.kafka import Producer, Record, create_topics
from electoral.postgres import Pool
from electoral.tracing import new_traceparent

from integration.consumer_worker import EFFECTS

pytestmark = pytest.mark.integration

WORKER = Path(__file__).with_name("consumer_worker.py")
PARTITIONS = 4


@dataclass
class Ground:
    """A topic, a database, and the workers on them."""

    topic: str
    bootstrap: str
    dsn: str
    pool: Pool
    keys: Path
    producer: Producer
    workers: list[subprocess.Popen[str]]

    def start_worker(self) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, str(WORKER), self.dsn, self.bootstrap, self.topic, str(self.keys)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.workers.append(worker)
        return worker

    async def send(self, count: int, *, client_id: str = "partner") -> list[UUID]:
        events = [an_event(client_id) for _ in range(count)]
        await self.producer.publish([record_of(self.topic, event) for event in events])
        return [event.application_id for event in events]

    async def effects(self) -> list[UUID]:
        return [r["application_id"] for r in await self.pool.fetch("SELECT * FROM effect")]

    async def wait_for_effects(self, count: int, seconds: float = 30.0) -> list[UUID]:
        await wait_until(lambda: self._has(count), seconds)
        return await self.effects()

    async def _has(self, count: int) -> bool:
        found: int = await self.pool.fetchval("SELECT count(*) FROM effect")
        return found >= count


async def wait_until(holds: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.1)


def an_event(client_id: str = "partner") -> ApplicationReceived:
    now = datetime.now(UTC)
    return ApplicationReceived(
        application_id=new_application_id(),
        attempt=1,
        gss_code="E08000025",
        received_at=now,
        attempt_received_at=now,
        type="ordinary",
        source="web",
        language="en",
        arrived_at=now,
        address_basis="postcode",
        client_id=client_id,
        person="person-2026-11-22.AAAA",
        nino_absence="no-nino",
    )


def record_of(topic: str, event: ApplicationReceived) -> Record:
    envelope = wrap(event, source="test", at=event.received_at, traceparent=new_traceparent())
    headers = [(name, text.encode()) for name, text in envelope.headers.items()]
    return Record(topic, envelope.key.encode(), envelope.value, headers)


def garbled(record: Record) -> Record:
    return Record(record.topic, record.key, b"\xff not json", record.headers)


@pytest.fixture
async def ground(
    kafka_bootstrap: str, postgres_dsn: Callable[[str], str], keys_root: Path
) -> AsyncIterator[Ground]:
    topic = f"test-{uuid4().hex[:12]}"
    await create_topics(kafka_bootstrap, {topic: {}}, partitions=PARTITIONS, copies=1)
    dsn = postgres_dsn("registration")
    pool = await postgres.open_pool(dsn, service="test", connections=4)
    await pool.execute(EFFECTS)
    async with pool, Producer(kafka_bootstrap, "test") as producer:
        ground = Ground(topic, kafka_bootstrap, dsn, pool, keys_root / "registration", producer, [])
        yield ground
        for worker in ground.workers:
            end(worker)


def end(worker: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.kill(worker.pid, signal.SIGCONT)
        worker.kill()
    worker.communicate(timeout=10)


async def test_every_message_has_its_effect_once_though_each_is_read_from_the_start(
    ground: Ground,
) -> None:
    sent = await ground.send(300)
    first = ground.start_worker()
    assert sorted(await ground.wait_for_effects(300)) == sorted(sent)
    end(first)
    more = await ground.send(100)
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(400)) == sorted(sent + more)


async def test_undecodable_message_is_held_and_those_behind_it_go_on(ground: Ground) -> None:
    event = an_event()
    await ground.producer.publish([garbled(record_of(ground.topic, event))])
    sent = await ground.send(60)
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(60)) == sorted(sent)
    [one] = await held.list_held(ground.pool)
    assert (one.application_id, one.attempt, one.gss_code) == (
        event.application_id,
        1,
        "E08000025",
    )
    assert one.error_class.startswith("invalid-value")


async def test_message_without_our_headers_is_held_as_foreign(ground: Ground) -> None:
    await ground.producer.publish([Record(ground.topic, b"key", b"what is this", [])])
    [sent] = await ground.send(1)
    ground.start_worker()
    assert await ground.wait_for_effects(1) == [sent]
    [one] = await wait_for_held(ground, 1)
    assert one.is_foreign


async def wait_for_held(ground: Ground, count: int) -> list[held.HeldMessage]:
    async def there() -> bool:
        return len(await held.list_held(ground.pool)) >= count

    await wait_until(there)
    return await held.list_held(ground.pool)


async def test_message_that_raises_is_held_after_three_tries_alone(ground: Ground) -> None:
    [bad] = await ground.send(1, client_id="raise")
    sent = await ground.send(60)
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(60)) == sorted(sent)
    [one] = await wait_for_held(ground, 1)
    assert (one.application_id, one.error_class) == (bad, "unknown:RuntimeError")
    assert await ground.pool.fetchval("SELECT count(*) FROM suspect_message") == 0


async def test_message_that_kills_the_process_is_held_in_the_end(ground: Ground) -> None:
    [bad] = await ground.send(1, client_id="exit")
    sent = await ground.send(20)
    for _ in range(9):
        worker = ground.start_worker()
        with suppress(TimeoutError):
            await ground.wait_for_effects(20, seconds=9)
            break
        end(worker)
    assert sorted(await ground.effects()) == sorted(sent)
    [one] = await wait_for_held(ground, 1)
    assert (one.application_id, one.error_class) == (bad, "killed-the-process")


async def test_worker_stops_when_too_many_messages_would_be_held(ground: Ground) -> None:
    await ground.send(100)
    await ground.send(40, client_id="hold")
    worker = ground.start_worker()
    assert await asyncio.to_thread(worker.wait, 30) == 70
    assert worker.stderr is not None
    assert "the program is wrong, not the messages" in worker.stderr.read()


async def test_released_message_has_its_effect(ground: Ground) -> None:
    event = an_event()
    await ground.producer.publish([garbled(record_of(ground.topic, event))])
    ground.start_worker()
    [one] = await wait_for_held(ground, 1)
    await held.release(ground.pool, [one.held_id])

    async def tried_again() -> bool:
        [now] = await held.list_held(ground.pool)
        return now.tries == 2 and now.state == "held"

    await wait_until(tried_again)  # still garbled: it is held again, not lost
    assert await ground.effects() == []


async def test_frozen_worker_that_wakes_up_writes_nothing_late(ground: Ground) -> None:
    frozen, other = ground.start_worker(), ground.start_worker()
    sent = await ground.send(200)
    await ground.wait_for_effects(200)
    frozen.send_signal(signal.SIGSTOP)
    sent += await ground.send(200)
    await ground.wait_for_effects(400)  # the other takes over after the session time-out
    frozen.send_signal(signal.SIGCONT)
    sent += await ground.send(200)
    effects = await ground.wait_for_effects(600)
    await asyncio.sleep(2)
    assert sorted(await ground.effects()) == sorted(sent) == sorted(effects)
    assert frozen.poll() is None
    assert other.poll() is None


async def test_worker_frozen_in_its_transaction_blocks_the_other_for_seconds_only(
    ground: Ground,
) -> None:
    frozen = ground.start_worker()
    sent = await ground.send(1, client_id="freeze")
    assert frozen.stdout is not None
    while "in transaction" not in await asyncio.to_thread(frozen.stdout.readline):
        pass
    frozen.send_signal(signal.SIGSTOP)
    ground.start_worker()
    sent += await ground.send(100)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    await ground.wait_for_effects(101, seconds=25)
    assert loop.time() - begin < 20  # session time-out 6 s, idle-in-transaction time-out 3 s
    frozen.send_signal(signal.SIGCONT)
    await asyncio.sleep(3)
    assert sorted(await ground.effects()) == sorted(sent)


async def test_restored_database_reads_again_what_it_lacks(ground: Ground) -> None:
    sent = await ground.send(100)
    worker = ground.start_worker()
    await ground.wait_for_effects(100)
    end(worker)
    positions = await ground.pool.fetch("SELECT * FROM consumer_position")
    sent += await ground.send(100)
    worker = ground.start_worker()
    await ground.wait_for_effects(200)
    end(worker)
    await restore(ground, sent[:100], positions)
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(200)) == sorted(sent)


async def restore(ground: Ground, kept: Sequence[UUID], positions: Sequence[Any]) -> None:
    """Put the database back to an earlier point: fewer effects, and positions to match."""
    await ground.pool.execute("DELETE FROM effect WHERE application_id <> ALL($1)", kept)
    for row in positions:
        await ground.pool.execute(
            "UPDATE consumer_position SET next_offset = $3 WHERE topic = $1 AND partition = $2",
            row["topic"],
            row["partition"],
            row["next_offset"],
        )


async def test_topic_cut_short_stops_the_worker_and_it_says_so(ground: Ground) -> None:
    await ground.send(100)
    worker = ground.start_worker()
    await ground.wait_for_effects(100)
    end(worker)
    await ground.send(100)
    await cut_short(ground)
    worker = ground.start_worker()
    assert await asyncio.to_thread(worker.wait, 30) == 70
    assert worker.stderr is not None
    assert "messages were lost from the log" in worker.stderr.read()
    assert len(await ground.effects()) == 100


async def cut_short(ground: Ground) -> None:
    """Delete all records of every partition, those not read yet included."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=ground.bootstrap)
    await admin.start()
    try:
        wanted = {
            TopicPartition(ground.topic, number): RecordsToDelete(before_offset=-1)
            for number in range(PARTITIONS)
        }
        await admin.delete_records(wanted)
    finally:
        await admin.close()
