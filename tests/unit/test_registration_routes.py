"""Registration's public port: what it answers without asking Postgres.

The pool of these tests was never opened: whatever needs Postgres finds it away.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import asyncpg
import brotli
import msgpack
import pytest
import yaml
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from electoral.keys import make_keys
from electoral.postcodes import build_index
from electoral.proxies import TrustedProxies
from electoral.routes import TokenRoute
from electoral.today import LONDON
from registration.routes import ROUTES
from registration_service import TOKENS, public_port

Client = TestClient[Any, Any]
HEADERS = [None, "", "Bearer", "Bearer ", "Bearer x", "Bearer é", f"Basic {TOKENS['form']}"]
GUARDED = [route for route in ROUTES if isinstance(route, TokenRoute)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the keys of today, and an index of one postcode."""
    folder = tmp_path_factory.mktemp("registration")
    make_keys(folder / "keys", datetime.now(UTC).astimezone(LONDON).date())
    data = {"pcd": ["S1  2HH"], "laua": ["E08000039"]}
    packed = msgpack.packb({"columns": list(data), "data": data})
    (folder / "postcodes_S.msgpack.br").write_bytes(brotli.compress(packed))
    build_index(folder / "index", folder)
    return folder


@asynccontextmanager
async def a_port(folder: Path, **changes: Any) -> AsyncIterator[Client]:
    """Serve the public port, Postgres away."""
    pool = asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/nothing", min_size=0)
    port = public_port(pool, folder / "keys", folder, folder / "index", **changes)
    async with port as client:
        yield client


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[Client]:
    async with a_port(folder) as running:
        yield running


async def problem(response: ClientResponse, status: int) -> Mapping[str, Any]:
    assert response.status == status
    assert response.content_type == "application/problem+json"
    document: Mapping[str, Any] = await response.json()
    return document


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("header", HEADERS)
async def test_without_a_partners_token_every_guarded_route_is_401(
    client: Client, route: Any, header: str | None
) -> None:
    headers = {"Idempotency-Key": "one"} | ({} if header is None else {"Authorization": header})
    response = await client.request(route.method, route.path, headers=headers, json={})
    assert (await problem(response, 401))["code"] == "unauthenticated"
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_the_openapi_document_is_served_to_anyone(client: Client) -> None:
    response = await client.get("/openapi.yaml")
    assert response.status == 200
    assert yaml.safe_load(await response.text())["openapi"] == "3.1.0"


async def test_with_postgres_away_nobody_is_told_that_nothing_was_stored(client: Client) -> None:
    question = {"reference": "9F3PJQJZ28", "postcode": "S1 2HH"}
    document = await problem(await client.post("/v1/status", json=question), 503)
    assert document["detail"].startswith("It may not have been stored.")


# -- limits by address ----------------------------------------------------------------------------


async def ask(client: Client, forwarded_for: str) -> int:
    question = {"reference": "9F3PJQJZ28", "postcode": "S1 2HH"}
    headers = {"X-Forwarded-For": forwarded_for}
    response = await client.post("/v1/status", json=question, headers=headers)
    return response.status


async def test_behind_a_trusted_proxy_each_address_has_its_own_limit(folder: Path) -> None:
    proxies = TrustedProxies([ip_network("127.0.0.0/8")])
    async with a_port(folder, status_per_minute=1, proxies=proxies) as client:
        assert await ask(client, "203.0.113.1") != 429
        assert await ask(client, "203.0.113.1") == 429
        assert await ask(client, "203.0.113.2") != 429
        assert await ask(client, "203.0.113.3, 203.0.113.2") == 429


async def test_what_a_stranger_writes_into_the_header_does_not_change_the_limit(
    folder: Path,
) -> None:
    async with a_port(folder, status_per_minute=1) as client:
        assert await ask(client, "203.0.113.1") != 429
        assert await ask(client, "203.0.113.2") == 429
