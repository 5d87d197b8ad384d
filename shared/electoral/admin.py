"""The admin port, never public: is the service alive, is it ready, what has it counted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from electoral import problems
from electoral.envelope import timestamp
from electoral.health import Check
from electoral.http import edge, json_response
from electoral.ledger import ReadLedger
from electoral.metrics import Metrics
from electoral.routes import OpenRoute, add_open_route
from electoral.sealing import KEY_ID

YEARS = range(2000, 2200)  # what is outside cannot be shifted between zones without care

CountUnfinished = Callable[[str], Awaitable[int]]
"""Counts what a service has not finished under a key."""


@dataclass(frozen=True, slots=True)
class Admin:
    """Answers the admin port."""

    service: str
    checks: Mapping[str, Check]
    stopping: asyncio.Event
    metrics: Metrics
    before_metrics: Callable[[], Awaitable[None]]
    ledger: ReadLedger
    unfinished: CountUnfinished

    async def show_life(self, request: web.Request) -> web.Response:
        """Say that the process answers."""
        return json_response({"status": "alive"})

    async def show_readiness(self, request: web.Request) -> web.Response:
        """Say whether it can do its work: 503 and sentences when it cannot."""
        found = {name: await check() for name, check in self.checks.items()}
        if self.stopping.is_set():
            found["lifecycle"] = "The service is ending."
        wrong = {name: sentence for name, sentence in found.items() if sentence is not None}
        status = "not-ready" if wrong else "ready"
        return json_response({"status": status, "wrong": wrong}, 503 if wrong else 200)

    async def show_metrics(self, request: web.Request) -> web.Response:
        """Show all metrics, those that are read from Postgres as they are now."""
        await self.before_metrics()
        return web.Response(body=self.metrics.exposition(), content_type="text/plain")

    async def show_ledger(self, request: web.Request) -> web.Response:
        """Show a day's side of the sum."""
        day, before = _read_ledger_query(request)
        rows = await self.ledger(day, before)
        return json_response(
            {
                "service": self.service,
                "day": day.isoformat(),
                "before": None if before is None else timestamp(before),
                "rows": [row.as_json() for row in rows],
            }
        )

    async def show_key(self, request: web.Request) -> web.Response:
        """Count what is unfinished under a key."""
        key_id = request.match_info["keyId"]
        if not KEY_ID.fullmatch(key_id):
            raise problems.not_found()
        count = await self.unfinished(key_id)
        return json_response({"service": self.service, "keyId": key_id, "unfinished": count})


ROUTES: tuple[OpenRoute[Admin], ...] = (
    OpenRoute("GET", "/livez", Admin.show_life),
    OpenRoute("GET", "/readyz", Admin.show_readiness),
    OpenRoute("GET", "/metrics", Admin.show_metrics),
    OpenRoute("GET", "/ledger", Admin.show_ledger),
    OpenRoute("GET", "/keys/{keyId}", Admin.show_key),
)


def admin_app(admin: Admin) -> web.Application:
    """Build the admin port."""
    app = web.Application(middlewares=[edge(admin.metrics)])
    for route in ROUTES:
        add_open_route(app, route, admin)
    return app


def _read_ledger_query(request: web.Request) -> tuple[date, datetime | None]:
    try:
        day = date.fromisoformat(request.query["day"])
        text = request.query.get("before")
        before = None if text is None else datetime.fromisoformat(text)
    except (KeyError, ValueError):
        raise problems.malformed("Give `day=YYYY-MM-DD`, and `before=` as an ISO time.") from None
    if before is not None and before.tzinfo is None:
        raise problems.malformed("Give `before=` with its offset, for example ending in `Z`.")
    if any(moment.year not in YEARS for moment in (day, before) if moment is not None):
        raise problems.malformed(f"Give years from {YEARS[0]} to {YEARS[-1]}.")
    return day, before
