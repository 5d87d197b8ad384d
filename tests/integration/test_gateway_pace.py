"""What a request brings with it counts at its ERO's pace, and at nobody else's."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from electoral.limits import RateLimit
from electoral.metrics import Metrics
from ems_gateway.calling.pace import Pace
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN
from gateway_calls import Clock
from gateway_world import World, authorized, open_world

pytestmark = pytest.mark.integration

REQUESTS, SENT_UP = 10, 5  # at once; one more each second


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def world(
    postgres_dsn: Callable[[str], str],
    keys_root: Path,
    metrics: Metrics,
    tmp_path: Path,
    clock: Clock,
) -> AsyncIterator[World]:
    requests, sent_up = (RateLimit(count, count, clock) for count in (REQUESTS, SENT_UP))
    pace = Pace(requests, sent_up, metrics)
    dsn, keys = postgres_dsn("ems-gateway"), keys_root / "ems-gateway"
    async with open_world(dsn, keys, metrics, tmp_path, pace) as running:
        yield running


async def send(world: World, *numbers: int, ero: str = "hartlepool") -> ClientResponse:
    papers = [
        {
            "recordId": f"paper-{number}",
            "gssCode": HARTLEPOOL if ero == "hartlepool" else EDINBURGH,
            "firstName": "Siân",
            "lastName": "O'Neill",
            "dateOfBirth": "1987-03-31",
            "nino": "AB123456C",
            "address": {"street": "Mill Lane", "postcode": "TS24 8AA"},
        }
        for number in numbers
    ]
    return await world.client.post(
        "/paper-applications", headers=authorized(ero), json={"applications": papers}
    )


async def test_papers_beyond_the_pace_are_refused_together_and_taken_when_it_is_time(
    world: World, clock: Clock
) -> None:
    assert (await send(world, 1, 2, 3)).status == 200
    refused = await send(world, 4, 5, 6)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert await world.pool.fetchval("SELECT count(*) FROM paper_application") == 3
    assert (await send(world, 1, 2, 3, ero=LOTHIAN)).status == 200
    assert (await world.page())["registrations"] == []
    clock.now += 1
    taken = await send(world, 4, 5, 6)
    assert [one["status"] for one in (await taken.json())["results"]] == [201] * 3


async def test_resubmissions_go_at_the_pace_of_papers(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=datetime.now(UTC)))
    assert (await send(world, 1, 2, 3, 4)).status == 200
    statuses = []
    for number in range(2):
        response = await world.client.post(
            f"/registrations/{record}/resubmission",
            headers=authorized("hartlepool"),
            json={"resubmissionId": f"again-{number}", "corrections": {"lastName": "Jones"}},
        )
        statuses.append(response.status)
    assert statuses == [201, 429]


async def test_each_20_records_of_a_lease_count_as_one_more_request(world: World) -> None:
    await world.outcomes(160)
    assert len(await world.lease(160)) == 160  # 1 and 8
    await world.page()
    response = await world.client.get("/registrations", headers=authorized("hartlepool"))
    assert response.status == 429
    assert await world.ids(LOTHIAN) == []
