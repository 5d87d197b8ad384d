"""The history on real Postgres: chained in the transaction of what it tells of, told to its ERO."""

import asyncio
from collections.abc import Iterable
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from electoral.postgres import Connection, transaction
from ems_gateway.history import writing
from ems_gateway.history.chain import BEFORE_THE_FIRST
from ems_gateway.history.writing import Entry, Kind
from ems_gateway.postgres.history import Ends, read_ends
from gateway_builders import EDINBURGH, LOTHIAN, a_pending_outcome
from gateway_world import FAILURE, World, authorized

pytestmark = pytest.mark.integration


def an_entry(application_id: UUID, kind: Kind = "offered", **facts: object) -> Entry:
    return Entry(application_id, 1, kind, "ems-gateway", facts)


async def append(world: World, *entries: Entry) -> None:
    async with transaction(world.pool) as connection:
        await world.history.append(connection, entries)


async def stored(world: World, application_id: UUID) -> list[asyncpg.Record]:
    return await world.pool.fetch(
        "SELECT * FROM history WHERE application_id = $1 ORDER BY number", application_id
    )


async def told(world: World, record: str, ero: str = "hartlepool", **query: str) -> Any:
    path = f"/registrations/{record}/history"
    response = await world.client.get(path, headers=authorized(ero), params=query)
    assert response.status == 200, await response.text()
    return await response.json()


def numbers(entries: Iterable[Any]) -> list[int]:
    return [entry["number"] for entry in entries]


# -- adding ---------------------------------------------------------------------------------------


async def test_entries_are_numbered_and_chained_within_their_application(world: World) -> None:
    one, other = uuid4(), uuid4()
    await append(world, an_entry(one, "verified"), an_entry(other), an_entry(one))
    await append(world, an_entry(one, "answered", status="success"))
    rows = await stored(world, one)
    assert [row["kind"] for row in rows] == ["verified", "offered", "answered"]
    assert numbers(rows) == [1, 2, 3]
    assert rows[0]["previous"] == BEFORE_THE_FIRST
    assert all(later["previous"] == earlier["hash"] for earlier, later in pairwise(rows))
    assert numbers(await stored(world, other)) == [1]


async def test_a_batch_lists_what_its_transaction_added(world: World) -> None:
    applications = [uuid4() for _ in range(20)]
    await append(world, *(an_entry(one) for one in applications))
    (batch,) = await world.pool.fetch("SELECT * FROM history_batch")
    assert batch["count"] == len(applications)
    assert batch["digest"] == sha256(batch["entries"]).digest()
    assert all(one.bytes in batch["entries"] for one in applications)


async def test_nothing_is_added_by_a_transaction_that_fails(world: World) -> None:
    async def fail(connection: Connection) -> None:
        await world.history.append(connection, [an_entry(uuid4())])
        raise LookupError

    with pytest.raises(LookupError):
        async with transaction(world.pool) as connection:
            await fail(connection)
    assert await world.pool.fetchval("SELECT count(*) FROM history") == 0
    assert await world.pool.fetchval("SELECT count(*) FROM history_batch") == 0


