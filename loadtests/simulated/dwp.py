"""DWP's customer records behind an API: OAuth2 client credentials and look-ups of up to 100.

It stores nobody: each answer is worked out from the seed. How badly it behaves is set while it
runs, by PUT /control; GET /control/statistics says what it was asked and what it answered.
"""

import asyncio
import json
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from aiohttp import web

from simulated.identity import DwpRecord
from simulated.names import PersonName
from simulated.population import Population

LOOKUPS_MAX = 100  # in one call
HANG_SECONDS = 3_600.0  # longer than any client waits
BODY_BYTES_MAX = 256 * 1024
NINO_LENGTH = 8  # characters that identify; a suffix does not count
GARBAGE = b"<html><head><title>Service temporarily"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Control:
    """How this DWP behaves; rates are shares of calls, or of items, from 0 to 1."""

    latency_ms: float = 0.0
    latency_jitter_ms: float = 0.0
    error_rate: float = 0.0  # whole calls answered 500
    item_error_rate: float = 0.0  # single items answered `unavailable`
    hang_rate: float = 0.0  # calls that are never answered
    garbage_rate: float = 0.0  # calls answered 200 with something that is no JSON
    down: bool = False  # every call is answered 503
    refuse: bool = False  # every connection is cut without an answer
    token_seconds: float = 300.0  # life of a new access token


@dataclass
class Statistics:
    """Counted since the start; `items` are single look-ups."""

    tokens: int = 0
    calls: int = 0
    items: int = 0
    found: int = 0
    not_found: int = 0
    unavailable: int = 0
    errors: int = 0
    hangs: int = 0
    garbage: int = 0
    refused: int = 0  # 503 or cut while down
    unauthorized: int = 0
    malformed: int = 0


