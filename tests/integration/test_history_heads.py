"""The heads of whole days: written each night, and checked without anybody's help."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from electoral.calendar import london_date
from electoral.postgres import Connection, transaction
from electoral.sealing import DirectoryKeyring
from electoral.today import LONDON
from ems_gateway.__main__ import main
from ems_gateway.history import writing
from ems_gateway.history.heads import (
    check_day_heads,
    keep_writing_heads,
    last_due,
    write_heads,
)
from ems_gateway.history.writing import Entry, History
from ems_gateway.postgres.history import Ends, read_ends
from gateway_world import World
from structlog.testing import capture_logs

pytestmark = pytest.mark.integration

TODAY = london_date(datetime.now(UTC))
DAYS = [TODAY - timedelta(days=ago) for ago in (5, 4, 3, 2, 1)]
EMPTY_DAY = DAYS[2]
NOON = datetime.combine(TODAY, time(12), LONDON)


async def happens_on(world: World, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two entries in a batch of their own, as if it were another day."""
    at = datetime.combine(day, time(12), UTC)

    async def ends_then(connection: Connection, application_ids: set[object]) -> Ends:
        return (await read_ends(connection, application_ids))._replace(at=at)  # type: ignore[arg-type]

    with monkeypatch.context() as then:
        then.setattr(writing, "read_ends", ends_then)
        async with transaction(world.pool) as connection:
            entries = [Entry(uuid4(), 1, "offered", "ems-gateway", {}) for _ in range(2)]
            await world.history.append(connection, entries)


@pytest.fixture
async def past(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A gateway with five days behind it, one of them empty, and something today."""
    for day in (*DAYS, TODAY):
        if day != EMPTY_DAY:
            await happens_on(world, day, monkeypatch)
            await happens_on(world, day, monkeypatch)
    return world


async def tamper(world: World, *statements: str) -> None:
    """Do what nobody may, as somebody who owns the tables can."""
    for table in ("history", "history_batch", "history_head"):
        await world.pool.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for statement in statements:
        await world.pool.execute(statement)


async def faults(world: World, since: date | None = None) -> list[str]:
    public = world.history.key.public
    return [str(one) for one in await check_day_heads(world.pool, public, NOON, since)]


def of(day: date) -> str:
    return f"head of the whole day {day}: "


async def test_each_day_that_has_ended_gets_a_head_once(past: World) -> None:
    with capture_logs() as logs:
        both = await asyncio.gather(*(write_heads(past.pool, past.history.key) for _ in range(2)))
    assert sum(both) == 5
    rows = await past.pool.fetch("SELECT day, entries FROM history_head ORDER BY day")
    assert [tuple(row) for row in rows] == list(zip(DAYS, (4, 4, 0, 4, 4), strict=True))
    assert sorted(line["day"] for line in logs) == [day.isoformat() for day in DAYS]
    assert await write_heads(past.pool, past.history.key) == 0
    assert await faults(past) == []


async def test_a_gateway_without_a_history_has_no_heads(world: World) -> None:
    assert await write_heads(world.pool, world.history.key) == 0
    assert await faults(world) == []


async def test_a_whole_batch_that_is_gone_with_its_entries_is_found(past: World) -> None:
    await write_heads(past.pool, past.history.key)
    await tamper(
        past,
        f"DELETE FROM history WHERE batch_id = (SELECT min(batch_id) FROM history_batch"
        f" WHERE day = '{DAYS[3]}')",
        f"DELETE FROM history_batch WHERE batch_id = (SELECT min(batch_id) FROM history_batch"
        f" WHERE day = '{DAYS[3]}')",
    )
    assert await faults(past) == [
        of(DAYS[3]) + "is not that of what is there: 4 entries then, 2 now"
    ]
    assert await faults(past, since=DAYS[4]) == []


@pytest.mark.parametrize("number", range(5))
async def test_a_day_without_its_head_is_found(past: World, number: int) -> None:
    await write_heads(past.pool, past.history.key)
    await tamper(past, f"DELETE FROM history_head WHERE day = '{DAYS[number]}'")
    assert of(DAYS[number]) + "is missing" in await faults(past)


async def test_a_day_that_is_gone_with_its_head_is_found(past: World) -> None:
    await write_heads(past.pool, past.history.key)
    for day in (DAYS[0], DAYS[4]):
        await tamper(
            past,
            f"DELETE FROM history_head WHERE day = '{day}'",
            f"DELETE FROM history WHERE batch_id IN"
            f" (SELECT batch_id FROM history_batch WHERE day = '{day}')",
            f"DELETE FROM history_batch WHERE day = '{day}'",
        )
    assert await faults(past) == [
        of(DAYS[1]) + "does not follow from that of the day before",
        of(DAYS[4]) + "is missing",
    ]


@pytest.mark.parametrize(
    "change",
    [
        "entries = entries + 1",
        "digest = sha256('x')",
        "previous = sha256('x')",
        "signature = decode(repeat('00', 64), 'hex')",
    ],
)
async def test_an_altered_head_is_found(past: World, change: str) -> None:
    await write_heads(past.pool, past.history.key)
    await tamper(past, f"UPDATE history_head SET {change} WHERE day = '{DAYS[1]}'")
    assert of(DAYS[1]) + "was not signed by this gateway as it is now" in await faults(past)


async def test_a_head_that_was_signed_anew_breaks_the_chain(past: World) -> None:
    await write_heads(past.pool, past.history.key)
    # Two rows less in the table of heads: the later ones still name them.
    await tamper(past, f"DELETE FROM history_head WHERE day <= '{DAYS[1]}'")
    assert of(DAYS[2]) + "does not follow from that of the day before" in await faults(past)


async def test_heads_are_only_ever_added_to(past: World) -> None:
    await write_heads(past.pool, past.history.key)
    with pytest.raises(asyncpg.RestrictViolationError):
        await past.pool.execute("DELETE FROM history_head")


async def test_it_writes_at_its_start_and_without_its_key_waits(
    past: World, tmp_path: Path
) -> None:
    for history, count in ((History(DirectoryKeyring(tmp_path)), 0), (past.history, 5)):
        writing_them = asyncio.create_task(keep_writing_heads(past.pool, history))
        async with asyncio.timeout(20):
            while await heads(past) < count:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        assert not writing_them.done()
        writing_them.cancel()
        assert await heads(past) == count


async def heads(past: World) -> int:
    return int(await past.pool.fetchval("SELECT count(*) FROM history_head"))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 22, 4, 59, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 22, 5, 0, tzinfo=UTC), date(2026, 11, 21)),
        (datetime(2026, 6, 22, 4, 0, tzinfo=UTC), date(2026, 6, 21)),  # five in London
    ],
)
def test_a_head_is_due_an_hour_after_it_is_written(now: datetime, due: date) -> None:
    assert last_due(now) == due


async def test_the_command_checks_them_unasked(
    past: World,
    keys_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {
        "DATABASE_URL": past.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "KEYS_DIRECTORY": str(keys_root / "ems-gateway"),
        "EROS_FILE": str(tmp_path / "eros.json"),
    }
    for name, value in given.items():
        monkeypatch.setenv(f"EMS_GATEWAY_{name}", value)
    await write_heads(past.pool, past.history.key)
    assert await asyncio.to_thread(main, ["history", "verify"]) == 0
    await tamper(past, f"DELETE FROM history_head WHERE day = '{EMPTY_DAY}'")
    assert await asyncio.to_thread(main, ["history", "verify"]) == 1
    assert of(EMPTY_DAY) + "is missing" in capsys.readouterr().out
