"""The simulated DWP over HTTP: tokens, look-ups, and whose records it gives."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from dwp_calls import (
    CLIENT,
    POPULATION,
    Client,
    a_dwp,
    a_nino,
    a_token,
    behave,
    call,
    figures,
    look_up,
    some_ninos,
)
from simulated.dwp import Dwp
from simulated.dwp_records import read_records
from simulated.kinds import Kind


@pytest.fixture
async def dwp() -> AsyncIterator[Client]:
    async with a_dwp() as client:
        yield client


async def test_a_known_nino_is_answered_with_the_record_and_an_unknown_one_without(
    dwp: Client,
) -> None:
    known, unknown = a_nino(), a_nino(Kind.UNKNOWN_NINO)
    found, missing = await look_up(dwp, known, unknown)
    record = POPULATION.record_of_nino(known)
    assert record is not None
    assert found == {"id": "0", "nino": known, "outcome": "found", "record": record.as_json()}
    assert missing == {"id": "1", "nino": unknown, "outcome": "not-found"}


async def test_a_record_of_a_file_comes_before_the_population(tmp_path: Path) -> None:
    known, stranger = a_nino(), a_nino(Kind.UNKNOWN_NINO)
    named = {
        "names": [{"first": "Ada", "middle": "", "last": "Byron"}],
        "dateOfBirth": "1915-12-10",
        "dateOfDeath": "1952-11-27",
    }
    alive = {**named, "dateOfDeath": None}
    file = tmp_path / "also.json"
    file.write_text(json.dumps([{"nino": known, **named}, {"nino": stranger + "A", **alive}]))
    dwp = Dwp(POPULATION, "tester", "hush", also=read_records(file))
    async with TestClient(TestServer(dwp.application())) as client:
        answers = await look_up(client, known, stranger)
    assert [answer["record"] for answer in answers] == [named, alive]


async def test_a_wrong_secret_gets_no_token(dwp: Client) -> None:
    answer = await dwp.post("/oauth2/token", data={**CLIENT, "client_secret": "guess"})
    assert answer.status == 401


async def test_a_token_ends(dwp: Client) -> None:
    await behave(dwp, tokenSeconds=0.05)
    headers = await a_token(dwp)
    await asyncio.sleep(0.1)
    assert (await call(dwp, headers, a_nino())).status == 401
    assert (await call(dwp, {}, a_nino())).status == 401


@pytest.mark.parametrize("count", [0, 101])
async def test_a_call_has_1_to_100_lookups(dwp: Client, count: int) -> None:
    answer = await call(dwp, await a_token(dwp), *["AB123456"] * count)
    assert answer.status == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"lookups": 1}', b'{"lookups": [{"id": 1}]}', b'{"lookups": ["AB123456"]}'],
)
async def test_a_malformed_call_is_refused(dwp: Client, body: bytes) -> None:
    answer = await dwp.post("/v1/lookups", data=body, headers=await a_token(dwp))
    assert answer.status == 400


async def test_items_can_be_unavailable_one_by_one(dwp: Client) -> None:
    await behave(dwp, itemErrorRate=0.5)
    outcomes = {result["outcome"] for result in await look_up(dwp, *[a_nino()] * 60)}
    assert outcomes == {"found", "unavailable"}


async def test_an_item_can_be_answered_as_if_it_were_somebody_elses(dwp: Client) -> None:
    await behave(dwp, wrongNumberRate=0.5)
    ninos = some_ninos(60)
    results = await look_up(dwp, *ninos)
    named = [(r["id"], r["nino"]) for r in results]
    asked = [(str(number), nino) for number, nino in enumerate(ninos)]
    other_id = [n for n, a in zip(named, asked, strict=True) if n[0] != a[0]]
    other_nino = [n for n, a in zip(named, asked, strict=True) if n[1] != a[1]]
    assert other_id
    assert other_nino
    assert not set(other_id) & set(other_nino)
    assert (await figures(dwp))["wrongNumber"] == len(other_id) + len(other_nino)


async def test_an_item_can_be_answered_with_another_persons_record(dwp: Client) -> None:
    await behave(dwp, wrongRecordRate=0.5)
    ninos = some_ninos(60)
    results = await look_up(dwp, *ninos)
    assert [r["nino"] for r in results] == ninos
    strange = sum(r["record"] != _record(r["nino"]) for r in results)
    assert 0 < strange < len(ninos)
    assert (await figures(dwp))["wrongRecord"] == strange


def _record(nino: str) -> object:
    record = POPULATION.record_of_nino(nino)
    assert record is not None
    return record.as_json()


async def test_it_counts_what_it_was_asked(dwp: Client) -> None:
    await look_up(dwp, a_nino(), a_nino(Kind.UNKNOWN_NINO), a_nino())
    expected = {"tokens": 1, "calls": 1, "items": 3, "found": 2, "notFound": 1, "offered": 3}
    assert expected.items() <= (await figures(dwp)).items()


async def test_what_a_second_brought_is_in_the_history(dwp: Client) -> None:
    await look_up(dwp, a_nino(), a_nino())
    await asyncio.sleep(1.0)
    await look_up(dwp, a_nino(Kind.UNKNOWN_NINO))
    seconds = (await (await dwp.get("/control/history")).json())["seconds"]
    # Each look-up of these may have fallen on the edge of two seconds.
    first, last = seconds[0], seconds[-1]
    assert 1 <= last["second"] - first["second"] <= 2
    assert sum(second.get("offered", 0) for second in seconds) == 3
    assert last["notFound"] == 1
    assert "notFound" not in first


async def test_the_figures_can_begin_anew(dwp: Client) -> None:
    await look_up(dwp, a_nino())
    assert (await dwp.delete("/control/statistics")).status == 204
    assert set((await figures(dwp)).values()) == {0}
    assert (await (await dwp.get("/control/history")).json()) == {"seconds": []}
