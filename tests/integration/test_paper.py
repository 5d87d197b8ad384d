"""Paper applications on the real Postgres: taken once, sealed, counted, and sent on."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientResponse
from electoral.calendar import london_date
from electoral.envelope import unwrap
from electoral.events import ApplicationReceived
from electoral.ledger import read_side
from electoral.resealing import UnfinishedRows
from electoral.sealing import DESTROYED_SUFFIX, key_id_of
from ems_gateway.postgres.responsibilities import read_stated
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, MIDLOTHIAN
from gateway_world import World, authorized
from trouble import refuse_rows_of, take_rows_again

pytestmark = pytest.mark.integration

NINO = "AB123456C"


def a_paper(record_id: str = "paper-1", **changes: object) -> dict[str, object]:
    paper: dict[str, object] = {
        "recordId": record_id,
        "gssCode": HARTLEPOOL,
        "firstName": "Siân",
        "lastName": "O'Neill",
        "dateOfBirth": "1987-03-31",
        "nino": NINO,
        "address": {"street": "Mill Lane", "postcode": "TS24 8AA"},
    }
    return paper | changes


async def post(world: World, *papers: object, ero: str = "hartlepool") -> ClientResponse:
    return await world.client.post(
        "/paper-applications", headers=authorized(ero), json={"applications": papers}
    )


async def send(world: World, *papers: object, ero: str = "hartlepool") -> list[dict[str, Any]]:
    response = await post(world, *papers, ero=ero)
    assert response.status == 200, await response.text()
    results: list[dict[str, Any]] = (await response.json())["results"]
    return results


async def events(world: World) -> list[ApplicationReceived]:
    rows = await world.pool.fetch("SELECT topic, headers, value FROM outbox ORDER BY seq")
    found = []
    for row in rows:
        assert row["topic"] == "applications.received"
        headers = {name: text.encode() for name, text in json.loads(row["headers"]).items()}
        event = unwrap(row["value"], headers)
        assert isinstance(event, ApplicationReceived)
        found.append(event)
    return found


async def counts(world: World) -> dict[tuple[str, str], int]:
    now = await world.pool.fetchval("SELECT now()")
    rows = await read_side(world.pool, london_date(now), None)
    return {(row.gss_code, row.state): row.count for row in rows}


async def test_a_paper_application_is_counted_and_sent_on_for_verification(world: World) -> None:
    (result,) = await send(world, a_paper(language="cy"))
    assert (result["recordId"], result["status"]) == ("paper-1", 201)
    (event,) = await events(world)
    assert str(event.application_id) == result["applicationId"]
    assert (event.attempt, event.source, event.reference) == (1, "paper", None)
    assert (event.gss_code, event.client_id, event.language) == (HARTLEPOOL, "hartlepool", "cy")
    assert event.received_at == event.attempt_received_at >= event.arrived_at
    assert event.address_basis == "gss-code"
    assert await counts(world) == {(HARTLEPOOL, "paper-taken"): 1}


@pytest.mark.parametrize("table", ["paper_application", "ledger_delta", "outbox", "history"])
async def test_a_paper_application_is_all_there_or_not_at_all(world: World, table: str) -> None:
    await refuse_rows_of(world.pool, table)
    assert (await post(world, a_paper())).status == 503
    assert await world.pool.fetchval("SELECT count(*) FROM paper_application") == 0
    assert (await events(world), await counts(world)) == ([], {})
    await take_rows_again(world.pool)
    (result,) = await send(world, a_paper())
    assert result["status"] == 201
    assert len(await events(world)) == 1
    assert await counts(world) == {(HARTLEPOOL, "paper-taken"): 1}


async def test_the_person_and_the_number_are_sealed_each_under_its_own_purpose(
    world: World,
) -> None:
    await send(world, a_paper(soleOccupancy=True))
    (event,) = await events(world)
    open_ = world.sealer.open
    person = json.loads(open_("person", event.application_id, event.person))
    assert (person["firstName"], person["soleOccupancy"]) == ("Siân", True)
    assert "nino" not in person
    assert event.nino is not None
    assert open_("nino-council", event.application_id, event.nino) == NINO.encode()


@pytest.mark.parametrize(
    ("changes", "absence"),
    [
        ({"nino": "BG123456C"}, "never-issued"),
        ({"nino": None, "noNino": {"reason": "lost"}}, "no-nino"),
        ({"dateOfBirth": "2014-01-01"}, "under-16"),
    ],
)
async def test_a_number_that_nobody_is_to_be_asked_about_does_not_go_on(
    world: World, changes: dict[str, Any], absence: str
) -> None:
    ((result,), (event,)) = (await send(world, a_paper(**changes)), await events(world))
    assert result["status"] == 201
    assert (event.nino, event.nino_absence) == (None, absence)


async def test_the_same_again_is_the_same_receipt_and_another_body_is_refused(
    world: World,
) -> None:
    (first,) = await send(world, a_paper())
    again, other = await send(world, a_paper(), a_paper(firstName="Sian"))
    assert again == first | {"status": 200}
    assert (other["status"], other["errors"][0]["code"]) == (422, "own-id-reused")
    assert "applicationId" not in other
    assert len(await events(world)) == 1


async def test_equal_items_of_one_call_are_one_application(world: World) -> None:
    one, again, other = await send(world, a_paper(), a_paper(), a_paper(lastName="Jones"))
    assert [one["status"], again["status"], other["status"]] == [201, 200, 422]
    assert again["applicationId"] == one["applicationId"]
    assert await counts(world) == {(HARTLEPOOL, "paper-taken"): 1}


async def test_equal_calls_at_the_same_moment_are_one_effect(world: World) -> None:
    papers = [a_paper(f"paper-{number}") for number in range(40)]
    calls = [papers, papers[::-1], papers]
    answers = await asyncio.gather(*(send(world, *call) for call in calls))
    statuses = [result["status"] for results in answers for result in results]
    assert sorted(statuses) == [200] * 80 + [201] * 40
    ids = {(one["recordId"], one["applicationId"]) for results in answers for one in results}
    assert len(ids) == 40
    assert await counts(world) == {(HARTLEPOOL, "paper-taken"): 40}


async def test_each_ero_has_ids_of_its_own(world: World) -> None:
    (one,) = await send(world, a_paper())
    (other,) = await send(world, a_paper(gssCode=EDINBURGH), ero=LOTHIAN)
    assert other["status"] == 201
    assert one["applicationId"] != other["applicationId"]


async def test_a_bad_item_harms_no_other(world: World) -> None:
    results = await send(
        world,
        7,
        a_paper("has blanks"),
        a_paper("no-number", nino=None),
        a_paper("of-edinburgh", gssCode=EDINBURGH),
        a_paper("nowhere", gssCode=None),
        a_paper("large", noNino={"reason": "x" * 70_000}),
        a_paper("good"),
    )
    assert [one["status"] for one in results] == [400, 400, 422, 422, 422, 413, 201]
    assert [one["recordId"] for one in results[:2]] == [None, None]
    pointers = [[error["pointer"] for error in one["errors"]] for one in results[2:5]]
    assert pointers == [["/nino"], ["/gssCode"], ["/gssCode"]]
    assert len(await events(world)) == 1


async def test_a_joint_board_sends_for_any_of_its_councils(world: World) -> None:
    papers = [a_paper(code, gssCode=code) for code in (EDINBURGH, MIDLOTHIAN)]
    assert [one["status"] for one in await send(world, *papers, ero=LOTHIAN)] == [201, 201]
    assert {event.gss_code for event in await events(world)} == {EDINBURGH, MIDLOTHIAN}


async def test_a_repeat_finds_its_receipt_when_it_would_not_be_taken_any_more(
    world: World,
) -> None:
    (first,) = await send(world, a_paper())
    await world.pool.execute(
        "INSERT INTO responsibility (gss_code, ero, valid_from, stated_by)"
        " VALUES ($1, $2, current_date - 1, 'Alex')",
        HARTLEPOOL,
        LOTHIAN,
    )
    world.responsibilities.replace_stated(await read_stated(world.pool))
    again, new = await send(world, a_paper(), a_paper("paper-2"))
    assert again == first | {"status": 200}
    assert new["status"] == 422


async def test_what_is_kept_of_it_holds_nothing_of_a_person(world: World) -> None:
    await send(world, a_paper("of-Zebediah-Pritchard", lastName="Zebediah"))
    for table in ("paper_application", "history", "ledger_delta"):
        rows = await world.pool.fetch(f"SELECT t::text AS row FROM {table} t")
        assert rows
        assert not any(word in row["row"] for row in rows for word in ("Zebediah", "AB123456"))


async def test_all_or_nothing_of_it_is_committed(world: World) -> None:
    await world.pool.execute("ALTER TABLE outbox ADD CONSTRAINT none CHECK (seq < 0)")
    assert (await post(world, a_paper())).status == 500
    assert await world.pool.fetchval("SELECT count(*) FROM paper_application") == 0
    assert await world.pool.fetchval("SELECT count(*) FROM ledger_delta") == 0
    await world.pool.execute("ALTER TABLE outbox DROP CONSTRAINT none")
    assert (await send(world, a_paper()))[0]["status"] == 201


async def test_after_the_end_of_the_bodys_key_an_id_is_never_used_anew(
    world: World, keys_root: Path
) -> None:
    (first,) = await send(world, a_paper())
    ended = "body-2020q1"
    await world.pool.execute("UPDATE paper_application SET body_key_id = $1", ended)
    (waits,) = await send(world, a_paper(firstName="Sian"))
    assert waits["status"] == 503  # a key that is merely missing may be restored
    (keys_root / "ems-gateway" / f"{ended}{DESTROYED_SUFFIX}").touch()
    (again,) = await send(world, a_paper())
    assert again == first | {"status": 200}  # nobody can compare, but it was taken just now
    await world.pool.execute("UPDATE paper_application SET received_at = now() - interval '25 h'")
    for body in (a_paper(), a_paper(firstName="Sian")):
        (refused,) = await send(world, body)
        assert refused["status"] == 422
        assert [error["code"] for error in refused["errors"]] == ["own-id-reused"]


async def test_a_key_that_sealed_a_number_is_needed_until_kafka_has_it(world: World) -> None:
    await send(world, a_paper())
    ((event,), rows) = (await events(world), UnfinishedRows(world.pool, world.sealer))
    assert event.nino is not None
    assert await rows.count(key_id_of(event.nino)) == 1
    await world.pool.execute("DELETE FROM outbox")
    assert await rows.count(key_id_of(event.nino)) == 0


@pytest.mark.parametrize("purpose", ["nino-council", "history", "body"])
async def test_without_a_key_nothing_is_taken_and_it_may_be_sent_again(
    world: World, keys_root: Path, purpose: str
) -> None:
    files = list((keys_root / "ems-gateway").glob(f"{purpose}-*.key"))
    assert files
    for file in files:
        file.rename(file.with_suffix(".away"))
    response = await post(world, a_paper())
    assert (response.status, "Retry-After" in response.headers) == (503, True)
    assert await events(world) == []
    for file in files:
        file.with_suffix(".away").rename(file)
    assert (await send(world, a_paper()))[0]["status"] == 201


async def test_the_history_says_who_sent_it(world: World) -> None:
    (result,) = await send(world, a_paper())
    row = await world.pool.fetchrow(
        "SELECT * FROM history WHERE application_id = $1", UUID(result["applicationId"])
    )
    assert row is not None
    assert (row["kind"], row["attempt"]) == ("received", 1)
    assert row["by"].startswith("token ")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"applications":[]}',
        b'{"applications":{}}',
        b'{"applications":[{}],"more":1}',
        b'{"applications":[{"recordId":NaN}]}',
        b'{"applications":[' + b",".join([b"{}"] * 501) + b"]}",
    ],
)
async def test_what_is_no_list_of_applications_is_400(world: World, body: bytes) -> None:
    headers = authorized("hartlepool") | {"Content-Type": "application/json"}
    response = await world.client.post("/paper-applications", headers=headers, data=body)
    assert response.status == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"applications":[{}],"applications":[{}]}',
        b'{"applications":[{"recordId":"\\u0000"}]}',
        b'{"applications":[1.7976931348623155e+308]}',
    ],
)
async def test_what_can_be_read_in_two_ways_is_422(world: World, body: bytes) -> None:
    headers = authorized("hartlepool") | {"Content-Type": "application/json"}
    response = await world.client.post("/paper-applications", headers=headers, data=body)
    assert response.status == 422


async def test_more_than_4_mib_are_413(world: World) -> None:
    assert (await post(world, "x" * (4 * 1024 * 1024))).status == 413
