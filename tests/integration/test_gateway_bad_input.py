"""What is wrong with a request is said by a problem document, whatever operation it is sent to."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import ClientResponse
from gateway_operations import Json, Operation, operations, resolved
from gateway_world import World, authorized

pytestmark = pytest.mark.integration

OWN = authorized("hartlepool")
JSON = OWN | {"Content-Type": "application/json"}
SECRET = "Pritchard-Llewelyn"
WITH_BODY = [one for one in operations() if "requestBody" in one.described]
NOT_JSON = [b"", b"{", b"\xff\xfe", b'{"a":' + b"[" * 900, SECRET.encode()]
OF_ANOTHER_SHAPE = [
    b"null",
    b"[]",
    b"7",
    json.dumps({SECRET: SECRET}).encode(),
    b'{"status":"%b"}' % SECRET.encode(),
]
LARGER_THAN_ANY = 5 * 1024 * 1024


async def refused(response: ClientResponse, *statuses: int) -> None:
    """Check that this is a problem document that repeats nothing of what was sent."""
    text = await response.text()
    assert response.status in statuses, (response.method, response.url.path, text)
    assert response.content_type == "application/problem+json"
    document: Json = json.loads(text)
    assert document["status"] == response.status
    assert SECRET not in text


async def send(world: World, operation: Operation, body: bytes, headers: Json) -> ClientResponse:
    path, more = operation.call(await operation.prepared(world))
    return await world.client.request(
        operation.method, path, params=more["params"], data=body, headers=headers
    )


async def test_a_body_that_is_not_json_is_400(world: World) -> None:
    for operation in WITH_BODY:
        for body in NOT_JSON:
            await refused(await send(world, operation, body, JSON), 400)


async def test_a_body_of_another_shape_is_400(world: World) -> None:
    for operation in WITH_BODY:
        for body in OF_ANOTHER_SHAPE:
            await refused(await send(world, operation, body, JSON), 400)


async def test_a_body_that_is_too_large_is_413_whatever_it_says(world: World) -> None:
    for operation in WITH_BODY:
        body = json.dumps({"status": "x" * LARGER_THAN_ANY}).encode()
        await refused(await send(world, operation, body, JSON), 413)


async def test_a_body_of_another_type_is_415(world: World) -> None:
    for operation in WITH_BODY:
        for content_type in ("text/plain", "application/xml", "application/octet-stream"):
            headers = OWN | {"Content-Type": content_type}
            await refused(await send(world, operation, b"{}", headers), 415)


WRONG_NUMBERS = ["0", "-1", "abc", "1.5", "", " ", "+1", "1e3", "٣"]
WRONG_WORDS = ["", "everything", "QUEUED", SECRET]
WRONG_IDS = ["", "abc", "5D0C0B0A9F8E7D6C5B4A3F2E", "5d0c0b0a9f8e7d6c5b4a3f2e0", SECRET]


def wrong_queries() -> Iterator[tuple[Operation, str, str]]:
    """Yield what no parameter takes, by what the document says of it."""
    for operation in operations():
        for parameter in operation.parameters:
            if parameter["in"] == "query":
                for value in wrong_values(resolved(parameter["schema"])):
                    yield operation, parameter["name"], value


def wrong_values(schema: Any) -> list[str]:
    if schema.get("type") == "integer":
        lowest = schema["minimum"]
        return [one for one in WRONG_NUMBERS if one != "0" or lowest > 0]
    return WRONG_WORDS if "enum" in schema else WRONG_IDS


async def test_a_query_that_the_document_does_not_allow_is_400(world: World) -> None:
    asked = list(wrong_queries())
    assert {"pageSize", "after", "state", "gssCode"} <= {name for _, name, _ in asked}
    for operation, name, value in asked:
        path, more = operation.call(await operation.prepared(world))
        response = await world.client.request(
            operation.method, path, headers=OWN, params={name: value}, json=more["json"]
        )
        await refused(response, 400)


async def test_more_than_a_page_holds_is_capped_not_refused(world: World) -> None:
    for operation in operations():
        if "pageSize" in {parameter["name"] for parameter in operation.parameters}:
            path, _ = operation.call(await operation.prepared(world))
            for size in (201, 10**30):
                params = {"pageSize": str(size)}
                response = await world.client.get(path, headers=OWN, params=params)
                assert response.status == 200


@pytest.mark.parametrize("name", ["x", "%00", "%ff", "..%2f", "5D0C0B0A9F8E7D6C5B4A3F2E", SECRET])
async def test_a_path_with_an_id_that_is_none_is_404(world: World, name: str) -> None:
    for operation in operations():
        if "id}" in operation.path.lower():
            path, more = operation.call(name)
            response = await world.client.request(
                operation.method, path, headers=OWN, params={}, json=more["json"]
            )
            await refused(response, 404)


@pytest.mark.parametrize("day", ["x", "2026-13-01", "2026-02-30", "1999-01-01", "2099-01-01"])
async def test_a_statement_of_a_day_that_is_none_is_400(world: World, day: str) -> None:
    await refused(await world.client.get(f"/statements/{day}", headers=OWN), 400)


async def test_another_method_is_405_and_names_those_that_there_are(world: World) -> None:
    allowed: dict[str, set[str]] = {}
    for operation in operations():
        path, _ = operation.call(await operation.prepared(world))
        allowed.setdefault(operation.path, set()).add(operation.method)
        response = await world.client.request("PATCH", path, headers=OWN)
        await refused(response, 405)
        assert operation.method in response.headers["Allow"].split(", ")
    for operation in operations():
        path, _ = operation.call(await operation.prepared(world))
        response = await world.client.request("PATCH", path, headers=OWN)
        assert set(response.headers["Allow"].split(", ")) - {"HEAD"} == allowed[operation.path]
