"""The consumer engine on real Kafka and Postgres: every message's effect exactly once."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.structs import TopicPartition
from electoral import held, postgres
from electoral.calendar import london_date
from electoral.envelope import wrap
from electoral.events import ApplicationReceived
from electoral.identifiers import new_application_id
from electoral.kafka import Producer, Record, create_topics
from electoral.postgres import Pool
from electoral.sealing import DirectoryKeyring, Sealer, daily_key_id
from electoral.tracing import new_traceparent
from registration.__main__ import main
from trouble import refuse_rows_of, take_rows_again

from integration.consumer_worker import EFFECTS

pytestmark = pytest.mark.integration

WORKER = Path(__file__).with_name("consumer_worker.py")
PARTITIONS = 4


@dataclass(frozen=True)
class Worker:
    """A process of `consumer_worker`, and where it writes."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self, words: str) -> int:
        """Count the lines with these words that it has written so far."""
        return sum(words in line for line in self.log.read_text().splitlines())

    async def wait_until_it_says(self, words: str, times: int = 1) -> None:
        async def has_said() -> bool:
            return self.said(words) >= times

        await wait_until(has_said)

    async def ends_with(self) -> int:
        return await asyncio.to_thread(self.process.wait, 30)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.wake()
            self.process.kill()
        self.process.wait(10)


@dataclass
class Ground:
    """A topic, a database, and the workers on them."""

    topic: str
    bootstrap: str
    dsn: str
    pool: Pool
    keys: Path
    producer: Producer
    workers: list[Worker]

    def start_worker(self) -> Worker:
        log = self.keys.parent / f"worker-{len(self.workers)}.log"
        command = [sys.executable, str(WORKER), self.dsn, self.bootstrap, self.topic]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, str(self.keys)], stdout=output, stderr=subprocess.STDOUT
            )
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    def mend(self) -> None:
        """From now on workers can handle what they could not."""
        (self.keys.parent / "mended").touch()

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
            worker.kill()


# -- where a worker goes on -----------------------------------------------------------------------


async def test_the_next_worker_goes_on_where_the_row_stands(ground: Ground) -> None:
    sent = await ground.send(300)
    first = ground.start_worker()
    assert sorted(await ground.wait_for_effects(300)) == sorted(sent)
    first.kill()
    more = await ground.send(100)
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(400)) == sorted(sent + more)


async def test_worker_killed_with_a_batch_in_hand_costs_and_repeats_nothing(
    ground: Ground,
) -> None:
    sent = await ground.send(1, client_id="pause") + await ground.send(100)
    first = ground.start_worker()
    await first.wait_until_it_says("batch in hand")
    first.kill()
    ground.mend()
    ground.start_worker()
    await ground.wait_for_effects(101)
    await asyncio.sleep(1)
    assert sorted(await ground.effects()) == sorted(sent)


async def test_frozen_worker_that_wakes_up_writes_nothing_late(ground: Ground) -> None:
    frozen = ground.start_worker()
    sent = await ground.send(1, client_id="pause") + await ground.send(100)
    await frozen.wait_until_it_says("batch in hand")
    frozen.freeze()
    ground.mend()
    other = ground.start_worker()
    await ground.wait_for_effects(101)  # it takes over after the session time-out
    frozen.wake()
    await frozen.wait_until_it_says("partition lost to another worker")  # what it had in hand
    sent += await ground.send(100)
    await ground.wait_for_effects(201)
    await asyncio.sleep(1)
    assert sorted(await ground.effects()) == sorted(sent)
    assert frozen.process.poll() is other.process.poll() is None


async def test_worker_frozen_in_its_transaction_blocks_the_other_for_seconds_only(
    ground: Ground,
) -> None:
    frozen = ground.start_worker()
    sent = await ground.send(1, client_id="freeze")
    await frozen.wait_until_it_says("in transaction")
    frozen.freeze()
    ground.start_worker()
    sent += await ground.send(100)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    await ground.wait_for_effects(101, seconds=25)
    assert loop.time() - begin < 20  # session time-out 6 s, transaction time-out 10 s
    frozen.wake()
    await asyncio.sleep(3)
    assert sorted(await ground.effects()) == sorted(sent)


async def test_offsets_that_hold_no_message_are_passed(ground: Ground) -> None:
    ground.start_worker()
    sent = []
    async with transactional(ground) as producer:
        for count in range(1, 4):  # a marker follows each: the next message does not
            event = an_event()
            record = record_of(ground.topic, event)
            async with producer.transaction():
                await producer.send(ground.topic, record.value, partition=0, headers=record.headers)
            sent.append(event.application_id)
            await ground.wait_for_effects(count)
    assert sorted(await ground.effects()) == sorted(sent)


