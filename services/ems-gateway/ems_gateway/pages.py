"""Pages of what waits for an ERO: read, or leased; opened and rendered only here."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice

import structlog
from electoral.person import UnreadablePerson
from electoral.postgres import Pool, transaction
from electoral.sealing import Sealer, SealingError

from ems_gateway.failures import failure_as_json
from ems_gateway.history.entries import leased
from ems_gateway.history.writing import Entry as HistoryEntry
from ems_gateway.history.writing import History
from ems_gateway.items import Json, item, read_person
from ems_gateway.moves.responsibility import Responsibilities
from ems_gateway.postgres.leases import lease
from ems_gateway.postgres.pages import (
    Entry,
    Page,
    Place,
    Wanted,
    count_free,
    count_held,
    count_queued,
    locate,
    read_held,
    read_queued,
)

READING_SECONDS_MAX = 5.0  # in which a page is filled up from behind what does not open
OTHERS_FIRST = 3.0  # times as long as an ERO's page took, before the next one that waited for it
OTHERS_FIRST_SECONDS_MAX = 1.0
RENDERED_AT_ONCE = 20  # records, a few milliseconds
LEASE_ID_BYTES = 12  # 24 hexadecimal digits
RECORD_BYTES_MAX = 500_000  # an event's 256 KB, what an item adds, and why it is held

Read = Callable[[Pool, Wanted], Awaitable[Page]]
Count = Callable[[Pool, Wanted], Awaitable[int]]

log = structlog.get_logger()


class Turn:
    """The turn of one ERO's pages: one that asks on many connections waits for itself.

    Who had to wait lets the others go first, three times as long as the page before took: however
    many connections an ERO has, its pages take a quarter of the time.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._seconds = 0.0  # that the page before took

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        had_to_wait = self._lock.locked()
        async with self._lock:
            if had_to_wait:
                await asyncio.sleep(min(OTHERS_FIRST * self._seconds, OTHERS_FIRST_SECONDS_MAX))
            begin = asyncio.get_running_loop().time()
            try:
                yield
            finally:
                self._seconds = asyncio.get_running_loop().time() - begin


class Pages:
    """Reads pages; reading changes nothing, and costs the same whatever was delivered before."""

    def __init__(
        self, pool: Pool, sealer: Sealer, history: History, responsibilities: Responsibilities
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._history = history
        self._responsibilities = responsibilities
        self._turns: defaultdict[str, Turn] = defaultdict(Turn)  # by ERO

    async def queued(self, wanted: Wanted) -> Json:
        """What waits, leased or not."""
        return await self._page(read_queued, wanted, count_queued)

    async def held(self, wanted: Wanted) -> Json:
        """What the ERO's own system could not take, and why."""
        return await self._page(read_held, wanted, count_held)

    async def lease(self, wanted: Wanted, seconds: int, by: str) -> Json:
        """Take the oldest free records for some seconds; `remaining` counts free ones only."""
        lease_id = secrets.token_bytes(LEASE_ID_BYTES)
        taking = partial(self._take, seconds=seconds, lease_id=lease_id, by=by)
        page = await self._page(taking, wanted, count_free)
        return {"leaseId": lease_id.hex() if page["registrations"] else None, **page}

    async def _take(
        self, pool: Pool, wanted: Wanted, *, seconds: int, lease_id: bytes, by: str
    ) -> Page:
        async with transaction(pool) as connection:
            page = await lease(connection, wanted, seconds, lease_id)
            await self._history.append(connection, [_leased(one, by) for one in page.entries])
        return page

    async def locate(self, record_id: bytes, ero: str) -> Place | None:
        """Find where a page goes on after a record, delivered meanwhile or not."""
        return await locate(self._pool, record_id, ero)

    async def _page(self, read: Read, wanted: Wanted, count: Count) -> Json:
        async with self._turns[wanted.ero].taken():
            return await self._filled(read, wanted, count)

    async def _filled(self, read: Read, wanted: Wanted, count: Count) -> Json:
        """Read until the page is full: what does not open hides nothing that is behind it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + READING_SECONDS_MAX
        items: list[Json] = []
        while True:
            page = await read(self._pool, wanted)
            shown = await self._rendered(page)
            items += (one for _, one in shown)
            if not page.may_go_on:
                on_hold: Json = {"onHold": True} if page.on_hold and not items else {}
                return {"registrations": items, "remaining": 0} | on_hold
            wanted = wanted.behind(
                page.entries[-1].place,
                count=len(shown),
                size=sum(entry.size for entry, _ in shown),
            )
            full = wanted.count_max == 0 or wanted.bytes_max < RECORD_BYTES_MAX
            if len(shown) == len(page.entries) or full or loop.time() > until:
                return {"registrations": items, "remaining": await count(self._pool, wanted)}

    async def _rendered(self, page: Page) -> list[tuple[Entry, Json]]:
        """Open and render some at a time: between them others' requests go on."""
        items, shown = self._items(page), []
        while some := list(islice(items, RENDERED_AT_ONCE)):
            shown += some
            await asyncio.sleep(0)
        return shown

    def _items(self, page: Page) -> Iterator[tuple[Entry, Json]]:
        """Open and render; one that does not open is left out, and waits where it is."""
        for entry in page.entries:
            content = entry.content
            try:
                opened = self._sealer.open("person", content.application_id, content.person)
                person = read_person(opened)
            except (SealingError, UnreadablePerson) as error:
                log.error(
                    "record left out of a page",
                    application_id=str(content.application_id),
                    attempt=content.attempt,
                    error_class=type(error).__name__,
                )
                continue
            yield entry, self._item(entry, person)

    def _item(self, entry: Entry, person: Json) -> Json:
        answers_for = self._responsibilities.ero_today
        shown = item(entry.content, person, entry.delivery, answers_for)
        if entry.failure is not None:
            shown["failure"] = failure_as_json(entry.failure, self._sealer)
        return shown


def _leased(entry: Entry, by: str) -> HistoryEntry:
    content, delivery = entry.content, entry.delivery
    assert delivery.lease_id is not None  # it has just been leased
    assert delivery.leased_until is not None
    key = content.application_id, content.attempt
    return leased(key, entry.revision, delivery.lease_id, delivery.leased_until, by)
