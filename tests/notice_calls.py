"""Somebody who moved, is allowed, and of whom the ERO of the previous address reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientResponse
from electoral.events import ApplicationVerified
from electoral.sealing import daily_key_id
from electoral.today import LONDON
from ems_gateway.notices.rules import notice_id
from gateway_builders import EDINBURGH, LOTHIAN, a_person
from gateway_world import SUCCESS, World, authorized

PREVIOUS_ADDRESS = {"property": "3", "street": "Old Row", "postcode": "EH1 1BB"}
LONG_AGO = datetime.now(UTC) - timedelta(days=200)
OLD_KEY = daily_key_id("person", LONG_AGO.astimezone(LONDON).date())
ALLOWED: dict[str, object] = {
    "outcome": "allowed",
    "identityVerifiedBy": "nino",
    "determinedAt": "2026-11-21T10:00:00Z",
}
REJECTED = ALLOWED | {"outcome": "rejected", "reasons": ["not-resident"]}


def who_moved(world: World, **changes: Any) -> ApplicationVerified:
    """Somebody in Hartlepool who lived in Edinburgh before."""
    return world.outcome(
        **{"previous_gss_code": EDINBURGH, "person": a_person(previousAddress=PREVIOUS_ADDRESS)}
        | changes
    )


async def determine(world: World, record: str, body: dict[str, object] = ALLOWED) -> int:
    response = await world.client.post(
        f"/registrations/{record}/determination", headers=authorized("hartlepool"), json=body
    )
    return response.status


async def allow(world: World, *events: ApplicationVerified) -> list[str]:
    """Let applications arrive and be allowed, in order; returns the ids of their notices."""
    for record in await world.arrive(*events):
        assert await determine(world, record) == 204
    return [notice_id(event.application_id).hex() for event in events]


async def page(world: World, ero: str = LOTHIAN, **query: object) -> dict[str, Any]:
    response = await world.client.get(
        "/notices", headers=authorized(ero), params={k: str(v) for k, v in query.items()}
    )
    assert response.status == 200, await response.text()
    found: dict[str, Any] = await response.json()
    return found


async def ids(world: World, ero: str = LOTHIAN, **query: object) -> list[str]:
    return [one["id"] for one in (await page(world, ero, **query))["notices"]]


async def put(
    world: World, notice: str, answer: dict[str, Any] = SUCCESS, ero: str = LOTHIAN
) -> ClientResponse:
    return await world.client.put(f"/notices/{notice}", headers=authorized(ero), json=answer)


async def offer(world: World, notice: str, ero: str = LOTHIAN) -> ClientResponse:
    return await world.client.post(f"/notices/{notice}/offer", headers=authorized(ero))
