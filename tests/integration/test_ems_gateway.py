"""The gateway on real Postgres, and whole on real Kafka: queues, answers, leases, ledger, kills."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from electoral import held, postgres
from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.calendar import london_date
from electoral.consumer import Hold, Received
from electoral.envelope import wrap
from electoral.events import ApplicationReceived, ApplicationVerified
from electoral.identifiers import attempt_digest, record_id, revision_digest
from electoral.kafka import Message, Producer, Record
from electoral.ledger import fold
from electoral.metrics import Metrics
from electoral.postgres import Pool, transaction
from electoral.sealing import Sealer
from electoral.tracing import new_traceparent
from electoral_local.ports import free_ports
from ems_gateway.__main__ import main
from ems_gateway.answers import Answer, Answers
from ems_gateway.errors import CannotAssign
from ems_gateway.moves.assignment import list_lines
from ems_gateway.postgres.responsibilities import Stated
from gateway_builders import (
    EDINBURGH,
    HARTLEPOOL,
    LOTHIAN,
    MIDLOTHIAN,
    RECEIVED_AT,
    a_final_outcome,
    a_pending_outcome,
    a_person,
    an_outcome,
)
from gateway_world import (
    FAILURE,
    SUCCESS,
    FreshDatabase,
    World,
    a_credentials_file,
    authorized,
    ledger_rows,
)
from positions import begin_at_the_end, make_topics

pytestmark = pytest.mark.integration


# -- reading --------------------------------------------------------------------------------------


async def test_what_arrives_waits_for_its_ero_and_reading_takes_nothing(world: World) -> None:
    ids = await world.outcomes(3)
    assert await world.ids() == ids
    assert await world.ids() == ids
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 3}


async def test_an_item_holds_what_was_sealed(world: World) -> None:
    event = world.outcome()
    await world.arrive(event)
    (item,) = (await world.page())["registrations"]
    assert item["applicationId"] == str(event.application_id)
    assert item["detail"]["fn"] == a_person()["firstName"]
    assert item["verification"]["result"] == "green"
    assert (item["attempt"], item["revision"], item["replaces"]) == (1, 1, None)
    assert item["receivedAt"] == "2026-11-20T09:30:15.123456Z"


async def test_the_oldest_comes_first_over_all_codes_of_an_ero(world: World) -> None:
    later = world.outcome(gss_code=EDINBURGH, received_at=RECEIVED_AT + timedelta(hours=1))
    earlier = world.outcome(gss_code=MIDLOTHIAN)
    ids = await world.arrive(later, earlier)
    assert await world.ids(LOTHIAN) == [ids[1], ids[0]]
    assert await world.ids(LOTHIAN, gssCode=EDINBURGH) == [ids[0]]
    assert await world.ids() == []


async def test_pages_go_on_after_a_record_even_one_that_was_answered(world: World) -> None:
    ids = await world.outcomes(5)
    first = await world.page(pageSize=2)
    assert ([one["id"] for one in first["registrations"]], first["remaining"]) == (ids[:2], 3)
    assert (await world.put(ids[1])).status == 204
    second = await world.page(pageSize=2, after=ids[1])
    assert ([one["id"] for one in second["registrations"]], second["remaining"]) == (ids[2:4], 1)
    last = await world.page(pageSize=2, after=ids[3])
    assert ([one["id"] for one in last["registrations"]], last["remaining"]) == (ids[4:], 0)


async def test_a_page_is_100_by_default_and_200_at_most(world: World) -> None:
    await world.outcomes(205)
    assert len(await world.ids()) == 100
    assert len(await world.ids(pageSize=200)) == 200
    assert len(await world.ids(pageSize=10**30)) == 200


async def test_a_page_is_bounded_by_bytes_and_the_rest_follows(world: World) -> None:
    address = {"street": "x" * 120_000, "postcode": "S1 2HH"}
    ids = await world.outcomes(50, person=a_person(address=address))
    response = await world.client.get("/registrations", headers=authorized("hartlepool"))
    body = await response.read()
    assert 3_000_000 < len(body) <= 5_000_000
    page = json.loads(body)
    shown = [one["id"] for one in page["registrations"]]
    assert len(shown) + page["remaining"] == 50
    assert shown + await world.ids(after=shown[-1]) == ids


async def test_a_page_that_goes_on_after_anothers_or_an_unknown_record_is_404(
    world: World,
) -> None:
    (others,) = await world.arrive(world.outcome(gss_code=EDINBURGH))
    answers = []
    for after in (others, "0" * 24):
        response = await world.client.get(
            "/registrations", headers=authorized("hartlepool"), params={"after": after}
        )
        answers.append((response.status, await response.read()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


async def spoil(world: World, records: Sequence[str]) -> dict[str, str]:
    """Let records no longer open; returns what was sealed of each."""
    rows = await world.pool.fetch(
        "UPDATE record SET person = 'person-2001-01-01.AAAA' FROM record AS was"
        " WHERE record.record_id = ANY($1) AND was.position = record.position"
        " RETURNING was.record_id, was.person",
        [bytes.fromhex(one) for one in records],
    )
    return {row["record_id"].hex(): row["person"] for row in rows}


async def test_a_record_that_no_longer_opens_is_left_out_and_the_others_are_shown(
    world: World,
) -> None:
    ids = await world.outcomes(3)
    await spoil(world, [ids[1]])
    assert await world.ids() == [ids[0], ids[2]]
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 3}


async def test_pages_of_records_that_no_longer_open_hide_nothing_behind_them(world: World) -> None:
    ids = await world.outcomes(9)
    sealed = await spoil(world, ids[:5])
    first = await world.page(pageSize=2)
    assert ([one["id"] for one in first["registrations"]], first["remaining"]) == (ids[5:7], 2)
    assert await world.ids(pageSize=2, after=ids[6]) == ids[7:]
    assert await world.lease(3) == ids[5:8]
    assert await world.acknowledge([{"id": one} | SUCCESS for one in ids[5:]]) == [204] * 4
    assert await world.page(pageSize=2) == {"registrations": [], "remaining": 0}
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 5, (HARTLEPOOL, "acknowledged"): 4}
    for record, person in sealed.items():  # its key was brought back
        await world.pool.execute(
            "UPDATE record SET person = $2 WHERE record_id = $1", bytes.fromhex(record), person
        )
    assert await world.ids() == ids[:5]


async def test_a_page_that_is_filled_up_is_bounded_by_bytes_too(world: World) -> None:
    address = {"street": "x" * 120_000, "postcode": "S1 2HH"}
    ids = await world.outcomes(70, person=a_person(address=address))
    await spoil(world, ids[:20])
    response = await world.client.get("/registrations", headers=authorized("hartlepool"))
    body = await response.read()
    assert 3_000_000 < len(body) <= 5_000_000
    page = json.loads(body)
    shown = [one["id"] for one in page["registrations"]]
    assert (shown, len(shown) + page["remaining"]) == (ids[20 : 20 + len(shown)], 50)


# -- leases ---------------------------------------------------------------------------------------


async def test_leased_records_are_hidden_from_leases_but_not_from_reading(world: World) -> None:
    ids = await world.outcomes(5)
    assert await world.lease(2) == ids[:2]
    assert await world.lease(2) == ids[2:4]
    page = await world.page()
    assert [one["leasedUntil"] is not None for one in page["registrations"]] == [True] * 4 + [False]


async def test_a_lease_ends_by_itself(world: World) -> None:
    ids = await world.outcomes(1)
    assert await world.lease(1, seconds=1) == ids
    assert await world.lease(1) == []
    await asyncio.sleep(1.1)
    assert await world.lease(1) == ids


async def test_concurrent_leases_never_share_a_record(world: World) -> None:
    ids = await world.outcomes(60)
    pages = await asyncio.gather(*(world.lease(10) for _ in range(8)))
    leased = [one for page in pages for one in page]
    assert sorted(leased) == sorted(ids)


async def test_a_lease_is_bounded_by_bytes_and_hides_only_what_it_shows(world: World) -> None:
    address = {"street": "x" * 120_000, "postcode": "S1 2HH"}
    ids = await world.outcomes(50, person=a_person(address=address))
    first = await world.lease(200)
    assert len(first) < 50
    assert first + await world.lease(200) == ids


# -- answers --------------------------------------------------------------------------------------


async def test_success_takes_it_off_the_queue_and_says_so_once(world: World) -> None:
    (record,) = await world.outcomes(1)
    assert [(await world.put(record)).status for _ in range(3)] == [204] * 3
    assert await world.ids() == []
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 1}
    (event,) = await world.events()
    assert (event["recordId"], event["status"], event["gssCode"]) == (record, "success", HARTLEPOOL)


async def test_failure_is_held_with_sealed_text_that_no_event_has(world: World) -> None:
    (record,) = await world.outcomes(1)
    text = {"message": "Zebediah Quux", "details": "lives elsewhere", "reason": "Quux is unknown"}
    assert (await world.put(record, FAILURE | text)).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "held"): 1}
    assert (await world.ids(), await world.ids(state="held")) == ([], [record])
    stored = await world.pool.fetchrow("SELECT answer::text AS all, sealed_text FROM answer")
    assert stored is not None
    assert "Quux" not in stored["all"] + json.dumps(await world.events())
    application_id = UUID((await world.events())[0]["applicationId"])
    opened = json.loads(world.sealer.open("person", application_id, stored["sealed_text"]))
    assert opened == text


async def test_a_word_of_ours_and_a_suggestion_are_kept_readable(world: World) -> None:
    (record,) = await world.outcomes(1)
    answer = FAILURE | {"reason": "wrong-authority", "suggestedGssCode": EDINBURGH}
    assert (await world.put(record, answer)).status == 204
    row = await world.pool.fetchrow("SELECT reason, suggested_gss_code, sealed_text FROM answer")
    assert row is not None
    assert tuple(row) == ("wrong-authority", EDINBURGH, None)


async def test_success_after_failure_wins_and_a_late_failure_changes_nothing(world: World) -> None:
    (record,) = await world.outcomes(1)
    for answer in (FAILURE, SUCCESS, FAILURE):
        assert (await world.put(record, answer)).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 1}
    assert [event["status"] for event in await world.events()] == ["failure", "success"]
    assert await world.ids(state="held") == []


async def test_anothers_record_and_an_unknown_one_cannot_be_told_apart(world: World) -> None:
    (others,) = await world.arrive(world.outcome(gss_code=EDINBURGH))
    (unplaced,) = await world.arrive(world.outcome(gss_code=AUTHORITY_UNKNOWN))
    answers = [await world.put(record) for record in (others, unplaced, "0" * 24)]
    assert {(one.status, await one.read()) for one in answers} == {(404, await answers[0].read())}
    assert await world.acknowledge([{"id": others} | SUCCESS, {"id": "0" * 24} | SUCCESS]) == [
        404,
        404,
    ]
    assert await world.ids(LOTHIAN) == [others]


async def test_many_answers_at_once_have_a_result_each(world: World) -> None:
    ids = await world.outcomes(120)
    entries: list[object] = [{"id": one} | SUCCESS for one in ids]
    entries[7] = {"id": "0" * 24} | SUCCESS
    entries[70] = {"id": ids[70], "status": "maybe"}
    statuses = await world.acknowledge(entries)
    assert (statuses[7], statuses[70]) == (404, 400)
    assert statuses.count(204) == 118
    assert sorted(await world.ids()) == sorted([ids[7], ids[70]])
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 2, (HARTLEPOOL, "acknowledged"): 118}


async def test_no_more_calls_answers_are_committed_together_than_is_set(world: World) -> None:
    ids = [bytes.fromhex(one) for one in await world.outcomes(6)]
    chunks = [(Answer("hartlepool", one, "success", "token"),) for one in ids]
    two_at_a_time = Answers(
        world.pool, world.sealer, world.history, Metrics(), lambda: None, batch_chunks_max=2
    )
    async with two_at_a_time.group_commit:
        await asyncio.gather(*(two_at_a_time.take(chunk) for chunk in chunks))
    assert await world.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM answer") == 3


async def test_batches_with_the_same_ids_in_opposite_order_do_not_wait_in_a_circle(
    world: World,
) -> None:
    ids = [bytes.fromhex(one) for one in await world.outcomes(200)]
    answers = [Answer("hartlepool", one, "success", "token") for one in ids]
    forwards = [tuple(answers[begin : begin + 50]) for begin in range(0, 200, 50)]
    backwards = [tuple(reversed(chunk)) for chunk in reversed(forwards)]
    other = Answers(world.pool, world.sealer, world.history, Metrics(), after_commit=lambda: None)
    async with other.group_commit:
        for _ in range(5):
            known = await asyncio.gather(
                *(world.gateway.answers.take(chunk) for chunk in forwards),
                *(other.take(chunk) for chunk in backwards),
            )
            assert all(one for chunk in known for one in chunk)
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 200}
    assert len(await world.events()) == 200


async def test_answers_leases_and_arrivals_at_once_lose_nothing(world: World) -> None:
    """Answers race with newer revisions of the same attempts and with leases."""
    first = [world.outcome(outcome=a_pending_outcome()) for _ in range(100)]
    ids = await world.arrive(*first)
    second = [
        world.outcome(application_id=event.application_id, revision=2) for event in reversed(first)
    ]
    await asyncio.gather(
        world.acknowledge([{"id": one} | SUCCESS for one in ids]),
        *(world.arrive(*second[begin : begin + 20]) for begin in range(0, 100, 20)),
        *(world.lease(30) for _ in range(5)),
        world.acknowledge([{"id": one} | FAILURE for one in reversed(ids)]),
    )
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 100}
    newer = {record_id(event.application_id, 1, 2) for event in first}
    assert set(await world.ids(pageSize=200)) == newer
    assert await world.ids(state="held") == []


# -- revisions and attempts -----------------------------------------------------------------------


async def test_a_repeated_message_has_no_effect(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    await world.arrive(event, event)
    assert await world.ids() == [record]
    assert (await world.put(record)).status == 204
    await world.arrive(event)
    assert await world.ids() == []
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 1}


async def test_a_newer_revision_takes_the_place_of_a_waiting_one_and_names_it(
    world: World,
) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    final = world.outcome(application_id=pending.application_id, revision=2)
    old, new = [*await world.arrive(pending), *await world.arrive(final)]
    (item,) = (await world.page())["registrations"]
    assert (item["id"], item["replaces"], item["revision"]) == (new, old, 2)
    assert (await world.put(old)).status == 204
    assert await world.ids() == [new]
    assert await world.events() == []


async def test_a_final_outcome_after_an_acknowledged_pending_one_is_delivered_too(
    world: World,
) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    (old,) = await world.arrive(pending)
    await world.put(old)
    (new,) = await world.arrive(world.outcome(application_id=pending.application_id, revision=2))
    assert await world.ids() == [new]
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 1}


async def test_a_pending_outcome_and_the_final_one_after_it_are_each_acknowledged(
    world: World,
) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    (old,) = await world.arrive(pending)
    assert (await world.put(old)).status == 204
    (new,) = await world.arrive(world.outcome(application_id=pending.application_id, revision=2))
    (item,) = (await world.page())["registrations"]
    assert (item["replaces"], item["verification"]["status"]) == (old, "final")
    assert [(await world.put(one)).status for one in (new, old, new)] == [204] * 3
    assert [(e["recordId"], e["revision"]) for e in await world.events()] == [(old, 1), (new, 2)]
    (row,) = await ledger_rows(world.pool)
    assert (row.state, row.count) == ("acknowledged", 1)
    assert row.revision_digest == revision_digest(pending.application_id, 1, 2)


async def test_a_failure_that_answers_a_pending_outcome_does_not_hold_the_final_one(
    world: World,
) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    (old,) = await world.arrive(pending)
    await world.put(old, FAILURE)
    (new,) = await world.arrive(world.outcome(application_id=pending.application_id, revision=2))
    assert (await world.ids(), await world.ids(state="held")) == ([new], [])
    await world.put(old)
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 1}


async def test_revisions_of_one_attempt_in_one_batch_and_late_ones_leave_the_newest(
    world: World,
) -> None:
    application_id = uuid4()
    one, two, three = (
        world.outcome(application_id=application_id, revision=revision) for revision in (1, 2, 3)
    )
    ids = await world.arrive(three, two)
    (item,) = (await world.page())["registrations"]
    assert (item["id"], item["replaces"]) == tuple(ids)
    await world.arrive(one)
    assert await world.ids() == [ids[0]]
    (row,) = await ledger_rows(world.pool)
    assert (row.count, row.revision_digest) == (1, revision_digest(application_id, 1, 3))
    assert await world.pool.fetchval("SELECT count(*) FROM record") == 3


async def test_workers_with_the_same_new_attempts_store_each_once_and_keep_the_newest(
    world: World,
) -> None:
    """Each attempt is new to two workers at once, in batches that overlap in another order."""
    first = [world.outcome(outcome=a_pending_outcome()) for _ in range(100)]
    second = [world.outcome(application_id=one.application_id, revision=2) for one in first]
    repeated = [*first[50:], *first[:50]]
    await asyncio.gather(
        *(world.arrive(*first[begin : begin + 25]) for begin in range(0, 100, 25)),
        *(world.arrive(*repeated[begin : begin + 40]) for begin in range(0, 100, 40)),
        *(world.arrive(*reversed(second[begin : begin + 50])) for begin in range(0, 100, 50)),
    )
    (row,) = await ledger_rows(world.pool)
    digest = sum(revision_digest(one.application_id, 1, 2) for one in first) % (1 << 128)
    assert (row.state, row.count, row.revision_digest) == ("queued", 100, digest)
    newer = {record_id(one.application_id, 1, 2) for one in first}
    assert set(await world.ids(pageSize=200)) == newer
    assert await world.pool.fetchval("SELECT count(*) FROM record") == 200
    found = await world.pool.fetch(
        "SELECT encode(r.record_id, 'hex') AS id, a.state"
        " FROM attempt a JOIN record r USING (position)"
    )
    assert {(row["id"], row["state"]) for row in found} == {(one, "queued") for one in newer}


async def test_revisions_of_a_first_attempt_and_its_resubmission_may_come_in_one_batch(
    world: World,
) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    final = world.outcome(application_id=pending.application_id, revision=2)
    resubmitted = world.outcome(
        application_id=pending.application_id,
        attempt=2,
        attempt_received_at=RECEIVED_AT + timedelta(hours=1),
    )
    ids = await world.arrive(resubmitted, pending, final)
    items = (await world.page())["registrations"]
    assert [(one["id"], one["replaces"]) for one in items] == [(ids[2], ids[1]), (ids[0], ids[2])]
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 2}


async def test_a_resubmission_is_delivered_beside_the_first_attempt_and_names_it(
    world: World,
) -> None:
    first = world.outcome()
    (old,) = await world.arrive(first)
    await world.put(old)
    (new,) = await world.arrive(
        world.outcome(
            application_id=first.application_id,
            attempt=2,
            attempt_received_at=RECEIVED_AT + timedelta(days=1),
        )
    )
    (item,) = (await world.page())["registrations"]
    assert (item["id"], item["attempt"], item["replaces"]) == (new, 2, old)
    assert item["receivedAt"] != item["attemptReceivedAt"]


# -- without an authority -------------------------------------------------------------------------


async def test_an_unplaced_record_waits_until_it_is_assigned(world: World) -> None:
    event = world.outcome(gss_code=AUTHORITY_UNKNOWN, address_basis="unknown")
    (record,) = await world.arrive(event)
    assert await world.ledger() == {(AUTHORITY_UNKNOWN, "held"): 1}
    assert record in (await list_lines(world.pool))[0]
    ero = await world.desk.assign(record, EDINBURGH, "A. Operator")
    (item,) = (await world.page(LOTHIAN, gssCode=EDINBURGH))["registrations"]
    assert ero == LOTHIAN
    assert (item["gssCode"], item["assignedGssCode"]) == (AUTHORITY_UNKNOWN, EDINBURGH)
    assert await world.ledger() == {(AUTHORITY_UNKNOWN, "queued"): 1}
    assert (await world.put(record, ero=LOTHIAN)).status == 204
    assert await world.ledger() == {(AUTHORITY_UNKNOWN, "acknowledged"): 1}
    assert await world.pool.fetchval("SELECT assigned_by FROM assignment") == "operator A. Operator"


async def test_who_a_record_is_assigned_to_is_not_told_what_another_ero_has(world: World) -> None:
    duplicate = {"gssCode": HARTLEPOOL, "month": "2026-10", "basis": "nino"}
    found = {"reference": "SS3RZQV96V", "receivedAt": RECEIVED_AT}
    event = world.outcome(
        gss_code=AUTHORITY_UNKNOWN,
        outcome=a_final_outcome(
            possibleDuplicates={"total": 1, "listed": [duplicate | found], "group": "7f3c2b1a"}
        ),
    )
    (record,) = await world.arrive(event)
    await world.desk.assign(record, EDINBURGH, "A. Operator")
    (item,) = (await world.page(LOTHIAN))["registrations"]
    assert item["verification"]["possibleDuplicates"] == {"total": 1, "listed": [duplicate]}


async def test_an_ero_is_not_told_what_was_its_own_and_is_anothers_by_now(world: World) -> None:
    duplicate = {"gssCode": MIDLOTHIAN, "month": "2026-10", "basis": "nino"}
    found = {"reference": "SS3RZQV96V", "receivedAt": RECEIVED_AT}
    outcome = a_final_outcome(
        possibleDuplicates={"total": 1, "listed": [duplicate | found], "group": "7f3c2b1a"}
    )
    await world.arrive(world.outcome(gss_code=EDINBURGH, outcome=outcome))

    async def told() -> dict[str, Any]:
        (item,) = (await world.page(LOTHIAN))["registrations"]
        shown: dict[str, Any] = item["verification"]["possibleDuplicates"]
        return shown

    before = await told()
    assert (before["listed"][0]["reference"], before["group"]) == ("SS3RZQV96V", "7f3c2b1a")
    today = london_date(datetime.now(UTC))
    world.responsibilities.replace_stated([Stated(MIDLOTHIAN, "hartlepool", today, None)])
    assert await told() == {"total": 1, "listed": [duplicate]}


async def test_later_outcomes_follow_an_assignment(world: World) -> None:
    event = world.outcome(gss_code=AUTHORITY_UNKNOWN, outcome=a_pending_outcome())
    (record,) = await world.arrive(event)
    await world.desk.assign(record, HARTLEPOOL, "A. Operator")
    later = {"application_id": event.application_id, "gss_code": AUTHORITY_UNKNOWN}
    ids = await world.arrive(world.outcome(**later, revision=2), world.outcome(**later, attempt=2))
    assert sorted(await world.ids()) == sorted(ids)


@pytest.mark.parametrize("code", [AUTHORITY_UNKNOWN, "E99999999", "Hartlepool"])
async def test_a_record_cannot_be_assigned_to_what_is_no_authority(world: World, code: str) -> None:
    (record,) = await world.arrive(world.outcome(gss_code=AUTHORITY_UNKNOWN))
    with pytest.raises(CannotAssign):
        await world.desk.assign(record, code, "A. Operator")
    assert await world.ledger() == {(AUTHORITY_UNKNOWN, "held"): 1}


async def test_only_what_is_held_for_want_of_an_authority_can_be_assigned(world: World) -> None:
    waiting, failed = await world.outcomes(2)
    await world.put(failed, FAILURE)
    for record in (waiting, failed, "0" * 24, "x"):
        with pytest.raises(CannotAssign):
            await world.desk.assign(record, EDINBURGH, "A. Operator")
    assert await world.ids(LOTHIAN) == []


# -- what cannot be handled -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ("not json", "unreadable-person"),
        ('{"firstName":"\ud800","lastName":"B"}', "unreadable-person"),
    ],
)
async def test_a_person_that_no_ero_could_read_is_held_at_once(
    world: World, person: str, why: str
) -> None:
    (found,) = await world.handler.prepare([Received(world.outcome(person=person), None)])
    assert isinstance(found, Hold)
    assert found.error_class == why


async def test_a_person_that_does_not_open_is_held_at_once(world: World) -> None:
    unknown = world.outcome(application_id=uuid4()).model_copy(
        update={"person": "person-2001-01-01.AAAA"}
    )
    other = world.outcome().model_copy(update={"application_id": uuid4()})
    found = await world.handler.prepare([Received(unknown, None), Received(other, None)])
    assert [one.error_class for one in found if isinstance(one, Hold)] == [
        "unknown-key",
        "does-not-open",
    ]


async def test_another_event_on_the_topic_is_held(world: World) -> None:
    event = world.outcome()
    other = ApplicationReceived.model_validate(event.model_dump(exclude={"outcome", "revision"}))
    (found,) = await world.handler.prepare([Received(other, None)])
    assert isinstance(found, Hold)


async def test_an_undecodable_message_counts_as_held_while_nothing_better_is_known(
    world: World,
) -> None:
    event = world.outcome()
    envelope = wrap(event, source="test", at=RECEIVED_AT, traceparent=new_traceparent())
    headers = {name: text.encode() for name, text in envelope.headers.items()}
    message = Message("applications.verified", 0, 0, b"{", headers)
    async with transaction(world.pool) as connection:
        await held.hold(connection, [held.seal_message(world.sealer, message, "invalid-value")])
    (row,) = await ledger_rows(world.pool)
    assert (row.state, row.gss_code, row.count) == ("held", HARTLEPOOL, 1)
    assert row.digest == attempt_digest(event.application_id, 1)
    assert await world.ledger(before=RECEIVED_AT) == {}
    await world.arrive(event)
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 1}


async def test_the_ledger_is_the_same_after_folding_and_cuts_at_a_bin(world: World) -> None:
    ids = await world.outcomes(3)
    await world.put(ids[0])
    there = await world.ledger()
    await fold(world.pool)
    assert await world.ledger() == there
    assert await world.ledger(before=RECEIVED_AT) == {}
    assert await world.ledger(before=RECEIVED_AT + timedelta(minutes=5)) == there


# -- whole, on Kafka ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Process:
    """A gateway process."""

    process: subprocess.Popen[bytes]
    url: str
    admin: str


@asynccontextmanager
async def a_gateway(environment: dict[str, str]) -> AsyncIterator[Process]:
    """Run a gateway until it is ready; killed at the end if it still runs."""
    http_port, admin_port = free_ports(2)
    ports = {"EMS_GATEWAY_HTTP_PORT": str(http_port), "EMS_GATEWAY_ADMIN_PORT": str(admin_port)}
    process = subprocess.Popen(  # starts at once, and is no file to wait for
        [sys.executable, "-m", "ems_gateway", "serve"], env=os.environ | environment | ports
    )
    running = Process(process, f"http://127.0.0.1:{http_port}", f"http://127.0.0.1:{admin_port}")
    try:
        await _ready(running)
        yield running
    finally:
        process.kill()
        process.wait()


async def _ready(running: Process) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while running.process.poll() is None:
            try:
                async with session.get(running.admin + "/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError("the gateway ended")


async def publish(bootstrap: str, events: Sequence[ApplicationVerified]) -> None:
    now = datetime.now(UTC)
    envelopes = [wrap(e, source="test", at=now, traceparent=new_traceparent()) for e in events]
    async with Producer(bootstrap, "test") as producer:
        await producer.publish(
            [
                Record(
                    one.topic,
                    one.key.encode(),
                    one.value,
                    [(name, text.encode()) for name, text in one.headers.items()],
                )
                for one in envelopes
            ]
        )


async def drain(url: str, journal: dict[str, dict[str, Any]], wanted: int) -> None:
    """Do as a council does: store what is read, answer it, come again; whatever happens between."""
    async with aiohttp.ClientSession(headers=authorized("hartlepool")) as session:
        while len(journal) < wanted:
            try:
                async with session.get(url + "/registrations?pageSize=200") as response:
                    page = (await response.json())["registrations"]
                for item in page:
                    assert journal.setdefault(item["id"], item) == item
                answers = [{"id": item["id"], "status": "success"} for item in page]
                body = {"acknowledgements": answers}
                async with session.post(url + "/registrations/acknowledgements", json=body):
                    pass
            except (aiohttp.ClientError, KeyError):
                return
            await asyncio.sleep(0.05)


async def until(reached: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if reached():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not reached within 30 s")


@pytest.fixture
async def environment(
    postgres_dsn: FreshDatabase, kafka_bootstrap: str, keys_root: Path, tmp_path: Path
) -> dict[str, str]:
    await make_topics(kafka_bootstrap)
    dsn = postgres_dsn("ems-gateway")
    await begin_at_the_end(dsn, kafka_bootstrap, "ems-gateway")
    return {
        "EMS_GATEWAY_DATABASE_URL": dsn,
        "EMS_GATEWAY_KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "EMS_GATEWAY_KEYS_DIRECTORY": str(keys_root / "ems-gateway"),
        "EMS_GATEWAY_EROS_FILE": str(a_credentials_file(tmp_path)),
    }


async def test_killed_while_it_takes_and_gives_it_loses_and_repeats_nothing(
    environment: dict[str, str], kafka_bootstrap: str, gateway_sealer: Sealer
) -> None:
    events = [an_outcome(gateway_sealer) for _ in range(3_000)]
    wanted = {record_id(e.application_id, 1, 1) for e in events}
    journal: dict[str, dict[str, Any]] = {}
    async with a_gateway(environment) as first:
        await publish(kafka_bootstrap, events[:1_500])
        council = asyncio.create_task(drain(first.url, journal, 3_000))
        await until(lambda: len(journal) >= 300)
        os.kill(first.process.pid, signal.SIGKILL)
        await council
    assert len(journal) < 3_000
    await publish(kafka_bootstrap, events)
    async with a_gateway(environment) as second:
        async with asyncio.timeout(60):
            await drain(second.url, journal, 3_000)
        assert journal.keys() == wanted
        pool = await postgres.open_pool(
            environment["EMS_GATEWAY_DATABASE_URL"], service="test", connections=2
        )
        async with pool:
            await _published(pool)
            rows = await ledger_rows(pool)
        assert [(row.state, row.count) for row in rows] == [("acknowledged", 3_000)]
        digest = sum(attempt_digest(e.application_id, 1) for e in events) % (1 << 128)
        assert rows[0].digest == digest
        second.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.process.wait, 10) == 0


async def _published(pool: Pool) -> None:
    for _ in range(200):
        if not await pool.fetchval("SELECT count(*) FROM outbox"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the outbox was not emptied")


async def test_operators_assign_by_command(
    environment: dict[str, str],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in (environment | {"EMS_GATEWAY_DATABASE_URL": world.dsn}).items():
        monkeypatch.setenv(name, value)
    (record,) = await world.arrive(world.outcome(gss_code=AUTHORITY_UNKNOWN))
    assert await asyncio.to_thread(main, ["assign", "--list"]) == 0
    assert record in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["assign", "--record", record]) == 1
    arguments = ["assign", "--record", record, "--gss-code", EDINBURGH, "--by", "A. Operator"]
    assert await asyncio.to_thread(main, arguments) == 0
    assert LOTHIAN in capsys.readouterr().out
    assert await asyncio.to_thread(main, arguments) == 1
    assert await world.ids(LOTHIAN) == [record]
