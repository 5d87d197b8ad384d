"""The gateway's public port: who may call it, and what it refuses without asking Postgres.

The pool of these tests was never opened: whatever needs Postgres finds it away.
"""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import pytest
import yaml
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from electoral.authorities import Authorities
from electoral.blind_index import BlindIndex
from electoral.metrics import Metrics
from electoral.routes import TokenRoute
from electoral.sealing import DirectoryKeyring, Sealer
from ems_gateway.app import compose
from ems_gateway.calling.eros_file import open_eros_file
from ems_gateway.calling.issued import Issued
from ems_gateway.history.writing import History
from ems_gateway.moves.responsibility import Responsibilities
from ems_gateway.routes import ROUTES, public_app
from gateway_world import any_pace, some_callers

TOKEN = "hartlepools-token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
ID = "5d0c0b0a9f8e7d6c5b4a3f2e"
Client = TestClient[Any, Any]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    file = tmp_path / "eros.json"
    digest = sha256(TOKEN.encode()).hexdigest()
    file.write_text(json.dumps([{"ero": "hartlepool", "tokenSha256": [digest]}]))
    pool = asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/nothing", min_size=0)
    keyring, metrics, authorities = DirectoryKeyring(tmp_path), Metrics(), Authorities.load()
    index = BlindIndex(keyring)
    issued = Issued(pool)
    issued.learn((), monotonic())
    eros_file, pace = open_eros_file(file, Authorities.load), any_pace(metrics)
    callers = some_callers(eros_file, issued, metrics, pace)
    gateway = compose(
        pool=pool,
        sealer=Sealer(keyring),
        index=index,
        history=History(keyring),
        authorities=authorities,
        responsibilities=Responsibilities(authorities),
        metrics=metrics,
        authenticate=callers.authenticate,
        pace=pace,
        after_commit=lambda: None,
    )
    app = public_app(gateway, metrics)
    async with gateway.answers.group_commit, TestClient(TestServer(app)) as running:
        yield running


async def problem(response: ClientResponse, status: int) -> dict[str, Any]:
    assert response.status == status
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = await response.json()
    return document


def an_openapi_path(path: str) -> str:
    return path.replace("{id}", ID).replace("{leaseId}", ID).replace("{day}", "2026-11-20")


