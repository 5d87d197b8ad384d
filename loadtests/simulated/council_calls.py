"""What a council's system can ask the gateway, written from its published interface alone."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol

from simulated.http_client import Answer, Connection, Server

PAGE_SIZE = 200
REQUEST_TIMEOUT = 30.0  # seconds
CONNECTIONS = 16
RETRY_AFTER_MAX = 900.0  # seconds; nobody waits longer because a server says so
OVERLOADED = frozenset({429, 503})

Json = dict[str, Any]


class NotGiven(Exception):
    """The gateway did not give what was asked for; the next try comes after a pause."""

    def __init__(self, retry_after: float = 0.0) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after  # seconds that the gateway asks to be left alone


class Asks(Protocol):
    """Lines to one gateway."""

    async def ask(self, method: str, path: str, body: bytes | None, headers: bytes) -> Answer:
        """One answer. Raises NotGiven when it is to be asked later, and what a call can raise."""
        ...


class Lines:
    """Connections to one gateway, shared by all EROs of this process."""

    def __init__(self, gateway: str, connections: int = CONNECTIONS) -> None:
        self.waits_asked = 0  # answers that said: later
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for _ in range(connections):
            self._free.put_nowait(Connection(Server.of_url(gateway), {}))

    async def ask(self, method: str, path: str, body: bytes | None, headers: bytes) -> Answer:
        """One answer. Raises NotGiven when it is to be asked later, and what a call can raise."""
        connection = await self._free.get()
        try:
            answer = await connection.request(method, path, body, headers, REQUEST_TIMEOUT)
        finally:
            self._free.put_nowait(connection)
        if answer.status in OVERLOADED:
            self.waits_asked += 1
            raise NotGiven(seconds_to_wait(answer.header(b"retry-after").decode("latin-1")))
        return answer

    def close(self) -> None:
        while not self._free.empty():
            self._free.get_nowait().close()


def seconds_to_wait(retry_after: str) -> float:
    """What `Retry-After` asks for, as seconds or as a date; 0 when it makes no sense."""
    try:
        if retry_after.isdecimal():
            seconds = float(retry_after)
        else:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(0.0, seconds), RETRY_AFTER_MAX)


class Calls:
    """The calls of one ERO's system. Each raises NotGiven for an answer that it cannot use."""

    def __init__(self, lines: Asks, token: str) -> None:
        self._lines = lines
        self._plain = f"Authorization: Bearer {token}\r\n".encode()
        self._json = self._plain + b"Content-Type: application/json\r\n"

    async def page(self, after: str | None = None) -> bytes:
        """A page of what waits, oldest first; reading takes nothing."""
        behind = f"&after={after}" if after else ""
        return await self._read(f"/registrations?pageSize={PAGE_SIZE}{behind}")

    async def lease(self, seconds: int, page_size: int) -> bytes:
        """The oldest free records, hidden from other leases for some seconds."""
        body = {"pageSize": page_size, "seconds": seconds}
        answer = await self._send("POST", "/registrations/leases", body, (200,))
        return answer.body

    async def release(self, lease_id: str) -> bool:
        """Gives back what is still leased; False if the gateway knows of no such lease."""
        answer = await self._send("DELETE", f"/registrations/leases/{lease_id}", None, (204, 404))
        return answer.status == 204

    async def answer_together(self, answers: Sequence[Json]) -> list[str]:
        """The ids of those that the gateway took."""
        body = {"acknowledgements": answers}
        answer = await self._send("POST", "/registrations/acknowledgements", body, (200,))
        results = listed(answer.body, "results")
        return [result["id"] for result in results if result.get("status") == 204]

    async def answer_one(self, record_id: str, answer: Json) -> bool:
        """False if the record is not, or no longer, this ERO's."""
        sent = await self._send("PUT", f"/registrations/{record_id}", answer, (204, 404))
        return sent.status == 204

    async def offer(self, record_id: str) -> bool:
        """Asks for one record again; False if it is not to be had: moved, or superseded."""
        path = f"/registrations/{record_id}/offer"
        return (await self._send("POST", path, None, (204, 404, 409))).status == 204

    async def offer_all_held(self) -> None:
        """Asks again for all that this system could not take."""
        more = True
        while more:
            answer = await self._send("POST", "/registrations/offers", {"held": True}, (200,))
            more = bool(_read_json(answer.body).get("more"))

    async def statement(self, day: str, after: str | None) -> Json:
        """A page of all that reached the gateway for this ERO on a day."""
        behind = f"&after={after}" if after else ""
        return _read_json(await self._read(f"/statements/{day}?pageSize=1000{behind}"))

    async def determine(self, record_id: str, determination: Json) -> int:
        """Tells what the officer decided: 200 to 204, or 404 (moved) or 409 (decided before)."""
        path = f"/registrations/{record_id}/determination"
        return (await self._send("POST", path, determination, (200, 201, 204, 404, 409))).status

    async def notices(self) -> bytes:
        """A page of notices of people who moved away."""
        return await self._read(f"/notices?pageSize={PAGE_SIZE}")

    async def answer_notice(self, notice_id: str) -> bool:
        path = f"/notices/{notice_id}"
        return (await self._send("PUT", path, {"status": "success"}, (204, 404))).status == 204

    async def _read(self, path: str) -> bytes:
        answer = await self._lines.ask("GET", path, None, self._plain)
        if answer.status != 200:
            raise NotGiven
        return answer.body

    async def _send(
        self, method: str, path: str, body: Json | None, expected: tuple[int, ...]
    ) -> Answer:
        sent = None if body is None else json.dumps(body).encode()
        if method == "POST" and sent is None:
            sent = b""  # so that its length is told
        headers = self._json if body is not None else self._plain
        answer = await self._lines.ask(method, path, sent, headers)
        if answer.status not in expected:
            raise NotGiven
        return answer


def _read_json(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except ValueError:
        raise NotGiven from None
    if not isinstance(found, dict):
        raise NotGiven
    return found


def listed(body: bytes, name: str) -> list[Json]:
    """The list of that name in an answer, each with an id. Raises NotGiven if it is not there."""
    return read_page(body, name).items


class Page(NamedTuple):
    """Entries with an id each, and whether there are more behind them."""

    items: list[Json]
    more: bool


def read_page(body: bytes, name: str) -> Page:
    """A page whose list has that name. Raises NotGiven if it is not there."""
    page = _read_json(body)
    entries, remaining = page.get(name), page.get("remaining", 0)
    if not isinstance(entries, list):
        raise NotGiven
    if not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in entries):
        raise NotGiven
    return Page(entries, bool(entries) and isinstance(remaining, int) and remaining > 0)
