"""The simulated DWP over HTTP: tokens, look-ups, and how badly it can be made to behave."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from simulated.dwp import Dwp, read_records
from simulated.kinds import Kind
from simulated.places import Places
from simulated.population import Population

PLACES = Places({"E06000001": ["TS24 8AA"]}, {"E06000001": 1}, ["TS24 9ZZ"])
POPULATION = Population(7, places=PLACES)
CLIENT = {"grant_type": "client_credentials", "client_id": "tester", "client_secret": "hush"}

Client = TestClient[Any, Any]


@pytest.fixture
async def dwp() -> AsyncIterator[Client]:
    server = TestServer(Dwp(POPULATION, "tester", "hush").application())
    async with TestClient(server) as client:
        yield client


async def a_token(dwp: Client) -> dict[str, str]:
    answer = await dwp.post("/oauth2/token", data=CLIENT)
    assert answer.status == 200
    return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


async def look_up(dwp: Client, *ninos: str) -> list[dict[str, Any]]:
    lookups = [{"id": str(i), "nino": nino} for i, nino in enumerate(ninos)]
    answer = await dwp.post("/v1/lookups", json={"lookups": lookups}, headers=await a_token(dwp))
    assert answer.status == 200
    results = (await answer.json())["results"]
    assert isinstance(results, list)
    return results


async def behave(dwp: Client, **changes: float | bool) -> None:
    assert (await dwp.put("/control", json=changes)).status == 200


def a_nino(kind: Kind = Kind.AS_ON_RECORD) -> str:
    people = (POPULATION.person(n, date(2026, 11, 22)) for n in range(2_000))
    return next(c.identity.nino for c in people if c.truth.kind is kind)


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
    body = {"lookups": [{"id": "0", "nino": a_nino()}]}
    assert (await dwp.post("/v1/lookups", json=body, headers=headers)).status == 401
    assert (await dwp.post("/v1/lookups", json=body)).status == 401


@pytest.mark.parametrize("count", [0, 101])
async def test_a_call_has_1_to_100_lookups(dwp: Client, count: int) -> None:
    body = {"lookups": [{"id": "0", "nino": "AB123456"}] * count}
    answer = await dwp.post("/v1/lookups", json=body, headers=await a_token(dwp))
    assert answer.status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b'{"lookups": 1}', b'{"lookups": [{"id": 1}]}'])
async def test_a_malformed_call_is_refused(dwp: Client, body: bytes) -> None:
    answer = await dwp.post("/v1/lookups", data=body, headers=await a_token(dwp))
    assert answer.status == 400


async def test_items_can_be_unavailable_one_by_one(dwp: Client) -> None:
    await behave(dwp, itemErrorRate=0.5)
    outcomes = {result["outcome"] for result in await look_up(dwp, *[a_nino()] * 60)}
    assert outcomes == {"found", "unavailable"}


async def test_whole_calls_can_fail(dwp: Client) -> None:
    headers = await a_token(dwp)
    body = {"lookups": [{"id": "0", "nino": a_nino()}]}
    await behave(dwp, errorRate=1.0)
    assert (await dwp.post("/v1/lookups", json=body, headers=headers)).status == 500
    await behave(dwp, errorRate=0.0, garbageRate=1.0)
    garbage = await dwp.post("/v1/lookups", json=body, headers=headers)
    with pytest.raises(ValueError, match="Expecting value"):
        await garbage.json()
    await behave(dwp, garbageRate=0.0, hangRate=1.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(dwp.post("/v1/lookups", json=body, headers=headers), 0.2)


async def test_it_can_be_down_and_come_back(dwp: Client) -> None:
    await behave(dwp, down=True)
    assert (await dwp.post("/oauth2/token", data=CLIENT)).status == 503
    await behave(dwp, down=False, refuse=True)
    with pytest.raises(aiohttp.ClientError):
        await dwp.post("/oauth2/token", data=CLIENT)
    await behave(dwp, refuse=False)
    assert (await look_up(dwp, a_nino()))[0]["outcome"] == "found"


@pytest.mark.parametrize("change", [{"errorRat": 1}, {"down": 1}, {"errorRate": True}, [], "x"])
async def test_an_unknown_behaviour_is_refused(dwp: Client, change: object) -> None:
    assert (await dwp.put("/control", json=change)).status == 400


async def test_it_counts_what_it_was_asked(dwp: Client) -> None:
    await look_up(dwp, a_nino(), a_nino(Kind.UNKNOWN_NINO), a_nino())
    counted = await (await dwp.get("/control/statistics")).json()
    expected = {"tokens": 1, "calls": 1, "items": 3, "found": 2, "notFound": 1}
    assert expected.items() <= counted.items()
