"""The outbox: events written in their effect's transaction, then published and deleted.

At-least-once: a producer's error means *unknown*, so the same rows are sent again, and consumers
absorb repeats. Rows that commit late are simply found later.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from math import inf
from uuid import UUID, uuid4

import asyncpg
import structlog
from pydantic_core import from_json

from electoral.envelope import Envelope
from electoral.kafka import KafkaError, Producer, Record
from electoral.leases import give_back_lease, take_lease
from electoral.metrics import Metrics
from electoral.postgres import Connection, Pool, is_away

BATCH_EVENTS_MAX = 500
LEASE = "relay"
LEASE_SECONDS = 5.0
POLL_INTERVAL = 0.1  # seconds; a commit in this process wakes the relay at once
PACE = 0.05  # seconds from one batch to the next that is not full
LOOK_BACK = 1.0  # seconds from one look at the whole outbox to the next
RETRY_PAUSE = 0.5  # seconds after Kafka or Postgres did not answer

log = structlog.get_logger()

_COLUMNS = ("event_id", "topic", "key", "headers", "value")
_READ = "SELECT seq, topic, key, headers, value FROM outbox_after($2, $1) ORDER BY seq"
_DELETE = "DELETE FROM outbox WHERE seq = ANY($1::bigint[])"
_OLDEST = "SELECT at FROM outbox ORDER BY seq LIMIT 1"


async def write_outbox(connection: Connection, envelopes: Sequence[Envelope]) -> None:
    """Write events in the transaction of their effect."""
    if envelopes:
        rows = [(e.event_id, e.topic, e.key, e.headers_json(), e.value) for e in envelopes]
        await connection.copy_records_to_table("outbox", columns=_COLUMNS, records=rows)


async def oldest_unpublished(pool: Pool) -> datetime | None:
    """Return when the oldest unpublished event was written; operators alarm on its age."""
    return await pool.fetchval(_OLDEST)  # type: ignore[no-any-return]


class Relay:
    """Publishes the outbox in order of writing, one relay at a time per database."""

    def __init__(
        self,
        pool: Pool,
        producer: Producer,
        metrics: Metrics,
        *,
        batch_events_max: int = BATCH_EVENTS_MAX,
    ) -> None:
        self._pool = pool
        self._producer = producer
        self._published = metrics.counter("outbox_published_total")
        self._batch_events_max = batch_events_max
        self._owner: UUID = uuid4()
        self._woken = asyncio.Event()
        self._leased_until = 0.0  # on this process's clock, safely before the lease's end
        self._looked_back = -inf  # on this process's clock
        self._deleted_to = 0  # the highest `seq` of all that was deleted
        self._deleted_before = 0  # when we looked back last
        self._begin_after = 0  # when we looked back before that

    def wake(self) -> None:
        """Look at once; a writer calls it after its commit."""
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        try:
            while True:
                if not await self._publish_some():
                    await self._wait()
        finally:
            await self._give_back()

    async def drain(self) -> None:
        """Publish what is there, then return: the last act before a clean end."""
        self._looked_back = -inf
        try:
            while await self._publish_some():
                pass
        finally:
            await self._give_back()

    async def _publish_some(self) -> bool:
        """Publish one batch; returns whether there may be more."""
        try:
            if not await self._hold_lease():
                return False
            rows = await self._pool.fetch(_READ, self._batch_events_max, self._first())
            if not rows:
                return False
            await self._producer.publish([_record(row) for row in rows])
            await self._pool.execute(_DELETE, [row["seq"] for row in rows])
            self._deleted_to = max(self._deleted_to, rows[-1]["seq"])
        except Exception as error:
            if not (is_away(error) or isinstance(error, KafkaError)):
                raise
            log.warning("outbox waits", error_class=type(error).__name__)
            await asyncio.sleep(RETRY_PAUSE)
            return False
        self._published.inc(len(rows))
        return len(rows) == self._batch_events_max

    def _first(self) -> int:
        """After which `seq` to read. What was deleted stays in the way of every read for as long as
        anybody has an older snapshot, so most reads begin where we were a second or two ago; what
        commits later than that is found once a second, by a read of all.
        """
        now = asyncio.get_running_loop().time()
        if now - self._looked_back < LOOK_BACK:
            return self._begin_after
        self._looked_back = now
        self._begin_after, self._deleted_before = self._deleted_before, self._deleted_to
        return 0

    async def _hold_lease(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now < self._leased_until:
            return True
        if not await take_lease(self._pool, LEASE, self._owner, LEASE_SECONDS):
            return False
        self._leased_until = now + LEASE_SECONDS / 2
        return True

    async def _wait(self) -> None:
        await asyncio.sleep(PACE)
        try:
            async with asyncio.timeout(POLL_INTERVAL):
                await self._woken.wait()
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    async def _give_back(self) -> None:
        self._leased_until = 0.0
        try:
            await give_back_lease(self._pool, LEASE, self._owner)
        except Exception as error:
            if not is_away(error):
                raise


def _record(row: asyncpg.Record) -> Record:
    headers: dict[str, str] = from_json(row["headers"])
    return Record(
        topic=row["topic"],
        key=row["key"].encode(),
        value=row["value"],
        headers=[(name, text.encode()) for name, text in headers.items()],
    )
