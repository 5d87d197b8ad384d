"""`history verify`: whatever is altered, removed, added or swapped in the history is found."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from electoral.calendar import london_date
from electoral.postgres import transaction
from electoral.sealing import DirectoryKeyring
from ems_gateway.__main__ import main
from ems_gateway.history.chain import Head, HistoryKey, Link, hash_of, microseconds
from ems_gateway.history.statements import shown
from ems_gateway.history.verifying import check_heads, check_history, read_heads
from ems_gateway.history.writing import Entry
from ems_gateway.postgres import verifying as windows
from ems_gateway.postgres.statements import read_head
from gateway_world import World

pytestmark = pytest.mark.integration

A, B = UUID(int=0xA), UUID(int=0xB)
ROW = f"application_id = '{A}' AND number = "


async def write(world: World, *entries: Entry) -> None:
    async with transaction(world.pool) as connection:
        await world.history.append(connection, entries)


async def a_history(world: World) -> None:
    """Two applications with three entries each, in three batches, and others about them."""
    for kind in ("verified", "offered", "answered"):
        others = [Entry(uuid4(), 1, "offered", "ems-gateway", {}) for _ in range(3)]
        own = [Entry(one, 1, kind, "ems-gateway", {"kind": kind}) for one in (A, B)]
        await write(world, *own, *others)


async def tamper(world: World, *statements: str) -> None:
    """Do what nobody may, as somebody who owns the tables can."""
    connection = await asyncpg.connect(world.dsn)
    try:
        for table in ("history", "history_batch"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def faults(world: World, since: date | None = None) -> list[str]:
    public = world.history.key.public
    return [str(f) async for one in check_history(world.pool, public, since) for f in one.faults]


def entry(number: int, application: UUID = A) -> str:
    return f"application {application}, entry {number}: "


async def test_what_was_written_is_as_it_was_written(world: World) -> None:
    await world.outcomes(20)
    await a_history(world)
    assert await faults(world) == []


@pytest.mark.parametrize(
    "change",
    [
        "application_id = '00000000-0000-0000-0000-0000000000cc'",
        "number = 7",
        "attempt = 2",
        "kind = 'held'",
        "at = at + interval '1 microsecond'",
        "by = 'operator Eve'",
        "facts = '{}'",
        "previous = sha256('x')",
        "hash = sha256('x')",
        "batch_id = batch_id + 1",
        "batch_id = -5",
    ],
)
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_an_altered_column_is_found(world: World, change: str, number: int) -> None:
    await a_history(world)
    await tamper(world, f"UPDATE history SET {change} WHERE {ROW} {number}")
    assert any(str(A) in fault and f"entry {number}:" in fault for fault in await faults(world))


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_an_entry_altered_with_its_hash_is_found(world: World, number: int) -> None:
    await a_history(world)
    link = await stored(world, number)
    forged = rehashed(link._replace(by="operator Eve"))
    await tamper(
        world,
        f"UPDATE history SET by = 'operator Eve', hash = '\\x{forged.hash.hex()}'"
        f" WHERE {ROW} {number}",
    )
    assert entry(number) + "was altered with its hash" in "\n".join(await faults(world))


async def stored(world: World, number: int) -> Link:
    (row,) = await world.pool.fetch(f"SELECT * FROM history WHERE {ROW} {number}")
    return Link(*(row[name] for name in Link._fields))


def rehashed(link: Link) -> Link:
    numbers = (link.number, link.attempt, microseconds(link.at), link.batch_id)
    texts = f"{link.kind}\0{link.by}"
    made = hash_of(link.application_id, numbers, texts, link.facts.encode(), link.previous)
    return link._replace(hash=made)


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_removed_entry_is_found_the_last_one_too(world: World, number: int) -> None:
    await a_history(world)
    await tamper(world, f"DELETE FROM history WHERE {ROW} {number}")
    assert entry(number) + "is missing" in await faults(world)


async def test_a_whole_application_that_was_removed_is_found(world: World) -> None:
    await a_history(world)
    await tamper(world, f"DELETE FROM history WHERE application_id = '{A}'")
    assert await faults(world) == [entry(number) + "is missing" for number in (1, 2, 3)]


async def test_two_swapped_entries_are_found(world: World) -> None:
    await a_history(world)
    await tamper(
        world,
        f"UPDATE history SET number = -1 WHERE {ROW} 2",
        f"UPDATE history SET number = 2 WHERE {ROW} 3",
        f"UPDATE history SET number = 3 WHERE {ROW} -1",
    )
    found = "\n".join(await faults(world))
    assert entry(2) in found
    assert entry(3) in found


async def test_entries_swapped_between_applications_are_found(world: World) -> None:
    await a_history(world)
    await tamper(
        world,
        f"UPDATE history SET number = -1 WHERE {ROW} 2",
        f"UPDATE history SET application_id = '{A}' WHERE application_id = '{B}' AND number = 2",
        f"UPDATE history SET application_id = '{B}', number = 2 WHERE {ROW} -1",
    )
    found = "\n".join(await faults(world))
    assert entry(2, A) in found
    assert entry(2, B) in found


async def test_an_added_entry_is_found_although_its_hash_is_right(world: World) -> None:
    await a_history(world)
    link = await stored(world, 3)
    added = rehashed(link._replace(number=4, previous=link.hash))
    await tamper(
        world,
        "INSERT INTO history SELECT application_id, 4, attempt, kind, at, by, facts, hash,"
        f" '\\x{added.hash.hex()}', batch_id FROM history WHERE {ROW} 3",
    )
    assert any(fault.startswith(entry(4) + "was added") for fault in await faults(world))


BATCH = "batch_id = (SELECT batch_id FROM history WHERE " + ROW + "2)"


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "day = day - 1",
        "count = count - 1",
        "entries = substr(entries, 37)",
        "digest = sha256(substr(entries, 37))",
        "entries = substr(entries, 37), digest = sha256(substr(entries, 37)), count = count - 1",
        "signature = decode(repeat('00', 64), 'hex')",
        "signature = ''",
        "batch_id = batch_id + 1000",
    ],
)
async def test_an_altered_batch_is_found(world: World, change: str) -> None:
    await a_history(world)
    await tamper(world, f"UPDATE history_batch SET {change} WHERE {BATCH}")
    assert any(fault.startswith("batch ") for fault in await faults(world))


async def test_a_removed_batch_is_found(world: World) -> None:
    await a_history(world)
    await tamper(world, f"DELETE FROM history_batch WHERE {BATCH}")
    assert any(entry(2) + "was added: batch" in fault for fault in await faults(world))


async def test_entries_are_checked_from_a_day_on(world: World) -> None:
    await a_history(world)
    await tamper(world, f"DELETE FROM history WHERE {ROW} 3")
    today = london_date(datetime.now(UTC))
    assert len(await faults(world, since=today)) == 1
    assert await faults(world, since=today + timedelta(days=1)) == []


async def test_it_goes_on_from_window_to_window(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "WINDOW_ENTRIES_MAX", 7)
    monkeypatch.setattr(windows, "WINDOW_BATCHES_MAX", 2)
    for _ in range(3):
        await a_history(world)
    sizes = [one.batches async for one in check_history(world.pool, bytes(32), None)]
    assert sum(sizes) == 9
    assert max(sizes) <= 2
    assert await faults(world) == []
    await tamper(world, f"DELETE FROM history WHERE {ROW} 9")
    assert await faults(world) == [entry(9) + "is missing"]


# -- heads ----------------------------------------------------------------------------------------


async def a_head(world: World) -> Head:
    at = datetime.now(UTC) + timedelta(minutes=1)
    return await read_head(world.pool, london_date(datetime.now(UTC)), at)


async def check(world: World, file: Path) -> list[str]:
    told = read_heads(file)
    return [str(fault) for fault in await check_heads(world.pool, world.history.key.public, told)]


async def test_a_head_shows_that_whole_batches_are_gone(world: World, tmp_path: Path) -> None:
    await a_history(world)
    file = tmp_path / "head.json"
    file.write_text(json.dumps(shown(await a_head(world), world.history.key)))
    assert await check(world, file) == []
    last = f"(SELECT batch_id FROM history WHERE {ROW} 3)"
    await tamper(
        world,
        f"DELETE FROM history_batch WHERE batch_id = {last}",
        f"DELETE FROM history WHERE batch_id = {last}",
    )
    assert await faults(world) == []  # nothing that is left tells
    (fault,) = await check(world, file)
    assert "15 entries then, 10 now" in fault


async def test_a_head_of_another_key_proves_nothing(world: World, tmp_path: Path) -> None:
    class Forger(DirectoryKeyring):
        def key(self, key_id: str) -> bytes:
            return bytes(32)

    await a_history(world)
    file = tmp_path / "head.json"
    forged = shown(await a_head(world), HistoryKey(Forger(tmp_path)))
    file.write_text(json.dumps({"head": forged, "records": []}))
    (fault,) = await check(world, file)
    assert "was not signed by this gateway" in fault


# -- the command ----------------------------------------------------------------------------------


@pytest.fixture
def settings(
    world: World, keys_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "DATABASE_URL": world.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "KEYS_DIRECTORY": str(keys_root / "ems-gateway"),
        "EROS_FILE": str(tmp_path / "eros.json"),
    }
    for name, value in given.items():
        monkeypatch.setenv(f"EMS_GATEWAY_{name}", value)


async def verify(*arguments: str) -> int:
    return await asyncio.to_thread(main, ["history", "verify", *arguments])


@pytest.mark.usefixtures("settings")
async def test_the_command_names_application_and_number(world: World, capsys: Any) -> None:
    await a_history(world)
    assert await verify() == 0
    assert "15 entries in 3 batches checked; all as written." in capsys.readouterr().out
    await tamper(world, f"UPDATE history SET facts = '{{}}' WHERE {ROW} 2")
    assert await verify() == 1
    out = capsys.readouterr().out
    assert entry(2) in out
    assert "faults: 1" in out


@pytest.mark.usefixtures("settings")
async def test_the_command_takes_the_heads_that_eros_were_told(
    world: World, tmp_path: Path, capsys: Any
) -> None:
    await a_history(world)
    file = tmp_path / "head.json"
    file.write_text(json.dumps(shown(await a_head(world), world.history.key)))
    assert await verify("--head", str(file), "--since", "2026-01-01") == 0
    await tamper(world, "DELETE FROM history", "DELETE FROM history_batch")
    assert await verify("--head", str(file)) == 1
    assert "15 entries then, 0 now" in capsys.readouterr().out
    file.write_text("{}")
    assert await verify("--head", str(file)) == 2


@pytest.mark.usefixtures("settings")
async def test_the_command_shows_the_public_key(world: World, capsys: Any) -> None:
    assert await asyncio.to_thread(main, ["history", "key"]) == 0
    assert capsys.readouterr().out.strip() == world.history.key.public.hex()
