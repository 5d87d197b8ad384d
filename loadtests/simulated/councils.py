"""Councils' systems: each polls its ERO's queue, journals what it gets, then acknowledges it.

One process plays any number of EROs over a few shared connections. Nothing is acknowledged
before it is in the journal, on disk.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from simulated.clock import now_text
from simulated.http_client import Answer, Connection, ConnectionBroken, Server
from simulated.journal import Journal

POLL_INTERVAL = 300.0  # seconds, what the published API asks for
PAGE_SIZE = 200
REQUEST_TIMEOUT = 30.0  # seconds
BACKOFF_FIRST, BACKOFF_MAX = 0.25, 15.0  # seconds
CONNECTIONS = 16
JOURNAL_FILE = "councils.jsonl"


@dataclass(frozen=True)
class Council:
    """One ERO's system."""

    ero: str
    token: str
    gss_codes: tuple[str, ...] = ()  # that the ERO answers for, when the file says so


@dataclass
class Statistics:
    """Counted since the start, for all EROs together."""

    polls: int = 0
    items: int = 0
    acknowledged: int = 0
    unacknowledged: int = 0  # answers to an acknowledgement other than 204
    errors: int = 0  # calls that failed and are tried again


class PollFailed(Exception):
    """The gateway did not give what was asked for; the next try comes after a pause."""


def read_councils(path: Path) -> list[Council]:
    """From a JSON file: a list of {"ero", "token", "gssCodes"?}, or an object of ERO -> token."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(entries, dict):
        return [Council(ero, token) for ero, token in entries.items()]
    return [
        Council(entry["ero"], entry["token"], tuple(entry.get("gssCodes", ()))) for entry in entries
    ]


class Fleet:
    """All councils of this process."""

    def __init__(
        self,
        councils: Sequence[Council],
        gateway: str,
        journal: Journal,
        *,
        interval: float = POLL_INTERVAL,
        batch: bool = True,
        connections: int = CONNECTIONS,
    ) -> None:
        self.statistics = Statistics()
        self.polling = False
        self._councils = councils
        self._journal = journal
        self._interval = interval
        self._batch = batch  # False: one PUT for each record
        self._unanswered: dict[str, list[str]] = {}  # by ERO: sent, and no answer came
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for _ in range(connections):
            self._free.put_nowait(Connection(Server.of_url(gateway), {}))

    async def run(self) -> None:
        """Polls until cancelled."""
        self.polling = True
        try:
            async with asyncio.TaskGroup() as group:
                for council in self._councils:
                    group.create_task(self._poll_forever(council))
        finally:
            self.polling = False
            while not self._free.empty():
                self._free.get_nowait().close()

    async def _poll_forever(self, council: Council) -> None:
        await asyncio.sleep(random.random() * self._interval)  # not all at the same moment
        failures = 0
        while True:
            try:
                await self.drain(council)
                failures = 0
                await asyncio.sleep(self._interval * random.uniform(0.9, 1.1))
            except (PollFailed, ConnectionBroken, OSError, TimeoutError):
                self.statistics.errors += 1
                pause = min(BACKOFF_MAX, BACKOFF_FIRST * 2**failures)
                failures = min(failures + 1, 16)
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))

    async def drain(self, council: Council) -> None:
        """Takes page after page until the queue is empty. Raises what a call can raise.

        An acknowledgement that was not answered is repeated first: it may have had its effect.
        """
        if unanswered := self._unanswered.get(council.ero):
            await self._acknowledge(council, unanswered)
        while True:
            ids = await self._take_page(council)
            if ids and not await self._acknowledge(council, ids):
                raise PollFailed
            if len(ids) < PAGE_SIZE:
                return

    async def _take_page(self, council: Council) -> list[str]:
        answer = await self._call(council, "GET", f"/registrations?pageSize={PAGE_SIZE}")
        self.statistics.polls += 1
        if answer.status != 200:
            raise PollFailed
        ids = [item["id"] for item in _listed(answer.body, "registrations")]
        if ids:
            await self._journal.append(_page_line(council, answer.body))
            self.statistics.items += len(ids)
        return ids

    async def _acknowledge(self, council: Council, ids: list[str]) -> bool:
        """True if the gateway took all of them."""
        self._unanswered[council.ero] = ids
        if self._batch:
            taken = await self._acknowledge_together(council, ids)
        else:
            taken = [id_ for id_ in ids if await self._acknowledge_one(council, id_)]
        del self._unanswered[council.ero]
        self.statistics.acknowledged += len(taken)
        self.statistics.unacknowledged += len(ids) - len(taken)
        line = {"ero": council.ero, "at": now_text(), "acknowledged": taken}
        self._journal.note(json.dumps(line).encode())
        return len(taken) == len(ids)

    async def _acknowledge_together(self, council: Council, ids: list[str]) -> list[str]:
        answers = [{"id": id_, "status": "success"} for id_ in ids]
        body = json.dumps({"acknowledgements": answers}).encode()
        answer = await self._call(council, "POST", "/registrations/acknowledgements", body)
        if answer.status != 200:
            raise PollFailed
        results = _listed(answer.body, "results")
        return [result["id"] for result in results if result.get("status") == 204]

    async def _acknowledge_one(self, council: Council, id_: str) -> bool:
        body = b'{"status":"success"}'
        answer = await self._call(council, "PUT", f"/registrations/{id_}", body)
        if answer.status not in (204, 404):
            raise PollFailed
        return answer.status == 204

    async def _call(
        self, council: Council, method: str, path: str, body: bytes | None = None
    ) -> Answer:
        headers = f"Authorization: Bearer {council.token}\r\n".encode()
        if body is not None:
            headers += b"Content-Type: application/json\r\n"
        connection = await self._free.get()
        try:
            return await connection.request(method, path, body, headers, REQUEST_TIMEOUT)
        finally:
            self._free.put_nowait(connection)


def _page_line(council: Council, page: bytes) -> bytes:
    """The page as it came, on one line (a line break in JSON is white space between tokens)."""
    ero, at = json.dumps(council.ero).encode(), now_text().encode()
    return b'{"ero":%b,"at":"%b","page":%b}' % (ero, at, page.replace(b"\n", b" "))


def _listed(body: bytes, name: str) -> list[dict[str, Any]]:
    """The list of that name in an answer, each with an id. Raises PollFailed if it is not there."""
    try:
        listed = json.loads(body)[name]
        sound = all(isinstance(entry["id"], str) for entry in listed)
    except (ValueError, KeyError, TypeError):
        raise PollFailed from None
    if not sound:
        raise PollFailed
    entries: list[dict[str, Any]] = listed
    return entries


def admin_application(fleet: Fleet) -> web.Application:
    """`/readyz` and `/statistics`, for whoever starts and watches the fleet."""

    async def ready(request: web.Request) -> web.Response:
        return web.json_response({"polling": fleet.polling}, status=200 if fleet.polling else 503)

    async def statistics(request: web.Request) -> web.Response:
        return web.json_response(asdict(fleet.statistics))

    app = web.Application()
    app.add_routes([web.get("/readyz", ready), web.get("/statistics", statistics)])
    return app


@asynccontextmanager
async def running_fleet(fleet: Fleet, journal: Journal) -> AsyncIterator[None]:
    """The fleet polling for as long as the block lasts; then the journal is complete on disk."""
    polling = asyncio.create_task(fleet.run())
    try:
        yield
    finally:
        polling.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await polling
        finally:
            await journal.close()
