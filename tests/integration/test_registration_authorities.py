"""Registration with other lists of authorities than the one shipped, or than it had before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from builders import an_address, an_application
from electoral.authorities import Authorities, Authority, Contact, Ero
from electoral.postgres import Pool
from registration_service import authorized, postcode_index, public_port

SHEFFIELD, NEW = "E08000039", "E08999999"
NEW_CONTACT = Contact("ero@new.example", "01632 960001", "New Town Hall")
REPLACED = Authorities(
    [Authority(NEW, "New Authority", "england", "new", None, None, ())],
    [Ero("new", "The new ERO", NEW_CONTACT)],
)


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return postcode_index(tmp_path_factory.mktemp("postcodes"))


class World:
    """The public port, now with this list and now with that."""

    def __init__(self, pool: Pool, keys_root: Path, folder: Path, postcodes: Path) -> None:
        self._arguments = (pool, keys_root, folder, postcodes)

    @asynccontextmanager
    async def port(self, authorities: Authorities | None) -> AsyncIterator[TestClient[Any, Any]]:
        async with public_port(*self._arguments, authorities=authorities) as client:
            yield client

    async def apply(self, authorities: Authorities | None, **changes: object) -> dict[str, Any]:
        headers = authorized() | {"Idempotency-Key": uuid4().hex}
        body = an_application(address=an_address(postcode="S1 2HH"), **changes)
        async with self.port(authorities) as client:
            return await read(await client.post("/v1/applications", json=body, headers=headers))

    async def status(self, authorities: Authorities | None, reference: str) -> dict[str, Any]:
        question = {"reference": reference, "postcode": "S1 2HH"}
        async with self.port(authorities) as client:
            return await read(await client.post("/v1/status", json=question))


async def read(response: ClientResponse) -> dict[str, Any]:
    assert response.status in {200, 201}, await response.text()
    document: dict[str, Any] = await response.json()
    return document


@pytest.fixture
def world(registration_pool: Pool, keys_root: Path, tmp_path: Path, postcodes: Path) -> World:
    return World(registration_pool, keys_root, tmp_path, postcodes)


async def test_a_code_that_only_the_replaced_list_knows_has_its_contact(world: World) -> None:
    receipt = await world.apply(REPLACED, gssCode=NEW)
    assert receipt["authority"] == {
        "gssCode": NEW,
        "name": "New Authority",
        "contact": {
            "email": NEW_CONTACT.email,
            "phone": NEW_CONTACT.phone,
            "address": NEW_CONTACT.address,
        },
    }


async def test_a_postcode_of_a_code_that_is_not_listed_places_nobody(world: World) -> None:
    receipt = await world.apply(REPLACED)
    assert receipt["authority"]["gssCode"] == "X99999999"


async def test_a_code_that_is_not_listed_any_more_has_no_contact_but_a_status(world: World) -> None:
    receipt = await world.apply(None)
    assert receipt["authority"]["gssCode"] == SHEFFIELD
    status = await world.status(REPLACED, receipt["reference"])
    assert status["authority"] == {
        "gssCode": SHEFFIELD,
        "name": "To be confirmed",
        "contact": None,
    }
