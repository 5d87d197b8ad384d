"""A connection of a port: its errors are problem documents, and a gate may stand before it.

A gate judges a request by its head as soon as it is read, below aiohttp, where a refusal costs a
fraction of an answer: the body is skipped unread and the connection stays. Only what is plain is
judged here: HTTP/1.1 with a Content-Length, one request after the other, each head in one piece.
After anything else nobody but aiohttp knows where the next request begins, and the rest of that
connection is judged by whoever answers (`judged` says whether that was done).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from aiohttp import web
from aiohttp.web_request import BaseRequest

from electoral import problems
from electoral.http import problem_of

HEAD_END = b"\r\n\r\n"

log = structlog.get_logger()


class Gate(Protocol):
    """Says who comes in, and is told of those who are inside."""

    def judge(self, head: bytes, body_bytes: int) -> bytes | int:
        """Return the whole answer of a refusal; else how much the request counts, or 0."""

    def began(self, weight: int) -> None:
        """A request that counts is here with its whole body."""

    def ended(self, seconds: float, weight: int) -> None:
        """It is answered, so long after that; or its caller is gone."""


@dataclass(slots=True)
class Doorway:
    """Where a port's gate stands; at the end of the port there is none any more."""

    gate: Gate | None


class Connection(web.RequestHandler):
    """A connection whose errors are problem documents: aiohttp's own repeat what was sent."""

    __slots__ = (
        "_body_left",
        "_doorway",
        "_in_progress",
        "_plain",
        "_since",
        "_skip",
        "_weight",
        "judged",
    )

    def __init__(self, *arguments: Any, doorway: Doorway, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.judged = False  # the request that is answered now has come through the gate
        self._doorway = doorway
        self._plain = True  # we know where each request ends
        self._in_progress = False  # a request that was let in is not answered
        self._weight = 0  # how much it counts once all of it is there
        self._body_left = 0  # bytes of its body that are still to come
        self._skip = 0  # bytes of a refused request's body that are still to come
        self._since: float | None = None  # since when a request is in hand

    def data_received(self, data: bytes) -> None:
        """Take what has come: skip it, refuse it, or hand it on."""
        gate = self._doorway.gate
        if gate is not None and self._plain and not (self._force_close or self._close):
            data = self._pass(gate, data)
        elif self._skip:
            data = self._skipped(data)
        if data:
            super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._end()
        super().connection_lost(exc)

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer what aiohttp refuses before any route is asked, such as an `Expect` of its own."""
        if isinstance(resp, web.HTTPException):
            resp = problem_of(resp).response()
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._end()

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

    # -- the gate ------------------------------------------------------------------------------

    def _pass(self, gate: Gate, data: bytes) -> bytes:
        """Answer the requests that are refused; returns what is for aiohttp."""
        if self._skip:
            data = self._skipped(data)
        elif self._body_left:
            return self._pass_body(gate, data)
        while data:
            end = data.find(HEAD_END)
            length = None if end < 0 or self._in_progress else plain_length(data[: end + 2])
            if length is None:
                self._plain = self.judged = False
                return data
            whole = end + len(HEAD_END) + length
            verdict = gate.judge(data, length)
            if not isinstance(verdict, bytes):
                self._let_in(gate, verdict, whole - len(data))
                return data
            self._refuse(verdict)
            self._skip = max(0, whole - len(data))
            data = data[whole:]
        return data

    def _skipped(self, data: bytes) -> bytes:
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        return data[skipped:]

    def _pass_body(self, gate: Gate, data: bytes) -> bytes:
        """Who sends slowly is not in hand before all is there: else a few could fill the place."""
        self._body_left -= len(data)
        if self._body_left <= 0:
            self._plain = self._body_left == 0
            self._body_left = 0
            if self._in_progress and self._weight:
                self._begin(gate)
        return data

    def _refuse(self, answer: bytes) -> None:
        if self.transport is not None:
            self.transport.write(answer)
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout

    def _let_in(self, gate: Gate, weight: int, body_left: int) -> None:
        self.judged = self._in_progress = True
        self._weight = weight
        self._plain = body_left >= 0
        self._body_left = max(0, body_left)
        if weight and not self._body_left:
            self._begin(gate)

    def _begin(self, gate: Gate) -> None:
        self._since = self._loop.time()
        gate.began(self._weight)

    def _end(self) -> None:
        """The request is answered; of a body that nobody asked for, the rest may still come."""
        self._in_progress = False
        since, self._since = self._since, None
        if since is not None and self._doorway.gate is not None:
            self._doorway.gate.ended(self._loop.time() - since, self._weight)


def plain_length(head: bytes) -> int | None:
    """Return the length of the body behind a head with its last line's end; None where the head
    is anything but plain, and aiohttp is to read it.
    """
    line_end = head.find(b"\r\n")
    if not head.endswith(b" HTTP/1.1", 0, line_end) or head.count(b"\n") != head.count(b"\r\n"):
        return None
    lower = head.lower()
    if b"transfer-encoding" in lower or b"expect" in lower or b"connection: close" in lower:
        return None
    name = b"\r\ncontent-length:"
    at = lower.find(name)
    if at < 0:
        return None if b"content-length" in lower or lower.startswith(b"p") else 0
    begin = at + len(name)
    value = lower[begin : lower.find(b"\r\n", begin)].strip(b" \t")
    if not value.isdigit() or len(value) > 9 or lower.find(b"content-length", begin) >= 0:
        return None
    return int(value)
