"""DWP's customer records: the port, and the client of their HTTP API.

A look-up sends the first eight characters of a NINO, in a body and never in an address. Whatever
comes back is checked piece by piece: what cannot be believed is *unanswered*, never "not found".
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import Enum
from time import monotonic, perf_counter
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from electoral.metrics import Metrics
from electoral.person import Name
from pydantic import SecretStr

from verification.errors import CallFailure, DwpFailure, ParkReason
from verification.matching import Record

LOOKUPS_MAX = 100  # of one call
BODY_BYTES_MAX = 1 << 20
RECORD_NAMES_MAX = 50
DATE_LENGTH = 10
TOKEN_SECONDS_MAX = 3_600.0  # a token is renewed after this, whatever it says of itself
TOKEN_LIFE_USED = 0.8  # share of its life after which a token is renewed


class NotFound(Enum):
    """DWP has no record under this NINO."""

    NOT_FOUND = "not-found"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There is no answer for this NINO yet."""

    reason: ParkReason


Answer = Record | NotFound | Unanswered
Answers = Mapping[str, Answer]

NOT_FOUND = NotFound.NOT_FOUND
WRONG = Unanswered("dwp-answer-wrong")
UNAVAILABLE = Unanswered("dwp-unavailable")


class Dwp(Protocol):
    """Whoever knows DWP's records."""

    async def look_up(self, ninos: Sequence[str]) -> Answers:
        """Answer for each of up to 100 NINOs (eight characters); raises `DwpFailure`.

        The caller sets how long it may take, by a time-out around it.
        """
        ...


class HttpDwp:
    """DWP's JSON API, entered with OAuth2 client credentials."""

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
        self._token = ""
        self._renew_at = 0.0  # monotonic seconds
        self._renewing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._calls_max),
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
        await self._session.close()

    async def look_up(self, ninos: Sequence[str]) -> Answers:
        assert len(ninos) <= LOOKUPS_MAX
        outcome = "timeout"
        begin = perf_counter()
        try:
            answers = read_answers(await self._ask(ninos), ninos)
            outcome = "answered"
        except DwpFailure as failure:
            outcome = failure.reason
            raise
        finally:
            self._calls.labels(outcome).inc()
            self._seconds.observe(perf_counter() - begin)
        return answers

    async def _ask(self, ninos: Sequence[str]) -> bytes:
        lookups = [{"id": str(number), "nino": nino} for number, nino in enumerate(ninos)]
        body = json.dumps({"lookups": lookups}, separators=(",", ":")).encode()
        token = await self._valid_token()
        try:
            return await self._post_lookups(body, token)
        except DwpFailure as failure:
            if failure.reason != "unauthorized":
                raise
        self._forget(token)  # it may have been revoked before its end: once more with a new one
        return await self._post_lookups(body, await self._valid_token())

    async def _post_lookups(self, body: bytes, token: str) -> bytes:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return await self._post("/v1/lookups", body, headers)

    # -- the token ------------------------------------------------------------------------------

    async def _valid_token(self) -> str:
        """Return a token that will last; those who wait for a new one share it."""
        async with self._renewing:
            if monotonic() >= self._renew_at:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        form = aiohttp.FormData(
            {
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._client_secret.get_secret_value(),
            }
        )
        asked_at = monotonic()
        token, seconds = _read_token(await self._post("/oauth2/token", form, {}))
        self._token = token
        self._renew_at = asked_at + min(seconds, TOKEN_SECONDS_MAX) * TOKEN_LIFE_USED

    def _forget(self, token: str) -> None:
        if token == self._token:
            self._renew_at = 0.0

    # -- HTTP -----------------------------------------------------------------------------------

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
        raise DwpFailure(_failure_of(response.status))
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


# -- what an answer may look like -----------------------------------------------------------------


def _read_object(body: bytes) -> dict[str, object]:
    with suppress(ValueError, RecursionError):
        document = json.loads(body)
        if isinstance(document, dict):
            return document
    raise DwpFailure("garbage")


def _read_token(body: bytes) -> tuple[str, float]:
    document = _read_object(body)
    token, seconds = document.get("access_token"), document.get("expires_in", 0)
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise DwpFailure("garbage")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise DwpFailure("garbage")
    return token, float(seconds)


def read_answers(body: bytes, ninos: Sequence[str]) -> Answers:
    """Read the answer to each look-up; raises `DwpFailure` when the whole is no answer."""
    results = _read_object(body).get("results")
    if not isinstance(results, list):
        raise DwpFailure("garbage")
    answers: dict[str, Answer] = dict.fromkeys(ninos, WRONG)
    seen: set[str] = set()
    for result in results:
        nino = _nino_answered(result, ninos)
        if nino is not None:
            # Two answers for one look-up: nobody knows which is meant.
            answers[nino] = WRONG if nino in seen else _read_answer(result)
            seen.add(nino)
    return answers


def _nino_answered(result: object, ninos: Sequence[str]) -> str | None:
    """Return the NINO that a result answers for; None when it is for another than was asked."""
    if not isinstance(result, dict):
        return None
    number = result.get("id")
    if not isinstance(number, str) or not number.isascii() or not number.isdigit():
        return None
    if len(number) > len(str(LOOKUPS_MAX)) or int(number) >= len(ninos):
        return None
    nino = ninos[int(number)]
    return nino if result.get("nino") == nino else None


def _read_answer(result: Mapping[str, object]) -> Answer:
    outcome = result.get("outcome")
    if outcome == "found":
        return _read_record(result.get("record")) or WRONG
    if outcome == "not-found" and result.get("record") is None:
        return NOT_FOUND
    return UNAVAILABLE if outcome == "unavailable" else WRONG


def _read_record(record: object) -> Record | None:
    if not isinstance(record, dict) or "dateOfDeath" not in record:
        return None
    names = _read_names(record.get("names"))
    date_of_birth = _read_date(record.get("dateOfBirth"))
    date_of_death = _read_date(record["dateOfDeath"])
    if not names or date_of_birth is None:
        return None
    if date_of_death is None and record["dateOfDeath"] is not None:
        return None
    return Record(names, date_of_birth, date_of_death)


def _read_names(written: object) -> tuple[Name, ...]:
    """Read all names, or none: a record that is wrong in one cannot be believed in another."""
    if not isinstance(written, list) or len(written) > RECORD_NAMES_MAX:
        return ()
    names = tuple(name for name in map(_read_name, written) if name is not None)
    return names if len(names) == len(written) else ()


def _read_name(name: object) -> Name | None:
    if not isinstance(name, dict):
        return None
    first, middle, last = name.get("first"), name.get("middle") or "", name.get("last")
    if not (isinstance(first, str) and isinstance(middle, str) and isinstance(last, str)):
        return None
    return Name(first, middle, last) if first or last else None


def _read_date(text: object) -> date | None:
    if isinstance(text, str) and len(text) == DATE_LENGTH:
        with suppress(ValueError):
            return date.fromisoformat(text)
    return None
