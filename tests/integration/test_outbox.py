"""The relay on real Kafka and Postgres: nothing lost, repeats only after a death, one at a time."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from electoral import outbox, postgres
from electoral.envelope import Envelope, unwrap, wrap
from electoral.kafka import Producer, Reader, Record, create_topics
from electoral.metrics import Metrics
from electoral.outbox import Relay
from electoral.postgres import Pool
from electoral.tracing import new_traceparent

from integration.test_consumer import an_event

pytestmark = pytest.mark.integration

WORKER = Path(__file__).with_name("relay_worker.py")


@pytest.fixture
async def topic(kafka_bootstrap: str) -> str:
    name = f"outbox-{uuid4().hex[:12]}"
    await create_topics(kafka_bootstrap, {name: {}}, partitions=1, copies=1)
    return name


def an_envelope_each(topic: str, count: int) -> list[Envelope]:
    events = [an_event() for _ in range(count)]
    envelopes = [
        wrap(event, source="test", at=event.received_at, traceparent=new_traceparent())
        for event in events
    ]
    return [Envelope(e.event_id, topic, e.key, e.headers, e.value) for e in envelopes]


async def write(pool: Pool, topic: str, count: int) -> list[UUID]:
    envelopes = an_envelope_each(topic, count)
    async with postgres.transaction(pool) as connection:
        await outbox.write_outbox(connection, envelopes)
    return [UUID(envelope.key) for envelope in envelopes]


async def rows_left(pool: Pool) -> int:
    left: int = await pool.fetchval("SELECT count(*) FROM outbox")
    return left


async def read_all(bootstrap: str, topic: str, count: int) -> list[UUID]:
    """Read at least `count` messages of the topic's one partition, and what follows at once."""
    read: list[UUID] = []
    async with asyncio.timeout(30), Reader(bootstrap, f"read-{uuid4().hex}", [topic]) as reader:
        while not reader.assignment():
            await asyncio.sleep(0.05)
        [partition] = reader.assignment()
        reader.seek(partition, 0)
        while len(read) < count or await more(reader, read):
            await more(reader, read)
    return read


async def more(reader: Reader, read: list[UUID]) -> bool:
    taken = await reader.fetch(messages_max=500, wait_ms=500)
    messages = [message for some in taken.values() for message in some]
    read += [unwrap(message.value, message.headers).application_id for message in messages]
    return bool(messages)


async def test_relay_publishes_in_order_of_writing_and_leaves_nothing(
    registration_pool: Pool, kafka_bootstrap: str, topic: str
) -> None:
    written = await write(registration_pool, topic, 1_200)  # several batches
    async with Producer(kafka_bootstrap, "test") as producer:
        await Relay(registration_pool, producer, Metrics()).drain()
    assert await rows_left(registration_pool) == 0
    assert await read_all(kafka_bootstrap, topic, 1_200) == written


class Noting(Producer):
    """Notes how many events it is given at a time."""

    sizes: tuple[int, ...] = ()

    async def publish(self, records: Sequence[Record]) -> None:
        self.sizes += (len(records),)
        await super().publish(records)


async def test_relay_takes_no_more_at_a_time_than_it_is_told(
    registration_pool: Pool, kafka_bootstrap: str, topic: str
) -> None:
    written = await write(registration_pool, topic, 7)
    producer = Noting(kafka_bootstrap, "test")
    async with producer:
        await Relay(registration_pool, producer, Metrics(), batch_events_max=3).drain()
    assert producer.sizes == (3, 3, 1)
    assert await rows_left(registration_pool) == 0
    assert await read_all(kafka_bootstrap, topic, 7) == written


async def test_relay_killed_between_publishing_and_deleting_repeats_and_loses_nothing(
    postgres_dsn: Callable[[str], str], kafka_bootstrap: str, topic: str
) -> None:
    dsn = postgres_dsn("registration")
    pool = await postgres.open_pool(dsn, service="test", connections=2)
    async with pool, Producer(kafka_bootstrap, "test") as producer:
        written = await write(pool, topic, 50)
        dying = subprocess.Popen([sys.executable, str(WORKER), dsn, kafka_bootstrap])
        assert await asyncio.to_thread(dying.wait, 30) == 9
        assert await rows_left(pool) == 50
        await wait_for_lease(pool)
        await Relay(pool, producer, Metrics()).drain()
        assert await rows_left(pool) == 0
    assert await read_all(kafka_bootstrap, topic, 100) == written * 2


