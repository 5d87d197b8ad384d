"""Serving: a port whose every answer is ours, and that cuts nobody off when it ends."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from electoral.accepting import accepting_all
from electoral.connection import Connection, Doorway, Gate
from electoral.unusable import Unusable

SHUTDOWN_TIMEOUT = 5.0  # seconds that open requests get to finish
GOODBYE = 0.5  # seconds in which open connections are told that their answer is the last
KEEPALIVE_TIMEOUT = 75.0  # seconds; longer than a client's idle pause
TLS_HANDSHAKE_TIMEOUT = 10.0  # seconds that a caller gets to agree on a key
CLIENT_HEADERS_MAX = 8 * 1024  # bytes of one header line


class CannotListen(Unusable):
    """The address cannot be served: the message names it."""


@asynccontextmanager
async def _listening(
    runner: web.AppRunner, host: str, port: int, tls: ssl.SSLContext | None, doorway: Doorway
) -> AsyncIterator[socket.socket]:
    loop = asyncio.get_running_loop()
    handshake = None if tls is None else TLS_HANDSHAKE_TIMEOUT

    def connection() -> web.RequestHandler:
        assert runner.server is not None
        return Connection(
            runner.server,
            doorway=doorway,
            loop=loop,
            access_log=None,  # as aiohttp itself does
            keepalive_timeout=KEEPALIVE_TIMEOUT,
            max_field_size=CLIENT_HEADERS_MAX,
            auto_decompress=False,  # nothing compressed is taken: what it grows to nobody knows
        )

    try:
        server = await loop.create_server(
            connection,
            host,
            port,
            backlog=4096,
            reuse_address=True,
            ssl=tls,
            ssl_handshake_timeout=handshake,
        )
    except OSError as error:
        raise CannotListen(
            f"Port {port} of {host} cannot be served ({error.strerror}): "
            "end what uses it, or set another port."
        ) from None
    try:
        with accepting_all(server.sockets[0], connection, tls, handshake):
            yield server.sockets[0]
    finally:
        server.close()


@asynccontextmanager
async def serving(
    app: web.Application,
    host: str,
    port: int,
    tls: ssl.SSLContext | None = None,
    gate: Gate | None = None,
) -> AsyncIterator[int]:
    """Serve an application, behind a gate if there is one; yields the port that it got.

    At the end nobody is cut off: new connections are refused, and for half a second those that are
    open get their answers and are told that these are the last.
    """
    ending, doorway = asyncio.Event(), Doorway(gate)

    async def say_when_ending(request: web.Request, response: web.StreamResponse) -> None:
        if ending.is_set():
            response.force_close()
            response.headers["Connection"] = "close"  # aiohttp has prepared the others already

    app.on_response_prepare.append(say_when_ending)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        async with _listening(runner, host, port, tls, doorway) as door:
            try:
                yield int(door.getsockname()[1])
            finally:
                ending.set()
                doorway.gate = None
        if runner.server is not None and runner.server.connections:
            await asyncio.sleep(GOODBYE)
    finally:
        await runner.cleanup()
