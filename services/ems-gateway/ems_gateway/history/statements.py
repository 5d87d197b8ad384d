"""Statements: all that reached the gateway for an ERO on a day, for its system to check itself.

Each has the signed head of the day's history: an ERO that keeps it can hold us to it.
"""

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


class Asked(NamedTuple):
    """Which part of a statement is wanted."""

    ero: str
    day: date  # London's
    count_max: int
    after: Reached = BEGINNING


class Statements:
    """Tells EROs what reached the gateway for them."""

    def __init__(self, pool: Pool, history: History) -> None:
        self._pool = pool
        self._history = history

    async def locate(self, record_id: bytes, ero: str) -> Reached | None:
        """Find where a record stands in its day's statement; None if it is not this ERO's."""
        return await locate(self._pool, record_id, ero)

    async def page(self, asked: Asked) -> dict[str, object]:
        """Make a page of a day's statement."""
        bounds = day_bounds(asked.day)
        stated = await read_reached(self._pool, asked.ero, bounds, asked.after, asked.count_max + 1)
        return {
            "day": asked.day.isoformat(),
            "records": [_line(one) for one in stated[: asked.count_max]],
            "more": len(stated) > asked.count_max,
            "head": shown(await self._head(asked.day), self._history.key),
        }

    async def _head(self, day: date) -> Head:
        """Digest what the day has so far; what is under way is left to a later head."""
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