class Dwp:
    """One DWP: its population, its clients' tokens, its behaviour and its figures.

    `also` holds records of people beside the population, by NINO; they come before it.
    """

    def __init__(
        self,
        population: Population,
        client_id: str,
        client_secret: str,
        misfortune_seed: int = 0,
        also: Mapping[str, DwpRecord] | None = None,
    ) -> None:
        self.control = Control()
        self.statistics = Statistics()
        self._population = population
        self._also = also or {}
        self._client = (client_id, client_secret)
        self._tokens: dict[str, float] = {}  # token -> time.monotonic() of its end
        self._misfortune = random.Random(misfortune_seed)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.add_routes(
            [
                web.post("/oauth2/token", self._behaving(self._give_token)),
                web.post("/v1/lookups", self._behaving(self._look_up)),
                web.get("/control", self._show_control),
                web.put("/control", self._change_control),
                web.get("/control/statistics", self._show_statistics),
            ]
        )
        return app

    def _behaving(self, handler: Handler) -> Handler:
        """The handler, with every misfortune that is set for whole calls before it."""

        async def behave(request: web.Request) -> web.StreamResponse:
            control = self.control
            if control.refuse or control.down:
                self.statistics.refused += 1
                return _cut(request) if control.refuse else web.Response(status=503)
            jitter = control.latency_jitter_ms * self._misfortune.random()
            if control.latency_ms or jitter:
                await asyncio.sleep((control.latency_ms + jitter) / 1000)
            return await self._misfortune_or(handler, request)

        return behave

    async def _misfortune_or(self, handler: Handler, request: web.Request) -> web.StreamResponse:
        if request.path != "/v1/lookups":
            return await handler(request)
        if self._strikes(self.control.hang_rate):
            self.statistics.hangs += 1
            await asyncio.sleep(HANG_SECONDS)
        if self._strikes(self.control.error_rate):
            self.statistics.errors += 1
            return web.Response(status=500, text="Internal Server Error")
        if self._strikes(self.control.garbage_rate):
            self.statistics.garbage += 1
            return web.Response(body=GARBAGE, content_type="application/json")
        return await handler(request)

    def _strikes(self, rate: float) -> bool:
        return rate > 0 and self._misfortune.random() < rate

    async def _give_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form.get("client_id"), form.get("client_secret")) != self._client:
            self.statistics.unauthorized += 1
            return web.json_response({"error": "invalid_client"}, status=401)
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        now = time.monotonic()
        self._tokens = {token: end for token, end in self._tokens.items() if end > now}
        token, seconds = secrets.token_urlsafe(24), self.control.token_seconds
        self._tokens[token] = now + seconds
        self.statistics.tokens += 1
        return web.json_response(
            {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)}
        )

    async def _look_up(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or self._tokens.get(token, 0.0) <= time.monotonic():
            self.statistics.unauthorized += 1
            return web.json_response({"error": "invalid_token"}, status=401)
        lookups = _lookups(await request.read())
        if lookups is None:
            self.statistics.malformed += 1
            return web.json_response({"error": "invalid_request"}, status=400)
        self.statistics.calls += 1
        results = [self._answer(lookup["id"], lookup["nino"]) for lookup in lookups]
        return web.json_response({"results": results})

    def _answer(self, lookup_id: str, nino: str) -> dict[str, object]:
        statistics = self.statistics
        statistics.items += 1
        answer: dict[str, object] = {"id": lookup_id, "nino": nino}
        if self._strikes(self.control.item_error_rate):
            statistics.unavailable += 1
            return {**answer, "outcome": "unavailable"}
        record = self._also.get(nino[:NINO_LENGTH]) or self._population.record_of_nino(nino)
        if record is None:
            statistics.not_found += 1
            return {**answer, "outcome": "not-found"}
        statistics.found += 1
        return {**answer, "outcome": "found", "record": record.as_json()}

    async def _show_control(self, request: web.Request) -> web.Response:
        return web.json_response(_on_wire(self.control))

    async def _change_control(self, request: web.Request) -> web.Response:
        changes = _changes(await request.read())
        if changes is None:
            known = ", ".join(_on_wire(self.control))
            return web.json_response({"error": f"an object with any of: {known}"}, status=400)
        self.control = replace(self.control, **changes)
        return web.json_response(_on_wire(self.control))

    async def _show_statistics(self, request: web.Request) -> web.Response:
        return web.json_response(_on_wire(self.statistics))


def read_records(path: Path) -> dict[str, DwpRecord]:
    """Records by NINO, from a JSON list of a record as the API states it and its `nino`."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    return {entry["nino"][:NINO_LENGTH]: _record_of(entry) for entry in entries}


def _record_of(entry: Mapping[str, Any]) -> DwpRecord:
    names = tuple(PersonName(n["first"], n["middle"], n["last"]) for n in entry["names"])
    died = entry["dateOfDeath"]
    return DwpRecord(
        names,
        date.fromisoformat(entry["dateOfBirth"]),
        date.fromisoformat(died) if died else None,
    )


def _cut(request: web.Request) -> web.Response:
    """Closes the connection under the client's feet; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def _lookups(body: bytes) -> list[dict[str, str]] | None:
    """The look-ups of a request, or None when it is not as the API wants it."""
    try:
        lookups = json.loads(body)["lookups"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(lookups, list) or not 1 <= len(lookups) <= LOOKUPS_MAX:
        return None
    sound = all(
        isinstance(lookup, dict)
        and isinstance(lookup.get("id"), str)
        and isinstance(lookup.get("nino"), str)
        for lookup in lookups
    )
    return lookups if sound else None


def _on_wire(behaviour: Control | Statistics) -> dict[str, object]:
    return {_camel(name): value for name, value in asdict(behaviour).items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _changes(body: bytes) -> dict[str, Any] | None:
    """Changes to the control, each of the type that it has there, or None."""
    try:
        changes = json.loads(body)
    except ValueError:
        return None
    known = {_camel(field.name): field for field in fields(Control)}
    if not isinstance(changes, dict) or not set(changes) <= set(known):
        return None
    for name, value in changes.items():
        if isinstance(value, bool) != (known[name].type is bool):
            return None
        if not isinstance(value, (bool, int, float)):
            return None
    return {known[name].name: value for name, value in changes.items()}
