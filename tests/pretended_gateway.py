"""A gateway for tests of the simulated councils: written from the published manners, in memory."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from simulated.behaviours import Habits
from simulated.councils import Council
from simulated.deliveries import Acknowledgement, Delivery, read_journals
from simulated.fleet import Fleet, running_fleet
from simulated.journal import Journal

EROS = [Council("ero-one", "token-one"), Council("ero-two", "token-two")]
Item = dict[str, Any]


class PretendedGateway:
    """A queue per token; `failing` calls answer 500 first, `busy` ones 503 with Retry-After."""

    def __init__(self, journal: Path, *, failing: int = 0, mute: int = 0, busy: int = 0) -> None:
        self.queues: dict[str, list[Item]] = {council.token: [] for council in EROS}
        self.held: dict[str, list[Item]] = {council.token: [] for council in EROS}
        self.acknowledged: list[str] = []  # as often as that was said
        self.failures: list[Item] = []
        self.unjournaled: list[str] = []  # answered before they were in the journal
        self.released: list[str] = []
        self.determinations: dict[str, list[Item]] = {}
        self.notices: list[Item] = []
        self.noticed: list[str] = []
        self.calls: list[str] = []
        self.failing, self.busy = failing, busy
        self.mute_decisions = 0  # likewise of determinations
        self.mute = mute  # answers that are taken and whose answer never arrives
        self._taken: dict[str, Item] = {}
        self._journal = journal
        self._on_disk: set[str] = set()
        self._leased: dict[str, str] = {}
        self._lease_numbers = itertools.count(1)

    def fill(self, token: str, count: int) -> list[str]:
        items = [_an_item(f"{token}-{number:04d}") for number in range(count)]
        self.queues[token] += items
        return [item["id"] for item in items]

    @property
    def empty(self) -> bool:
        return not any(self.queues.values()) and not any(self.held.values())

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/registrations", self._page),
                web.post("/registrations/leases", self._lease),
                web.delete("/registrations/leases/{id}", self._release),
                web.post("/registrations/acknowledgements", self._take_many),
                web.post("/registrations/offers", self._offer_held),
                web.post("/registrations/{id}/offer", self._offer_one),
                web.post("/registrations/{id}/determination", self._determine),
                web.put("/registrations/{id}", self._take_one),
                web.get("/statements/{day}", self._statement),
                web.get("/notices", self._notices),
                web.put("/notices/{id}", self._take_notice),
            ]
        )
        return app

    def _token(self, request: web.Request) -> str:
        self.calls.append(f"{request.method} {request.path}")
        if self.failing:
            self.failing -= 1
            raise web.HTTPInternalServerError
        if self.busy:
            self.busy -= 1
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
        return request.headers["Authorization"].removeprefix("Bearer ")

    def _queue(self, request: web.Request) -> list[Item]:
        return self.queues[self._token(request)]

    async def _page(self, request: web.Request) -> web.Response:
        queue = self._queue(request)
        ids = [item["id"] for item in queue]
        after = request.query.get("after")
        begin = ids.index(after) + 1 if after in ids else 0
        return _page(queue[begin:], int(request.query["pageSize"]))

    async def _lease(self, request: web.Request) -> web.Response:
        queue, wanted = self._queue(request), await request.json()
        free = [item for item in queue if item["id"] not in self._leased]
        lease = f"{next(self._lease_numbers):024x}"
        leased = [{**item, "leaseId": lease} for item in free[: wanted["pageSize"]]]
        self._leased |= {item["id"]: lease for item in leased}
        return web.json_response({"registrations": leased, "leaseId": lease, "remaining": 0})

    async def _release(self, request: web.Request) -> web.Response:
        self._queue(request)
        self.released.append(request.match_info["id"])
        self.end_leases(request.match_info["id"])
        return web.Response(status=204)

    @property
    def leases(self) -> set[str]:
        return set(self._leased.values())

    def end_leases(self, lease: str | None = None) -> None:
        """One of them, or all: their time is over."""
        kept = {id_: own for id_, own in self._leased.items() if lease not in (None, own)}
        self._leased = kept

    async def _take_many(self, request: web.Request) -> web.Response:
        token = self._token(request)
        answers = (await request.json())["acknowledgements"]
        results = [{"id": a["id"], "status": self._take(token, a["id"], a)} for a in answers]
        self._fall_silent(request)
        return web.json_response({"results": results})

    async def _take_one(self, request: web.Request) -> web.Response:
        token = self._token(request)
        status = self._take(token, request.match_info["id"], await request.json())
        self._fall_silent(request)
        return web.Response(status=status)

    def _fall_silent(self, request: web.Request) -> None:
        if self.mute:
            self.mute -= 1
            assert request.transport is not None
            request.transport.abort()

    def _take(self, token: str, id_: str, answer: Item) -> int:
        if id_ not in self._on_disk:
            self._on_disk = {d.item["id"] for d in deliveries_in(self._journal)}
        if id_ not in self._on_disk:
            self.unjournaled.append(id_)
        found = _out_of(self.queues[token], id_)
        if found is None:
            if id_ not in self._taken:
                return 404
        elif answer["status"] == "failure":
            self.held[token].append(found)
        self._taken.setdefault(id_, found or {})
        if answer["status"] == "success":
            self.acknowledged.append(id_)
        else:
            self.failures.append({**answer, "id": id_})
        return 204

    async def _offer_held(self, request: web.Request) -> web.Response:
        token = self._token(request)
        assert await request.json() == {"held": True}
        some = [item["id"] for item in self.held[token]][:15]  # less than all, to see it go on
        for id_ in some:
            self._offer(token, id_)
        return web.json_response({"offered": len(some), "more": bool(self.held[token])})

    async def _offer_one(self, request: web.Request) -> web.Response:
        token, id_ = self._token(request), request.match_info["id"]
        return web.Response(status=204 if self._offer(token, id_) else 404)

    def _offer(self, token: str, id_: str) -> bool:
        item = _out_of(self.held[token], id_) or self._taken.get(id_)
        if item:
            self.queues[token].append({**item, "offer": item["offer"] + 1})
        return bool(item)

    async def _determine(self, request: web.Request) -> web.Response:
        self._token(request)
        told = self.determinations.setdefault(request.match_info["id"], [])
        told.append(await request.json())
        if self.mute_decisions:
            self.mute_decisions -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=204)

    async def _notices(self, request: web.Request) -> web.Response:
        token = self._token(request)
        waiting = [one for one in self.notices if one["id"] not in self.noticed]
        mine = waiting if token == "token-one" else []
        return web.json_response({"notices": mine, "remaining": 0})

    async def _take_notice(self, request: web.Request) -> web.Response:
        self._token(request)
        self.noticed.append(request.match_info["id"])
        return web.Response(status=204)

    async def _statement(self, request: web.Request) -> web.Response:
        token, after = self._token(request), request.query.get("after")
        waiting = [{"id": item["id"], "state": "waiting"} for item in self.queues[token]]
        taken = [{"id": id_, "state": "acknowledged"} for id_ in self._taken]
        ids = [one["id"] for one in taken + waiting]
        begin = ids.index(after) + 1 if after else 0
        listed = (taken + waiting)[begin : begin + 3]  # few, to see it go on
        return web.json_response({"records": listed, "more": begin + 3 < len(ids)})


def _an_item(id_: str) -> Item:
    verification = {"status": "final", "result": "green", "possibleDuplicates": {"total": 0}}
    return {
        "id": id_,
        "applicationId": f"application-of-{id_}",
        "offer": 1,
        "detail": {"fn": "Siân\n"},
        "verification": verification,
    }


def _page(items: Sequence[Item], page_size: int) -> web.Response:
    told = {"registrations": items[:page_size], "remaining": max(0, len(items) - page_size)}
    return web.Response(text=json.dumps(told, indent=1), content_type="application/json")


def _out_of(items: list[Item], id_: str) -> Item | None:
    found = next((item for item in items if item["id"] == id_), None)
    if found is not None:
        items.remove(found)
    return found


def deliveries_in(path: Path) -> list[Delivery]:
    return [entry for entry in read_journals([path]) if isinstance(entry, Delivery)]


def acknowledgements_in(path: Path) -> list[Acknowledgement]:
    return [entry for entry in read_journals([path]) if isinstance(entry, Acknowledgement)]


HABITS = Habits(interval=0.05, away=0.3)


@asynccontextmanager
async def playing(
    gateway: PretendedGateway,
    path: Path,
    behaviour: str = "batch",
    *,
    habits: Habits = HABITS,
    determining: frozenset[str] = frozenset(),
) -> AsyncIterator[Fleet]:
    async with TestServer(gateway.application()) as server:
        journal = Journal(path)
        fleet = Fleet(
            EROS,
            str(server.make_url("/")),
            journal,
            habits=habits,
            behaviours={council.ero: behaviour for council in EROS},
            determining=determining,
            connections=4,
        )
        async with running_fleet(fleet, journal):
            yield fleet


async def until_empty(gateway: PretendedGateway) -> None:
    async with asyncio.timeout(10):
        while not gateway.empty:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.15)
