"""HTTP: limits of a body, one log line per request, problem documents at the edge."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from pydantic_core import to_json

from electoral import problems
from electoral.group_commit import Unavailable
from electoral.metrics import Metrics
from electoral.postgres import is_away
from electoral.problems import Problem
from electoral.sealing import SealingError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_TIMEOUT = 20.0  # seconds in which the whole body must have come

log = structlog.get_logger()


def json_response(document: object, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=to_json(document), status=status, content_type="application/json")


async def read_json_bytes(request: web.Request, limit: int) -> bytes:
    """Read a JSON request's body, as `read_body`."""
    return await read_body(request, "application/json", limit)


async def read_body(request: web.Request, content_type: str, limit: int) -> bytes:
    """Read a request's body: 415 for another type or encoding, 413 above `limit` bytes, 408
    when it does not come: a sender who is gone, or whose chunks stopped being HTTP.
    """
    if request.content_type != content_type or not _is_plain(request):
        raise problems.unsupported_media_type()
    if (request.content_length or 0) > limit:
        raise problems.too_large(limit)
    if request.content.is_eof():  # all of it has come with the head: most of the time
        return _within(request.content.read_nowait(), limit)
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            return await _read_bytes(request, limit)
    except TimeoutError:
        raise problems.body_missing(BODY_TIMEOUT) from None


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise problems.too_large(limit)
    return body


async def _read_bytes(request: web.Request, limit: int) -> bytes:
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
    lines = log.bind()  # `log` looks for its logger each time
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
        say = lines.debug if response.status < 400 else lines.info
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
    if isinstance(error, SealingError):
        # `/readyz` names a key that is missing; the same request works once it is there.
        log.error("request without its key", error_class=type(error).__name__)
        return problems.unavailable()
    log.error("request failed", exc_info=error)
    return problems.internal_error()


def _problem_of_http(error: web.HTTPException) -> Problem:
    if isinstance(error, web.HTTPMethodNotAllowed):
        return problems.method_not_allowed(", ".join(sorted(error.allowed_methods)))
    if error.status == 404:
        return problems.not_found()
    return Problem(error.status, "refused", error.reason, "The request was refused.")
