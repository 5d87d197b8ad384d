"""The consumer engine: it owns positions, batches, retries and holding; a handler owns the message.

A batch is fetched, each message decoded by itself, prepared by the handler (outside calls), then
recorded in one transaction: effects, outbox, and the position of each partition, moved by
compare-and-set from where the batch began and only by the owner that was set at assignment. A
worker that lost a partition misses, drops that partition's part and records the rest.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import time
from typing import Generic
from uuid import UUID, uuid4

import structlog

from electoral import held
from electoral.handling import (
    KILLED_THE_PROCESS,
    TRIES_MAX,
    UNEXPECTED_EVENT,
    Handler,
    Hold,
    Prepared,
    Reaction,
    Received,
    StopConsuming,
    decode,
    reaction_to,
    unknown,
)
from electoral.held import HeldMessage
from electoral.held_share import HELD_SHARE_LIMIT, HeldShare, is_against_the_program
from electoral.kafka import (
    HeaderNameUnreadable,
    KafkaError,
    Message,
    OffsetLost,
    Partition,
    Reader,
)
from electoral.metrics import Metrics
from electoral.positions import claim, count_try, forget_tries, move
from electoral.postgres import Connection, Pool, transaction
from electoral.releasing import Releaser
from electoral.sealing import Sealer

__all__ = [
    "UNEXPECTED_EVENT",
    "Consumer",
    "Handler",
    "Hold",
    "Prepared",
    "Received",
    "StopConsuming",
]

BATCH_MESSAGES_MAX = 500
BATCH_FAILURES_MAX = 2  # of batches in a row, for want of Postgres: then fewer are taken
FETCH_WAIT_MS = 200
BATCH_PACE = 0.2  # seconds from one batch to the next that is not full: small ones cost most
STARTS_WITHOUT_CARE = 2  # of owners that made no progress: more, and a message may be to blame
RETRY_PAUSE = 0.5  # seconds after Postgres or Kafka did not answer
KAFKA_COMMIT_INTERVAL = 5.0  # seconds; for lag graphs only
BOUNDS_TRIES = 20  # half a second apart: a new leader may not know its end at once

log = structlog.get_logger()


@dataclass(slots=True)
class _Work(Generic[Prepared]):
    """A message on its way through a batch."""

    message: Message
    result: Prepared | Hold | None = None
    is_foreign: bool = False  # held without what its headers say: Postgres does not have it
    place: Partition = field(init=False)  # the message's: asked for several times

    def __post_init__(self) -> None:
        self.place = self.message.place


class BatchSize:
    """How many messages are taken: fewer when a batch failed twice, then slowly more.

    What a batch takes too long for, a smaller one is done with.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._failures = 0
        self.now = most

    def fail(self) -> None:
        """Halve after every second failure in a row."""
        self._failures += 1
        if self._failures % BATCH_FAILURES_MAX == 0:
            self.now = max(1, self.now // 2)

    def succeed(self) -> None:
        """Grow by a tenth."""
        self._failures = 0
        self.now = min(self._most, self.now + self.now // 10 + 1)


class Consumer(Generic[Prepared]):
    """Runs one handler over some topics of one consumer group."""

    def __init__(
        self,
        *,
        bootstrap_servers: str,
        group: str,
        topics: Sequence[str],
        pool: Pool,
        handler: Handler[Prepared],
        sealer: Sealer,
        metrics: Metrics,
        after_commit: Callable[[], None] = lambda: None,
        batch_messages_max: int = BATCH_MESSAGES_MAX,
        held_share_max: float = HELD_SHARE_LIMIT,
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._group = group
        self._topics = topics
        self._pool = pool
        self._handler = handler
        self._sealer = sealer
        self._after_commit = after_commit
        self._taken = metrics.counter("consumer_messages_total")
        self._held = metrics.counter("consumer_held_total")
        self._missed = metrics.counter("consumer_positions_missed_total")
        self._last_poll = metrics.gauge("consumer_last_poll_seconds")
        self._owner: UUID = uuid4()
        self._generation = -1
        self._positions: dict[Partition, int] = {}  # sought in this generation
        self._with_care: set[Partition] = set()  # the next batch is taken message by message
        self._gaps: dict[Partition, tuple[int, int]] = {}  # position, and what came instead of it
        self._interrupted: set[tuple[Partition, int]] = set()  # tried when Postgres went away
        self._size = BatchSize(batch_messages_max)
        self._held_share = HeldShare(held_share_max)
        self._stopping = False
        self.last_poll = 0.0  # seconds since the epoch; `/readyz` judges by it

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stopping = True

    async def run(self) -> None:
        """Consume until `stop`; raises `StopConsuming` when it must not go on."""
        while not self._stopping:
            try:
                await self._run_as_member()
            except (KafkaError, OSError) as error:  # Kafka is away, or does not know our group
                self._note_wait(error)
                await asyncio.sleep(RETRY_PAUSE)

    async def _run_as_member(self) -> None:
        async with Reader(self._bootstrap_servers, self._group, self._topics) as reader:
            committer = asyncio.create_task(self._keep_telling_kafka(reader))
            try:
                while not self._stopping:
                    await self._step(reader)
            finally:
                committer.cancel()

    async def _step(self, reader: Reader) -> None:
        try:
            await self._claim_assigned(reader)
            began = time()
            taken = await reader.fetch(messages_max=self._size.now, wait_ms=FETCH_WAIT_MS)
            self.last_poll = time()
            self._last_poll.set(self.last_poll)
            batch = self._believable(reader, taken)
            if batch:
                await self._handle(batch)
                await self._pace(began, sum(map(len, batch.values())))
        except OffsetLost:
            self._positions.clear()  # claiming again looks at the log's bounds
        except HeaderNameUnreadable as error:
            raise StopConsuming(str(error)) from None
        except Exception as error:
            if reaction_to(error) is not Reaction.RETRY:
                raise
            self._note_wait(error)
            self._positions.clear()  # what was fetched and not recorded is fetched again
            await asyncio.sleep(RETRY_PAUSE)

    def _note_wait(self, error: Exception) -> None:
        log.warning("consumer waits", group=self._group, error_class=type(error).__name__)

    async def _pace(self, began: float, count: int) -> None:
        """Let messages gather when few came, so that a batch is worth its transaction."""
        pause = BATCH_PACE - (time() - began)
        if pause > 0 and count < self._size.now and not self._stopping:
            await asyncio.sleep(pause)

    # -- where we are ---------------------------------------------------------------------------

    async def _claim_assigned(self, reader: Reader) -> None:
        """Take ownership of what is newly assigned and seek to where its row stands."""
        if reader.generation != self._generation:
            self._generation = reader.generation
            self._positions.clear()
            self._gaps.clear()
        missing = sorted(reader.assignment() - self._positions.keys())
        if not missing:
            return
        await self._held_share.recall(self._pool, self._topics)
        claimed = await claim(self._pool, missing, self._owner)
        for partition, (offset, starts) in claimed.items():
            await self._check_bounds(reader, partition, offset)
            reader.seek(partition, offset)
            self._positions[partition] = offset
            if starts > STARTS_WITHOUT_CARE:
                self._with_care.add(partition)

    async def _check_bounds(self, reader: Reader, partition: Partition, offset: int) -> None:
        for _ in range(BOUNDS_TRIES):
            first, after_last = await reader.bounds(partition)
            if offset < first:
                break
            if offset <= after_last:
                return
            await asyncio.sleep(RETRY_PAUSE)
        raise StopConsuming(
            f"{partition.topic}/{partition.partition} holds offsets {first} to {after_last}, and "
            f"{offset} is to be read next: messages were lost from the log. Nothing was skipped. "
            "Restore the log, or bring the missing applications in again, before the position "
            "is moved by hand."
        )

    def _believable(
        self, reader: Reader, taken: dict[Partition, list[Message]]
    ) -> dict[Partition, list[Message]]:
        """Keep what begins exactly at the position of a partition that this generation sought.

        Anything else was fetched before the seek, or for another generation: the partition is
        claimed and sought again. What then comes once more is the log itself.
        """
        batch = {}
        for partition, messages in taken.items():
            position = self._positions.get(partition, -1)
            fresh = [m for m in messages if 0 <= position <= m.offset]
            if not fresh:
                continue
            if self._begins_at(position, fresh[0], reader):
                batch[partition] = fresh
                self._taken.labels(partition.topic).inc(len(fresh))
            else:
                self._positions.pop(partition)
        return batch

    def _begins_at(self, position: int, first: Message, reader: Reader) -> bool:
        """Say whether a message is the first at or after a position, or another was meant.

        The markers of somebody's transactions take offsets that hold no message.
        """
        if first.offset == position:
            return True
        gap = (position, first.offset)
        if self._gaps.get(first.place) != gap or reader.generation != self._generation:
            self._gaps[first.place] = gap
            return False
        log.info("offsets hold no message", topic=first.topic, count=first.offset - position)
        return True

    async def _keep_telling_kafka(self, reader: Reader) -> None:
        while True:
            await asyncio.sleep(KAFKA_COMMIT_INTERVAL)
            if self._positions:
                await reader.commit(dict(self._positions))

    # -- a batch --------------------------------------------------------------------------------

    async def _handle(self, batch: dict[Partition, list[Message]]) -> None:
        try:
            await self._handle_with_care(batch)
        except Exception as error:
            if reaction_to(error) is Reaction.RETRY:
                self._size.fail()
            raise
        self._size.succeed()

    async def _handle_with_care(self, batch: dict[Partition, list[Message]]) -> None:
        careful = self._with_care & batch.keys()
        together = [m for p, messages in batch.items() if p not in careful for m in messages]
        if together:
            await self._handle_together(together)
        for partition in sorted(careful):
            await self._handle_alone(batch[partition])
            self._with_care.discard(partition)

    async def _handle_together(self, messages: list[Message]) -> None:
        work: list[_Work[Prepared]] = [_Work(message) for message in messages]
        try:
            await self._prepare(work)
            await self._record(work)
        except Exception as error:
            if reaction_to(error) is not Reaction.ALONE:
                raise
            log.warning("batch is taken apart", error_class=type(error).__name__)
            await self._handle_alone(messages)

    async def _handle_alone(self, messages: list[Message]) -> None:
        lost: set[Partition] = set()
        for message in messages:
            if message.place not in lost and not await self._take_alone(message):
                lost.add(message.place)

    async def _take_alone(self, message: Message) -> bool:
        """Handle one message, at most three times; returns whether its partition is still ours."""
        try:
            ours = await self._try_alone(_Work(message))
        except Exception as error:
            await self._take_tries_back(message, reaction_to(error))
            raise
        await forget_tries(self._pool, message.place, message.offset)
        return ours

    async def _try_alone(self, work: _Work[Prepared]) -> bool:
        while True:
            tries = await self._count_try(work.message)
            try:
                if tries > TRIES_MAX:
                    work.result = KILLED_THE_PROCESS
                else:
                    await self._prepare([work])
                return await self._record([work])
            except Exception as error:
                if reaction_to(error) is not Reaction.ALONE:
                    raise
                log.warning("message failed alone", tries=tries, error_class=type(error).__name__)
                if tries >= TRIES_MAX:
                    work.result = work.result if _is_held(work) else unknown(error)
                    return await self._hold_alone(work)

    async def _hold_alone(self, work: _Work[Prepared]) -> bool:
        """Hold one; as foreign when Postgres does not have what its headers say."""
        try:
            return await self._record([work])
        except Exception as error:
            if reaction_to(error) is not Reaction.ALONE:
                raise
            log.error("message is held as foreign", error_class=type(error).__name__)
            work.is_foreign = True
            return await self._record([work])

    async def _count_try(self, message: Message) -> int:
        place = (message.place, message.offset)
        if place in self._interrupted:
            await forget_tries(self._pool, *place)
            self._interrupted.discard(place)
        return await count_try(self._pool, *place)

    async def _take_tries_back(self, message: Message, reaction: Reaction) -> None:
        """No try counts that ended for want of Postgres, or with a program that is wrong."""
        place = (message.place, message.offset)
        if reaction is Reaction.RETRY:
            self._interrupted.add(place)  # Postgres is away: taken back before the next try
        elif reaction is Reaction.STOP:
            await forget_tries(self._pool, *place)

    async def _prepare(self, work: Sequence[_Work[Prepared]]) -> None:
        received: list[Received] = []
        decoded: list[_Work[Prepared]] = []
        for one in work:
            read = decode(one.message)
            if isinstance(read, Hold):
                one.result = read
            else:
                received.append(read)
                decoded.append(one)
        results = await self._handler.prepare(received)
        for one, result in zip(decoded, results, strict=True):
            one.result = result

    async def _record(self, work: Sequence[_Work[Prepared]]) -> bool:
        """Record in one transaction what is still ours; returns whether all of it was."""
        self._held_share.check([_is_against_the_program(w) for w in work])
        moves = self._moves(work)
        async with transaction(self._pool) as connection:
            moved = await move(connection, moves, self._owner)
            ours = [w for w in work if w.place in moved]
            await self._record_effects(connection, ours)
        self._after_record(ours, moves, moved)
        return len(moved) == len(moves)

    def _moves(self, work: Sequence[_Work[Prepared]]) -> dict[Partition, tuple[int, int]]:
        """Say, for each partition, from where to where its position moves."""
        moves: dict[Partition, tuple[int, int]] = {}
        for one in work:
            position = self._positions.get(one.place)
            if position is None:  # lost since it was fetched: an offset that never matches
                position = -1
            moves[one.place] = (position, one.message.offset + 1)
        return moves

    async def _record_effects(
        self, connection: Connection, ours: Sequence[_Work[Prepared]]
    ) -> None:
        await held.hold(connection, [self._held_message(w) for w in ours if _is_held(w)])
        prepared = [w.result for w in ours if not _is_held(w)]
        if prepared:
            await self._handler.record(connection, prepared)  # type: ignore[arg-type]

    def _held_message(self, work: _Work[Prepared]) -> HeldMessage:
        assert isinstance(work.result, Hold)
        return held.seal_message(
            self._sealer, work.message, work.result.error_class, foreign=work.is_foreign
        )

    def _after_record(
        self,
        ours: Sequence[_Work[Prepared]],
        moves: dict[Partition, tuple[int, int]],
        moved: frozenset[Partition],
    ) -> None:
        for partition, (_, after) in moves.items():
            if partition in moved:
                self._positions[partition] = after
            else:
                self._positions.pop(partition, None)
                self._missed.inc()
                log.warning("partition lost to another worker", topic=partition.topic)
        self._held_share.note([_is_against_the_program(w) for w in ours])
        for work in ours:
            if isinstance(work.result, Hold):
                self._held.labels(work.message.topic, work.result.error_class).inc()
        self._after_commit()

    # -- released messages ----------------------------------------------------------------------

    async def keep_releasing(self) -> None:
        """Handle what an operator released, or what waits for a key, until cancelled."""
        await Releaser(
            pool=self._pool,
            handler=self._handler,
            sealer=self._sealer,
            after_commit=self._after_commit,
        ).run()


def _is_held(work: _Work[Prepared]) -> bool:
    return isinstance(work.result, Hold)


def _is_against_the_program(work: _Work[Prepared]) -> bool:
    return is_against_the_program(work.message, work.result)