GUARDED = [route for route in ROUTES if isinstance(route, TokenRoute)]


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Bearer other", f"Basic {TOKEN}"])
async def test_without_the_right_token_every_guarded_route_is_401(
    client: Client, route: Any, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    path = an_openapi_path(route.path)
    response = await client.request(route.method, path, headers=headers, json={})
    await problem(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_the_openapi_document_is_served_to_anyone(client: Client) -> None:
    response = await client.get("/openapi.yaml")
    assert response.status == 200
    assert yaml.safe_load(await response.text())["openapi"] == "3.1.0"


@pytest.mark.parametrize(
    "query",
    [
        *(f"pageSize={text}" for text in ("0", "-1", "abc", "1.5", "", "%20", "+1", "%D9%A3")),
        *(f"after={text}" for text in ("", "abc", ID.upper(), ID + "0", "%00")),
        *(f"gssCode={text}" for text in ("", "e06000001", "E0600000", "E06000001%00")),
        *(f"state={text}" for text in ("", "everything", "HELD")),
    ],
)
async def test_a_malformed_query_is_400(client: Client, query: str) -> None:
    response = await client.get(f"/registrations?{query}", headers=AUTHORIZED)
    await problem(response, 400)


MALFORMED = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'{"status":"SUCCESS"}',
    b'{"status":true}',
    b'{"message":"x"}',
    b'{"status":"success","extra":1}',
    b'{"status":"success","message":7}',
    b'{"status":"success","message":"\\ud800"}',
    b'{"status":"success","suggestedGssCode":"E0"}',
    b'{"status":' + b"[" * 30_000,
    b'{"status":1' + b"0" * 5_000 + b"}",
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", MALFORMED)
async def test_a_malformed_answer_is_400(client: Client, body: bytes) -> None:
    headers = AUTHORIZED | {"Content-Type": "application/json"}
    await problem(await client.put(f"/registrations/{ID}", headers=headers, data=body), 400)


async def test_what_is_wrong_with_an_answer_is_told_without_its_value(client: Client) -> None:
    body = {"status": "Pritchard-Llewelyn", "Zebediah": 1, "details": ["Zebediah"]}
    response = await client.put(f"/registrations/{ID}", headers=AUTHORIZED, json=body)
    document = await problem(response, 400)
    assert {"/status", "/details"} <= {error["pointer"] for error in document["errors"]}
    assert "Zebediah" not in json.dumps(document)
    assert "Pritchard" not in json.dumps(document)


@pytest.mark.parametrize("seconds", [0, -1, 901, "60", 1.5, True, None])
async def test_a_lease_longer_than_15_minutes_or_of_no_time_is_400(
    client: Client, seconds: object
) -> None:
    body = {"pageSize": 10, "seconds": seconds}
    response = await client.post("/registrations/leases", headers=AUTHORIZED, json=body)
    await problem(response, 400)


@pytest.mark.parametrize("page_size", [0, -1, "10", True])
async def test_a_lease_of_nothing_is_400(client: Client, page_size: object) -> None:
    body = {"pageSize": page_size, "seconds": 10}
    response = await client.post("/registrations/leases", headers=AUTHORIZED, json=body)
    await problem(response, 400)


async def test_more_than_1000_answers_are_400_and_more_than_1_mib_is_413(client: Client) -> None:
    path = "/registrations/acknowledgements"
    one = {"id": ID, "status": "success"}
    many = await client.post(path, headers=AUTHORIZED, json={"acknowledgements": [one] * 1001})
    await problem(many, 400)
    large = {"acknowledgements": [one | {"message": "x" * 2_000}] * 600}
    await problem(await client.post(path, headers=AUTHORIZED, json=large), 413)


async def test_each_answer_that_is_none_has_its_own_result(client: Client) -> None:
    entries = [7, {}, {"id": "abc", "status": "success"}, {"id": ID, "status": "maybe"}]
    response = await client.post(
        "/registrations/acknowledgements", headers=AUTHORIZED, json={"acknowledgements": entries}
    )
    assert (await response.json())["results"] == [
        {"id": None, "status": 400},
        {"id": None, "status": 400},
        {"id": "abc", "status": 404},
        {"id": ID, "status": 400},
    ]


async def test_an_answer_that_is_not_json_by_its_type_is_415(client: Client) -> None:
    headers = AUTHORIZED | {"Content-Type": "text/plain"}
    await problem(await client.put(f"/registrations/{ID}", headers=headers, data=b"{}"), 415)


async def test_a_malformed_id_is_404_as_an_unknown_one_is(client: Client) -> None:
    body = {"status": "success"}
    for record_id in ("x", "%00", "%ff", "..%2f", ID.upper()):
        response = await client.put(f"/registrations/{record_id}", headers=AUTHORIZED, json=body)
        await problem(response, 404)


async def test_another_method_is_405_and_names_those_allowed(client: Client) -> None:
    response = await client.delete("/registrations", headers=AUTHORIZED)
    await problem(response, 405)
    assert response.headers["Allow"] == "GET"


async def test_another_path_is_404(client: Client) -> None:
    await problem(await client.get("/registration", headers=AUTHORIZED), 404)


async def test_with_postgres_away_callers_are_asked_to_come_again(client: Client) -> None:
    page = await client.get("/registrations", headers=AUTHORIZED)
    answer = await client.put(
        f"/registrations/{ID}", headers=AUTHORIZED, json={"status": "success"}
    )
    for response in (page, answer):
        await problem(response, 503)
        assert response.headers["Retry-After"] == "1"
