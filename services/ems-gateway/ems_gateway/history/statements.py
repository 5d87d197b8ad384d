"""Statements: all that reached the gateway for an ERO on a day, for its system to check itself.

Each has the signed head of the day's history: an ERO that keeps it can hold us to it. What is still
under way is left to a later page: it may be committed with a time that is before what was listed.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

from electoral.calendar import day_bounds, london_date
from electoral.envelope import timestamp
from electoral.postgres import Pool

from ems_gateway.history.chain import Head, HistoryKey
from ems_gateway.history.writing import History
from ems_gateway.postgres.statements import (
    Reached,
    Stated,
    locate,
    read_head,
    read_reached,
    settled_until,
)

BEGINNING = Reached(datetime(1900, 1, 1, tzinfo=UTC), 0)
HEAD_SECONDS = 10.0  # that a head is told again, for it is made of the whole country's day
ENDED_HEAD_SECONDS = 3600.0  # of a day that nothing is added to any more


class Asked(NamedTuple):
    """Which part of a statement is wanted."""

    ero: str
    day: date  # London's
    count_max: int
    after: Reached = BEGINNING


class Statements:
    """Tells EROs what reached the gateway for them."""

    def __init__(self, pool: Pool, history: History, heads: "Heads | None" = None) -> None:
        self._pool = pool
        self._history = history
        self._heads = heads or Heads(pool)

    async def locate(self, record_id: bytes, ero: str) -> Reached | None:
        """Find where a record stands in its day's statement; None if it is not this ERO's."""
        return await locate(self._pool, record_id, ero)

    async def page(self, asked: Asked) -> dict[str, object]:
        """Make a page of a day's statement."""
        begin, end = day_bounds(asked.day)
        bounds = begin, min(await settled_until(self._pool), end)
        stated = await read_reached(self._pool, asked.ero, bounds, asked.after, asked.count_max + 1)
        return {
            "day": asked.day.isoformat(),
            "records": [_line(one) for one in stated[: asked.count_max]],
            "more": len(stated) > asked.count_max,
            "head": shown(await self._heads.of(asked.day), self._history.key),
        }


class _Told(NamedTuple):
    head: "asyncio.Task[Head]"
    begun: float  # when it began to be made


class Heads:
    """Digests of what days have, each made once in a while for all who ask."""

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._told: dict[date, _Told] = {}

    async def of(self, day: date) -> Head:
        """Return the head of a day, at most some seconds old."""
        self._told = {day: told for day, told in self._told.items() if self._is_told(day, told)}
        if day not in self._told:
            # A task of its own: whoever asked first may be gone before it is made.
            self._told[day] = _Told(asyncio.create_task(self._make(day)), self._clock())
        return await asyncio.shield(self._told[day].head)

    def _is_told(self, day: date, told: _Told) -> bool:
        if not told.head.done():
            return True
        if told.head.cancelled() or told.head.exception() is not None:
            return False
        has_ended = told.head.result().at == day_bounds(day)[1]
        return self._clock() < told.begun + (ENDED_HEAD_SECONDS if has_ended else HEAD_SECONDS)

    async def _make(self, day: date) -> Head:
        begin, end = day_bounds(day)
        at = await settled_until(self._pool)
        return await read_head(self._pool, day, min(max(at, begin), end))


def is_to_come(day: date) -> bool:
    """Say whether a London day has not begun."""
    return day > london_date(datetime.now(UTC))


def _line(stated: Stated) -> dict[str, object]:
    answered_at = stated.answered_at
    return {
        "id": stated.record_id.hex(),
        "applicationId": str(stated.application_id),
        "attempt": stated.attempt,
        "revision": stated.revision,
        "gssCode": stated.gss_code,
        "reachedAt": timestamp(stated.reached_at),
        "state": stated.state,
        "answeredAt": None if answered_at is None else timestamp(answered_at),
    }


def shown(head: Head, key: HistoryKey) -> dict[str, object]:
    """Write a head as JSON, signed."""
    return {
        "day": head.day.isoformat(),
        "at": timestamp(head.at),
        "entries": head.entries,
        "digest": head.digest.hex(),
        "publicKey": key.public.hex(),
        "signature": key.sign(head.signed_text).hex(),
    }
