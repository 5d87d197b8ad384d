"""The admin port: what it answers, and what it refuses without asking anything."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from electoral.admin import Admin, admin_app
from electoral.ledger import LedgerRow
from electoral.metrics import Metrics

Client = TestClient[Any, Any]


async def a_fault() -> str | None:
    return "Something is wrong."


async def all_well() -> str | None:
    return None


async def nothing_to_refresh() -> None:
    pass


async def an_empty_ledger(day: date, before: datetime | None) -> list[LedgerRow]:
    return []


async def three_unfinished(key_id: str) -> int:
    return 3


def an_admin(**changes: Any) -> Admin:
    usual: dict[str, Any] = {
        "service": "registration",
        "checks": {"database": all_well},
        "stopping": asyncio.Event(),
        "metrics": Metrics(),
        "before_metrics": nothing_to_refresh,
        "ledger": an_empty_ledger,
        "unfinished": three_unfinished,
    }
    return Admin(**(usual | changes))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with TestClient(TestServer(admin_app(an_admin()))) as running:
        yield running


async def test_it_says_that_it_is_alive_and_ready(client: Client) -> None:
    assert (await client.get("/livez")).status == 200
    response = await client.get("/readyz")
    assert (response.status, await response.json()) == (200, {"status": "ready", "wrong": {}})


async def test_it_is_not_ready_while_a_check_has_a_sentence_or_it_ends() -> None:
    admin = an_admin(checks={"database": a_fault, "keys": all_well})
    admin.stopping.set()
    async with TestClient(TestServer(admin_app(admin))) as client:
        response = await client.get("/readyz")
        assert response.status == 503
        assert (await response.json())["wrong"] == {
            "database": "Something is wrong.",
            "lifecycle": "The service is ending.",
        }


async def test_a_day_of_the_ledger_is_shown(client: Client) -> None:
    response = await client.get("/ledger?day=2026-11-22&before=2026-11-22T10:00:00Z")
    assert await response.json() == {
        "service": "registration",
        "day": "2026-11-22",
        "before": "2026-11-22T10:00:00.000000Z",
        "rows": [],
    }


@pytest.mark.parametrize(
    "query",
    [
        "",
        "day=",
        "day=today",
        "day=2026-11-32",
        "day=0001-01-01",
        "day=9999-12-31",
        "day=2026-11-22&before=now",
        "day=2026-11-22&before=2026-11-22T10:00:00",
        "day=2026-11-22&before=9999-12-31T23:59:59-14:00",
        "day=2026-11-22&before=0001-01-01T00:00:00%2B14:00",
    ],
)
async def test_a_day_that_is_none_is_400(client: Client, query: str) -> None:
    response = await client.get(f"/ledger?{query}")
    assert (response.status, response.content_type) == (400, "application/problem+json")


async def test_what_is_unfinished_under_a_key_is_counted(client: Client) -> None:
    response = await client.get("/keys/person-2026-11-22")
    assert (await response.json())["unfinished"] == 3
    assert (await client.get("/keys/Zyxwvut")).status == 404
