"""What an ERO's system asks of its queue, beside reading and answering."""

import json
from typing import Any

from aiohttp import ClientResponse
from gateway_world import World, authorized

HARTLEPOOLS = "hartlepool"


async def lease_page(
    world: World, page_size: int = 100, seconds: int = 60, ero: str = HARTLEPOOLS
) -> dict[str, Any]:
    body = {"pageSize": page_size, "seconds": seconds}
    response = await world.client.post("/registrations/leases", headers=authorized(ero), json=body)
    assert response.status == 200, await response.text()
    page: dict[str, Any] = await response.json()
    return page


async def release(world: World, lease_id: str, ero: str = HARTLEPOOLS) -> ClientResponse:
    return await world.client.delete(f"/registrations/leases/{lease_id}", headers=authorized(ero))


async def offer(world: World, record: str, ero: str = HARTLEPOOLS) -> ClientResponse:
    return await world.client.post(f"/registrations/{record}/offer", headers=authorized(ero))


async def offer_all(
    world: World, body: dict[str, object], ero: str = HARTLEPOOLS
) -> ClientResponse:
    return await world.client.post("/registrations/offers", headers=authorized(ero), json=body)


async def told(world: World, record: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Read from the history what happened: kind, by whom, facts."""
    rows = await world.pool.fetch(
        "SELECT h.kind, h.by, h.facts::jsonb::text AS facts"
        "  FROM history h JOIN record r USING (application_id)"
        " WHERE r.record_id = $1 ORDER BY h.number",
        bytes.fromhex(record),
    )
    return [(row["kind"], row["by"], _facts(row["facts"])) for row in rows]


def _facts(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
