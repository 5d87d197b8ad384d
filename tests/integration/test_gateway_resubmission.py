"""Resubmissions to the gateway on the real Postgres: numbered here, once each, until retention."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from electoral.calendar import london_date
from electoral.envelope import unwrap
from electoral.events import ApplicationReceived
from electoral.ledger import read_side
from electoral.sealing import DESTROYED_SUFFIX
from ems_gateway.calling.callers import Caller
from ems_gateway.councils.answers import read_resubmitted
from ems_gateway.councils.resubmission import ATTEMPTS_MAX, Resubmission
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN
from gateway_world import World, authorized
from trouble import refuse_rows_of, take_rows_again

pytestmark = pytest.mark.integration

UNKNOWN_ID = "0" * 24
CORRECTED = {"nino": "CE112233A"}
WHOLE = {
    "firstName": "Siân",
    "lastName": "O'Neill",
    "dateOfBirth": "1987-03-31",
    "nino": "CE112233A",
    "address": {"street": "Mill Lane", "postcode": "TS24 8AA"},
}
NOW = datetime.now(UTC)


def a_resubmission(resubmission_id: str = "again-1", **changes: object) -> dict[str, object]:
    return {"resubmissionId": resubmission_id, "corrections": CORRECTED} | changes


async def post(
    world: World, record: str, body: object = None, ero: str = "hartlepool"
) -> ClientResponse:
    return await world.client.post(
        f"/registrations/{record}/resubmission",
        headers=authorized(ero),
        json=a_resubmission() if body is None else body,
    )


async def send(world: World, record: str, body: object = None) -> dict[str, Any]:
    response = await post(world, record, body)
    assert response.status in (200, 201), await response.text()
    receipt: dict[str, Any] = await response.json()
    return receipt | {"status": response.status}


async def received(world: World) -> list[ApplicationReceived]:
    rows = await world.pool.fetch(
        "SELECT headers, value FROM outbox WHERE topic = 'applications.received' ORDER BY seq"
    )
    found = []
    for row in rows:
        headers = {name: text.encode() for name, text in json.loads(row["headers"]).items()}
        event = unwrap(row["value"], headers)
        assert isinstance(event, ApplicationReceived)
        found.append(event)
    return found


async def test_corrected_answers_are_the_next_attempt_of_what_was_accepted(world: World) -> None:
    first = world.outcome(
        received_at=NOW, source="web", reference="1234567890", previous_gss_code=EDINBURGH
    )
    (record,) = await world.arrive(first)
    receipt = await send(world, record)
    assert (receipt["status"], receipt["attempt"]) == (201, 2)
    assert receipt["applicationId"] == str(first.application_id)
    (event,) = await received(world)
    repeated = {"gss_code", "received_at", "type", "source", "language", "reference", "arrived_at"}
    repeated |= {"previous_gss_code", "address_basis", "client_id"}
    assert event.model_dump(include=repeated) == first.model_dump(include=repeated)
    assert event.attempt == 2
    assert event.attempt_received_at > first.attempt_received_at
    assert not event.is_whole


@pytest.mark.parametrize("table", ["resubmission", "ledger_delta", "outbox", "history"])
async def test_a_resubmission_is_all_there_or_not_at_all(world: World, table: str) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    await refuse_rows_of(world.pool, table)
    assert (await post(world, record, a_resubmission())).status == 503
    assert await world.pool.fetchval("SELECT count(*) FROM resubmission") == 0
    assert await received(world) == []
    await take_rows_again(world.pool)
    assert (await send(world, record))["attempt"] == 2
    assert [event.attempt for event in await received(world)] == [2]


async def test_an_application_has_no_attempts_without_end_and_a_repeat_is_known_nevertheless(
    world: World,
) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    bodies = [a_resubmission(f"again-{number}") for number in range(2, ATTEMPTS_MAX + 1)]
    for body in bodies:
        assert (await send(world, record, body))["status"] == 201
    refused = await post(world, record, a_resubmission("once-more"))
    assert (refused.status, (await refused.json())["code"]) == (409, "too-many-attempts")
    again = await send(world, record, bodies[-1])
    assert (again["status"], again["attempt"]) == (200, ATTEMPTS_MAX)


async def test_only_what_was_corrected_goes_on_each_part_sealed_for_itself(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    corrections = CORRECTED | {"lastName": "Jones", "middleNames": None}
    await send(world, record, a_resubmission(corrections=corrections))
    (event,) = await received(world)
    open_ = world.sealer.open
    assert json.loads(open_("person", event.application_id, event.person)) == {
        "lastName": "Jones",
        "middleNames": None,
        "noNino": None,
    }
    assert event.nino is not None
    assert open_("nino-council", event.application_id, event.nino) == b"CE112233A"


async def test_a_number_that_was_not_corrected_stays_with_verification(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    await send(world, record, a_resubmission(corrections={"firstName": "Sian"}))
    (event,) = await received(world)
    assert (event.nino, event.nino_absence) == (None, "not-corrected")


async def test_whoever_corrects_a_previous_address_does_not_keep_its_authority(
    world: World,
) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW, previous_gss_code=EDINBURGH))
    previous = {"street": "Mill Lane", "postcode": "S1 2HH"}
    await send(world, record, a_resubmission(corrections={"previousAddress": previous}))
    (event,) = await received(world)
    assert event.previous_gss_code is None  # there is no directory here that would name another


async def test_an_application_in_full_is_merged_with_nothing(world: World) -> None:
    first = world.outcome(received_at=NOW, language="cy")
    (record,) = await world.arrive(first)
    await send(world, record, a_resubmission(corrections=WHOLE, whole=True))
    (event,) = await received(world)
    assert event.is_whole
    assert event.nino is not None
    person = json.loads(world.sealer.open("person", event.application_id, event.person))
    assert person == {n: v for n, v in WHOLE.items() if n != "nino"} | {
        "type": "ordinary",
        "language": "cy",
    }


async def test_the_same_again_is_the_same_attempt_and_another_body_is_refused(
    world: World,
) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    first = await send(world, record)
    assert await send(world, record) == first | {"status": 200}
    other = await post(world, record, a_resubmission(corrections={"firstName": "Sian"}))
    assert other.status == 422
    assert (await other.json())["errors"][0]["code"] == "own-id-reused"
    assert len(await received(world)) == 1


async def test_one_id_is_for_one_application(world: World) -> None:
    one, other = await world.arrive(world.outcome(received_at=NOW), world.outcome(received_at=NOW))
    await send(world, one)
    assert (await post(world, other)).status == 422


async def test_attempts_are_numbered_on_although_none_has_come_back(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    calls = (send(world, record, a_resubmission(f"again-{number}")) for number in range(5))
    receipts = await asyncio.gather(*calls)
    assert sorted(one["attempt"] for one in receipts) == [2, 3, 4, 5, 6]
    in_order = sorted(receipts, key=lambda one: one["attempt"])
    times = [one["attemptReceivedAt"] for one in in_order]
    assert times == sorted(times)


async def test_equal_calls_at_the_same_moment_are_one_attempt(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    receipts = await asyncio.gather(*(send(world, record) for _ in range(8)))
    assert sorted(one["status"] for one in receipts) == [200] * 7 + [201]
    assert {one["attempt"] for one in receipts} == {2}


async def test_a_later_attempt_counts_from_the_newest_that_arrived(world: World) -> None:
    first = world.outcome(received_at=NOW)
    second = first.model_copy(update={"attempt": 2, "attempt_received_at": NOW})
    record, _ = await world.arrive(first, second)
    assert (await send(world, record))["attempt"] == 3


async def test_a_record_may_be_answered_held_or_waiting(world: World) -> None:
    events = [world.outcome(received_at=NOW) for _ in range(2)]
    taken, held = await world.arrive(*events)
    await world.put(taken)
    await world.put(held, {"status": "failure"})
    for number, record in enumerate((taken, held)):
        assert (await send(world, record, a_resubmission(f"again-{number}")))["attempt"] == 2


async def test_anothers_record_is_unknown(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    answers = [
        await post(world, record, ero=LOTHIAN),
        await post(world, UNKNOWN_ID, ero=LOTHIAN),
        await post(world, UNKNOWN_ID),
    ]
    assert [answer.status for answer in answers] == [404] * 3
    assert len({await answer.read() for answer in answers}) == 1
    assert await received(world) == []


async def test_a_repeat_is_known_when_the_record_is_another_eros_since(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    first = await send(world, record)
    await world.pool.execute("UPDATE attempt SET ero = $1", LOTHIAN)
    assert await send(world, record) == first | {"status": 200}
    assert (await post(world, record, a_resubmission("again-2"))).status == 404


async def test_a_repeat_by_a_record_that_never_was_its_own_is_unknown(world: World) -> None:
    first = world.outcome(received_at=NOW)
    (record,) = await world.arrive(first)
    await send(world, record)
    (later,) = await world.arrive(
        world.outcome(application_id=first.application_id, attempt=2, received_at=NOW)
    )
    for table in ("attempt", "record"):
        await world.pool.execute(f"UPDATE {table} SET ero = $1 WHERE attempt = 2", LOTHIAN)
    assert (await post(world, later)).status == 404
    assert (await post(world, record)).status == 200


async def test_who_had_an_earlier_attempt_does_not_correct_what_went_to_another(
    world: World,
) -> None:
    first = world.outcome(received_at=NOW)
    second = world.outcome(application_id=first.application_id, attempt=2, received_at=NOW)
    record, later = await world.arrive(first, second)
    await world.pool.execute("UPDATE attempt SET ero = $1 WHERE attempt = 2", LOTHIAN)
    refused = await post(world, record)
    assert (refused.status, (await refused.json())["code"]) == (409, "resubmitted-elsewhere")
    assert (await post(world, later, ero=LOTHIAN)).status == 201


async def test_a_record_that_moves_while_a_resubmission_waits_is_anothers(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE attempt SET ero = $1", LOTHIAN)
        posting = asyncio.create_task(post(world, record))
        while not await world.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
    assert (await posting).status == 404
    assert await received(world) == []


async def test_a_repeat_that_would_be_refused_today_is_what_was_taken_yesterday(
    world: World,
) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    today = london_date(datetime.now(UTC))
    turned_16 = today.replace(year=today.year - 16)
    answers = {name: answer for name, answer in WHOLE.items() if name != "nino"}
    answers["dateOfBirth"] = turned_16.isoformat()
    body = a_resubmission(corrections=answers, whole=True)
    yesterday = today - timedelta(days=1)
    read = read_resubmitted(answers, yesterday, "/corrections", is_whole=True)
    sent = Resubmission(bytes.fromhex(record), "again-1", body, read, is_whole=True)
    receipt = await world.gateway.resubmissions.take(sent, Caller("hartlepool", "token x"))
    again = await send(world, record, body)
    assert (again["status"], again["attempt"]) == (200, receipt.taken.attempt)
    assert (await post(world, record, body | {"resubmissionId": "again-2"})).status == 422


async def test_a_number_of_an_under_16_goes_nowhere(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    corrections = CORRECTED | {"dateOfBirth": "2015-01-31"}
    await send(world, record, a_resubmission(corrections=corrections))
    (event,) = await received(world)
    assert (event.nino, event.nino_absence) == (None, "under-16")


async def test_it_is_counted_once_under_the_code_it_was_accepted_with(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW - timedelta(days=3)))
    await send(world, record)
    await send(world, record)
    today = london_date(await world.pool.fetchval("SELECT now()"))
    rows = await read_side(world.pool, today, None)
    assert [(row.gss_code, row.state, row.count) for row in rows] == [
        (HARTLEPOOL, "resubmission-taken", 1)
    ]


async def test_the_history_names_the_answers_and_not_what_they_are(world: World) -> None:
    first = world.outcome(received_at=NOW)
    (record,) = await world.arrive(first)
    await send(world, record, a_resubmission(corrections=CORRECTED | {"lastName": "Zebediah"}))
    rows = await world.pool.fetch(
        "SELECT * FROM history WHERE application_id = $1 AND kind = 'resubmitted'",
        first.application_id,
    )
    assert [row["attempt"] for row in rows] == [2]
    assert json.loads(rows[0]["facts"])["corrected"] == ["lastName", "nino"]
    assert "Zebediah" not in str(rows)


async def past(world: World, days: int, **changes: Any) -> str:
    at = datetime.now(UTC) - timedelta(days=days)
    (record,) = await world.arrive(world.outcome(received_at=at, **changes))
    return record


async def refusal(world: World, record: str, corrections: dict[str, Any]) -> list[str]:
    response = await post(world, record, a_resubmission(corrections=corrections))
    assert response.status == 409, await response.text()
    document = await response.json()
    assert document["code"] == "past-retention"
    return [error["pointer"] for error in document["errors"]]


async def test_past_the_numbers_retention_the_number_must_be_sent(world: World) -> None:
    record = await past(world, 91)
    assert await refusal(world, record, {"firstName": "Sian"}) == ["/corrections/nino"]
    with_number = CORRECTED | {"firstName": "Sian"}
    assert (await send(world, record, a_resubmission(corrections=with_number)))["attempt"] == 2


async def test_within_the_numbers_retention_it_need_not_be_sent(world: World) -> None:
    record = await past(world, 85)
    sent = a_resubmission(corrections={"firstName": "Sian"})
    assert (await send(world, record, sent))["attempt"] == 2


async def test_where_there_was_no_number_none_is_asked_for(world: World) -> None:
    record = await past(world, 91, nino_absence="no-nino")
    sent = a_resubmission(corrections={"firstName": "Sian"})
    assert (await send(world, record, sent))["attempt"] == 2


async def test_past_the_persons_retention_all_must_be_sent(world: World) -> None:
    record = await past(world, 181)
    pointers = await refusal(world, record, CORRECTED)
    missing = {f"/corrections/{name}" for name in WHOLE if name != "nino"}
    assert set(pointers) == {"/whole", *missing}
    whole = a_resubmission(corrections=WHOLE, whole=True)
    assert (await send(world, record, whole))["attempt"] == 2


async def test_a_person_whose_key_was_destroyed_must_be_sent_in_full(
    world: World, keys_root: Path
) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    ended = "person-2020-01-01"
    await world.pool.execute("UPDATE record SET person = $1", f"{ended}.AAAA")
    (keys_root / "ems-gateway" / f"{ended}{DESTROYED_SUFFIX}").touch()
    assert "/whole" in await refusal(world, record, CORRECTED)


async def test_all_or_nothing_of_it_is_committed(world: World) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    await world.pool.execute("ALTER TABLE outbox ADD CONSTRAINT none CHECK (seq < 0)")
    assert (await post(world, record)).status == 500
    assert await world.pool.fetchval("SELECT count(*) FROM resubmission") == 0
    await world.pool.execute("ALTER TABLE outbox DROP CONSTRAINT none")
    assert (await send(world, record))["attempt"] == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({}, 400),
        ({"resubmissionId": "x"}, 400),
        (a_resubmission("has blanks"), 400),
        (a_resubmission(corrections=[]), 400),
        (a_resubmission(whole="true"), 400),
        (a_resubmission(extra=1), 400),
        (a_resubmission(corrections={}), 422),
        (a_resubmission(corrections={"gssCode": HARTLEPOOL}), 422),
        (a_resubmission(corrections=CORRECTED, whole=True), 422),
    ],
)
async def test_what_is_no_resubmission_is_refused(world: World, body: object, status: int) -> None:
    (record,) = await world.arrive(world.outcome(received_at=NOW))
    assert (await post(world, record, body)).status == status
    assert await received(world) == []
