"""A way to Postgres that can fall silent, as a frozen server does, or be gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self
from urllib.parse import urlsplit, urlunsplit

Pipes = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class PostgresProxy:
    """Hands on every byte until it is told otherwise."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._speaking = asyncio.Event()
        self._speaking.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def dsn(self) -> str:
        """The address of the same database by this way."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        parts = urlsplit(self._dsn)
        who = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{who}@127.0.0.1:{port}"))

    def fall_silent(self) -> None:
        """Take everything, new connections too, and answer nothing."""
        self._speaking.clear()

    def be_gone(self) -> None:
        """End all connections and refuse new ones."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        """Listen on a free port until the context ends."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self.be_gone()
            for pipe in self._pipes:
                pipe.cancel()
            await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _connect(self, *ours: *Pipes) -> None:
        place = urlsplit(self._dsn)
        theirs = await asyncio.open_connection(place.hostname, place.port)
        self._writers |= {ours[1], theirs[1]}
        for reader, writer in ((ours[0], theirs[1]), (theirs[0], ours[1])):
            self._pipes.add(asyncio.create_task(self._hand_on(reader, writer)))

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(64 * 1024):
                await self._speaking.wait()
                writer.write(some)
                await writer.drain()
        writer.close()