@asynccontextmanager
async def transactional(ground: Ground) -> AsyncIterator[Any]:
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=ground.bootstrap, transactional_id=f"stranger-{ground.topic}"
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def test_restored_database_reads_again_what_it_lacks(ground: Ground) -> None:
    sent = await ground.send(100)
    worker = ground.start_worker()
    await ground.wait_for_effects(100)
    worker.kill()
    positions = await ground.pool.fetch("SELECT * FROM consumer_position")
    sent += await ground.send(100)
    worker = ground.start_worker()
    await ground.wait_for_effects(200)
    worker.kill()
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
    worker.kill()
    await ground.send(100)
    await cut_short(ground)
    worker = ground.start_worker()
    assert await worker.ends_with() == 70
    assert worker.said("messages were lost from the log")
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


async def test_header_whose_name_is_no_text_stops_the_worker_and_it_says_so(
    ground: Ground,
) -> None:
    sent = await ground.send(20)
    worker = ground.start_worker()
    await ground.wait_for_effects(20)
    await send_header_named(ground, b"\xff")
    assert await worker.ends_with() == 70
    assert worker.said("a header whose name is not UTF-8")
    assert sorted(await ground.effects()) == sorted(sent)


async def send_header_named(ground: Ground, name: bytes) -> None:
    class Name(str):
        def encode(self, *_: object) -> bytes:
            return name

    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, 0, 16_384)
    builder.append(0, None, b"key", b"what is this", [(Name("name"), b"")])
    producer: Any = AIOKafkaProducer(bootstrap_servers=ground.bootstrap)
    await producer.start()
    try:
        batch = producer.create_batch()
        batch.append(timestamp=None, key=b"key", value=b"what is this")
        batch._builder = builder
        await (await producer.send_batch(batch, ground.topic, partition=0))
    finally:
        await producer.stop()


# -- holding --------------------------------------------------------------------------------------


async def wait_for_held(ground: Ground, count: int) -> list[held.HeldMessage]:
    async def there() -> bool:
        return len(await held.list_held(ground.pool)) >= count

    await wait_until(there)
    return await held.list_held(ground.pool)


async def test_undecodable_message_is_held_and_those_behind_it_go_on(ground: Ground) -> None:
    event = an_event()
    await ground.producer.publish([garbled(record_of(ground.topic, event))])
    sent = await ground.send(60)
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(60)) == sorted(sent)
    [one] = await wait_for_held(ground, 1)
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


async def test_header_without_a_value_harms_nobody(ground: Ground) -> None:
    event = an_event()
    good, bad = record_of(ground.topic, event), record_of(ground.topic, an_event())
    for record, name in ((good, "foo"), (bad, "ce_type"), (bad, "traceparent")):
        record.headers[:] = [header for header in record.headers if header[0] != name]
        record.headers.append((name, None))  # type: ignore[arg-type]  # Kafka allows it
    await ground.producer.publish([good, bad])
    sent = await ground.send(20)
    worker = ground.start_worker()
    assert sorted(await ground.wait_for_effects(21)) == sorted([*sent, event.application_id])
    [one] = await wait_for_held(ground, 1)
    assert one.error_class == "unknown-event-type"
    assert worker.process.poll() is None


@pytest.mark.parametrize(
    ("name", "text"),
    [("attempt", "99999999999"), ("accepted-at", "0001-01-01T00:00:00+14:00")],
)
async def test_headers_that_postgres_cannot_hold_are_foreign_and_harm_nobody(
    ground: Ground, name: str, text: str
) -> None:
    record = garbled(record_of(ground.topic, an_event()))
    record.headers[:] = [(n, text.encode() if n == name else value) for n, value in record.headers]
    await hold_as_foreign(ground, record)


async def hold_as_foreign(ground: Ground, record: Record) -> held.HeldMessage:
    """Send a record before twenty good ones: those have their effects, it is held as nobody's."""
    await ground.producer.publish([record])
    sent = await ground.send(20)
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(20)) == sorted(sent)
    [one] = await wait_for_held(ground, 1)
    assert one.is_foreign
    assert one.error_class.startswith("invalid-value")
    return one


