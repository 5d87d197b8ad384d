"""New connections do not wait for turns of a busy event loop, one by one."""

import asyncio
import resource
import socket
import time
from contextlib import suppress

import structlog
import uvloop
from aiohttp import web
from electoral.serving import serving

CALLERS = 50
TURN = 0.02  # seconds that each turn of the loop is kept busy
TURNS_MAX = 6


def test_all_who_wait_are_accepted_within_a_few_turns_of_a_busy_loop() -> None:
    assert uvloop.run(_answered_within_turns()) == CALLERS


async def _answered_within_turns() -> int:
    app = web.Application()
    app.router.add_get("/", _hello)
    async with serving(app, "127.0.0.1", 0) as port:
        callers = [_call(port) for _ in range(CALLERS)]
        for _ in range(TURNS_MAX):
            await asyncio.sleep(0)
            _keep_busy()
        answered = sum(_has_answer(caller) for caller in callers)
        for caller in callers:
            caller.close()
    return answered


def _keep_busy() -> None:
    time.sleep(TURN)


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def _call(port: int) -> socket.socket:
    caller = socket.create_connection(("127.0.0.1", port))
    caller.setblocking(False)
    caller.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    return caller


def _has_answer(caller: socket.socket) -> bool:
    with suppress(BlockingIOError):
        return caller.recv(100).startswith(b"HTTP/1.1 200")
    return False


def test_nobody_is_accepted_after_the_end() -> None:
    port = uvloop.run(_serve_and_end())
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        raise AssertionError("the port is still open")


async def _serve_and_end() -> int:
    async with serving(web.Application(), "127.0.0.1", 0) as port:
        return port


def test_who_cannot_be_accepted_is_tried_again_after_a_pause_and_not_all_the_time() -> None:
    tries, answered = uvloop.run(_without_room())
    assert 1 <= tries <= 2
    assert answered == 3


async def _without_room() -> tuple[int, int]:
    """Let callers wait while no more can be open; how often it was tried, and who was answered."""
    app = web.Application()
    app.router.add_get("/", _hello)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with serving(app, "127.0.0.1", 0) as port:
        callers = [_call(port) for _ in range(3)]
        with structlog.testing.capture_logs() as said:
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            try:
                await asyncio.sleep(0.5)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await asyncio.sleep(1.5)
        answered = sum(_has_answer(caller) for caller in callers)
        for caller in callers:
            caller.close()
    return sum(line["event"] == "connection not accepted" for line in said), answered
