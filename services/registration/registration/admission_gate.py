"""The gate before the public port: applications beyond what can be in hand are refused unread."""

import json
from functools import cache

from aiohttp import web
from aiohttp.typedefs import Middleware
from electoral import problems
from electoral.connection import Connection
from electoral.http import Handler

from registration.admission import IN_HAND_MIN, Admission

NEW = b"POST /v1/applications"
STATUS = b"POST /v1/status"  # asked by those who have applied
BATCH = b"POST /v1/applications:batch"
APPLICATION_BYTES = 1024  # of one in a batch, about
BATCH_WEIGHT_MAX = IN_HAND_MIN  # so that one of 500 leaves room for others
IN_HAND = (b"POST /v1/applications", b"GET /register-to-vote", b"POST /register-to-vote")
NOT_IN_HAND = b"POST /register-to-vote/helper/sign-in"  # passwords are compared one at a time


class AdmissionGate:
    """Refuses new applications while there is no room, and counts what is in hand.

    What the form does is in hand too; whom it lets in is the form's own matter.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.began, self.ended = admission.began, admission.ended

    def judge(self, head: bytes, body_bytes: int) -> bytes | int:
        """Return a whole 503 for who is refused; else how much it counts."""
        if (head.startswith(NEW) and not self._admission.admits("new")) or (
            head.startswith(STATUS) and not self._admission.admits("started")
        ):
            return refusal(self._admission.retry_after())
        if head.startswith(BATCH):
            return max(2, min(BATCH_WEIGHT_MAX, body_bytes // APPLICATION_BYTES))
        return int(head.startswith(IN_HAND) and not head.startswith(NOT_IN_HAND))

    @property
    def middleware(self) -> Middleware:
        """For what the connection could not judge: the same refusal, at the usual cost."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = request.protocol
            if isinstance(connection, Connection) and connection.judged:
                connection.judged = False  # the next may come without having been
                return await handler(request)
            is_new = request.method == "POST" and request.path.startswith("/v1/applications")
            if is_new and not self._admission.admits("new"):
                return problems.unavailable(self._admission.retry_after()).response()
            return await handler(request)  # not in hand: its body may come slowly

        return middleware


@cache
def refusal(retry_after: int) -> bytes:
    """Return the whole answer of a refusal, as it goes over the line."""
    problem = problems.unavailable(retry_after)
    body = json.dumps(problem.as_json(), ensure_ascii=False).encode()
    headers = {
        "Content-Type": problems.PROBLEM_JSON,
        "Content-Length": len(body),
        **problem.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 503 Service Unavailable\r\n{lines}\r\n".encode() + body
