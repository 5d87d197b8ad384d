"""A small HTTP/1.1 client for many requests to one server: keep-alive, plain TCP, no redirects.

A request costs a tenth of what a general client takes, which matters where citizens, councils
and the services under test share two cores.
"""

import asyncio
from typing import NamedTuple, Protocol, cast
from urllib.parse import urlsplit

HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 64 * 1024 * 1024
BODILESS = frozenset({204, 304})
CHUNKED = -1  # in place of a length


class Answer(NamedTuple):
    status: int
    head: bytes  # status line and headers as they came, in lower case
    body: bytes
    head_as_sent: bytes = b""  # the same before it was put in lower case: cookies have both

    def header(self, name: bytes) -> bytes:
        """The value of a header, in lower case; empty if it is not there."""
        return _header(self.head, name)

    def header_as_sent(self, name: bytes) -> bytes:
        """The value of a header, as it was sent; empty if it is not there."""
        start = self.head.find(b"\r\n%b:" % name)
        if start < 0:
            return b""
        start += len(name) + 3
        return self.head_as_sent[start : self.head.index(b"\r\n", start)].strip()


class ConnectionBroken(Exception):
    """The connection ended before the whole answer was there; the request may have had effect."""


class Server(NamedTuple):
    """Where to connect to, and the path that every request begins with."""

    host: str
    port: int
    prefix: str

    @classmethod
    def of_url(cls, url: str) -> "Server":
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise ValueError("an address such as http://127.0.0.1:8101 is needed")
        return cls(parts.hostname, parts.port or 80, parts.path.rstrip("/"))

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Requests(Protocol):
    """Whatever answers one request at a time."""

    async def request(
        self, method: str, path: str, body: bytes | None = None, headers: bytes = b"", /
    ) -> Answer: ...


class Connection:
    """One connection, one request at a time; it connects when needed and again after a break."""

    def __init__(self, server: Server, headers: dict[str, str]) -> None:
        self._server = server
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        self._fixed = f"Host: {server.host_header}\r\n{''.join(lines)}".encode("latin-1")
        self._stream: _Stream | None = None

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: bytes = b"",
        timeout_seconds: float = 30.0,
    ) -> Answer:
        """The answer. Raises ConnectionBroken, OSError or TimeoutError; then it connects anew.

        `headers` are further header lines, each ended by CR LF.
        """
        length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
        first = f"{method} {self._server.prefix}{path} HTTP/1.1\r\n".encode("latin-1")
        message = b"%b%b%b%b\r\n%b" % (first, self._fixed, headers, length, body or b"")
        stream = self._stream
        try:
            if stream is None or stream.ended:
                async with asyncio.timeout(timeout_seconds):
                    stream = await self._connect()
            answer = await stream.exchange(message, timeout_seconds)
        except BaseException:
            self.close()
            raise
        if answer.header(b"connection") == b"close":
            self.close()
        return answer

    def close(self) -> None:
        if self._stream is not None:
            self._stream.abort()
            self._stream = None

    async def _connect(self) -> "_Stream":
        loop = asyncio.get_running_loop()
        _, self._stream = await loop.create_connection(
            _Stream, self._server.host, self._server.port
        )
        return self._stream


class _Stream(asyncio.Protocol):
    """Collects one answer after the other."""

    def __init__(self) -> None:
        self.ended = False
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._head = self._head_as_sent = b""
        self._length = 0  # of the body
        self._waiter: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not descend from asyncio's: a check by type would fail.
        self._transport = cast("asyncio.Transport", transport)

    async def exchange(self, message: bytes, timeout_seconds: float) -> Answer:
        if self._transport is None or self.ended:
            raise ConnectionBroken
        self._received.clear()
        self._head = b""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        self._transport.write(message)
        # A fifth of what `asyncio.timeout` costs.
        expiry = loop.call_later(timeout_seconds, self._fail, TimeoutError())
        try:
            return await self._waiter
        finally:
            expiry.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            answer = self._whole_answer()
        except (ValueError, IndexError):
            self.abort()
            return
        if answer is not None and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self._fail(ConnectionBroken())

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    def abort(self) -> None:
        self.ended = True
        if self._transport is not None:
            self._transport.abort()

    def _whole_answer(self) -> Answer | None:
        """The answer if all of it is here. Raises ValueError or IndexError if it is not HTTP."""
        if not self._head and not self._read_head():
            return None
        if self._length == CHUNKED:
            body = _unchunked(self._received)
        elif len(self._received) >= self._length:
            body = bytes(self._received[: self._length])
        else:
            body = None
        if body is None:
            return None
        return Answer(_status(self._head), self._head, body, self._head_as_sent)

    def _read_head(self) -> bool:
        """Whether all of it has come."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            if len(self._received) > HEAD_BYTES_MAX:
                raise ValueError("head too long")
            return False
        as_sent = bytes(self._received[: end + 2])
        head = as_sent.lower()
        del self._received[: end + 4]
        if _status(head) == 100:  # an interim answer: the real one follows
            return self._read_head()
        self._head, self._head_as_sent = head, as_sent
        self._length = _body_length(head)
        return True


def _status(head: bytes) -> int:
    return int(head.split(b" ", 2)[1])


def _header(head: bytes, name: bytes) -> bytes:
    start = head.find(b"\r\n%b:" % name)
    if start < 0:
        return b""
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()


def _body_length(head: bytes) -> int:
    """Bytes of the body, or CHUNKED."""
    if _status(head) in BODILESS:
        return 0
    if _header(head, b"transfer-encoding") == b"chunked":
        return CHUNKED
    length = int(_header(head, b"content-length") or 0)
    if not 0 <= length <= BODY_BYTES_MAX:
        raise ValueError("body too long")
    return length


def _unchunked(received: bytearray) -> bytes | None:
    """The body put together from its chunks, or None while the last one is not there."""
    parts: list[bytes] = []
    at = 0
    while (line_end := received.find(b"\r\n", at)) >= 0:
        size = int(received[at:line_end].split(b";", 1)[0], 16)
        start = line_end + 2
        if len(received) < start + size + 2:
            return None
        if size == 0:
            return b"".join(parts)
        parts.append(bytes(received[start : start + size]))
        at = start + size + 2
    return None