async def wait_for_lease(pool: Pool) -> None:
    """Wait until the dead relay's lease has ended, on the database's clock."""
    async with asyncio.timeout(10):
        while await pool.fetchval("SELECT until > clock_timestamp() FROM lease"):
            await asyncio.sleep(0.1)


async def test_second_relay_stands_by_while_the_first_holds_the_lease(
    registration_pool: Pool, kafka_bootstrap: str, topic: str
) -> None:
    async with Producer(kafka_bootstrap, "test") as producer:
        first = Relay(registration_pool, producer, Metrics())
        running = asyncio.create_task(first.run())
        await write(registration_pool, topic, 1)
        await wait_until_empty(registration_pool)
        await write(registration_pool, topic, 10)
        await Relay(registration_pool, producer, Metrics()).drain()
        await wait_until_empty(registration_pool)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await registration_pool.fetchval("SELECT count(*) FROM lease") == 0
    assert len(await read_all(kafka_bootstrap, topic, 11)) == 11


async def wait_until_empty(pool: Pool) -> None:
    async with asyncio.timeout(20):
        while await rows_left(pool):
            await asyncio.sleep(0.05)


async def test_what_commits_late_is_published_a_moment_later(
    registration_pool: Pool, kafka_bootstrap: str, topic: str
) -> None:
    async with Producer(kafka_bootstrap, "test") as producer:
        relay = Relay(registration_pool, producer, Metrics())
        running = asyncio.create_task(relay.run())
        async with registration_pool.acquire() as late, late.transaction(), asyncio.timeout(30):
            await late.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            (envelope,) = an_envelope_each(topic, 1)
            await outbox.write_outbox(late, [envelope])
            overtaking = await write(registration_pool, topic, 3)
            while relay._begin_after == 0:  # what the late one has is passed by now
                await asyncio.sleep(0.1)
            assert await late.fetchval("SELECT count(*) FROM outbox") == 1
        async with asyncio.timeout(outbox.LOOK_BACK + 5):
            await wait_until_empty(registration_pool)
        running.cancel()
    assert await read_all(kafka_bootstrap, topic, 4) == [*overtaking, UUID(envelope.key)]


async def test_what_was_published_is_not_read_over_again_while_somebody_has_an_old_snapshot(
    registration_pool: Pool, kafka_bootstrap: str, topic: str
) -> None:
    async with Producer(kafka_bootstrap, "test") as producer:
        relay = Relay(registration_pool, producer, Metrics())
        running = asyncio.create_task(relay.run())
        async with registration_pool.acquire() as old, old.transaction(isolation="repeatable_read"):
            await old.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            await old.fetchval("SELECT count(*) FROM outbox")
            await write(registration_pool, topic, 2_000)
            async with asyncio.timeout(30):
                while relay._begin_after < relay._deleted_to or not relay._deleted_to:
                    await asyncio.sleep(0.1)
            whole, rest = [await blocks(registration_pool, first) for first in (0, 2_000)]
            assert relay._begin_after >= 2_000
        running.cancel()
    assert rest * 10 < whole


async def test_what_is_deleted_and_not_yet_vacuumed_is_gone_through_once(
    registration_pool: Pool, topic: str
) -> None:
    await registration_pool.execute("ALTER TABLE outbox SET (autovacuum_enabled = off)")
    await write(registration_pool, topic, 2_000)
    await registration_pool.execute("DELETE FROM outbox")
    await write(registration_pool, topic, 20)
    await registration_pool.execute("ANALYZE outbox")  # the planner knows that there is little
    first, again = [await blocks(registration_pool, 0) for _ in range(2)]
    assert again * 10 < first


async def blocks(pool: Pool, first: int) -> int:
    """How many blocks a read touches that begins after a place."""
    explained = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + outbox._READ
    (plan,) = json.loads(await pool.fetchval(explained, outbox.BATCH_EVENTS_MAX, first))
    found: int = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return found


async def test_value_over_256_kilobytes_is_refused_by_the_database(
    registration_pool: Pool,
) -> None:
    large = Envelope(uuid4(), "topic", "key", {}, b"x" * (256 * 1024 + 1))
    with pytest.raises(asyncpg.CheckViolationError):
        await write_one(registration_pool, large)


async def write_one(pool: Pool, envelope: Envelope) -> None:
    async with postgres.transaction(pool) as connection:
        await outbox.write_outbox(connection, [envelope])
