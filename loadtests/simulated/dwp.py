"""DWP's customer records behind an API: OAuth2 client credentials and look-ups of up to 100.

It stores nobody: each answer is worked out from the seed. How badly it behaves is set while it
runs, by PUT /control; GET /control/statistics and /control/history say what it was asked.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping

from aiohttp import web

from simulated import dwp_misfortunes as misfortunes
from simulated.dwp_answers import LOOKUPS_MAX, Answers, Lookup
from simulated.dwp_control import Control, ControlRefused, changed, read_changes
from simulated.dwp_figures import Figures
from simulated.dwp_outages import Outage
from simulated.dwp_records import Records
from simulated.identity import DwpRecord
from simulated.population import Population

BODY_BYTES_MAX = 256 * 1024


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
        control: Control | None = None,
    ) -> None:
        self._at_start = self._control = control or Control()
        self._outages_from = time.monotonic()
        self._figures = Figures()
        self._chance = misfortunes.Chance(misfortune_seed)
        self._answers = Answers(Records(population, also or {}), self._chance, self._figures)
        self._tokens = Tokens(client_id, client_secret)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.add_routes(
            [
                web.post("/oauth2/token", self._give_token),
                web.post("/v1/lookups", self._look_up),
                web.get("/control", self._show_control),
                web.put("/control", self._change_control),
                web.delete("/control", self._reset_control),
                web.get("/control/statistics", self._show_statistics),
                web.delete("/control/statistics", self._reset_statistics),
                web.get("/control/history", self._show_history),
            ]
        )
        return app

    # -- what clients call ------------------------------------------------------------------------

    async def _give_token(self, request: web.Request) -> web.StreamResponse:
        if outage := self._outage_now():
            return await self._suffer(outage, request)
        await self._be_slow()
        form = await request.post()
        if not self._tokens.knows(form.get("client_id"), form.get("client_secret")):
            self._figures.count("unauthorized")
            return web.json_response({"error": "invalid_client"}, status=401)
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        self._figures.count("tokens")
        seconds = self._control.token_seconds
        token = self._tokens.give(seconds)
        return web.json_response(
            {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)}
        )

    async def _look_up(self, request: web.Request) -> web.StreamResponse:
        control = self._control
        authorized = self._tokens.is_good(request.headers.get("Authorization", ""))
        lookups = _read_lookups(await request.read()) if authorized else None
        # Counted before anything else: what is offered in an outage is offered too.
        above = lookups is not None and self._figures.offer(
            len(lookups), control.ceiling_lookups_per_second, refuses=control.ceiling_refuses
        )
        if outage := self._outage_now():
            return await self._suffer(outage, request)
        if lookups is None:
            return self._turn_away("malformed" if authorized else "unauthorized")
        refused = above and control.ceiling_refuses
        if refused or self._chance.strikes("throttle", control.throttle_rate):
            return self._throttle()
        await self._be_slow()
        return await self._answer_or_worse(request, lookups, control)

    def _turn_away(self, why: str) -> web.Response:
        if why == "malformed":
            self._figures.count("malformed")
            return web.json_response({"error": "invalid_request"}, status=400)
        self._figures.count("unauthorized")
        return web.json_response({"error": "invalid_token"}, status=401)

    # -- what may come of a call ------------------------------------------------------------------

    def _outage_now(self) -> Outage | None:
        return self._control.outage(time.monotonic() - self._outages_from)

    async def _suffer(self, outage: Outage, request: web.Request) -> web.StreamResponse:
        if outage.kind == "429":
            return self._throttle(outage.retry_after_seconds)
        if outage.kind == "hang":
            return await self._hang(request)
        self._figures.count("refused")
        if outage.kind == "cut":
            return misfortunes.cut(request)
        as_date = self._control.retry_after_as_date
        return misfortunes.down(outage.retry_after_seconds, as_date=as_date)

    def _throttle(self, seconds: int | None = None) -> web.Response:
        self._figures.count("throttled")
        told = self._control.retry_after_seconds if seconds is None else seconds
        return misfortunes.too_many(told, as_date=self._control.retry_after_as_date)

    async def _hang(self, request: web.Request) -> web.Response:
        self._figures.count("hangs")
        return await misfortunes.hang(request)

    async def _be_slow(self) -> None:
        if seconds := self._chance.latency(self._control):
            await asyncio.sleep(seconds)

    async def _answer_or_worse(
        self, request: web.Request, lookups: list[Lookup], control: Control
    ) -> web.StreamResponse:
        strikes, count = self._chance.strikes, self._figures.count
        if strikes("hang", control.hang_rate):
            return await self._hang(request)
        if strikes("error", control.error_rate):
            count("errors")
            return web.Response(status=500, text="Internal Server Error")
        body = self._answer(lookups, control)
        if strikes("garbage", control.garbage_rate):
            count("garbage")
            kind = self._chance.of("garbage-kind").choice(control.garbage_kinds)
            return await misfortunes.garbage(kind, request, body)
        if strikes("drip", control.drip_rate):
            count("drips")
            return await misfortunes.drip(request, body, control.drip_seconds)
        return web.Response(body=body, content_type=misfortunes.JSON)

    def _answer(self, lookups: list[Lookup], control: Control) -> bytes:
        self._figures.count("calls")
        self._figures.count("items", len(lookups))
        return json.dumps({"results": self._answers.answer(lookups, control)}).encode()

    # -- what the tester calls --------------------------------------------------------------------

    async def _show_control(self, request: web.Request) -> web.Response:
        return web.json_response(self._control.on_wire())

    async def _change_control(self, request: web.Request) -> web.Response:
        try:
            changes = read_changes(await request.read())
            self._set(changed(self._control, changes), outages="outages" in changes)
        except ControlRefused as refused:
            return web.json_response({"error": str(refused)}, status=400)
        return await self._show_control(request)

    async def _reset_control(self, request: web.Request) -> web.Response:
        """As it was at the start."""
        self._set(self._at_start, outages=True)
        return await self._show_control(request)

    def _set(self, control: Control, *, outages: bool) -> None:
        self._control = control
        if outages:  # their seconds count from now
            self._outages_from = time.monotonic()

    async def _show_statistics(self, request: web.Request) -> web.Response:
        return web.json_response(self._figures.in_all())

    async def _reset_statistics(self, request: web.Request) -> web.Response:
        self._figures.reset()
        return web.Response(status=204)

    async def _show_history(self, request: web.Request) -> web.Response:
        return web.json_response({"seconds": self._figures.by_second()})


class Tokens:
    """Access tokens of the one client, and when each ends."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._client = (client_id, client_secret)
        self._ends: dict[str, float] = {}  # token -> time.monotonic()

    def knows(self, client_id: object, client_secret: object) -> bool:
        return (client_id, client_secret) == self._client

    def give(self, seconds: float) -> str:
        now = time.monotonic()
        self._ends = {token: end for token, end in self._ends.items() if end > now}
        token = secrets.token_urlsafe(24)
        self._ends[token] = now + seconds
        return token

    def is_good(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme == "Bearer" and self._ends.get(token, 0.0) > time.monotonic()


def _read_lookups(body: bytes) -> list[Lookup] | None:
    """The look-ups of a request, or None when it is not as the API wants it."""
    try:
        lookups = json.loads(body)["lookups"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(lookups, list) or not 1 <= len(lookups) <= LOOKUPS_MAX:
        return None
    read = [lookup for lookup in map(_read_lookup, lookups) if lookup is not None]
    return read if len(read) == len(lookups) else None


def _read_lookup(lookup: object) -> Lookup | None:
    if not isinstance(lookup, dict):
        return None
    number, nino = lookup.get("id"), lookup.get("nino")
    return Lookup(number, nino) if isinstance(number, str) and isinstance(nino, str) else None
