"""A gate before a port: whom it refuses is answered at once, unread, and stays connected."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from electoral.connection import plain_length
from electoral.http import edge, json_response, read_json_bytes
from electoral.metrics import Metrics
from electoral.serving import serving

REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"


class Keeper:
    """A gate that tests open and close."""

    def __init__(self) -> None:
        self.closed = False
        self.in_hand = 0
        self.seconds: list[float] = []
        self.judged: list[bytes] = []

    def judge(self, head: bytes, body_bytes: int) -> bytes | int:
        self.judged.append(head.partition(b" ")[0])
        is_post = head.startswith(b"POST")
        return REFUSED if self.closed and is_post else is_post + (body_bytes > 1_000)

    def began(self, weight: int) -> None:
        self.in_hand += weight

    def ended(self, seconds: float, weight: int) -> None:
        self.in_hand -= weight
        self.seconds.append(seconds)


class Line:
    """A caller on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, *parts: bytes) -> tuple[int, bytes]:
        for part in parts:
            self.writer.write(part)
            await asyncio.sleep(0.02)
        return await self.read()

    async def read(self) -> tuple[int, bytes]:
        async with asyncio.timeout(5):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            return int(head.split()[1]), await self._reader.readexactly(length)


async def length(request: web.Request) -> web.Response:
    judged = getattr(request.protocol, "judged", None)
    return json_response({"length": len(await read_json_bytes(request, 100_000)), "judged": judged})


async def nothing(_: web.Request) -> web.Response:
    await asyncio.sleep(0.2)
    return json_response({})


@pytest.fixture
def gate() -> Keeper:
    return Keeper()


@pytest.fixture
async def line(gate: Keeper) -> AsyncIterator[Line]:
    app = web.Application(middlewares=[edge(Metrics())])
    app.router.add_post("/length", length)
    app.router.add_post("/slow", nothing)
    app.router.add_get("/", nothing)
    async with serving(app, "127.0.0.1", 0, gate=gate) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield Line(reader, writer)
        writer.close()


def post(body: bytes, more: bytes = b"", path: bytes = b"/length") -> bytes:
    head = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" % path
    return head + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def test_a_refused_caller_is_answered_and_may_ask_again_on_the_same_connection(
    line: Line, gate: Keeper
) -> None:
    for _ in range(3):
        gate.closed = True
        assert await line.ask(post(b"{}")) == (503, b"no")
        gate.closed = False
        assert await line.ask(post(b"{}")) == (200, b'{"length":2,"judged":true}')
    assert (gate.in_hand, len(gate.seconds)) == (0, 3)


@pytest.mark.parametrize("size", [1_000, 100_000])
async def test_a_refused_body_is_skipped_in_however_many_pieces_it_comes(
    line: Line, gate: Keeper, size: int
) -> None:
    gate.closed = True
    whole = post(b"x" * size) + post(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    head = whole.index(b"\r\n\r\n") + 4
    third = len(whole) // 3
    for part in (whole[:head], whole[head:third], whole[third : 2 * third], whole[2 * third :]):
        line.writer.write(part)
        await asyncio.sleep(0.02)
    assert [await line.read(), await line.read()] == [(503, b"no"), (503, b"no")]
    gate.closed = False
    assert (await line.ask(post(b"{}")))[0] == 200


async def test_who_is_let_in_is_in_hand_from_the_last_byte_of_the_body(
    line: Line, gate: Keeper
) -> None:
    sent = post(b"{}", path=b"/slow")
    line.writer.write(sent[:-1])
    await asyncio.sleep(0.05)
    assert gate.in_hand == 0
    line.writer.write(sent[-1:])
    await asyncio.sleep(0.05)
    assert gate.in_hand == 1
    assert (await line.read())[0] == 200
    assert gate.in_hand == 0
    assert 0.1 < gate.seconds[0] < 1.0


async def test_what_is_large_counts_for_more(line: Line, gate: Keeper) -> None:
    line.writer.write(post(b"x" * 2_000, path=b"/slow"))
    await asyncio.sleep(0.05)
    assert gate.in_hand == 2
    assert (await line.read())[0] == 200
    assert gate.in_hand == 0


async def test_who_hangs_up_is_not_in_hand_any_more(line: Line, gate: Keeper) -> None:
    line.writer.write(post(b"{}", path=b"/slow"))
    await asyncio.sleep(0.05)
    assert gate.in_hand == 1
    line.writer.close()
    await asyncio.sleep(0.05)
    assert gate.in_hand == 0


@pytest.mark.parametrize(
    "request_bytes",
    [
        (
            b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        ),
        post(b"{}", b"Expect: nothing\r\n"),
    ],
)
async def test_what_is_not_plain_is_left_to_whoever_answers(
    line: Line, gate: Keeper, request_bytes: bytes
) -> None:
    gate.closed = True
    assert (await line.ask(request_bytes))[0] in (200, 417)
    assert gate.judged == []
    assert gate.in_hand == 0


async def test_a_request_behind_another_in_one_piece_does_not_pass_as_judged(
    line: Line, gate: Keeper
) -> None:
    line.writer.write(post(b"{}") + post(b"[]"))
    assert [(await line.read())[0], (await line.read())[0]] == [200, 200]
    assert gate.judged == [b"POST"]
    gate.closed = True
    assert (await line.ask(post(b"{}")))[0] == 200  # nobody knows where it begins
    assert gate.judged == [b"POST"]


async def test_a_head_in_two_pieces_is_read_by_aiohttp(line: Line, gate: Keeper) -> None:
    gate.closed = True
    whole = post(b"{}")
    assert (await line.ask(whole[:30], whole[30:]))[1] == b'{"length":2,"judged":false}'
    assert gate.judged == []


async def test_a_body_that_nobody_wanted_is_no_request(line: Line, gate: Keeper) -> None:
    smuggled = b"POST /slow HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
    whole = post(smuggled, path=b"/nowhere")
    head = whole.index(b"\r\n\r\n") + 4
    assert (await line.ask(whole[:head], whole[head:]))[0] == 404
    assert (await line.ask(post(b"{}")))[1] == b'{"length":2,"judged":true}'
    assert gate.judged == [b"POST", b"POST"]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n", 0),
        (b"POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  12 \r\n", 12),
        (b"POST / HTTP/1.1\r\nHost: a\r\n", None),
        (b"POST / HTTP/1.0\r\nContent-Length: 1\r\n", None),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n", None),
        (b"POST / HTTP/1.1\r\nContent-Length : 1\r\n", None),
        (b"POST / HTTP/1.1\r\nContent-Length: +1\r\n", None),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n", None),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", None),
        (b"POST / HTTP/1.1\r\nX: a\nContent-Length: 1\r\n", None),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n", None),
        (b"not http at all\r\n", None),
    ],
)
def test_the_length_of_a_body_is_known_only_where_there_is_one_way_to_read_it(
    head: bytes, found: int | None
) -> None:
    assert plain_length(head) == found