async def test_what_postgres_refuses_to_hold_as_ours_is_held_as_foreign(ground: Ground) -> None:
    await ground.pool.execute("ALTER TABLE held_message ADD CHECK (application_id IS NULL)")
    record = garbled(record_of(ground.topic, an_event()))
    one = await hold_as_foreign(ground, record)
    raw = held.open_message(Sealer(DirectoryKeyring(ground.keys)), one)
    assert (raw.value, dict(raw.headers)) == (record.value, dict(record.headers))


async def test_without_todays_key_a_message_to_be_held_waits_for_it(ground: Ground) -> None:
    [today] = ground.keys.glob(f"{daily_key_id('person', london_date(datetime.now(UTC)))}.key")
    hidden = today.rename(today.with_suffix(".hidden"))
    await ground.producer.publish([garbled(record_of(ground.topic, an_event()))])
    worker = ground.start_worker()
    await worker.wait_until_it_says("consumer waits", times=2)
    assert await held.list_held(ground.pool) == []
    hidden.rename(today)
    [one] = await wait_for_held(ground, 1)
    assert one.error_class.startswith("invalid-value")


async def test_message_that_raises_is_held_after_three_tries_alone(ground: Ground) -> None:
    [bad] = await ground.send(1, client_id="raise")
    sent = await ground.send(60)
    worker = ground.start_worker()
    assert sorted(await ground.wait_for_effects(60)) == sorted(sent)
    [one] = await wait_for_held(ground, 1)
    assert (one.application_id, one.error_class) == (bad, "unknown:RuntimeError")
    failed = [line for line in worker.log.read_text().splitlines() if "failed alone" in line]
    assert [json.loads(line)["tries"] for line in failed] == [1, 2, 3]
    assert await ground.pool.fetchval("SELECT count(*) FROM suspect_message") == 0


@pytest.mark.long
async def test_message_that_kills_the_process_is_held_in_the_end(ground: Ground) -> None:
    [bad] = await ground.send(1, client_id="exit")
    sent = await ground.send(20)
    while len(ground.workers) < 9 and len(await ground.effects()) < 20:
        await until_done_or_dead(ground, ground.start_worker())
    assert sorted(await ground.effects()) == sorted(sent)
    [one] = await wait_for_held(ground, 1)
    assert (one.application_id, one.error_class) == (bad, "killed-the-process")


async def until_done_or_dead(ground: Ground, worker: Worker) -> None:
    async def is_either() -> bool:
        return worker.process.poll() is not None or len(await ground.effects()) >= 20

    await wait_until(is_either)


# -- when Postgres is to blame --------------------------------------------------------------------


async def test_no_message_is_blamed_for_what_postgres_did(ground: Ground) -> None:
    await refuse_rows_of(ground.pool, "effect")
    for number in range(PARTITIONS):  # several began here and got nowhere: each is taken alone
        await ground.pool.execute(
            "INSERT INTO consumer_position (topic, partition, owner, starts)"
            " VALUES ($1, $2, $3, 9)",
            ground.topic,
            number,
            uuid4(),
        )
    sent = await ground.send(20)
    worker = ground.start_worker()
    await worker.wait_until_it_says("consumer waits", times=6)
    await take_rows_again(ground.pool)
    assert sorted(await ground.wait_for_effects(20)) == sorted(sent)
    assert await held.count(ground.pool) == 0


async def test_batch_that_takes_too_long_is_taken_in_smaller_ones(ground: Ground) -> None:
    sent = await ground.send(60, client_id="heavy")
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(60)) == sorted(sent)
    assert await held.count(ground.pool) == 0


# -- when the program is to blame -----------------------------------------------------------------

STOPPED = "the program is wrong, not the messages"


async def test_worker_stops_when_too_many_messages_would_be_held(ground: Ground) -> None:
    await ground.send(100)
    await ground.send(40, client_id="hold")
    worker = ground.start_worker()
    assert await worker.ends_with() == 70
    assert worker.said(STOPPED)


async def test_worker_that_stopped_holds_no_more_when_it_starts_again(ground: Ground) -> None:
    sent = await ground.send(100)
    first = ground.start_worker()
    await ground.wait_for_effects(100)
    sent += await ground.send(40, client_id="raise")
    assert await first.ends_with() == 70
    were_held = await held.list_held(ground.pool)
    assert 0 < len(were_held) < 20
    again = ground.start_worker()
    assert await again.ends_with() == 70
    assert again.said(STOPPED)
    assert await held.list_held(ground.pool) == were_held
    assert await ground.pool.fetchval("SELECT count(*) FROM suspect_message") == 0
    ground.mend()
    ground.start_worker()
    missing = {one.application_id for one in were_held}
    effects = await ground.wait_for_effects(140 - len(were_held))
    assert sorted(effects) == sorted(set(sent) - missing)  # none was held for its earlier tries


