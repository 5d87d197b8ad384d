"""The simulated councils against a gateway made for them: on disk first, then acknowledged."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from simulated.councils import Council, Fleet, admin_application, read_councils, running_fleet
from simulated.deliveries import Acknowledgement, Delivery, read_journals
from simulated.journal import Journal, read_journal


def deliveries_in(path: Path) -> list[Delivery]:
    return [entry for entry in read_journals([path]) if isinstance(entry, Delivery)]


def acknowledgements_in(path: Path) -> list[Acknowledgement]:
    return [entry for entry in read_journals([path]) if isinstance(entry, Acknowledgement)]


EROS = [Council("ero-one", "token-one"), Council("ero-two", "token-two")]


class Gateway:
    """A queue per token that follows the published manners; `failing` calls answer 500 first."""

    def __init__(self, journal: Path, failing: int = 0, mute: int = 0) -> None:
        self.queues: dict[str, list[dict[str, Any]]] = {"token-one": [], "token-two": []}
        self.acknowledged: list[str] = []
        self.unjournaled: list[str] = []  # acknowledged before they were in the journal
        self.failing = failing
        self.mute = mute  # acknowledgements that are taken and whose answer never arrives
        self._journal = journal

    def fill(self, token: str, count: int) -> list[str]:
        ids = [f"{token}-{number:04d}" for number in range(count)]
        self.queues[token] += [{"id": id_, "detail": {"fn": "Siân\n"}} for id_ in ids]
        return ids

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/registrations", self._page),
                web.post("/registrations/acknowledgements", self._take_many),
                web.put("/registrations/{id}", self._take_one),
            ]
        )
        return app

    def _queue(self, request: web.Request) -> list[dict[str, Any]]:
        if self.failing:
            self.failing -= 1
            raise web.HTTPInternalServerError
        return self.queues[request.headers["Authorization"].removeprefix("Bearer ")]

    async def _page(self, request: web.Request) -> web.Response:
        queue = self._queue(request)
        page = queue[: int(request.query["pageSize"])]
        pretty = json.dumps({"registrations": page, "remaining": len(queue)}, indent=1)
        return web.Response(text=pretty, content_type="application/json")

    async def _take_many(self, request: web.Request) -> web.Response:
        queue = self._queue(request)
        answers = (await request.json())["acknowledgements"]
        results = [{"id": a["id"], "status": self._take(queue, a["id"])} for a in answers]
        self._fall_silent(request)
        return web.json_response({"results": results})

    async def _take_one(self, request: web.Request) -> web.Response:
        status = self._take(self._queue(request), request.match_info["id"])
        self._fall_silent(request)
        return web.Response(status=status)

    def _fall_silent(self, request: web.Request) -> None:
        if self.mute:
            self.mute -= 1
            assert request.transport is not None
            request.transport.abort()

    def _take(self, queue: list[dict[str, Any]], id_: str) -> int:
        if id_ not in self._journal.read_text(encoding="utf-8"):
            self.unjournaled.append(id_)
        if not any(item["id"] == id_ for item in queue):
            return 204 if id_ in self.acknowledged else 404
        queue[:] = [item for item in queue if item["id"] != id_]
        self.acknowledged.append(id_)
        return 204


@asynccontextmanager
async def playing(gateway: Gateway, path: Path, *, batch: bool = True) -> AsyncIterator[Fleet]:
    async with TestServer(gateway.application()) as server:
        journal = Journal(path)
        fleet = Fleet(
            EROS, str(server.make_url("/")), journal, interval=0.05, batch=batch, connections=2
        )
        async with running_fleet(fleet, journal):
            yield fleet


async def until_empty(gateway: Gateway) -> None:
    async with asyncio.timeout(10):
        while any(gateway.queues.values()):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("batch", [True, False], ids=["batch", "single"])
async def test_every_item_is_journaled_under_its_ero_and_then_acknowledged(
    tmp_path: Path, batch: bool
) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = Gateway(path)
    ids = {"ero-one": gateway.fill("token-one", 450), "ero-two": gateway.fill("token-two", 3)}
    async with playing(gateway, path, batch=batch) as fleet:
        await until_empty(gateway)
        assert fleet.statistics.acknowledged == 453
    assert sorted(gateway.acknowledged) == sorted(ids["ero-one"] + ids["ero-two"])
    assert not gateway.unjournaled
    deliveries, acknowledged = deliveries_in(path), acknowledgements_in(path)
    for ero, expected in ids.items():
        assert [d.item["id"] for d in deliveries if d.ero == ero] == expected
        assert [id_ for a in acknowledged if a.ero == ero for id_ in a.ids] == expected
    assert all(d.item["detail"] == {"fn": "Siân\n"} for d in deliveries)


async def test_a_gateway_that_fails_for_a_while_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = Gateway(path, failing=4)
    gateway.fill("token-one", 5)
    async with playing(gateway, path) as fleet:
        await until_empty(gateway)
        assert fleet.statistics.errors >= 2
    assert len(gateway.acknowledged) == 5


@pytest.mark.parametrize("batch", [True, False], ids=["batch", "single"])
async def test_an_acknowledgement_that_was_not_answered_is_repeated_until_it_is(
    tmp_path: Path, batch: bool
) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = Gateway(path, mute=2)
    ids = gateway.fill("token-one", 5)
    async with playing(gateway, path, batch=batch) as fleet:
        async with asyncio.timeout(10):
            while fleet.statistics.acknowledged < 5:
                await asyncio.sleep(0.01)
    assert gateway.acknowledged == ids
    assert [id_ for a in acknowledgements_in(path) for id_ in a.ids] == ids


@pytest.mark.parametrize(
    "nonsense", ["", "[]", "{}", '{"registrations": [{}]}', '{"registrations": 1}']
)
async def test_an_answer_that_makes_no_sense_is_asked_for_again(
    tmp_path: Path, nonsense: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=nonsense)

    app = web.Application()
    app.add_routes([web.get("/registrations", answer)])
    async with TestServer(app) as server:
        journal = Journal(tmp_path / "councils.jsonl")
        fleet = Fleet(EROS, str(server.make_url("/")), journal, interval=0.01)
        async with running_fleet(fleet, journal), asyncio.timeout(5):
            while fleet.statistics.errors < 3:
                await asyncio.sleep(0.01)
            assert fleet.polling


async def test_an_item_that_is_offered_again_is_journaled_again(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = Gateway(path)
    gateway.fill("token-one", 1)
    async with playing(gateway, path):
        await until_empty(gateway)
        gateway.fill("token-one", 1)
        await until_empty(gateway)
    assert len(deliveries_in(path)) == 2


async def test_a_journal_torn_by_a_kill_is_continued_on_a_new_line(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    path.write_bytes(b'{"ero":"a","page":{"registrations":[{"id":"1"}]}}\n{"ero":"a","pa')
    journal = Journal(path)
    await journal.append(b'{"ero":"a","page":{"registrations":[{"id":"2"}]}}')
    await journal.close()
    assert [d.item["id"] for d in deliveries_in(path)] == ["1", "2"]


async def test_what_waits_together_is_on_disk_when_each_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)

    async def write(number: int) -> bool:
        await journal.append(json.dumps({"n": number}).encode())
        return {"n": number} in list(read_journal(path))

    assert all(await asyncio.gather(*(write(number) for number in range(50))))
    journal.note(b'{"n": "last"}')
    await journal.close()
    assert len(list(read_journal(path))) == 51


async def test_a_journal_that_is_closed_has_what_was_noted_during_its_last_write(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    writing = asyncio.create_task(journal.append(b'{"n": 0}'))
    await asyncio.sleep(0)
    closing = asyncio.create_task(journal.close())
    noted = 0
    while not writing.done():
        noted += 1
        journal.note(b'{"n": %d}' % noted)
        await asyncio.sleep(0)
    await closing
    assert [entry["n"] for entry in read_journal(path)] == list(range(noted + 1))


async def test_what_was_noted_is_soon_on_disk_though_nothing_follows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.note(b'{"n": 1}')
    async with asyncio.timeout(5):
        while not list(read_journal(path)):
            await asyncio.sleep(0.05)
    await journal.close()


async def test_the_admin_port_tells_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = Gateway(path)
    gateway.fill("token-two", 2)
    async with (
        playing(gateway, path) as fleet,
        TestServer(admin_application(fleet)) as admin,
        aiohttp.ClientSession() as session,
    ):
        await until_empty(gateway)
        assert (await session.get(admin.make_url("/readyz"))).status == 200
        told = await (await session.get(admin.make_url("/statistics"))).json()
    assert {"items": 2, "acknowledged": 2, "errors": 0}.items() <= told.items()


def test_councils_are_read_from_either_form_of_file(tmp_path: Path) -> None:
    listed, mapped = tmp_path / "list.json", tmp_path / "map.json"
    listed.write_text('[{"ero": "a", "token": "t", "gssCodes": ["S12000036"]}]')
    mapped.write_text('{"a": "t"}')
    assert read_councils(listed) == [Council("a", "t", ("S12000036",))]
    assert read_councils(mapped) == [Council("a", "t")]
