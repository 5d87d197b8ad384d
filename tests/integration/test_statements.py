"""Statements: all that reached the gateway for an ERO on a day, each with its state."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.calendar import london_date
from electoral.consumer import Hold, Received
from electoral.postgres import transaction
from electoral.tracing import new_traceparent
from ems_gateway.history.chain import Head, is_signed
from ems_gateway.history.statements import ENDED_HEAD_SECONDS, HEAD_SECONDS, Heads
from ems_gateway.history.writing import Entry
from ems_gateway.postgres.statements import read_head
from gateway_builders import EDINBURGH, LOTHIAN, a_pending_outcome
from gateway_world import FAILURE, World, authorized, settle

pytestmark = pytest.mark.integration


def today() -> str:
    return london_date(datetime.now(UTC)).isoformat()


async def statement(
    world: World, day: str | None = None, ero: str = "hartlepool", **query: object
) -> Any:
    response = await world.client.get(
        f"/statements/{day or today()}",
        headers=authorized(ero),
        params={name: str(value) for name, value in query.items()},
    )
    assert response.status == 200, await response.text()
    return await response.json()


async def states(world: World, ero: str = "hartlepool", day: str | None = None) -> dict[str, str]:
    await settle(world)
    page = await statement(world, day, ero)
    return {one["id"]: one["state"] for one in page["records"]}


async def arrive_on(world: World, record: str, at: datetime) -> None:
    statement = "UPDATE record SET created_at = $2 WHERE record_id = $1"
    await world.pool.execute(statement, bytes.fromhex(record), at)


async def send_to(world: World, record: str, ero: str, gss_code: str, at: datetime) -> None:
    """What sending a record elsewhere leaves behind, as far as statements go by it."""
    await world.pool.execute(
        """WITH moved AS (
               UPDATE attempt a SET ero = $2, assigned_gss_code = $3 FROM record r
                WHERE r.record_id = $1 AND a.application_id = r.application_id
                  AND a.attempt = r.attempt)
           INSERT INTO assignment (record_id, gss_code, ero, assigned_by, assigned_at)
           VALUES ($1, $3, $2, 'Ann', $4)""",
        bytes.fromhex(record),
        ero,
        gss_code,
        at,
    )


# -- what is listed -------------------------------------------------------------------------------


async def test_all_that_reached_the_gateway_is_listed_with_its_state(world: World) -> None:
    waiting, leased, acknowledged, held = await world.outcomes(4)
    await world.put(acknowledged)
    await world.put(held, FAILURE)
    assert await world.lease(1) == [waiting]
    pending = world.outcome(outcome=a_pending_outcome())
    final = world.outcome(application_id=pending.application_id, revision=2)
    superseded, newer = await world.arrive(pending, final)
    assert await states(world) == {
        waiting: "leased",
        leased: "waiting",
        acknowledged: "acknowledged",
        held: "held",
        superseded: "superseded",
        newer: "waiting",
    }


async def test_a_line_names_the_record_and_says_when_it_came_and_was_answered(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    await world.put(record)
    await settle(world)
    (line,) = (await statement(world))["records"]
    assert line["id"] == record
    assert line["applicationId"] == str(event.application_id)
    assert (line["attempt"], line["revision"], line["gssCode"]) == (1, 1, event.gss_code)
    assert line["reachedAt"] <= line["answeredAt"]


async def test_a_lease_that_ended_is_none(world: World) -> None:
    (record,) = await world.outcomes(1)
    await world.lease(1)
    await world.pool.execute("UPDATE queue SET leased_until = now() - interval '1 second'")
    assert await states(world) == {record: "waiting"}


async def test_a_day_is_londons(world: World) -> None:
    ids = await world.outcomes(4)
    # Midnight in June is 23:00 UTC.
    begin = datetime(2026, 6, 9, 23, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    times = [begin - tick, begin, begin + timedelta(days=1) - tick, begin + timedelta(days=1)]
    for record, at in zip(ids, times, strict=True):
        await arrive_on(world, record, at)
    assert list(await states(world, day="2026-06-10")) == [ids[1], ids[2]]


async def test_pages_follow_each_other_without_a_gap(world: World) -> None:
    ids = await world.outcomes(7)
    for number in (3, 6):  # what came later is behind what came earlier
        await arrive_on(world, ids[number], datetime.now(UTC))
    await settle(world)
    listed: list[str] = []
    more = True
    query: dict[str, str] = {}
    while more:
        page = await statement(world, pageSize=2, **query)
        assert len(page["records"]) <= 2
        listed += [one["id"] for one in page["records"]]
        more, query = page["more"], {"after": listed[-1]}
    assert len(listed) == 7
    assert set(listed) == set(ids)
    assert set(listed[-2:]) == {ids[3], ids[6]}


async def test_an_ero_sees_its_own_only(world: World) -> None:
    (own,) = await world.outcomes(1)
    (others,) = await world.outcomes(1, gss_code=EDINBURGH)
    assert list(await states(world)) == [own]
    assert list(await states(world, LOTHIAN)) == [others]


async def test_what_was_sent_on_is_in_the_statement_of_the_day_on_which_it_was(
    world: World,
) -> None:
    (record,) = await world.outcomes(1)
    await arrive_on(world, record, datetime(2026, 6, 9, 12, tzinfo=UTC))
    await send_to(world, record, LOTHIAN, EDINBURGH, datetime(2026, 6, 11, 12, tzinfo=UTC))
    assert await states(world, day="2026-06-09") == {}
    assert list(await states(world, LOTHIAN, "2026-06-11")) == [record]
    assert await states(world, LOTHIAN, "2026-06-09") == {}


async def test_what_was_sent_away_and_back_is_listed_once(world: World) -> None:
    (record,) = await world.outcomes(1)
    now = datetime.now(UTC)
    await send_to(world, record, LOTHIAN, EDINBURGH, now)
    await send_to(world, record, "hartlepool", "E06000001", now + timedelta(microseconds=1))
    await settle(world)
    assert len((await statement(world))["records"]) == 1
    assert await states(world, LOTHIAN) == {}


async def test_what_nobody_could_place_is_in_the_statement_of_whom_it_was_assigned_to(
    world: World,
) -> None:
    (record,) = await world.outcomes(1, gss_code=AUTHORITY_UNKNOWN)
    assert await states(world) == {}
    await send_to(world, record, "hartlepool", "E06000001", datetime.now(UTC))
    assert list(await states(world)) == [record]


async def test_later_revisions_of_what_was_sent_on_are_its_new_eros(world: World) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    (first,) = await world.arrive(pending)
    await send_to(world, first, LOTHIAN, EDINBURGH, datetime.now(UTC))
    (second,) = await world.arrive(world.outcome(application_id=pending.application_id, revision=2))
    assert await states(world) == {}
    assert await states(world, LOTHIAN) == {first: "superseded", second: "waiting"}


async def test_from_the_statement_alone_a_system_finds_what_it_lacks(world: World) -> None:
    ids = await world.outcomes(60)
    await world.acknowledge([{"id": one, "status": "success"} for one in ids])
    journal = set(ids) - {ids[3], ids[30], ids[59]}
    lacking = [one for one in await states(world) if one not in journal]
    assert set(lacking) == {ids[3], ids[30], ids[59]}
    for one in lacking:
        path = f"/registrations/{one}/offer"
        offered = await world.client.post(path, headers=authorized("hartlepool"))
        assert offered.status == 204
    assert set(await world.ids()) == set(lacking)


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "2026-13-01",
        "2026-1-1",
        "20261101",
        "2026-W10-1",
        "yesterday",
        "2026-11-20?pageSize=0",
        "2026-11-20?pageSize=-1",
        "2026-11-20?pageSize=abc",
        "2026-11-20?after=abc",
        "2099-01-01",
    ],
)
async def test_what_cannot_be_read_is_refused(world: World, path: str) -> None:
    response = await world.client.get(f"/statements/{path}", headers=authorized("hartlepool"))
    assert response.status == 400


async def test_a_place_that_is_not_ones_own_is_not_found(world: World) -> None:
    (others,) = await world.outcomes(1, gss_code=EDINBURGH)
    bodies = []
    for after in (others, "0" * 24):
        response = await world.client.get(
            f"/statements/{today()}?after={after}", headers=authorized("hartlepool")
        )
        assert response.status == 404
        bodies.append(await response.read())
    assert bodies[0] == bodies[1]


async def test_a_page_has_a_thousand_records_at_most(world: World) -> None:
    (record,) = await world.outcomes(1)
    await settle(world)
    page = await statement(world, pageSize=10**9)
    assert [one["id"] for one in page["records"]] == [record]


async def test_what_is_committed_late_is_not_skipped(world: World) -> None:
    slow, fast = (world.outcome() for _ in range(2))
    async with transaction(world.pool) as connection:
        (prepared,) = await world.handler.prepare([Received(slow, new_traceparent())])
        assert not isinstance(prepared, Hold)
        await world.handler.record(connection, [prepared])
        await world.arrive(fast)
        await asyncio.sleep(1.2)
        assert (await statement(world))["records"] == []  # not yet, or the slow one were behind it
    listed = [one["applicationId"] for one in (await statement(world))["records"]]
    assert listed == [str(slow.application_id), str(fast.application_id)]


# -- the head -------------------------------------------------------------------------------------


async def test_the_head_is_signed_and_says_what_the_day_has(world: World) -> None:
    await world.outcomes(5)
    # What is under way is left out: it may be that nothing of the last second is in.
    moved = "UPDATE history_batch SET at = at - interval '1 minute'"
    await world.pool.execute("ALTER TABLE history_batch DISABLE TRIGGER USER")
    await world.pool.execute(moved)
    told = (await statement(world))["head"]
    entries = await world.pool.fetchval("SELECT count(*) FROM history")
    assert told["entries"] == entries
    at = datetime.fromisoformat(told["at"])
    digest = bytes.fromhex(told["digest"])
    head = Head(london_date(at), at, entries, digest)
    public = bytes.fromhex(told["publicKey"])
    assert is_signed(head.signed_text, bytes.fromhex(told["signature"]), public)
    assert not is_signed(
        head._replace(entries=entries + 1).signed_text, bytes.fromhex(told["signature"]), public
    )


async def test_a_head_stays_true_whatever_is_added_later(world: World) -> None:
    async with transaction(world.pool) as connection:
        (event,) = (world.outcome(),)
        entry = Entry(event.application_id, 1, "offered", "ems-gateway", {})
        await world.history.append(connection, [entry])
        await asyncio.sleep(1.2)  # a slow transaction is under way
        told = (await statement(world))["head"]
    await world.outcomes(3)
    at = datetime.fromisoformat(told["at"])
    now = await read_head(world.pool, london_date(at), at)
    assert (now.entries, now.digest.hex()) == (told["entries"], told["digest"])


async def test_a_day_without_anything_has_a_head_too(world: World) -> None:
    page = await statement(world, day="2026-01-05")
    assert page["records"] == []
    assert page["head"]["entries"] == 0
    assert page["head"]["at"] == "2026-01-06T00:00:00.000000Z"


async def test_a_head_is_made_once_for_all_who_ask(world: World) -> None:
    at = 100.0
    heads = Heads(world.pool, clock=lambda: at)
    day = london_date(datetime.now(UTC))
    first, again = await asyncio.gather(heads.of(day), heads.of(day))
    assert first is again
    at += HEAD_SECONDS - 1
    assert await heads.of(day) is first
    at += 1
    assert (await heads.of(day)).at > first.at


async def test_the_head_of_a_day_that_has_ended_is_kept_long(world: World) -> None:
    at = 100.0
    heads = Heads(world.pool, clock=lambda: at)
    first = await heads.of(date(2026, 1, 5))
    at += ENDED_HEAD_SECONDS - 1
    assert await heads.of(date(2026, 1, 5)) is first


async def test_a_head_that_could_not_be_made_is_made_anew(world: World) -> None:
    heads = Heads(world.pool)
    day = london_date(datetime.now(UTC))
    await world.pool.execute("ALTER TABLE history_batch RENAME TO away")
    with pytest.raises(asyncpg.UndefinedTableError):
        await heads.of(day)
    await world.pool.execute("ALTER TABLE away RENAME TO history_batch")
    assert (await heads.of(day)).entries == 0