async def test_messages_under_a_missing_key_stop_nobody(ground: Ground) -> None:
    await ground.send(60, client_id="no-key")
    sent = await ground.send(20)
    worker = ground.start_worker()
    assert sorted(await ground.wait_for_effects(20)) == sorted(sent)
    assert len(await wait_for_held(ground, 60)) == 60
    assert worker.process.poll() is None
    worker.kill()
    sent += await ground.send(1)
    await ground.send(1, client_id="hold")
    ground.start_worker()  # nor do they count after a start
    assert sorted(await ground.wait_for_effects(21)) == sorted(sent)


async def test_strangers_messages_stop_nobody(ground: Ground) -> None:
    strays = [Record(ground.topic, b"%d" % n, b"what is this", []) for n in range(60)]
    await ground.producer.publish(strays)
    sent = await ground.send(20)
    ground.start_worker()
    assert sorted(await ground.wait_for_effects(20)) == sorted(sent)
    assert len(await wait_for_held(ground, 60)) == 60


# -- releasing ------------------------------------------------------------------------------------


async def test_released_message_has_its_effect_once_when_its_cause_is_mended(
    ground: Ground,
) -> None:
    [bad] = await ground.send(1, client_id="hold")
    worker = ground.start_worker()
    [one] = await wait_for_held(ground, 1)
    ground.mend()
    assert await held.release(ground.pool, [one.held_id]) == 1
    assert await ground.wait_for_effects(1) == [bad]
    assert await held.release(ground.pool, [one.held_id]) == 0
    await asyncio.sleep(2)
    assert await ground.effects() == [bad]
    assert await held.count(ground.pool) == 0
    assert worker.process.poll() is None


async def test_released_message_that_fails_again_is_held_again(ground: Ground) -> None:
    await ground.producer.publish([garbled(record_of(ground.topic, an_event()))])
    ground.start_worker()
    [one] = await wait_for_held(ground, 1)
    await held.release(ground.pool, [one.held_id])

    async def was_tried() -> bool:
        [now] = await held.list_held(ground.pool)
        return now.tries == 1 and now.state == "held"

    await wait_until(was_tried)
    assert await ground.effects() == []


async def test_released_message_that_kills_the_process_is_held_again(ground: Ground) -> None:
    await ground.send(1, client_id="exit-if-mended")
    sent = await ground.send(5)
    worker = ground.start_worker()
    [one] = await wait_for_held(ground, 1)
    await ground.wait_for_effects(5)
    await ground.send(1, client_id="hold")
    await wait_for_held(ground, 2)
    ground.mend()
    await held.release(ground.pool, None)
    for _ in range(3):
        assert await worker.ends_with() == 9
        await ground.pool.execute("UPDATE held_message SET claimed_until = now()")
        worker = ground.start_worker()
    assert len(await ground.wait_for_effects(6)) == len(sent) + 1  # the one behind it goes on
    [now] = await held.list_held(ground.pool)
    assert (now.held_id, now.state, now.error_class) == (one.held_id, "held", "killed-the-process")
    assert worker.process.poll() is None


async def test_operators_list_release_and_replay_by_command(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in settings_of_registration(ground).items():
        monkeypatch.setenv(f"REGISTRATION_{name}", value)
    sent = await ground.send(3, client_id="hold")
    ground.start_worker()
    [one, *_] = await wait_for_held(ground, 3)
    assert await asyncio.to_thread(main, ["held", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(str(application_id) in listed for application_id in sent)
    assert "planted" in listed
    ground.mend()
    assert await asyncio.to_thread(main, ["held", "release", str(one.held_id)]) == 0
    assert await ground.wait_for_effects(1) == [one.application_id]
    assert await asyncio.to_thread(main, ["held", "release", str(one.held_id)]) == 1
    assert await asyncio.to_thread(main, ["held", "replay"]) == 0
    assert sorted(await ground.wait_for_effects(3)) == sorted(sent)
    assert await held.count(ground.pool) == 0


def settings_of_registration(ground: Ground) -> dict[str, str]:
    return {
        "DATABASE_URL": ground.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": ground.bootstrap,
        "KEYS_DIRECTORY": str(ground.keys),
        "HTTP_PORT": "0",
        "ADMIN_PORT": "0",
        "PARTNERS_FILE": "unused",
        "POSTCODE_INDEX": "unused",
    }
