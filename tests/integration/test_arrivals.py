"""Arrival tokens over HTTP: `arrivedAt` is the token's time, and no token is ever in the way."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from aiohttp.test_utils import TestClient
from builders import an_application
from electoral.keys import make_keys
from electoral.postgres import Pool
from electoral.today import LONDON
from registration_service import authorized, postcode_index, public_port

pytestmark = pytest.mark.integration

Api = TestClient[Any, Any]
Answer = dict[str, Any]
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


@pytest.fixture
async def api(
    registration_pool: Pool, keys_root: Path, tmp_path: Path, postcodes: Path
) -> AsyncIterator[Api]:
    async with public_port(registration_pool, keys_root, tmp_path, postcodes) as client:
        yield client


async def arrive(api: Api, client: str = "form") -> Answer:
    """Let a partner note that somebody has come."""
    response = await api.post("/v1/arrivals", headers=authorized(client))
    assert response.status == 201
    document: Answer = await response.json()
    return document


async def apply(
    api: Api, token: str | None, body: object | None = None, key: str | None = None
) -> Answer:
    """Apply, with a token; returns the receipt, or the problem."""
    headers = {**authorized(), "Idempotency-Key": key or uuid4().hex}
    if token is not None:
        headers["Arrival-Token"] = token
    response = await api.post("/v1/applications", json=body or an_application(), headers=headers)
    document: Answer = await response.json()
    return document


def before_receipt(receipt: Answer) -> timedelta:
    times = (datetime.fromisoformat(receipt[name]) for name in ("arrivedAt", "receivedAt"))
    arrived_at, received_at = times
    return received_at - arrived_at


async def test_an_application_with_a_token_arrived_when_it_was_given(
    api: Api, registration_pool: Pool
) -> None:
    with time_machine.travel(datetime.now(UTC) - 90 * MINUTE):
        arrival = await arrive(api)
    receipt = await apply(api, arrival["arrivalToken"])
    assert receipt["arrivedAt"] == arrival["arrivedAt"]
    assert before_receipt(receipt) > 89 * MINUTE
    stored = await registration_pool.fetchval("SELECT arrived_at FROM application")
    assert stored == datetime.fromisoformat(arrival["arrivedAt"])
    event = json.loads(await registration_pool.fetchval("SELECT value FROM outbox"))
    assert datetime.fromisoformat(event["arrivedAt"]) == stored


async def test_a_token_says_until_when_it_counts(api: Api) -> None:
    arrival = await arrive(api)
    came, until = (datetime.fromisoformat(arrival[name]) for name in ("arrivedAt", "expiresAt"))
    assert until - came == timedelta(hours=24)


@pytest.mark.parametrize("hours", [25, -1], ids=["too old", "of a time to come"])
async def test_a_token_that_does_not_count_changes_nothing(
    api: Api, keys_root: Path, hours: int
) -> None:
    moment = datetime.now(UTC) - timedelta(hours=hours)
    make_keys(keys_root, moment.astimezone(LONDON).date())
    with time_machine.travel(moment):
        arrival = await arrive(api)
    receipt = await apply(api, arrival["arrivalToken"])
    assert timedelta() <= before_receipt(receipt) < MINUTE


@pytest.mark.parametrize("token", ["", "x", "arrival-2026q4.1.AAAA", "é", "a" * 4_000])
async def test_no_application_is_refused_for_its_token(api: Api, token: str) -> None:
    receipt = await apply(api, token)
    assert timedelta() <= before_receipt(receipt) < MINUTE


async def test_a_token_of_another_partner_changes_nothing(api: Api) -> None:
    with time_machine.travel(datetime.now(UTC) - 90 * MINUTE):
        arrival = await arrive(api, "helpline")
    assert before_receipt(await apply(api, arrival["arrivalToken"])) < MINUTE


async def test_a_repeat_with_another_token_gets_the_first_receipt(api: Api) -> None:
    with time_machine.travel(datetime.now(UTC) - 90 * MINUTE):
        arrival = await arrive(api)
    body, key = an_application(), uuid4().hex
    first = await apply(api, None, body, key)
    assert await apply(api, arrival["arrivalToken"], body, key) == first


async def test_each_item_of_a_batch_has_its_own_token(api: Api) -> None:
    with time_machine.travel(datetime.now(UTC) - 90 * MINUTE):
        arrival = await arrive(api)
    items: list[Answer] = [
        {"idempotencyKey": uuid4().hex, "application": an_application()} for _ in range(3)
    ]
    items[1]["arrivalToken"] = arrival["arrivalToken"]
    items[2]["arrivalToken"] = 7
    response = await api.post(
        "/v1/applications:batch", json={"applications": items}, headers=authorized()
    )
    results = (await response.json())["results"]
    late = [before_receipt(result["receipt"]) > 89 * MINUTE for result in results]
    assert late == [False, True, False]


async def test_who_came_before_midnight_is_no_worse_off_than_who_did_not(
    api: Api, keys_root: Path
) -> None:
    """Sixteen since midnight: by the day before, too young."""
    make_keys(keys_root, date(2026, 11, 21))
    make_keys(keys_root, date(2026, 11, 22))
    midnight = datetime(2026, 11, 22, tzinfo=LONDON)
    body = an_application(dateOfBirth="2010-11-22")
    with time_machine.travel(midnight - MINUTE):
        arrival = await arrive(api)
        assert (await apply(api, None, body))["errors"][0]["code"] == "too-young-england"
    with time_machine.travel(midnight + MINUTE):
        receipt = await apply(api, arrival["arrivalToken"], body)
    assert "reference" in receipt
