"""The simulated councils against a gateway made for them: on disk first, then acknowledged."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pretended_gateway import (
    EROS,
    PretendedGateway,
    acknowledgements_in,
    deliveries_in,
    playing,
    until_empty,
)
from simulated.behaviours import Habits
from simulated.councils import Council, read_councils
from simulated.fleet import Fleet, admin_application, running_fleet
from simulated.journal import Journal, read_journal


@pytest.mark.parametrize("behaviour", ["batch", "one-by-one"])
async def test_every_item_is_journaled_under_its_ero_and_then_acknowledged(
    tmp_path: Path, behaviour: str
) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    ids = {"ero-one": gateway.fill("token-one", 450), "ero-two": gateway.fill("token-two", 3)}
    async with playing(gateway, path, behaviour) as fleet:
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
    gateway = PretendedGateway(path, failing=4)
    gateway.fill("token-one", 5)
    async with playing(gateway, path) as fleet:
        await until_empty(gateway)
        assert fleet.statistics.errors >= 2
    assert len(gateway.acknowledged) == 5


@pytest.mark.parametrize("behaviour", ["batch", "one-by-one"])
async def test_an_acknowledgement_that_was_not_answered_is_repeated_until_it_is(
    tmp_path: Path, behaviour: str
) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path, mute=2)
    ids = gateway.fill("token-one", 5)
    async with playing(gateway, path, behaviour) as fleet:
        async with asyncio.timeout(10):
            while fleet.statistics.acknowledged < 5:
                await asyncio.sleep(0.01)
    assert list(dict.fromkeys(gateway.acknowledged)) == ids
    assert len(gateway.acknowledged) > 5
    assert [id_ for a in acknowledgements_in(path) for id_ in a.ids] == ids


@pytest.mark.parametrize(
    "nonsense",
    ["", "[]", "{}", '{"registrations": [{}]}', '{"registrations": 1}', '{"registrations": [1]}'],
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
        fleet = Fleet(EROS, str(server.make_url("/")), journal, habits=Habits(interval=0.01))
        async with running_fleet(fleet, journal), asyncio.timeout(5):
            while fleet.statistics.errors < 3:
                await asyncio.sleep(0.01)
            assert fleet.polling


async def test_an_item_that_is_offered_again_is_journaled_again(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
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
    gateway = PretendedGateway(path)
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
