"""Kafka, typed: the only module that imports aiokafka.

aiokafka shows an assignment before its listener has run and only logs what a listener raises, so
nothing here claims partitions in a listener: it counts generations, and the consumer engine seeks
before it believes what arrives.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple
from zlib import crc32

from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
)

__all__ = ["KafkaError", "Message", "OffsetLost", "Partition", "Producer", "Reader", "Record"]

SESSION_TIMEOUT_MS = 6_000  # a killed worker costs its partitions this long
HEARTBEAT_INTERVAL_MS = 1_000
MAX_POLL_INTERVAL_MS = 120_000
REQUEST_TIMEOUT_MS = 10_000
METADATA_MAX_AGE_MS = 30_000
FETCH_BYTES_MAX = 1 << 20  # per partition
# A broker answers a fetch when so much has gathered or so long has passed: fewer, fuller answers.
FETCH_BYTES_MIN = 64 * 1024
FETCH_WAIT_MS_MAX = 100
PRODUCER_BATCH_BYTES = 384 * 1024  # holds any value; a topic takes up to 512 KiB at once
PUBLISH_TIMEOUT = 30.0  # seconds for all of one publish


class Partition(NamedTuple):
    """One partition of one topic; a tuple, for it is a key several times a message."""

    topic: str
    partition: int


class Message(NamedTuple):
    """One message as it was read."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    headers: Mapping[str, bytes]

    @property
    def place(self) -> Partition:
        return Partition(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Record:
    """One message to be written."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class HeaderNameUnreadable(Exception):
    """A message has a header whose name is not UTF-8: the client library reads nothing past it."""


class OffsetLost(Exception):
    """The log no longer holds the offset that we have to read next: stop, never skip."""


class _Generations(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self) -> None:
        self.number = 0

    async def on_partitions_revoked(self, revoked: object) -> None:
        self.number += 1

    async def on_partitions_assigned(self, assigned: object) -> None:
        self.number += 1


class Reader:
    """A group member that reads topics from wherever it is told to."""

    def __init__(self, bootstrap_servers: str, group: str, topics: Sequence[str]) -> None:
        self._topics = list(topics)
        self._generations = _Generations()
        self._consumer: Any = AIOKafkaConsumer(
            bootstrap_servers=bootstrap_servers,
            group_id=group,
            client_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            fetch_min_bytes=FETCH_BYTES_MIN,
            fetch_max_wait_ms=FETCH_WAIT_MS_MAX,
            check_crcs=False,
        )

    async def __aenter__(self) -> "Reader":
        self._consumer.subscribe(topics=self._topics, listener=self._generations)
        await self._consumer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(KafkaError, asyncio.TimeoutError):
            async with asyncio.timeout(5.0):
                await self._consumer.stop()

    @property
    def generation(self) -> int:
        """Changes whenever partitions were revoked or assigned."""
        return self._generations.number

    def assignment(self) -> frozenset[Partition]:
        """Return what is assigned now, sought or not."""
        return frozenset(Partition(tp.topic, tp.partition) for tp in self._consumer.assignment())

    async def bounds(self, partition: Partition) -> tuple[int, int]:
        """Return the log's first offset and the one after its last."""
        tp = TopicPartition(partition.topic, partition.partition)
        first = await self._consumer.beginning_offsets([tp])
        after_last = await self._consumer.end_offsets([tp])
        return int(first[tp]), int(after_last[tp])

    def seek(self, partition: Partition, offset: int) -> None:
        """Read on from an offset; does nothing when the partition was lost meanwhile."""
        with suppress(Exception):  # aiokafka raises IllegalStateError from several places
            self._consumer.seek(TopicPartition(partition.topic, partition.partition), offset)

    async def fetch(self, *, messages_max: int, wait_ms: int) -> dict[Partition, list[Message]]:
        """Return what has arrived; raises `OffsetLost` when the log was cut under us."""
        try:
            taken = await self._consumer.getmany(timeout_ms=wait_ms, max_records=messages_max)
        except (OffsetOutOfRangeError, NoOffsetForPartitionError) as error:
            raise OffsetLost(type(error).__name__) from None
        except UnicodeDecodeError:
            raise HeaderNameUnreadable(
                f"A message on {', '.join(self._topics)} has a header whose name is not UTF-8, and "
                "nothing behind it can be read. Find who writes there; move the position past it "
                "by hand, for it is no message of ours."
            ) from None
        return {
            Partition(tp.topic, tp.partition): [_message(record) for record in records]
            for tp, records in taken.items()
        }

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Tell Kafka where we are, for lag graphs only; a failure does not matter."""
        offsets = {TopicPartition(p.topic, p.partition): n for p, n in positions.items()}
        with suppress(KafkaError, asyncio.TimeoutError):
            await self._consumer.commit(offsets)


def _message(record: Any) -> Message:
    headers = {name: value or b"" for name, value in record.headers}  # Kafka allows null
    return Message(record.topic, record.partition, record.offset, record.value, headers)


class Producer:
    """An idempotent producer that is made anew when it is fenced or out of sequence."""

    def __init__(self, bootstrap_servers: str, client_id: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._client_id = client_id
        self._producer: Any = None

    async def __aenter__(self) -> "Producer":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._close()

    async def publish(self, records: Sequence[Record]) -> None:
        """Write all and wait for all acknowledgements; an error means *unknown*: send again."""
        try:
            producer = await self._started()
            async with asyncio.timeout(PUBLISH_TIMEOUT):
                sent = [
                    await producer.send_batch(batch, place.topic, partition=place.partition)
                    for place, batch in await self._batches(producer, records)
                ]
                await asyncio.gather(*sent)
        except (KafkaError, TimeoutError, OSError):
            await self._close()
            raise

    async def _batches(
        self, producer: Any, records: Sequence[Record]
    ) -> list[tuple[Partition, Any]]:
        """Build the batches of each partition, in order: far cheaper than one send a record."""
        topics = {record.topic for record in records}
        numbers = {topic: sorted(await producer.partitions_for(topic)) for topic in topics}
        done: list[tuple[Partition, Any]] = []
        open_ones: dict[Partition, Any] = {}
        for record in records:
            partitions = numbers[record.topic]
            # librdkafka's way: Java's hash costs fifty times as much where it is not compiled.
            place = Partition(record.topic, partitions[crc32(record.key) % len(partitions)])
            batch = open_ones.get(place)
            if batch is None or not _appended(batch, record):
                batch = open_ones[place] = producer.create_batch()
                done.append((place, batch))
                _append_first(batch, record)
        return done

    async def _started(self) -> Any:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap_servers,
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                compression_type=None,
                linger_ms=0,
                max_batch_size=PRODUCER_BATCH_BYTES,
                request_timeout_ms=REQUEST_TIMEOUT_MS,
                metadata_max_age_ms=METADATA_MAX_AGE_MS,
            )
            await producer.start()
            self._producer = producer
        return self._producer

    async def _close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, asyncio.TimeoutError, OSError):
                async with asyncio.timeout(5.0):
                    await producer.stop()


def _appended(batch: Any, record: Record) -> bool:
    added = batch.append(key=record.key, value=record.value, timestamp=None, headers=record.headers)
    return added is not None


def _append_first(batch: Any, record: Record) -> None:
    if not _appended(batch, record):
        raise ValueError("a record does not fit into an empty batch")


async def create_topics(
    bootstrap_servers: str, topics: Mapping[str, Mapping[str, str]], *, partitions: int, copies: int
) -> list[str]:
    """Create the topics that are missing (name -> configuration); returns their names."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        missing = [name for name in topics if name not in there]
        for name in missing:
            topic = NewTopic(name, partitions, copies, topic_configs=dict(topics[name]))
            with suppress(TopicAlreadyExistsError):
                await admin.create_topics([topic])
        return missing
    finally:
        await admin.close()
