"""The consumer engine: it owns positions, batches, retries and holding; a handler owns the message.

A batch is fetched, each message decoded by itself, prepared by the handler (outside calls), then
recorded in one transaction: effects, outbox, and the position of each partition, moved by
compare-and-set from where the batch began and only by the owner that was set at assignment. A
worker that lost a partition misses, drops that partition's part and records the rest.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from time import time
from typing import Generic, Protocol, TypeVar
from uuid import UUID, uuid4

import structlog

from electoral import held
from electoral.envelope import Undecodable, unwrap
from electoral.events import Event
from electoral.held import HeldMessage
from electoral.kafka import KafkaError, Message, OffsetLost, Partition, Reader
from electoral.metrics import Metrics
from electoral.positions import claim, count_try, forget_tries, move
from electoral.postgres import Connection, Pool, is_away, transaction
from electoral.sealing import Sealer

BATCH_MESSAGES_MAX = 500
FETCH_WAIT_MS = 200
BATCH_PACE = 0.2  # seconds from one batch to the next that is not full: small ones cost most
TRIES_ALONE_MAX = 3
STARTS_WITHOUT_CARE = 2  # of owners that made no progress: more, and a message may be to blame
HELD_WINDOW = 1_000  # messages over which the share of held ones is watched
HELD_COUNT_LIMIT = 20
HELD_SHARE_LIMIT = 0.02
RETRY_PAUSE = 0.5  # seconds after Postgres or Kafka did not answer
KAFKA_COMMIT_INTERVAL = 5.0  # seconds; for lag graphs only
RELEASE_INTERVAL = 1.0  # seconds between looks for released messages
LATE_KEYS_INTERVAL = 60.0  # seconds between tries of what is held for want of a key
BOUNDS_TRIES = 20  # half a second apart: a new leader may not know its end at once

log = structlog.get_logger()

Prepared = TypeVar("Prepared")


class Reaction(Enum):
    """What to do about an error."""

    RETRY = "retry"  # Postgres or Kafka is away: the same again, later
    HOLD = "hold"  # this message can never work
    ALONE = "alone"  # unknown: find the message that is to blame
    STOP = "stop"  # ours: no message is to blame


_NOT_THE_MESSAGES = (Reaction.RETRY, Reaction.STOP)


class Hold(Exception):
    """This message can never be handled; its `error_class` says why, without personal data."""

    def __init__(self, error_class: str) -> None:
        super().__init__(error_class)
        self.error_class = error_class


class StopConsuming(Exception):
    """The consumer must not go on: its message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Received:
    """One decoded message."""

    event: Event
    traceparent: str | None


