"""A simulated DWP over a small population, and how a test calls it and changes its behaviour."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer
from simulated.dwp import Dwp
from simulated.dwp_records import NINO_LENGTH
from simulated.kinds import Kind
from simulated.places import Places
from simulated.population import Population

PLACES = Places({"E06000001": ["TS24 8AA"]}, {"E06000001": 1}, ["TS24 9ZZ"])
POPULATION = Population(7, places=PLACES)
CLIENT = {"grant_type": "client_credentials", "client_id": "tester", "client_secret": "hush"}

Client = TestClient[Any, Any]


@asynccontextmanager
async def a_dwp(**changes: Any) -> AsyncIterator[Client]:
    dwp = Dwp(POPULATION, "tester", "hush", **changes)
    async with TestClient(TestServer(dwp.application())) as client:
        yield client


async def a_token(dwp: Client) -> dict[str, str]:
    answer = await dwp.post("/oauth2/token", data=CLIENT)
    assert answer.status == 200
    return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


async def call(dwp: Client, headers: dict[str, str], *ninos: str) -> aiohttp.ClientResponse:
    """One call; look-up n has the id n."""
    lookups = [{"id": str(number), "nino": nino} for number, nino in enumerate(ninos)]
    return await dwp.post("/v1/lookups", json={"lookups": lookups}, headers=headers)


async def look_up(dwp: Client, *ninos: str) -> list[dict[str, Any]]:
    answer = await call(dwp, await a_token(dwp), *ninos)
    assert answer.status == 200
    results = (await answer.json())["results"]
    assert isinstance(results, list)
    return results


async def behave(dwp: Client, **changes: object) -> None:
    answer = await dwp.put("/control", json=changes)
    assert answer.status == 200, await answer.text()


async def figures(dwp: Client) -> dict[str, int]:
    counted = await (await dwp.get("/control/statistics")).json()
    assert isinstance(counted, dict)
    return counted


def a_nino(kind: Kind = Kind.AS_ON_RECORD) -> str:
    people = (POPULATION.person(n, date(2026, 11, 22)) for n in range(2_000))
    return next(c.identity.nino for c in people if c.truth.kind is kind)


def some_ninos(count: int) -> list[str]:
    """Of people who have a record."""
    people = (POPULATION.person(n, date(2026, 11, 22)) for n in range(10 * count))
    ninos = [c.identity.nino for c in people if c.truth.kind is Kind.AS_ON_RECORD][:count]
    assert len(ninos) == count
    assert all(len(nino) == NINO_LENGTH for nino in ninos)
    return ninos
