"""A port as it is served: whatever is sent, the answer is a problem document that repeats nothing.

These tests speak through a bare socket: clients of HTTP do not send what they send.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from electoral import http
from electoral.http import edge, json_response, read_json_bytes
from electoral.metrics import Metrics
from electoral.serving import CannotListen, serving

CANARY = "Zyxwvut"
HEAD = b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


async def length(request: web.Request) -> web.Response:
    return json_response({"length": len(await read_json_bytes(request, 100))})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = web.Application(middlewares=[edge(Metrics())])
    app.router.add_post("/length", length)
    async with serving(app, "127.0.0.1", 0) as port:
        yield port


async def answer(port: int, *parts: bytes) -> tuple[int, str, bytes]:
    """Send parts one after the other; returns the answer's status, its head and its body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.02)
        async with asyncio.timeout(5):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            [size] = [line for line in head.split("\r\n") if line.startswith("Content-Length:")]
            body = await reader.readexactly(int(size.partition(":")[2]))
    finally:
        writer.close()
    return int(head.split()[1]), head, body


def check_problem(found: tuple[int, str, bytes], status: int) -> dict[str, Any]:
    number, head, body = found
    assert number == status
    assert "Content-Type: application/problem+json" in head
    assert CANARY not in head + body.decode()
    document: dict[str, Any] = json.loads(body)
    assert document["status"] == status
    return document


@pytest.mark.parametrize("path", [b"/length", b"/nowhere"])
async def test_an_expectation_that_nobody_knows_is_a_problem_without_its_value(
    port: int, path: bytes
) -> None:
    head = HEAD.replace(b"/length", path) + f"Expect: {CANARY}\r\n".encode()
    check_problem(await answer(port, head + b"Content-Length: 2\r\n\r\n{}"), 417)


async def test_who_asks_whether_to_go_on_is_told_to(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    async with asyncio.timeout(5):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        assert b" 200 OK" in await reader.readuntil(b"\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(
    "parts",
    [
        (b"Content-Length: 5\r\n\r\n",),
        (b"Content-Length: 5\r\n\r\n", b"{"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n", f"{CANARY}\r\n".encode()),
    ],
)
async def test_a_body_that_does_not_come_whole_is_408(
    port: int, parts: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BODY_TIMEOUT", 0.3)
    found = await answer(port, HEAD + parts[0], *parts[1:])
    assert check_problem(found, 408)["code"] == "body-missing"
    assert "Connection: close" in found[1]


async def test_a_body_that_comes_in_pieces_is_read(port: int) -> None:
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    status, _, body = await answer(port, head, b"1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n")
    assert (status, body) == (200, b'{"length":2}')


@pytest.mark.parametrize(
    "request_bytes",
    [
        f"{CANARY}\r\n\r\n".encode(),
        f"POST /length HTTP/9.9\r\nHost: {CANARY}\r\n\r\n".encode(),
        f"POST /length HTTP/1.1\r\n{CANARY}\r\n\r\n".encode(),
        HEAD + f"Content-Length: {CANARY}\r\n\r\n".encode(),
        HEAD + b"X: " + CANARY.encode() * 2_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_400(port: int, request_bytes: bytes) -> None:
    check_problem(await answer(port, request_bytes), 400)


async def test_a_port_that_is_taken_is_named_with_what_to_do(port: int) -> None:
    with pytest.raises(CannotListen, match=f"Port {port} .* or set another port"):
        async with serving(web.Application(), "127.0.0.1", port):
            pass
