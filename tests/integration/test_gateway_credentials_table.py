"""Who may do what: every operation of the document, with every kind of credential."""

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from ems_gateway.calling.credentials import token_proof
from ems_gateway.calling.issuing import TOKENS, issue_token, revoke
from gateway_builders import LOTHIAN, a_person
from gateway_operations import UNKNOWN, Operation, operations
from gateway_world import World, authorized

pytestmark = pytest.mark.integration

# Own: of the ERO whose object is named. Other's: another ERO names the same object; what takes no
# id then shows nothing of it.
TABLE = """
operation                own  other's  none  expired  revoked
listRegistrations        200  404      401   401      401
leaseRegistrations       200  200      401   401      401
releaseLease             204  404      401   401      401
acknowledgeRegistrations 200  200      401   401      401
answerRegistration       204  404      401   401      401
offerRegistration        204  404      401   401      401
offerRegistrations       200  200      401   401      401
showHistory              200  404      401   401      401
showStatement            200  404      401   401      401
determineRegistration    204  404      401   401      401
listDeterminationReasons 200  200      401   401      401
resubmitRegistration     201  404      401   401      401
takePaperApplications    200  200      401   401      401
listNotices              200  404      401   401      401
answerNotice             204  404      401   401      401
offerNotice              204  404      401   401      401
showOpenapi              200  200      200   200      200
"""
LONG_AGO = date(2020, 1, 1)


def rows() -> dict[str, list[int]]:
    _, *lines = TABLE.strip().splitlines()
    return {name: [int(text) for text in found] for name, *found in map(str.split, lines)}


def named(operation: Operation) -> str:
    return operation.name


async def test_every_operation_answers_every_credential_as_the_table_says(
    world: World, tmp_path: Path
) -> None:
    callers = [
        authorized("hartlepool"),
        authorized(LOTHIAN),
        {},
        {"Authorization": f"Bearer {await an_expired_token(world, tmp_path)}"},
        {"Authorization": f"Bearer {await a_revoked_token(world)}"},
    ]
    assert set(rows()) == {operation.name for operation in operations()}
    found = {}
    for operation in operations():
        name = await operation.prepared(world)
        # The owner comes last: it may change what the others ask about.
        statuses = [await status_of(world, operation, name, one) for one in reversed(callers)]
        found[operation.name] = statuses[::-1]
    assert found == rows()


async def status_of(world: World, operation: Operation, name: str, caller: dict[str, str]) -> int:
    response = await operation.send(world, name, caller)
    if caller != authorized("hartlepool"):
        assert str(a_person()["lastName"]) not in without_examples(operation, await response.text())
    return response.status


def without_examples(operation: Operation, text: str) -> str:
    return text if operation.guarded else ""


async def an_expired_token(world: World, directory: Path) -> str:
    """Give Hartlepool a second token in the EROs' file, that was valid once."""
    file = directory / "eros.json"
    digest = sha256(b"expired").hexdigest()
    expired = {"ero": "hartlepool", "tokenSha256": [digest], "validTo": LONG_AGO.isoformat()}
    file.write_text(json.dumps([*json.loads(file.read_text()), expired]))
    world.eros_file.load()
    return "expired"


async def a_revoked_token(world: World) -> str:
    """Issue a token that works, and revoke it."""
    filed = world.eros_file.content
    token = await issue_token(world.pool, filed, "hartlepool", by="Ada")
    headers = {"Authorization": f"Bearer {token}"}
    await world.issued.read()
    assert (await world.client.get("/registrations", headers=headers)).status == 200
    digits = token_proof(token).partition(" ")[2]
    await revoke(world.pool, filed, TOKENS, "hartlepool", digits, by="Ada")
    await world.issued.read()
    return token


@pytest.mark.parametrize(
    "operation", [one for one in operations() if one.kind is not None], ids=named
)
async def test_anothers_id_is_answered_byte_for_byte_as_an_unknown_one(
    world: World, operation: Operation
) -> None:
    name = await operation.prepared(world)
    others = await operation.send(world, name, authorized(LOTHIAN))
    unknown = await operation.send(world, UNKNOWN, authorized(LOTHIAN))
    assert await shape_of(others, name) == await shape_of(unknown, UNKNOWN)


async def shape_of(response: ClientResponse, name: str) -> tuple[int, dict[str, str], bytes]:
    """All that a caller could tell two answers apart by, but the time and the id it sent."""
    headers = {key: value for key, value in response.headers.items() if key != "Date"}
    return response.status, headers, (await response.read()).replace(name.encode(), b"<id>")
