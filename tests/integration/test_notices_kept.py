"""Notices that are not finished: kept until they can be, told of by their age, and had again."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from electoral.events import ApplicationVerified
from electoral.keys import make_keys
from electoral.metrics import Metrics
from electoral.resealing import UnfinishedRows
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.today import LONDON
from ems_gateway import watch
from ems_gateway.notices.rules import notice_id
from ems_gateway.overdue import read_overdue, report_lines, report_when_due, set_overdue_gauges
from ems_gateway.postgres.notices import NOTICES_SEALED_AND_UNFINISHED
from gateway_builders import EDINBURGH, LOTHIAN, a_person, an_outcome
from gateway_world import FAILURE, World, authorized
from notice_calls import (
    LONG_AGO,
    OLD_KEY,
    PREVIOUS_ADDRESS,
    allow,
    determine,
    ids,
    offer,
    put,
    who_moved,
)
from structlog.testing import capture_logs

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def old_sealer(keys_root: Path) -> Sealer:
    make_keys(keys_root, LONG_AGO.astimezone(LONDON).date())
    return Sealer(DirectoryKeyring(keys_root / "ems-gateway"), lambda: LONG_AGO)


def sealed_long_ago(sealer: Sealer, previous_gss_code: str | None) -> ApplicationVerified:
    person = a_person(previousAddress=PREVIOUS_ADDRESS)
    return an_outcome(sealer, previous_gss_code=previous_gss_code, person=person)


def take_key(world: World, keys_root: Path, suffix: str) -> Path:
    """Take the old key away; returns where it lies now."""
    key = keys_root / "ems-gateway" / f"{OLD_KEY}.key"
    away = key.rename(key.with_suffix(suffix))
    world.sealer.forget_destroyed()
    return away


# -- what cannot be written yet -------------------------------------------------------------------


async def test_for_want_of_a_key_a_determination_waits_and_its_notice_with_it(
    world: World,
) -> None:
    (record,) = await world.arrive(who_moved(world))
    sealed = await world.pool.fetchval("SELECT person FROM record")
    await world.pool.execute("UPDATE record SET person = 'person-2001-01-01.AAAA'")
    assert await determine(world, record) == 503
    assert await world.pool.fetchval("SELECT count(*) FROM determination") == 0
    await world.pool.execute("UPDATE record SET person = $1", sealed)
    assert await determine(world, record) == 204
    assert len(await ids(world)) == 1


async def test_what_nobody_can_read_any_more_is_held_although_nobody_placed_it(
    world: World, keys_root: Path, old_sealer: Sealer
) -> None:
    (record,) = await world.arrive(sealed_long_ago(old_sealer, None))
    take_key(world, keys_root, ".destroyed")
    assert await determine(world, record) == 204
    assert await world.pool.fetchval("SELECT reason FROM notice") == "unreadable"
    assert await world.pool.fetchval("SELECT count(*) FROM history WHERE kind = 'noticed'") == 1


async def test_what_an_unwritten_notice_is_written_from_is_unfinished(
    world: World, keys_root: Path, old_sealer: Sealer
) -> None:
    (record,) = await world.arrive(sealed_long_ago(old_sealer, EDINBURGH))
    rows = UnfinishedRows(world.pool, world.sealer, NOTICES_SEALED_AND_UNFINISHED)
    away = take_key(world, keys_root, ".destroyed")
    assert await rows.count(OLD_KEY) == 0
    assert await determine(world, record) == 204
    assert await rows.count(OLD_KEY) == 1
    away.rename(away.with_suffix(".key"))
    assert await rows.seal_again([OLD_KEY]) == 1
    assert await rows.count(OLD_KEY) == 0


# -- told of by their age -------------------------------------------------------------------------


async def age(world: World, notice: str, by: timedelta) -> None:
    await world.pool.execute(
        "UPDATE notice SET created_at = created_at - $2::interval, since = since - $2::interval"
        " WHERE notice_id = $1",
        bytes.fromhex(notice),
        by,
    )


async def test_a_notice_that_waits_more_than_a_day_is_overdue(
    world: World, metrics: Metrics
) -> None:
    old, _ = await allow(world, who_moved(world), who_moved(world))
    for one in await world.ids():
        await world.put(one)
    assert not [one for one in await read_overdue(world.pool, NOW) if one.is_overdue(NOW)]
    await age(world, old, DAY + MINUTE)
    (lothian,) = await report_when_due(world.pool, seven_o_clock())
    assert (lothian.ero, lothian.notices_over_a_day) == (LOTHIAN, 1)
    assert lothian.as_json()["noticesOverADay"] == 1
    heading, row = report_lines([lothian], NOW)
    assert "notices >24 h" in heading
    assert row.split()[:6] == [LOTHIAN, "0", "0", "-", "1", "-"]
    await set_overdue_gauges(world.pool, metrics, datetime.now(UTC))
    assert b'gateway_notices_overdue{ero="lothian"} 1.0' in metrics.exposition()
    await put(world, old)
    await set_overdue_gauges(world.pool, metrics, datetime.now(UTC))
    assert b"gateway_notices_overdue{" not in metrics.exposition()


def seven_o_clock() -> datetime:
    """The next one in London, as UTC has it."""
    today = datetime.now(LONDON).replace(hour=7, minute=0, second=0, microsecond=0)
    return (today if today > datetime.now(LONDON) else today + DAY).astimezone(UTC)


async def test_a_held_notice_is_told_by_reason_and_overdue_after_a_day(world: World) -> None:
    failed, _ = await allow(world, who_moved(world), who_moved(world, previous_gss_code=None))
    await put(world, failed, FAILURE)
    now = datetime.now(UTC)
    found = {one.ero: one for one in await read_overdue(world.pool, now)}
    assert found[LOTHIAN].held["notice-failure"].count == 1
    assert found[None].held["notice-authority-unknown"].count == 1
    assert not found[None].is_overdue(now)
    assert found[None].is_overdue(now + DAY)


async def test_a_notice_that_is_nobodys_is_warned_of_after_an_hour(world: World) -> None:
    unplaced, failed = await allow(
        world, who_moved(world, previous_gss_code=None), who_moved(world)
    )
    await put(world, failed, FAILURE)
    await age(world, failed, 61 * MINUTE)
    assert await warned(world) == []
    await age(world, unplaced, 61 * MINUTE)
    assert await warned(world) == [("authority-unknown", 1)]


async def warned(world: World) -> list[tuple[str, int]]:
    with capture_logs() as lines, suppress(TimeoutError):
        await asyncio.wait_for(watch.keep_warning(world.pool), 0.5)
    return [(one["reason"], one["count"]) for one in lines if one["log_level"] == "warning"]


# -- had again ------------------------------------------------------------------------------------


async def test_an_ems_that_was_restored_finds_the_notices_that_it_took_since(world: World) -> None:
    before, one, other, waiting, failed = await allow(world, *(who_moved(world) for _ in range(5)))
    for notice in (other, one, before):
        await put(world, notice)
    await put(world, failed, FAILURE)
    await age(world, before, DAY)
    since = (datetime.now(UTC) - MINUTE).isoformat()
    lost = {"state": "acknowledged", "acknowledgedFrom": since}
    assert await ids(world, **lost) == [one, other]
    assert await ids(world, **lost, pageSize=1) == [one]
    # What was offered is found no more, and hides nothing behind it.
    assert (await offer(world, one)).status == 204
    assert await ids(world, **lost, after=one) == await ids(world, **lost) == [other]
    assert await ids(world, state="acknowledged", acknowledgedTo=since) == [before]
    assert await ids(world, state="acknowledged") == [before, other]
    assert await ids(world, "hartlepool", state="acknowledged") == []
    assert await ids(world) == [one, waiting]


@pytest.mark.parametrize("name", ["acknowledgedFrom", "acknowledgedTo"])
async def test_a_range_of_time_is_of_moments(world: World, name: str) -> None:
    for text, status in {
        "2026-11-20": 400,
        "2026-06-31T00:00:00Z": 400,
        "2026-11-20T02:00:00": 400,
        "": 400,
        "0001-01-01T00:00:00+14:00": 200,
        "9999-12-31T23:59:59-14:00": 200,
    }.items():
        response = await world.client.get(
            "/notices", headers=authorized(LOTHIAN), params={"state": "acknowledged", name: text}
        )
        assert (response.status, text) == (status, text)


async def test_what_was_taken_is_found_by_an_index(world: World) -> None:
    await world.pool.execute(
        "INSERT INTO notice (notice_id, application_id, attempt, gss_code, previous_gss_code, ero,"
        " state, content) SELECT substring(sha256(n::text::bytea) for 12), gen_random_uuid(), 1,"
        " 'E06000001', 'S12000036', 'ero-' || n % 333, 'acknowledged', 'x'"
        " FROM generate_series(1, 20000) n"
    )
    await world.pool.execute("ANALYZE notice")
    plan = await world.pool.fetch(
        "EXPLAIN SELECT 1 FROM notice WHERE ero = 'lothian' AND state = 'acknowledged'"
        " AND (created_at, position) > ('2000-01-01', 0) AND since >= '2026-01-01'"
        " ORDER BY created_at, position LIMIT 200"
    )
    assert any("notice_acknowledged" in row[0] for row in plan)


# -- told to nobody else --------------------------------------------------------------------------


async def test_who_determined_is_told_nothing_of_what_the_other_did_with_it(world: World) -> None:
    event = who_moved(world)
    (record,) = await world.arrive(event)
    await determine(world, record)
    await put(world, notice_id(event.application_id).hex())
    response = await world.client.get(
        f"/registrations/{record}/history", headers=authorized("hartlepool")
    )
    written, answered = [
        one["facts"] for one in (await response.json())["entries"] if one["kind"] == "noticed"
    ]
    assert (written["ero"], answered) == (LOTHIAN, {})
    assert json.loads(await world.pool.fetchval(_ANSWERED))["status"] == "success"


_ANSWERED = "SELECT facts FROM history WHERE kind = 'noticed' ORDER BY number DESC LIMIT 1"