class Handler(Protocol[Prepared]):
    """What a service does with its messages; it knows nothing of offsets and retries."""

    async def prepare(self, events: Sequence[Received]) -> Sequence[Prepared | Hold]:
        """Do the outside calls and decide: one answer per event, in order. Writes nothing."""
        ...

    async def record(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        """Write the effects in the batch's transaction; absorbs repeats."""
        ...


@dataclass(slots=True)
class _Work(Generic[Prepared]):
    """A message on its way through a batch."""

    message: Message
    received: Received | None
    result: Prepared | Hold | None = None

    @property
    def place(self) -> Partition:
        return self.message.place


@dataclass(slots=True)
class _HeldShare:
    """Stops a service whose code, not its messages, must be wrong."""

    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=HELD_WINDOW))

    def check(self, now: Sequence[bool]) -> None:
        """Raise when at least 20 and more than 2% of the last 1,000 messages would be held."""
        last = [*self.recent, *now][-HELD_WINDOW:]
        count = sum(last)
        if any(now) and count >= HELD_COUNT_LIMIT and count > HELD_SHARE_LIMIT * len(last):
            raise StopConsuming(
                f"{count} of the last {len(last)} messages could not be handled: the program is "
                "wrong, not the messages. None of these was moved past. Deploy a mended program."
            )


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
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._group = group
        self._topics = topics
        self._pool = pool
        self._handler = handler
        self._sealer = sealer
        self._after_commit = after_commit
        self._batch_messages_max = batch_messages_max
        self._taken = metrics.counter("consumer_messages_total")
        self._held = metrics.counter("consumer_held_total")
        self._missed = metrics.counter("consumer_positions_missed_total")
        self._last_poll = metrics.gauge("consumer_last_poll_seconds")
        self._owner: UUID = uuid4()
        self._generation = -1
        self._positions: dict[Partition, int] = {}  # sought in this generation
        self._with_care: set[Partition] = set()  # the next batch is taken message by message
        self._held_share = _HeldShare()
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
            taken = await reader.fetch(messages_max=self._batch_messages_max, wait_ms=FETCH_WAIT_MS)
            self.last_poll = time()
            self._last_poll.set(self.last_poll)
            batch = self._believable(taken)
            if batch:
                await self._handle(batch)
                await self._pace(began, sum(map(len, batch.values())))
        except OffsetLost:
            self._positions.clear()  # claiming again looks at the log's bounds
        except Exception as error:
            if not (is_away(error) or isinstance(error, KafkaError)):
                raise
            self._note_wait(error)
            self._positions.clear()  # what was fetched and not recorded is fetched again
            await asyncio.sleep(RETRY_PAUSE)

    def _note_wait(self, error: Exception) -> None:
        log.warning("consumer waits", group=self._group, error_class=type(error).__name__)

    async def _pace(self, began: float, count: int) -> None:
        """Let messages gather when few came, so that a batch is worth its transaction."""
        pause = BATCH_PACE - (time() - began)
        if pause > 0 and count < self._batch_messages_max and not self._stopping:
            await asyncio.sleep(pause)

    # -- where we are ---------------------------------------------------------------------------

    async def _claim_assigned(self, reader: Reader) -> None:
        """Take ownership of what is newly assigned and seek to where its row stands."""
        if reader.generation != self._generation:
            self._generation = reader.generation
            self._positions.clear()
        missing = sorted(reader.assignment() - self._positions.keys())
        if not missing:
            return
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

    def _believable(self, taken: dict[Partition, list[Message]]) -> dict[Partition, list[Message]]:
        """Keep what begins exactly at the position of a partition that this generation sought.

        Anything else was fetched before the seek, or for another generation: the partition is
        claimed and sought again.
        """
        batch = {}
        for partition, messages in taken.items():
            position = self._positions.get(partition)
            fresh = [m for m in messages if position is not None and m.offset >= position]
            if fresh and fresh[0].offset == position:
                batch[partition] = fresh
                self._taken.labels(partition.topic).inc(len(fresh))
            elif fresh:
                self._positions.pop(partition)
        return batch

    async def _keep_telling_kafka(self, reader: Reader) -> None:
        while True:
            await asyncio.sleep(KAFKA_COMMIT_INTERVAL)
            if self._positions:
                await reader.commit(dict(self._positions))

    # -- a batch --------------------------------------------------------------------------------

    async def _handle(self, batch: dict[Partition, list[Message]]) -> None:
        careful = self._with_care & batch.keys()
        together = [m for p, messages in batch.items() if p not in careful for m in messages]
        if together:
            await self._handle_together(together)
        for partition in sorted(careful):
            await self._handle_alone(batch[partition])
            self._with_care.discard(partition)

    async def _handle_together(self, messages: list[Message]) -> None:
        try:
            work: list[_Work[Prepared]] = [_decode(message) for message in messages]
            await self._prepare(work)
            await self._record(work)
        except Exception as error:
            if self._reaction(error) in _NOT_THE_MESSAGES:
                raise
            log.warning("batch is taken apart", error_class=type(error).__name__)
            await self._handle_alone(messages)

    async def _handle_alone(self, messages: list[Message]) -> None:
        lost: set[Partition] = set()
        for message in messages:
            work: _Work[Prepared] = _decode(message)
            if work.place not in lost and not await self._try_alone(work):
                lost.add(work.place)

    async def _try_alone(self, work: _Work[Prepared]) -> bool:
        """Handle one message, at most three times; returns whether its partition is still ours."""
        message = work.message
        while True:
            tries = await count_try(self._pool, work.place, message.offset)
            try:
                if tries > TRIES_ALONE_MAX:
                    work.result = Hold("killed-the-process")
                else:
                    await self._prepare([work])
                ours = await self._record([work])
            except Exception as error:
                if self._reaction(error) in _NOT_THE_MESSAGES:
                    raise
                log.warning("message failed alone", tries=tries, error_class=type(error).__name__)
                if tries < TRIES_ALONE_MAX:
                    continue
                work.result = Hold(f"unknown:{type(error).__name__}")
                ours = await self._record([work])
            await forget_tries(self._pool, work.place, message.offset)
            return ours

    @staticmethod
    def _reaction(error: Exception) -> Reaction:
        if is_away(error) or isinstance(error, KafkaError):
            return Reaction.RETRY
        if isinstance(error, StopConsuming):
            return Reaction.STOP
        return Reaction.HOLD if isinstance(error, Hold) else Reaction.ALONE

    async def _prepare(self, work: Sequence[_Work[Prepared]]) -> None:
        decoded = [w for w in work if w.received is not None]
        results = await self._handler.prepare([w.received for w in decoded if w.received])
        for one, result in zip(decoded, results, strict=True):
            one.result = result

    async def _record(self, work: Sequence[_Work[Prepared]]) -> bool:
        """Record in one transaction what is still ours; returns whether all of it was."""
        self._held_share.check([_is_held(w) for w in work])
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
        return held.seal_message(self._sealer, work.message, work.result.error_class)

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
        for work in ours:
            self._held_share.recent.append(_is_held(work))
            if isinstance(work.result, Hold):
                self._held.labels(work.message.topic, work.result.error_class).inc()
        self._after_commit()

    # -- released messages ----------------------------------------------------------------------

    async def keep_releasing(self) -> None:
        """Handle what an operator released, or what waits for a key, until cancelled."""
        keys_looked_for = time()
        while True:
            await asyncio.sleep(RELEASE_INTERVAL)
            try:
                if time() - keys_looked_for > LATE_KEYS_INTERVAL:
                    keys_looked_for = time()
                    await held.release_for_late_keys(self._pool)
                for one in await held.claim_released(self._pool):
                    await self._handle_released(one)
            except Exception as error:
                if self._reaction(error) is not Reaction.RETRY:
                    raise
                log.warning("released messages wait", error_class=type(error).__name__)

    async def _handle_released(self, one: HeldMessage) -> None:
        try:
            work: _Work[Prepared] = _decode(held.open_message(self._sealer, one))
            await self._prepare([work])
            if isinstance(work.result, Hold):
                raise work.result
            async with transaction(self._pool) as connection:
                if await held.remove(connection, one):
                    await self._handler.record(connection, [work.result])  # type: ignore[list-item]
            self._after_commit()
        except Exception as error:
            if self._reaction(error) is Reaction.RETRY:
                raise
            known = error.error_class if isinstance(error, Hold) else type(error).__name__
            await held.hold_again(self._pool, replace(one, error_class=known))


def _is_held(work: _Work[Prepared]) -> bool:
    return isinstance(work.result, Hold)


def _decode(message: Message) -> _Work[Prepared]:
    traceparent = message.headers.get("traceparent", b"").decode("ascii", "replace")
    try:
        event = unwrap(message.value, message.headers)
    except Undecodable as error:
        return _Work(message, None, Hold(error.reason))
    return _Work(message, Received(event, traceparent or None))
