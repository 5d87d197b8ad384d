"""HTTP: body limits, one log line per request, problem documents at the edge, the admin port."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from aiohttp.web_request import BaseRequest
from pydantic_core import to_json

from electoral import problems
from electoral.envelope import timestamp
from electoral.group_commit import Unavailable
from electoral.health import Check
from electoral.ledger import ReadLedger
from electoral.metrics import Metrics
from electoral.postgres import is_away
from electoral.problems import Problem
from electoral.sealing import KEY_ID

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SHUTDOWN_TIMEOUT = 5.0  # seconds that open requests get to finish
GOODBYE = 0.5  # seconds in which open connections are told that their answer is the last
KEEPALIVE_TIMEOUT = 75.0  # seconds; longer than a client's idle pause
CLIENT_HEADERS_MAX = 8 * 1024  # bytes of one header line

log = structlog.get_logger()


def json_response(document: object, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=to_json(document), status=status, content_type="application/json")


async def read_json_bytes(request: web.Request, limit: int) -> bytes:
    """Read a JSON request's body; 415 for another type or encoding, 413 above `limit` bytes."""
    if request.content_type != "application/json" or not _is_plain(request):
        raise problems.unsupported_media_type()
    if (request.content_length or 0) > limit:
        raise problems.too_large(limit)
    chunks, size = [], 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise problems.too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _is_plain(request: web.Request) -> bool:
    return request.headers.get("Content-Encoding", "identity").strip().lower() == "identity"


def bearer_token(request: web.Request) -> str:
    """Return the caller's bearer token; 401 without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise problems.unauthenticated()
    return token.strip()


def edge(metrics: Metrics) -> Middleware:
    """Make the outermost middleware: problem documents for what is raised, and one log line."""
    requests = metrics.counter("http_requests_total")
    seconds = metrics.histogram("http_request_seconds")
    # Looking a label up costs more than counting: each pair is looked up once.
    count_of = lru_cache(maxsize=512)(lambda route, status: requests.labels(route, status).inc)
    time_of = lru_cache(maxsize=128)(lambda route: seconds.labels(route).observe)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        begin = time.perf_counter()
        response = await _answer(request, handler)
        route = _route_of(request)
        elapsed = time.perf_counter() - begin
        count_of(route, response.status)()
        time_of(route)(elapsed)
        # What went well is counted, and logged only where somebody looks for it.
        say = log.debug if response.status < 400 else log.info
        say("request", route=route, status=response.status, seconds=round(elapsed, 4))
        return response

    return middleware


def _route_of(request: web.Request) -> str:
    """Name the route by its pattern: a path may hold what somebody typed."""
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical}" if resource is not None else "none"


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Exception as error:
        return problem_of(error).response()


def problem_of(error: Exception) -> Problem:
    """Say what a caller is told about an error: the one table from errors to problems."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, web.HTTPException):
        return _problem_of_http(error)
    if isinstance(error, Unavailable) or is_away(error):
        return problems.unavailable()
    log.error("request failed", exc_info=error)
    return problems.internal_error()


def _problem_of_http(error: web.HTTPException) -> Problem:
    if isinstance(error, web.HTTPMethodNotAllowed):
        return problems.method_not_allowed(", ".join(sorted(error.allowed_methods)))
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return problems.too_large(0)
    if error.status == 404:
        return problems.not_found()
    return Problem(error.status, "refused", error.reason, "The request was refused.")


class CannotListen(Exception):
    """The address cannot be served: the message names it."""


class _Connection(web.RequestHandler):
    """A connection whose errors are problem documents: aiohttp's own repeat what was sent."""

    __slots__ = ()

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


async def _listen(runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
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
        return await loop.create_server(connection, host, port, backlog=4096, reuse_address=True)
    except OSError as error:
        raise CannotListen(
            f"Port {port} of {host} cannot be served ({error.strerror}): "
            "end what uses it, or set another port."
        ) from None


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
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
        listening = await _listen(runner, host, port)
        try:
            yield int(listening.sockets[0].getsockname()[1])
        finally:
            ending.set()
            listening.close()
        if runner.server is not None and runner.server.connections:
            await asyncio.sleep(GOODBYE)
    finally:
        await runner.cleanup()


CountUnfinished = Callable[[str], Awaitable[int]]
"""Counts what a service has not finished under a key."""


@dataclass(frozen=True, slots=True)
class Admin:
    """What the admin port shows."""

    service: str
    checks: Mapping[str, Check]
    stopping: asyncio.Event
    metrics: Metrics
    before_metrics: Callable[[], Awaitable[None]]
    ledger: ReadLedger
    unfinished: CountUnfinished | None = None


def admin_app(admin: Admin) -> web.Application:
    """Build the admin port: `/livez`, `/readyz`, `/metrics`, `/ledger`, `/keys`; never public."""
    app = web.Application(middlewares=[edge(admin.metrics)])

    async def live(request: web.Request) -> web.Response:
        return json_response({"status": "alive"})

    async def ready(request: web.Request) -> web.Response:
        found = {name: await check() for name, check in admin.checks.items()}
        if admin.stopping.is_set():
            found["lifecycle"] = "The service is ending."
        wrong = {name: sentence for name, sentence in found.items() if sentence is not None}
        status = "not-ready" if wrong else "ready"
        return json_response({"status": status, "wrong": wrong}, 503 if wrong else 200)

    async def metrics(request: web.Request) -> web.Response:
        await admin.before_metrics()
        return web.Response(body=admin.metrics.exposition(), content_type="text/plain")

    async def ledger(request: web.Request) -> web.Response:
        day, before = _ledger_query(request)
        rows = await admin.ledger(day, before)
        return json_response(
            {
                "service": admin.service,
                "day": day.isoformat(),
                "before": None if before is None else timestamp(before),
                "rows": [row.as_json() for row in rows],
            }
        )

    async def key(request: web.Request) -> web.Response:
        key_id = request.match_info["key_id"]
        if admin.unfinished is None or not KEY_ID.fullmatch(key_id):
            raise problems.not_found()
        count = await admin.unfinished(key_id)
        return json_response({"service": admin.service, "keyId": key_id, "unfinished": count})

    app.router.add_get("/livez", live)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/ledger", ledger)
    app.router.add_get("/keys/{key_id}", key)
    return app


def _ledger_query(request: web.Request) -> tuple[date, datetime | None]:
    try:
        day = date.fromisoformat(request.query["day"])
        text = request.query.get("before")
        before = None if text is None else datetime.fromisoformat(text)
    except (KeyError, ValueError):
        raise problems.malformed("Give `day=YYYY-MM-DD`, and `before=` as an ISO time.") from None
    if before is not None and before.tzinfo is None:
        raise problems.malformed("Give `before=` with its offset, for example ending in `Z`.")
    return day, before
