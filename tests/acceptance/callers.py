"""Who calls the services, and who listens in between: every answer and every call is kept."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from electoral_local.ports import LOOPBACK
from yarl import URL

from acceptance.evidence import Place, Where

RAW_ANSWER_SECONDS = 2.0
HTTP_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


class Answer(NamedTuple):
    status: int
    body: bytes


class Caller:
    """A client that keeps each answer's body and headers for the scan."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.places: list[Place] = []
        self.statuses: Counter[int] = Counter()
        self._session = session

    async def ask(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        delivery: bool = False,
    ) -> Answer:
        """Send JSON, or bytes as they are; a `delivery` may hold what a council must know."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        address = URL(url, encoded=True)
        async with self._session.request(method, address, data=data, headers=sent) as response:
            answer = Answer(response.status, await response.read())
            lines = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        self._keep(f"{method} {urlsplit(url).path[:40]}", answer, lines, delivery=delivery)
        return answer

    def _keep(self, name: str, answer: Answer, headers: str, *, delivery: bool) -> None:
        named = f"{name} -> {answer.status}"
        self.statuses[answer.status] += 1
        where = Where.DELIVERY if delivery else Where.ANSWER
        self.places.append(Place(where, named, answer.body))
        self.places.append(Place(Where.ANSWER_HEADER, named, headers.encode()))

    async def say(self, base_url: str, request: bytes) -> None:
        """Send bytes that are not HTTP, or not quite."""
        where = urlsplit(base_url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(request)
        received = bytearray()
        with suppress(TimeoutError):
            async with asyncio.timeout(RAW_ANSWER_SECONDS):
                while piece := await reader.read(65_536):
                    received += piece
        writer.close()
        if status := HTTP_STATUS.match(received):
            self.statuses[int(status[1])] += 1
        self.places.append(Place(Where.ANSWER, f"raw: {request[:20]!r}", bytes(received)))


class Relay:
    """Stands between verification and DWP, and keeps the address and headers of every call."""

    def __init__(self) -> None:
        self.target = ""
        self.url = ""
        self.places: list[Place] = []
        self._session: aiohttp.ClientSession

    async def _pass_on(self, request: web.Request) -> web.Response:
        lines = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        seen = f"{request.method} {request.raw_path}\n{lines}"
        self.places.append(Place(Where.ADDRESS, request.path, seen.encode()))
        headers = {
            n: v for n, v in request.headers.items() if n in ("Authorization", "Content-Type")
        }
        try:
            async with self._session.request(
                request.method,
                self.target + request.path,
                data=await request.read(),
                headers=headers,
            ) as answer:
                body = await answer.read()
                return web.Response(
                    status=answer.status, body=body, content_type=answer.content_type
                )
        except aiohttp.ClientError:
            return web.Response(status=502)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Relay"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        async with aiohttp.ClientSession() as self._session:
            try:
                await web.TCPSite(runner, LOOPBACK, 0).start()
                self.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
                yield self
            finally:
                await runner.cleanup()
