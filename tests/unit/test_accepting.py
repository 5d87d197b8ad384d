"""New connections do not wait for turns of a busy event loop, one by one."""

import asyncio
import socket
import time
from contextlib import suppress

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
