"""Resealing: what a service has not finished when its key's time is over is sealed again.

So a key can be destroyed although an application still waits. Rows that are finished are left as
they are: they end with their key. Each service names its own columns; the outbox and the held
messages are every service's. Updates compare with what was read, so that two processes at it, or
a row that goes on meanwhile, harm nothing.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog

from electoral.held import NO_APPLICATION
from electoral.postgres import Pool, is_away
from electoral.retention import Retention, next_time
from electoral.sealing import SEALED_TEXT, Sealer, SealingError, key_id_of
from electoral.today import LONDON

ROWS_AT_A_TIME = 500
LOOK_INTERVAL = 60.0  # seconds between looks at the clock and for destroyed keys

log = structlog.get_logger()

_IN_OUTBOX = """
SELECT count(*) FROM outbox WHERE position(convert_to('"' || $1 || '.', 'UTF8') IN value) > 0
"""
_READ_HELD = """
SELECT held_id, application_id, sealed_value FROM held_message
 WHERE held_id > $1 ORDER BY held_id LIMIT $2
"""
_SEAL_HELD = "UPDATE held_message SET sealed_value = $3 WHERE held_id = $1 AND sealed_value = $2"


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed texts, whose applications they are, and which of its rows are unfinished.

    `unfinished` is a condition on the table `t`. Begin it with a narrow table: no index knows
    which key sealed a text. `application_id` is an expression where `t` has no such column.
    """

    table: str
    column: str
    unfinished: str
    application_id: str = "t.application_id"

    async def count(self, pool: Pool, key_id: str) -> int:
        count: int = await pool.fetchval(f"SELECT count(*) FROM {self._rows}", [key_id])
        return count

    async def seal_again(self, pool: Pool, sealer: Sealer, key_ids: Collection[str]) -> int:
        """Seal all rows under these keys again; returns how many there were."""
        done = failed = 0
        while rows := await pool.fetch(self._read, list(key_ids), ROWS_AT_A_TIME, failed):
            again = [(row, _sealed_again(sealer, row["application_id"], row[2])) for row in rows]
            changed = [(row, text) for row, text in again if text is not None]
            await self._write(pool, changed)
            done += len(changed)
            failed += len(again) - len(changed)  # they stay first: begin after them
        return done

    @property
    def _rows(self) -> str:
        under = f"split_part(t.{self.column}, '.', 1) = ANY($1::text[])"
        return f"{self.table} AS t WHERE ({self.unfinished}) AND {under}"

    @property
    def _read(self) -> str:
        what = f"t.ctid AS place, {self.application_id} AS application_id, t.{self.column}"
        return f"SELECT {what} FROM {self._rows} ORDER BY t.ctid LIMIT $2 OFFSET $3"

    async def _write(self, pool: Pool, changed: Sequence[tuple[asyncpg.Record, str]]) -> None:
        await pool.execute(
            f"UPDATE {self.table} AS t SET {self.column} = again.text"
            " FROM unnest($1::tid[], $2::text[], $3::text[]) AS again (place, was, text)"
            f" WHERE t.ctid = again.place AND t.{self.column} = again.was",
            [row["place"] for row, _ in changed],
            [row[2] for row, _ in changed],
            [text for _, text in changed],
        )


class UnfinishedRows:
    """What a service has not finished, by the key that it is sealed under."""

    def __init__(self, pool: Pool, sealer: Sealer, columns: Sequence[SealedColumn] = ()) -> None:
        self._pool = pool
        self._sealer = sealer
        self._columns = columns

    async def count(self, key_id: str) -> int:
        """Count what could not be finished any more if this key were destroyed."""
        in_columns = [await column.count(self._pool, key_id) for column in self._columns]
        in_outbox: int = await self._pool.fetchval(_IN_OUTBOX, key_id)
        return sum(in_columns) + in_outbox + await self._count_held(key_id)

    async def seal_again(self, key_ids: Collection[str]) -> int:
        """Seal again what is under these keys; the outbox is emptied by its relay, not here."""
        in_columns = [
            await column.seal_again(self._pool, self._sealer, key_ids) for column in self._columns
        ]
        return sum(in_columns) + await self._seal_held_again(key_ids)

    # -- held messages: sealed themselves, and their value holds what others sealed ---------------

    async def _count_held(self, key_id: str) -> int:
        count, after = 0, 0
        while rows := await self._pool.fetch(_READ_HELD, after, ROWS_AT_A_TIME):
            count += sum(key_id in self._keys_of_held(row) for row in rows)
            after = rows[-1]["held_id"]
        return count

    async def _seal_held_again(self, key_ids: Collection[str]) -> int:
        done, after = 0, 0
        while rows := await self._pool.fetch(_READ_HELD, after, ROWS_AT_A_TIME):
            for row in rows:
                if not self._keys_of_held(row).isdisjoint(key_ids):
                    done += await self._seal_one_held_again(row, key_ids)
            after = rows[-1]["held_id"]
        return done

    async def _seal_one_held_again(self, row: asyncpg.Record, key_ids: Collection[str]) -> bool:
        value, application_id = self._open_held(row), row["application_id"]
        if value is None:
            return False

        def seal(text: str) -> str:
            if key_id_of(text) not in key_ids:
                return text
            return _sealed_again(self._sealer, application_id or NO_APPLICATION, text) or text

        renewed = SEALED_TEXT.sub(lambda found: seal(found[0].decode()).encode(), value)
        sealed = self._sealer.seal("person", application_id or NO_APPLICATION, renewed)
        await self._pool.execute(_SEAL_HELD, row["held_id"], row["sealed_value"], sealed)
        return True

    def _keys_of_held(self, row: asyncpg.Record) -> set[str]:
        inside = SEALED_TEXT.findall(self._open_held(row) or b"")
        return {key_id_of(row["sealed_value"]), *(key_id_of(text.decode()) for text in inside)}

    def _open_held(self, row: asyncpg.Record) -> bytes | None:
        application_id = row["application_id"] or NO_APPLICATION
        try:
            return self._sealer.open("person", application_id, row["sealed_value"])
        except SealingError:
            return None


def _sealed_again(sealer: Sealer, application_id: UUID, text: str) -> str | None:
    """Seal a text under today's key; None if it does not open: then its key must stay."""
    try:
        return sealer.seal_again(application_id, text)
    except SealingError as error:
        log.error(
            "not sealed again",
            application_id=str(application_id),
            key_id=key_id_of(text),
            error_class=type(error).__name__,
        )
        return None


def _now() -> datetime:
    return datetime.now(UTC)


async def keep_retention(
    rows: UnfinishedRows,
    sealer: Sealer,
    retention: Retention,
    now: Callable[[], datetime] = _now,
) -> None:
    """At 04:00 seal again what is unfinished under keys whose time is over; until cancelled.

    Every minute, keys that were destroyed meanwhile are dropped from memory.
    """
    due_at = next_time(now())
    while True:
        await asyncio.sleep(LOOK_INTERVAL)
        sealer.forget_destroyed()
        if now() >= due_at and await _sealed_what_is_over(rows, sealer, retention, now()):
            due_at = next_time(now())


async def _sealed_what_is_over(
    rows: UnfinishedRows, sealer: Sealer, retention: Retention, now: datetime
) -> bool:
    """Seal again; False when Postgres is away: then again in a minute."""
    today = now.astimezone(LONDON).date()
    over = [key_id for key_id in sealer.live_keys() if retention.is_over(key_id, today)]
    try:
        count = await rows.seal_again(over) if over else 0
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("retention waits", error_class=type(error).__name__)
        return False
    log.info("retention done", count=count)
    return True