@pytest.mark.parametrize("table", ["history", "history_batch"])
async def test_nothing_is_changed_or_taken_away(world: World, table: str) -> None:
    await append(world, an_entry(uuid4()))
    for statement in (
        f"UPDATE {table} SET at = now()",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await world.pool.execute(statement)


async def test_whoever_adds_to_the_same_application_meanwhile_goes_on_behind(world: World) -> None:
    shared, own = uuid4(), uuid4()
    await append(world, an_entry(shared, "verified"))
    async with transaction(world.pool) as connection:
        await world.history.append(connection, [an_entry(shared, "leased")])
        # Reads the end of the chain as it was, and waits for this transaction to end.
        entries = [an_entry(shared, "answered"), an_entry(own), an_entry(shared, "determined")]
        later = asyncio.create_task(append(world, *entries))
        await asyncio.sleep(0.2)
        assert not later.done()
    await later
    rows = await stored(world, shared)
    assert [row["kind"] for row in rows] == ["verified", "leased", "answered", "determined"]
    assert all(later["previous"] == earlier["hash"] for earlier, later in pairwise(rows))
    assert numbers(await stored(world, own)) == [1]
    assert await world.pool.fetchval("SELECT sum(count) FROM history_batch") == 5


async def test_many_who_add_to_the_same_applications_lose_nothing(world: World) -> None:
    applications = [uuid4() for _ in range(6)]

    async def add(number: int) -> None:
        chosen = [*applications[number % 6 :], *applications[: number % 6]][:4]
        await append(world, *(an_entry(one, number=number) for one in chosen for _ in range(2)))

    await asyncio.gather(*(add(number) for number in range(24)))
    for application in applications:
        rows = await stored(world, application)
        assert numbers(rows) == list(range(1, len(rows) + 1))
        assert all(later["previous"] == earlier["hash"] for earlier, later in pairwise(rows))
    assert await world.pool.fetchval("SELECT count(*) FROM history") == 24 * 4 * 2


async def test_two_attempts_answered_at_once_stand_in_one_chain(world: World) -> None:
    first = world.outcome()
    second = world.outcome(application_id=first.application_id, attempt=2)
    ids = await world.arrive(first, second)
    responses = await asyncio.gather(*(world.put(one) for one in ids))
    assert [response.status for response in responses] == [204, 204]
    rows = await stored(world, first.application_id)
    assert numbers(rows) == list(range(1, len(rows) + 1))
    assert sorted(r["attempt"] for r in rows if r["kind"] == "answered") == [1, 2]


async def test_leases_and_answers_of_the_same_records_lose_no_entry(world: World) -> None:
    ids = await world.outcomes(40)
    pages = [world.lease(40) for _ in range(4)]
    entries = [{"id": one, "status": "success"} for one in ids]
    answers = [world.acknowledge(entries[begin : begin + 10]) for begin in range(0, 40, 10)]
    await asyncio.gather(*pages, *answers)
    answered = await world.pool.fetchval("SELECT count(*) FROM history WHERE kind = 'answered'")
    assert answered == len(ids)


# -- applications that begin ----------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[set[UUID]]:
    """The applications whose chains' ends are asked for, one time after the other."""
    times: list[set[UUID]] = []

    async def read(connection: Connection, application_ids: set[UUID]) -> Ends:
        times.append(set(application_ids))
        return await read_ends(connection, application_ids)

    monkeypatch.setattr(writing, "read_ends", read)
    return times


async def test_an_application_that_begins_is_not_asked_for_its_history(
    world: World, asked: list[set[UUID]]
) -> None:
    web, paper = world.outcome(), world.outcome(source="paper")
    await append(world, an_entry(paper.application_id, "received"))
    asked.clear()
    await world.arrive(web, paper)
    assert asked == [{paper.application_id}]
    assert numbers(await stored(world, web.application_id)) == [1, 2]
    assert numbers(await stored(world, paper.application_id)) == [1, 2, 3]


async def test_a_first_attempt_behind_a_later_one_goes_on_with_the_chain(
    world: World, asked: list[set[UUID]]
) -> None:
    first, other = world.outcome(), world.outcome()
    await world.arrive(world.outcome(application_id=first.application_id, attempt=2))
    asked.clear()
    await world.arrive(first, other)
    assert asked == [set(), {first.application_id, other.application_id}]
    rows = await stored(world, first.application_id)
    assert numbers(rows) == list(range(1, len(rows) + 1))
    assert all(later["previous"] == earlier["hash"] for earlier, later in pairwise(rows))
    assert {row["attempt"] for row in rows} == {1, 2}
    assert numbers(await stored(world, other.application_id)) == [1, 2]


async def test_two_consumers_of_one_record_write_its_history_once(world: World) -> None:
    events = [world.outcome() for _ in range(20)]
    await asyncio.gather(*(world.arrive(*events) for _ in range(3)))
    await asyncio.gather(*(world.arrive(*events[::-1]) for _ in range(2)))
    for event in events:
        rows = await stored(world, event.application_id)
        assert [row["kind"] for row in rows] == ["verified", "offered"]


async def test_a_lower_revision_that_comes_late_is_chained_behind(world: World) -> None:
    late = world.outcome(outcome=a_pending_outcome())
    await world.arrive(world.outcome(application_id=late.application_id, revision=2))
    await world.arrive(late)
    rows = await stored(world, late.application_id)
    assert [row["kind"] for row in rows] == ["verified", "offered", "verified", "superseded"]
    assert all(later["previous"] == earlier["hash"] for earlier, later in pairwise(rows))


# -- telling --------------------------------------------------------------------------------------


async def test_an_ero_is_told_what_happened_to_its_record_and_by_whom(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    await world.put(record, FAILURE)
    history = await told(world, record)
    assert history["applicationId"] == str(event.application_id)
    entries = {entry["kind"]: entry for entry in history["entries"]}
    assert entries["verified"]["facts"]["levels"]["nino"] == "match"
    assert entries["verified"]["facts"]["ruleVersion"] == event.outcome.rule_version
    assert entries["offered"]["by"] == "ems-gateway"
    assert entries["answered"]["by"].startswith("token ")
    assert entries["answered"]["facts"]["status"] == "failure"
    hashes = [entry["hash"] for entry in history["entries"]]
    assert [entry["previousHash"] for entry in history["entries"]] == ["0" * 64, *hashes[:-1]]


async def test_every_record_of_an_application_tells_the_same_history(world: World) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    final = world.outcome(application_id=pending.application_id, revision=2)
    ids = await world.arrive(pending, final)
    assert await told(world, ids[0]) == await told(world, ids[1])


async def test_a_long_history_is_told_in_pages(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    whole = (await told(world, record))["entries"]
    behind = await told(world, record, after="1")
    assert behind["entries"] == whole[1:]
    assert behind["more"] is False


@pytest.mark.parametrize("after", ["-1", "x", "99999999999", ""])
async def test_a_wrong_place_to_begin_at_is_refused(world: World, after: str) -> None:
    (record,) = await world.outcomes(1)
    path = f"/registrations/{record}/history"
    response = await world.client.get(
        path, headers=authorized("hartlepool"), params={"after": after}
    )
    assert response.status == 400


async def test_anothers_record_has_no_history_and_says_so_as_an_unknown_one(world: World) -> None:
    (record,) = await world.outcomes(1, gss_code=EDINBURGH)
    bodies = []
    for one in (record, "0" * 24):
        path = f"/registrations/{one}/history"
        response = await world.client.get(path, headers=authorized("hartlepool"))
        assert response.status == 404
        bodies.append(await response.read())
    assert bodies[0] == bodies[1]


async def move(world: World, record: str, ero: str, gss_code: str) -> None:
    """What a reassignment leaves behind of an attempt, as far as the history is told by it."""
    await world.pool.execute(
        """WITH moved AS (
               UPDATE attempt a SET ero = $2, assigned_gss_code = $3 FROM record r
                WHERE r.record_id = $1 AND a.application_id = r.application_id
                  AND a.attempt = r.attempt)
           INSERT INTO assignment (record_id, gss_code, ero, assigned_by)
           VALUES ($1, $3, $2, 'Ann')""",
        bytes.fromhex(record),
        ero,
        gss_code,
    )


async def test_the_next_ero_does_not_learn_the_credentials_of_the_one_before(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    await world.put(record, FAILURE)
    await move(world, record, LOTHIAN, EDINBURGH)
    by_operator = Entry(event.application_id, 1, "reassigned", "operator Ann", {})
    by_next = Entry(event.application_id, 1, "determined", "token 12345678", {})
    await append(world, by_operator, by_next)
    entries = (await told(world, record, LOTHIAN))["entries"]
    by = {entry["kind"]: entry["by"] for entry in entries}
    assert by["answered"] == "another authority"
    assert by["offered"] == "ems-gateway"
    assert by["reassigned"] == "operator Ann"
    assert by["determined"] == "token 12345678"
    assert all(entry["facts"] for entry in entries if entry["kind"] == "verified")


async def test_who_answered_a_notice_is_another_authority(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    await append(world, Entry(event.application_id, 1, "noticed", "token 12345678", {"offer": 1}))
    last = (await told(world, record))["entries"][-1]
    assert (last["by"], last["facts"]) == ("another authority", {})


async def test_nothing_is_told_of_an_attempt_that_is_anothers_now(world: World) -> None:
    first = world.outcome()
    second = world.outcome(application_id=first.application_id, attempt=2)
    ids = await world.arrive(first)
    ids += await world.arrive(second)
    await move(world, ids[1], LOTHIAN, EDINBURGH)
    await append(world, Entry(first.application_id, 2, "determined", "token 12345678", {"a": 1}))
    entries = (await told(world, ids[0]))["entries"]
    assert numbers(entries) == list(range(1, len(entries) + 1))
    assert all(entry["facts"] for entry in entries if entry["attempt"] == 1)
    assert not any(entry["facts"] for entry in entries if entry["attempt"] == 2)
    assert entries[-1]["by"] == "another authority"
