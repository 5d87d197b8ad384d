"""The client of DWP's HTTP API: OAuth2 client credentials, and look-ups of up to a hundred."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import Self

import aiohttp
from electoral.metrics import Metrics
from pydantic import SecretStr

from verification.dwp import LOOKUPS_MAX, Answers, Turn
from verification.dwp_answers import read_answers, read_retry_after, read_token
from verification.dwp_token import Token
from verification.errors import CallFailure, DwpFailure

BODY_BYTES_MAX = 1 << 20
THROTTLED_SECONDS = 1.0  # that DWP is left alone after a 429 that does not say for how long


class HttpDwp:
    """DWP's JSON API."""

    def __init__(
        self,
        *,
        url: str,
        client_id: str,
        client_secret: SecretStr,
        calls_max: int,
        metrics: Metrics,
    ) -> None:
        self._url = url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._calls_max = calls_max
        self._calls = metrics.counter("dwp_calls_total")
        self._seconds = metrics.histogram("dwp_call_seconds")
        self._sent = metrics.counter("dwp_lookups_total")
        self._token = Token(self._fetch_token)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._calls_max + 1),  # the one is for the token
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None),  # the caller's time-out counts
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._token.close()
        await self._session.close()

    async def look_up(self, ninos: Sequence[str], turn: Turn) -> Answers:
        assert len(ninos) <= LOOKUPS_MAX
        token = await self._token.valid()
        try:
            return await self._ask(ninos, token, turn)
        except DwpFailure as failure:
            if failure.reason != "unauthorized":
                raise
        self._token.forget(token)  # it may have been revoked before its end: once more, a new one
        return await self._ask(ninos, await self._token.valid(), turn)

    async def _ask(self, ninos: Sequence[str], token: str, turn: Turn) -> Answers:
        lookups = [{"id": str(number), "nino": nino} for number, nino in enumerate(ninos)]
        body = json.dumps({"lookups": lookups}, separators=(",", ":")).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        await turn()
        self._sent.inc(len(ninos))
        with self._watched():
            return read_answers(await self._post("/v1/lookups", body, headers), ninos)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Count a call by how it ended, and its time."""
        outcome = "timeout"  # of the caller's patience, too
        begin = perf_counter()
        try:
            yield
            outcome = "answered"
        except DwpFailure as failure:
            outcome = failure.reason
            raise
        finally:
            self._calls.labels(outcome).inc()
            self._seconds.observe(perf_counter() - begin)

    async def _fetch_token(self) -> tuple[str, float]:
        form = aiohttp.FormData(
            {
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._client_secret.get_secret_value(),
            }
        )
        try:
            return read_token(await self._post("/oauth2/token", form, {}))
        except DwpFailure as failure:
            self._calls.labels(f"no-token-{failure.reason}").inc()
            raise

    async def _post(
        self, path: str, body: bytes | aiohttp.FormData, headers: Mapping[str, str]
    ) -> bytes:
        try:
            async with self._session.post(
                self._url + path, data=body, headers=headers, allow_redirects=False
            ) as response:
                return await _read_json_body(response)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise DwpFailure("timeout") from None
            raise DwpFailure("unreachable") from None


async def _read_json_body(response: aiohttp.ClientResponse) -> bytes:
    if response.status != 200:
        raise DwpFailure(_failure_of(response.status), _left_alone_for(response))
    if response.content_type != "application/json":
        raise DwpFailure("garbage")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise DwpFailure("garbage")
    return bytes(body)


def _failure_of(status: int) -> CallFailure:
    if status == 401:
        return "unauthorized"
    if status == 429:
        return "throttled"
    return "server-error" if status >= 500 else "refused"


def _left_alone_for(response: aiohttp.ClientResponse) -> float | None:
    """Read for how many seconds DWP wants to be left alone; None when it does not ask for it."""
    if response.status not in (429, 503):
        return None
    asked = read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    return THROTTLED_SECONDS if asked is None and response.status == 429 else asked
