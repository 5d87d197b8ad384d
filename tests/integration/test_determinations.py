"""Determinations on real Postgres: taken once, with their event, by whoever's application it is."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.consumer import Received
from electoral.envelope import unwrap
from electoral.events import ApplicationDetermined
from electoral.postgres import Pool, transaction
from electoral.topics import TOPICS
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, RECEIVED_AT
from gateway_world import FAILURE, World, authorized
from registration.handlers import ProgressHandler
from registration.postgres.progress import read_progress
from trouble import refuse_rows_of, take_rows_again

pytestmark = pytest.mark.integration

DETERMINED_AT = "2026-11-21T10:00:00.000000Z"


def a_determination(**changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "outcome": "allowed",
        "reasons": [],
        "identityVerifiedBy": "nino",
        "determinedAt": DETERMINED_AT,
    }
    return body | changes


REJECTED = a_determination(outcome="rejected", reasons=["duplicate-application"])


async def determine(
    world: World, record: str, body: dict[str, Any] | None = None, ero: str = "hartlepool"
) -> tuple[int, bytes]:
    response = await world.client.post(
        f"/registrations/{record}/determination",
        headers=authorized(ero),
        json=body or a_determination(),
    )
    return response.status, await response.read()


async def status(world: World, *arguments: Any, **more: Any) -> int:
    return (await determine(world, *arguments, **more))[0]


async def kinds(world: World) -> list[str]:
    rows = await world.pool.fetch("SELECT kind FROM history ORDER BY application_id, number")
    return [row["kind"] for row in rows]


async def test_a_determination_is_an_event_with_the_times_of_its_attempt(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    assert await determine(world, record, REJECTED) == (204, b"")
    (sent,) = await world.events()
    assert sent == {
        "applicationId": str(event.application_id),
        "attempt": 1,
        "gssCode": HARTLEPOOL,
        "receivedAt": "2026-11-20T09:30:15.123456Z",
        "attemptReceivedAt": "2026-11-20T09:30:15.123456Z",
        "outcome": "rejected",
        "reasons": ["duplicate-application"],
        "identityVerifiedBy": "nino",
        "determinedAt": "2026-11-21T10:00:00Z",
    }


async def test_a_repeat_is_the_same_and_a_change_is_409(world: World) -> None:
    (record,) = await world.outcomes(1)
    assert await status(world, record) == 204
    assert await status(world, record) == 204
    elsewhere = a_determination(determinedAt="2026-11-21T11:00:00.000+01:00", reasons=[])
    assert await status(world, record, elsewhere) == 204
    for change in (REJECTED, a_determination(identityVerifiedBy="documents")):
        assert await status(world, record, change) == 409
    assert len(await world.events()) == 1
    assert await world.pool.fetchval("SELECT count(*) FROM determination") == 1


async def test_an_application_is_determined_once_by_any_of_its_records(world: World) -> None:
    application = uuid4()
    later = RECEIVED_AT + timedelta(hours=1)
    first, second = await world.arrive(
        world.outcome(application_id=application),
        world.outcome(application_id=application, attempt=2, attempt_received_at=later),
    )
    assert await status(world, second) == 204
    assert await status(world, first) == 204
    assert await status(world, first, REJECTED) == 409
    (sent,) = await world.events()
    assert (sent["attempt"], sent["attemptReceivedAt"]) == (2, "2026-11-20T10:30:15.123456Z")


async def test_anothers_and_nobodys_application_is_404_like_an_unknown_one(world: World) -> None:
    others, nobodys = await world.arrive(
        world.outcome(gss_code=EDINBURGH), world.outcome(gss_code=AUTHORITY_UNKNOWN)
    )
    assert await status(world, others, ero=LOTHIAN) == 204
    answers = {await determine(world, record) for record in (others, nobodys, "0" * 24)}
    assert {code for code, _ in answers} == {404}
    assert len(answers) == 1


async def test_a_determination_leaves_the_queue_and_what_is_held_as_it_is(world: World) -> None:
    waiting, held = await world.outcomes(2)
    await world.put(held, FAILURE)
    before = await world.ledger()
    assert {await status(world, record) for record in (waiting, held)} == {204}
    assert await world.ids() == [waiting]
    assert await world.ids(state="held") == [held]
    assert await world.ledger() == before
    assert (await world.put(waiting)).status == 204


async def test_a_determination_is_in_the_past_and_after_the_application(world: World) -> None:
    (record,) = await world.outcomes(1)
    soon = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    for moment in (soon, "2026-11-20T09:30:15.123455Z", "9999-12-31T23:59:59-23:59"):
        code, document = await determine(world, record, a_determination(determinedAt=moment))
        assert code == 422
        assert json.loads(document)["errors"][0]["pointer"] == "/determinedAt"
    assert await world.events() == []
    just = (datetime.now(UTC) + timedelta(seconds=50)).isoformat()
    assert await status(world, record, a_determination(determinedAt=just)) == 204


async def test_the_ero_of_an_earlier_attempt_does_not_determine_what_went_to_another(
    world: World,
) -> None:
    application = uuid4()
    first, second = await world.arrive(
        world.outcome(application_id=application),
        world.outcome(application_id=application, attempt=2),
    )
    await world.pool.execute("UPDATE attempt SET ero = $1 WHERE attempt = 2", LOTHIAN)
    assert await status(world, first) == 409
    assert await status(world, second, ero=LOTHIAN) == 204
    assert await status(world, first) == 204  # it says the same


async def test_a_repeat_stands_when_the_application_has_gone_to_another_since(
    world: World,
) -> None:
    (record,) = await world.outcomes(1)
    assert await status(world, record) == 204
    await world.pool.execute("UPDATE attempt SET ero = $1", LOTHIAN)
    assert await status(world, record) == 204
    assert await status(world, record, REJECTED) == 409
    assert await status(world, record, REJECTED, ero=LOTHIAN) == 409
    assert await status(world, record, ero=LOTHIAN) == 204
    assert len(await world.events()) == 1


async def test_who_determined_does_not_learn_of_later_records_that_were_never_its_own(
    world: World,
) -> None:
    application = uuid4()
    (first,) = await world.arrive(world.outcome(application_id=application))
    assert await status(world, first) == 204
    (second,) = await world.arrive(world.outcome(application_id=application, attempt=2))
    await world.pool.execute("UPDATE attempt SET ero = $1 WHERE attempt = 2", LOTHIAN)
    assert await determine(world, second) == await determine(world, "0" * 24)
    assert await status(world, second) == 404
    assert await status(world, first) == 204


async def test_the_history_says_what_was_determined_and_by_which_credential(world: World) -> None:
    (record,) = await world.outcomes(1)
    await status(world, record, REJECTED)
    row = await world.pool.fetchrow("SELECT by, facts FROM history WHERE kind = 'determined'")
    assert row is not None
    assert row["by"].startswith("token ")
    assert json.loads(row["facts"]) == {
        "ero": "hartlepool",
        "outcome": "rejected",
        "reasons": ["duplicate-application"],
        "identityVerifiedBy": "nino",
        "determinedAt": DETERMINED_AT,
    }


@pytest.mark.parametrize("table", ["determination", "outbox", "history", "history_batch"])
async def test_a_determination_is_all_there_or_not_at_all(world: World, table: str) -> None:
    (record,) = await world.outcomes(1)
    before = await kinds(world)
    await refuse_rows_of(world.pool, table)
    assert await status(world, record) == 503
    assert await world.pool.fetchval("SELECT count(*) FROM determination") == 0
    assert await world.events() == []
    assert await kinds(world) == before
    await take_rows_again(world.pool)
    assert await status(world, record) == 204
    assert len(await world.events()) == 1
    assert await kinds(world) == [*before, "determined"]


async def test_registration_shows_the_application_as_decided(
    world: World, registration_pool: Pool
) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    await status(world, record)
    row = await world.pool.fetchrow("SELECT topic, headers, value FROM outbox")
    assert row is not None
    headers = {name: text.encode() for name, text in json.loads(row["headers"]).items()}
    sent = unwrap(row["value"], headers)
    assert isinstance(sent, ApplicationDetermined)
    (topic,) = (topic for topic in TOPICS if topic.name == row["topic"])
    assert "registration" in topic.consumers
    handler = ProgressHandler()
    prepared: Any = await handler.prepare([Received(sent, None)])
    async with transaction(registration_pool) as connection:
        await handler.record(connection, prepared)
    progress = await read_progress(registration_pool, event.application_id)
    assert progress == {"decided": datetime(2026, 11, 21, 10, tzinfo=UTC)}


async def test_the_reasons_are_shown_in_both_languages(world: World) -> None:
    response = await world.client.get("/determination-reasons", headers=authorized("hartlepool"))
    reasons = (await response.json())["reasons"]
    assert reasons[0]["code"] == "duplicate-application"
    assert all(set(reason) == {"code", "en", "cy"} for reason in reasons)
