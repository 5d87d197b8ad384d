"""What is overdue, by ERO: the report each morning, the metrics, and who pulled when."""

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from electoral.authorities import AUTHORITY_UNKNOWN
from electoral.metrics import Metrics
from electoral.postgres import transaction
from ems_gateway.overdue import (
    Overdue,
    read_overdue,
    report_lines,
    report_when_due,
    set_overdue_gauges,
)
from ems_gateway.postgres.holds import begin_hold
from ems_gateway.postgres.overdue import FIGURES, claim_report, note_pulls
from gateway_builders import EDINBURGH, LOTHIAN
from gateway_world import FAILURE, World

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SEVEN = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def arrive(world: World, *ages: timedelta, **changes: object) -> None:
    """Let outcomes arrive of attempts received so long before `NOW`."""
    await world.arrive(*(world.outcome(received_at=NOW - age, **changes) for age in ages))


async def overdue(world: World, now: datetime = NOW) -> dict[str | None, Overdue]:
    return {one.ero: one for one in await read_overdue(world.pool, now)}


def samples(metrics: Metrics) -> list[str]:
    """The lines of the gauges that are an ERO's."""
    names = ("gateway_overdue{", "gateway_ero_held{", "gateway_on_hold{", "gateway_last_pull")
    return [line for line in metrics.exposition().decode().splitlines() if line.startswith(names)]


async def test_what_waits_is_counted_by_how_long_ago_its_attempt_was_received(
    world: World,
) -> None:
    await arrive(world, 23 * HOUR, 25 * HOUR, 4 * DAY, 6 * DAY)
    await arrive(world, 23 * HOUR, gss_code=EDINBURGH)
    found = await overdue(world)
    hartlepool, lothian = found["hartlepool"], found[LOTHIAN]
    assert (hartlepool.over_a_day, hartlepool.over_five_days) == (3, 1)
    assert hartlepool.oldest == NOW - 6 * DAY
    assert (lothian.over_a_day, lothian.oldest) == (0, NOW - 23 * HOUR)
    assert (hartlepool.is_overdue(NOW), lothian.is_overdue(NOW)) == (True, False)


async def test_what_is_answered_is_overdue_no_more(world: World) -> None:
    await arrive(world, 6 * DAY)
    (record,) = await world.ids()
    await world.put(record)
    assert await overdue(world) == {}


async def test_what_is_held_is_told_by_reason_and_is_overdue_after_a_day(world: World) -> None:
    await arrive(world, HOUR, 2 * HOUR)
    for record in await world.ids():
        await world.put(record, FAILURE)
    await arrive(world, HOUR, gss_code=AUTHORITY_UNKNOWN)
    found = await overdue(world)
    assert found["hartlepool"].held["failure"].count == 2
    assert found[None].held["authority-unknown"].count == 1
    held_at = found["hartlepool"].held["failure"].since
    assert not found["hartlepool"].is_overdue(held_at + DAY)
    assert found["hartlepool"].is_overdue(held_at + DAY + timedelta(seconds=1))


async def test_pages_and_leases_are_pulls_and_looking_at_what_is_held_is_none(
    world: World,
) -> None:
    before = datetime.now(UTC)
    await world.page(LOTHIAN, state="held")
    await world.gateway.pulls.write()
    assert await overdue(world) == {}
    await world.page()
    await world.lease(1, ero=LOTHIAN)
    await world.gateway.pulls.write()
    found = await overdue(world)
    assert all(found[ero].pulled_at >= before for ero in ("hartlepool", LOTHIAN))  # type: ignore[operator]


async def test_a_pull_that_another_process_noted_later_stays(world: World) -> None:
    await note_pulls(world.pool, {"hartlepool": NOW})
    await note_pulls(world.pool, {"hartlepool": NOW - HOUR, LOTHIAN: NOW - HOUR})
    found = await overdue(world)
    assert found["hartlepool"].pulled_at == NOW
    assert found[LOTHIAN].pulled_at == NOW - HOUR


