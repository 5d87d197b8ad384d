"""Serving: a port whose every answer is ours, and that cuts nobody off when it ends."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from aiohttp.web_request import BaseRequest

from electoral import problems
from electoral.http import problem_of
from electoral.unusable import Unusable

SHUTDOWN_TIMEOUT = 5.0  # seconds that open requests get to finish
GOODBYE = 0.5  # seconds in which open connections are told that their answer is the last
KEEPALIVE_TIMEOUT = 75.0  # seconds; longer than a client's idle pause
TLS_HANDSHAKE_TIMEOUT = 10.0  # seconds that a caller gets to agree on a key
CLIENT_HEADERS_MAX = 8 * 1024  # bytes of one header line

log = structlog.get_logger()


class CannotListen(Unusable):
    """The address cannot be served: the message names it."""


class _Connection(web.RequestHandler):
    """A connection whose errors are problem documents: aiohttp's own repeat what was sent."""

    __slots__ = ()

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer what aiohttp refuses before any route is asked, such as an `Expect` of its own."""
        if isinstance(resp, web.HTTPException):
            resp = problem_of(resp).response()
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP, and what went wrong outside every route."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        if status == 400:
            problem = problems.malformed("This is not HTTP that we can read.")
        else:
            log.error("request failed", status=status, exc_info=exc)
            problem = problems.internal_error()
        response = problem.response()
        response.force_close()
        return response


async def _listen(
    runner: web.AppRunner, host: str, port: int, tls: ssl.SSLContext | None
) -> asyncio.Server:
    loop = asyncio.get_running_loop()

    def connection() -> web.RequestHandler:
        assert runner.server is not None
        return _Connection(
            runner.server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp itself does
            keepalive_timeout=KEEPALIVE_TIMEOUT,
            max_field_size=CLIENT_HEADERS_MAX,
            auto_decompress=False,  # nothing compressed is taken: what it grows to nobody knows
        )

    try:
        return await loop.create_server(
            connection,
            host,
            port,
            backlog=4096,
            reuse_address=True,
            ssl=tls,
            ssl_handshake_timeout=None if tls is None else TLS_HANDSHAKE_TIMEOUT,
        )
    except OSError as error:
        raise CannotListen(
            f"Port {port} of {host} cannot be served ({error.strerror}): "
            "end what uses it, or set another port."
        ) from None


@asynccontextmanager
async def serving(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve an application; yields the port that it got.

    At the end nobody is cut off: new connections are refused, and for half a second those that are
    open get their answers and are told that these are the last.
    """
    ending = asyncio.Event()

    async def say_when_ending(request: web.Request, response: web.StreamResponse) -> None:
        if ending.is_set():
            response.force_close()
            response.headers["Connection"] = "close"  # aiohttp has prepared the others already

    app.on_response_prepare.append(say_when_ending)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        listening = await _listen(runner, host, port, tls)
        try:
            yield int(listening.sockets[0].getsockname()[1])
        finally:
            ending.set()
            listening.close()
        if runner.server is not None and runner.server.connections:
            await asyncio.sleep(GOODBYE)
    finally:
        await runner.cleanup()
