"""The client of Notify's HTTP API: one message a call, under an idempotency key of ours."""

import json
from time import perf_counter
from types import TracebackType
from typing import Self

import aiohttp
from electoral.metrics import Metrics
from pydantic import SecretStr

from registration.notify.port import Message, NotifyFailure, Reason

CALL_TIMEOUT = 10.0  # seconds
CALLS_MAX = 100  # at once: as many as a sender claims, or they would wait for each other
RETRY_AFTER_MAX = 300.0  # seconds: who asks for more is asked again after that
THROTTLED_SECONDS = 1.0  # that Notify is left alone at least after a 429
_TAKEN = (200, 201)


class HttpNotify:
    """Notify's JSON API: `POST /v1/messages` under `Idempotency-Key`."""

    def __init__(self, *, url: str, token: SecretStr, metrics: Metrics) -> None:
        self._url = f"{url.rstrip('/')}/v1/messages"
        self._token = token
        self._calls = metrics.counter("notify_calls_total")
        self._seconds = metrics.histogram("notify_call_seconds")

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CALLS_MAX),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def send(self, message: Message) -> None:
        begin, outcome = perf_counter(), "taken"
        try:
            await self._send(message)
        except NotifyFailure as failure:
            outcome = failure.reason
            raise
        finally:
            self._calls.labels(outcome).inc()
            self._seconds.observe(perf_counter() - begin)

    async def _send(self, message: Message) -> None:
        try:
            async with self._session.post(
                self._url,
                data=_body_of(message),
                headers=self._headers(message),
                allow_redirects=False,
            ) as response:
                _check(response)
        except TimeoutError:
            raise NotifyFailure("timeout") from None
        except (aiohttp.ClientError, OSError):
            raise NotifyFailure("unreachable") from None

    def _headers(self, message: Message) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token.get_secret_value()}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(message.message_id),
        }


def _body_of(message: Message) -> bytes:
    body = {
        "kind": message.kind,
        "to": message.to,
        "subject": message.subject,
        "body": message.body,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _check(response: aiohttp.ClientResponse) -> None:
    """Believe 200 and 201 alone: a page of a proxy's is no promise that a message was taken."""
    if response.status in _TAKEN and response.content_type == "application/json":
        return
    raise NotifyFailure(_reason_of(response.status), _left_alone_for(response))


def _reason_of(status: int) -> Reason:
    if status == 429:
        return "throttled"
    if status in (401, 403):
        return "unauthorized"
    if status in (400, 422):
        return "refused"
    return "server-error" if status >= 500 else "garbage"


def _left_alone_for(response: aiohttp.ClientResponse) -> float | None:
    """Read for how many seconds Notify wants to be left alone; None when it does not say."""
    if response.status not in (429, 503):
        return None
    text = response.headers.get("Retry-After", "").strip()
    asked = min(float(text), RETRY_AFTER_MAX) if text.isascii() and text.isdigit() else None
    return max(asked or 0.0, THROTTLED_SECONDS) if response.status == 429 else asked