async def test_the_report_names_who_is_on_hold_and_leaves_nobody_out(world: World) -> None:
    await arrive(world, 26 * HOUR)
    await begin_hold(world.pool, "hartlepool", None, "A. Operator")
    await note_pulls(world.pool, {"hartlepool": NOW - 2 * DAY})
    await arrive(world, HOUR, gss_code=AUTHORITY_UNKNOWN)
    heading, hartlepool, nobodys = report_lines(await read_overdue(world.pool, NOW), NOW)
    assert hartlepool.split() == "hartlepool 1 0 1 d 2 h 0 2 d 0 h - on hold".split()
    assert "1 authority-unknown" in nobodys
    assert heading.startswith("ERO")


async def test_the_report_is_made_once_a_day_from_seven_o_clock_in_london(world: World) -> None:
    await arrive(world, 2 * DAY)
    early = SEVEN - timedelta(seconds=1)
    assert await report_when_due(world.pool, early) == []
    (reported,) = await report_when_due(world.pool, SEVEN)
    assert (reported.ero, reported.over_a_day) == ("hartlepool", 1)
    assert await report_when_due(world.pool, NOW) == []
    assert len(await report_when_due(world.pool, NOW + DAY)) == 1
    # In summer seven o'clock is six in UTC.
    summer = datetime(2027, 6, 1, 6, 0, tzinfo=UTC)
    assert await report_when_due(world.pool, summer - timedelta(seconds=1)) == []
    assert len(await report_when_due(world.pool, summer)) == 1


async def test_processes_that_report_at_once_make_one_report(world: World) -> None:
    await arrive(world, 2 * DAY)
    reports = await asyncio.gather(*(report_when_due(world.pool, NOW) for _ in range(4)))
    assert sorted(map(len, reports)) == [0, 0, 0, 1]


async def test_a_report_whose_process_died_is_made_by_another(world: World) -> None:
    await arrive(world, 2 * DAY)
    with suppress(ConnectionError):
        async with transaction(world.pool) as connection:
            assert await claim_report(connection, date(2026, 11, 22))
            raise ConnectionError
    assert len(await report_when_due(world.pool, NOW)) == 1


async def test_metrics_say_the_same_and_forget_who_has_nothing_any_more(
    world: World, metrics: Metrics
) -> None:
    await arrive(world, 6 * DAY)
    await begin_hold(world.pool, LOTHIAN, None, "A. Operator")
    await note_pulls(world.pool, {LOTHIAN: datetime.fromtimestamp(1_000, UTC)})
    await set_overdue_gauges(world.pool, metrics, NOW)
    assert sorted(samples(metrics)) == [
        'gateway_last_pull_seconds{ero="lothian"} 1000.0',
        'gateway_on_hold{ero="lothian"} 1.0',
        'gateway_overdue{ero="hartlepool",over="1d"} 1.0',
        'gateway_overdue{ero="hartlepool",over="5d"} 1.0',
    ]
    (record,) = await world.ids()
    await world.put(record, FAILURE)
    await set_overdue_gauges(world.pool, metrics, NOW)
    assert 'gateway_ero_held{ero="hartlepool",reason="failure"} 1.0' in samples(metrics)
    assert not [line for line in samples(metrics) if line.startswith("gateway_overdue")]


async def test_the_figures_of_all_eros_read_the_queue_by_its_index(world: World) -> None:
    await world.pool.execute(
        "INSERT INTO queue (position, ero, order_at, gss_code, size)"
        " SELECT n, 'ero-' || n % 333, now() - n * interval '1 second', 'E06000001', 1000"
        " FROM generate_series(1, 100000) AS n"
    )
    await world.pool.execute("VACUUM ANALYZE queue")
    now = datetime.now(UTC)
    found = await read_overdue(world.pool, now)
    assert len(found) == 333
    assert abs(sum(one.over_a_day for one in found) - (100_000 - 86_400)) <= 100
    plan = await world.pool.fetch(f"EXPLAIN {FIGURES}", now)
    assert not [line for (line,) in plan if "Seq Scan on queue" in line]
