"""Offers: what was answered goes back on its ERO's queue, in its old place.

An ERO asks for one record, for all that its system could not take, or for all that it acknowledged
in a range of time: a system that was restored to a backup lacks exactly those. Safe to repeat.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import Literal, NamedTuple

from electoral.calendar import london_date
from electoral.postgres import Connection, Pool, transaction
from electoral.retention import Retention
from electoral.sealing import Sealer

from ems_gateway.delivery import Changes, Offering, offer
from ems_gateway.history.entries import offered
from ems_gateway.history.writing import Entry, History
from ems_gateway.postgres.attempts import write_changes
from ems_gateway.postgres.offers import Candidate, read_acknowledged, read_failed
from ems_gateway.postgres.pages import BEGINNING, Place
from ems_gateway.postgres.records import (
    Found,
    find_by_position,
    find_of_eros,
    find_one,
    keys_of_persons,
)

AT_ONCE_MAX = 500  # records in one transaction
OFFERED_MAX = 5_000  # in one call
LOOKED_AT_MAX = 20_000  # answers in one call: most of a long range may stand no more
KEPT_BY_DEFAULT = Retention()

Outcome = Offering | Literal["unknown", "past-retention"]
Read = Callable[[Connection, Place], Awaitable[list[Candidate]]]


class Offered(NamedTuple):
    """What a call put back."""

    records: int
    past_retention: int  # left where they are: the keys of their persons were destroyed
    more: bool  # whether any may be left for another call
    go_on: datetime | None = None  # from where, in a range of time


class Offers:
    """Puts records back on queues; each transaction is whole, and so is what was done before."""

    def __init__(
        self,
        pool: Pool,
        sealer: Sealer,
        history: History,
        *,
        retention: Retention = KEPT_BY_DEFAULT,
        at_once_max: int = AT_ONCE_MAX,
        offered_max: int = OFFERED_MAX,
        looked_at_max: int = LOOKED_AT_MAX,
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._history = history
        self._retention = retention
        self._at_once_max = at_once_max
        self._offered_max = offered_max
        self._looked_at_max = looked_at_max

    async def one(self, record_id: bytes, ero: str, by: str) -> Outcome:
        """Put back one record of an ERO."""
        async with transaction(self._pool) as connection:
            found = await find_of_eros(connection, [record_id], [ero])
            return await self._one(connection, found[0] if found else None, by)

    async def anyones(self, record_id: bytes, by: str) -> Outcome:
        """Put back one record, whoever it belongs to; for operators."""
        async with transaction(self._pool) as connection:
            return await self._one(connection, await find_one(connection, record_id), by)

    async def _one(self, connection: Connection, found: Found | None, by: str) -> Outcome:
        if found is None:
            return "unknown"
        changes = Changes()
        outcome = offer(changes, found.filed, found.standing)
        if outcome == "offered":
            if not await self._that_open(connection, [found]):
                return "past-retention"
            await self._write(connection, [found], changes, by)
        return outcome

    async def failed(self, ero: str, by: str) -> Offered:
        """Put back all that an ERO's own system could not take."""
        read = partial(_read_failed, ero=ero, count_max=self._at_once_max)
        return await self._all(ero, by, read, BEGINNING)

    async def acknowledged(self, ero: str, begin: datetime, end: datetime, by: str) -> Offered:
        """Put back all that an ERO's system acknowledged from `begin` until before `end`."""
        read = partial(_read_acknowledged, ero=ero, until=end, count_max=self._at_once_max)
        return await self._all(ero, by, read, Place(begin, -1), self._looked_at_max)

    async def _all(
        self, ero: str, by: str, read: Read, after: Place, looked_at_max: float = inf
    ) -> Offered:
        count = past_retention = looked_at = 0
        while count <= self._offered_max - self._at_once_max and looked_at < looked_at_max:
            async with transaction(self._pool) as connection:
                candidates = await read(connection, after)
                put_back, gone = await self._put_back(connection, ero, by, candidates)
            count, past_retention = count + put_back, past_retention + gone
            if len(candidates) < self._at_once_max:
                return Offered(count, past_retention, more=False)
            looked_at, after = looked_at + len(candidates), candidates[-1].place
        return Offered(count, past_retention, more=True, go_on=after.order_at)

    async def _put_back(
        self, connection: Connection, ero: str, by: str, candidates: Collection[Candidate]
    ) -> tuple[int, int]:
        """Put back what is still as it was read; says how many, and how many are past retention."""
        as_read = {one.position: one.offer for one in candidates if one.stands}
        if not as_read:
            return 0, 0
        locked = await find_by_position(connection, list(as_read))
        found = [
            one
            for one in locked
            if (one.standing.ero, one.standing.offer) == (ero, as_read[one.filed.position])
        ]
        to_open = await self._that_open(connection, found)
        changes = Changes()
        done = [o for o in to_open if offer(changes, o.filed, o.standing) == "offered"]
        await self._write(connection, done, changes, by)
        return len(done), len(found) - len(to_open)

    async def _that_open(self, connection: Connection, found: Collection[Found]) -> list[Found]:
        """Leave out what nobody could read any more: it would wait for ever.

        A key whose time is over may be destroyed at any moment: nobody asks us again then.
        """
        today = london_date(datetime.now(UTC))
        keys = self._sealer.live_keys()
        live = {key for key in keys if not self._retention.is_over(key, today)}
        sealed_under = await keys_of_persons(connection, [one.filed.position for one in found])
        return [one for one in found if sealed_under[one.filed.position] in live]

    async def _write(
        self, connection: Connection, done: Collection[Found], changes: Changes, by: str
    ) -> None:
        await write_changes(connection, changes)
        await self._history.append(connection, [_entry(one, changes, by) for one in done])


def _entry(found: Found, changes: Changes, by: str) -> Entry:
    return offered(found.filed, changes.standings[found.filed.key], by)


async def _read_failed(
    connection: Connection, after: Place, *, ero: str, count_max: int
) -> list[Candidate]:
    return await read_failed(connection, ero, after, count_max)


async def _read_acknowledged(
    connection: Connection, after: Place, *, ero: str, until: datetime, count_max: int
) -> list[Candidate]:
    return await read_acknowledged(connection, ero, after, until, count_max)
