"""What can happen to a call to the simulated DWP, and by which chance."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from random import Random

from aiohttp import web

from simulated.dwp_control import Control, GarbageKind

HANG_LOOK_INTERVAL = 0.5  # seconds between two looks whether the client has gone
DRIP_INTERVAL = 0.1  # seconds between two pieces, at least
TOO_MUCH = b" " * (2 << 20)  # white space: what is before it stays sound JSON
JSON = "application/json"
HTML = b"<html><head><title>Service temporarily"
Z_99 = 2.3263478740408408  # standard deviations to the 99th percentile


class Chance:
    """Draws by a seed, each kind from a stream of its own: one rate does not move the others."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._streams: dict[str, Random] = {}

    def of(self, kind: str) -> Random:
        stream = self._streams.get(kind)
        if stream is None:
            stream = self._streams[kind] = Random(f"{self._seed} {kind}")
        return stream

    def strikes(self, kind: str, rate: float) -> bool:
        return rate > 0 and self.of(kind).random() < rate

    def latency(self, control: Control) -> float:
        """Seconds; the sum of everything that is set."""
        chance = self.of("latency")
        ms = control.latency_ms
        if control.latency_jitter_ms:
            ms += control.latency_jitter_ms * chance.random()
        if median := control.latency_median_ms:
            spread = math.log(control.latency_p99_ms / median) / Z_99
            ms += chance.lognormvariate(math.log(median), spread)
        if control.latency_percentiles_ms:
            ms += value_at(control.latency_percentiles_ms, 100 * chance.random())
        return ms / 1000


def value_at(points: tuple[tuple[float, float], ...], percentile: float) -> float:
    """Between two points on a line; outside of them as the nearest."""
    if percentile <= points[0][0]:
        return points[0][1]
    for (low, least), (high, most) in pairwise(points):
        if percentile <= high:
            return least + (most - least) * (percentile - low) / (high - low)
    return points[-1][1]


def too_many(retry_after_seconds: int, *, as_date: bool) -> web.Response:
    return web.Response(status=429, headers=_retry_after(retry_after_seconds, as_date=as_date))


def down(retry_after_seconds: int | None, *, as_date: bool) -> web.Response:
    if retry_after_seconds is None:
        return web.Response(status=503)
    return web.Response(status=503, headers=_retry_after(retry_after_seconds, as_date=as_date))


def _retry_after(seconds: int, *, as_date: bool) -> dict[str, str]:
    """The header; a date is in whole seconds and so rounded up."""
    if not as_date:
        return {"Retry-After": str(seconds)}
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds + 1)
    return {"Retry-After": format_datetime(end, usegmt=True)}


async def hang(request: web.Request) -> web.Response:
    """Never answers; returns when the client has gone away."""
    while not is_gone(request):
        await asyncio.sleep(HANG_LOOK_INTERVAL)
    return web.Response(status=503)


def cut(request: web.Request) -> web.Response:
    """Closes the connection under the client's feet; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def drip(request: web.Request, body: bytes, seconds: float) -> web.StreamResponse:
    """The answer in small pieces, all of it there after so long."""
    pieces = min(len(body), max(1, math.ceil(seconds / DRIP_INTERVAL)))
    size = math.ceil(len(body) / pieces)
    response = await _begun(request, len(body))
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / pieces)
        if is_gone(request):
            break
        await response.write(body[start : start + size])
    return response


async def garbage(kind: GarbageKind, request: web.Request, body: bytes) -> web.StreamResponse:
    """An answer with status 200 that cannot be believed, made from the right one."""
    if kind == "cut-short":
        response = await _begun(request, len(body))
        await response.write(body[: len(body) // 2])
        return cut(request)
    if kind == "wrong-content-type":
        return web.Response(body=body, content_type="text/html")
    bodies = {
        "html": HTML,
        "truncated-json": body[: len(body) // 2],
        "empty": b"",
        "too-large": body + TOO_MUCH,
    }
    return web.Response(body=bodies[kind], content_type=JSON)


async def _begun(request: web.Request, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": JSON, "Content-Length": str(length)})
    await response.prepare(request)
    return response
