"""Pages of what waits for an ERO: read, or leased; opened and rendered only here."""

from collections.abc import Awaitable, Callable

import structlog
from electoral.postgres import Pool
from electoral.sealing import Sealer, SealingError

from ems_gateway import postgres
from ems_gateway.errors import UnreadablePerson
from ems_gateway.items import Json, item, read_person
from ems_gateway.postgres import Entry, Page, Place, Wanted

log = structlog.get_logger()


class Pages:
    """Reads pages; reading changes nothing, and costs the same whatever was delivered before."""

    def __init__(self, pool: Pool, sealer: Sealer) -> None:
        self._pool = pool
        self._sealer = sealer

    async def queued(self, wanted: Wanted) -> Json:
        """What waits, leased or not."""
        page = await postgres.read_queued(self._pool, wanted)
        return await self._page(page, wanted, postgres.count_queued)

    async def held(self, wanted: Wanted) -> Json:
        """What the ERO's own system could not take."""
        page = await postgres.read_held(self._pool, wanted)
        return await self._page(page, wanted, postgres.count_held)

    async def lease(self, wanted: Wanted, seconds: int) -> Json:
        """Take the oldest free records for some seconds; `remaining` counts free ones only."""
        page = await postgres.lease(self._pool, wanted, seconds)
        return await self._page(page, wanted, postgres.count_free)

    async def locate(self, record_id: bytes, ero: str) -> Place | None:
        """Find where a page goes on after a record, delivered meanwhile or not."""
        return await postgres.locate(self._pool, record_id, ero)

    async def _page(
        self,
        page: Page,
        wanted: Wanted,
        count: Callable[[Pool, Wanted], Awaitable[int]],
    ) -> Json:
        remaining = 0
        if page.may_go_on:
            remaining = await count(self._pool, wanted.behind(page.entries[-1].place))
        rendered = [self._item(entry) for entry in page.entries]
        return {"registrations": [one for one in rendered if one], "remaining": remaining}

    def _item(self, entry: Entry) -> Json | None:
        """Open and render one; one that does not open is left out, and waits where it is."""
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
            return None
        return item(
            content, person, delivered_under=entry.delivered_under, leased_until=entry.leased_until
        )
