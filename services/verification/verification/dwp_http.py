"""The client of DWP's HTTP API: OAuth2 client credentials, and look-ups of up to a hundred."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from electoral.metrics import Metrics
from pydantic import SecretStr

from verification.dwp import LOOKUPS_MAX, Answers, Turn
from verification.dwp_answers import read_answers, read_retry_after, read_token
from verification.dwp_token import Token
from verification.errors import CallFailure, DwpFailure, NoTurn

BODY_BYTES_MAX = 1 << 20
THROTTLED_SECONDS = 1.0  # that DWP is left alone at least after a 429, whatever that says
# What reading an answer may raise when that is stranger than anybody thought of.
SURPRISES = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)

log = structlog.get_logger()


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
        return await self._ask_once_more(ninos, token, turn)

    async def _ask_once_more(self, ninos: Sequence[str], refused: str, turn: Turn) -> Answers:
        """Ask with a new token: this one was refused, as one that was revoked before its end is.

        Without a turn for that the refusal counts, but once for each token: many calls had it.
        """
        was_in_use = self._token.forget(refused)
        try:
            return await self._ask(ninos, await self._token.valid(), turn)
        except NoTurn:
            if was_in_use:
                raise DwpFailure("unauthorized") from None
            raise

    async def _ask(self, ninos: Sequence[str], token: str, turn: Turn) -> Answers:
        lookups = [{"id": str(number), "nino": nino} for number, nino in enumerate(ninos)]
        body = json.dumps({"lookups": lookups}, separators=(",", ":")).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        await turn()
        self._sent.inc(len(ninos))
        with self._watched(), surprises_as_garbage():
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
            with surprises_as_garbage():
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


@contextmanager
def surprises_as_garbage() -> Iterator[None]:
    """Fail a call whose answer cannot be handled: that is DWP's doing, and no message's."""
    try:
        yield
    except SURPRISES as error:
        log.error("dwp answered in a way nobody thought of", error_class=type(error).__name__)
        raise DwpFailure("garbage") from None


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
    return max(asked or 0.0, THROTTLED_SECONDS) if response.status == 429 else asked
