"""Why a record is held: for the ERO whose system said so and for operators, and nobody else."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from electoral.calendar import london_date
from electoral.resealing import UnfinishedRows
from electoral.sealing import DirectoryKeyring, Sealer, key_id_of
from ems_gateway.__main__ import main
from ems_gateway.postgres.failures import FAILURES_SEALED_AND_UNFINISHED
from gateway_builders import EDINBURGH, LOTHIAN
from gateway_operations import faults
from gateway_world import FAILURE, SUCCESS, World, a_credentials_file

SAID = {"message": "Mill Lane is unknown", "details": "code 7: Siân", "reason": "import refused"}
WRONG = {"reason": "wrong-authority", "suggestedGssCode": EDINBURGH}


async def held(world: World, ero: str = "hartlepool") -> list[dict[str, object]]:
    page = await world.page(ero, state="held")
    shown: list[dict[str, object]] = page["registrations"]
    return shown


async def told(world: World, ero: str = "hartlepool") -> list[object]:
    return [one.get("failure") for one in await held(world, ero)]


async def test_an_ero_is_told_what_its_own_system_said_of_each_held_record(world: World) -> None:
    first, second, third = await world.outcomes(3)
    await world.put(first, FAILURE | SAID)
    await world.put(second, FAILURE | WRONG)
    await world.put(third, FAILURE)
    shown = await held(world)
    assert [one["id"] for one in shown] == [first, second, third]
    for one in shown:
        assert faults({"$ref": "#/components/schemas/Registration"}, one) == []
    whole, named, bare = (dict(one["failure"]) for one in shown)  # type: ignore[call-overload]
    at = datetime.fromisoformat(whole.pop("answeredAt"))
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
    assert whole == SAID | {"suggestedGssCode": None}
    assert (named["reason"], named["suggestedGssCode"]) == ("wrong-authority", EDINBURGH)
    assert (named["message"], bare["reason"], bare["details"]) == (None, None, None)


async def test_what_waits_tells_of_no_failure_and_a_new_failure_takes_the_place_of_the_old(
    world: World,
) -> None:
    (record,) = await world.outcomes(1)
    await world.put(record, FAILURE | SAID)
    path = f"/registrations/{record}/offer"
    headers = {"Authorization": "Bearer token-of-hartlepool"}
    assert (await world.client.post(path, headers=headers)).status == 204
    (waiting,) = (await world.page())["registrations"]
    assert "failure" not in waiting
    await world.put(record, FAILURE | {"message": "Still unknown"})
    (again,) = await held(world)
    assert again["failure"]["message"] == "Still unknown"  # type: ignore[index]
    assert again["failure"]["details"] is None  # type: ignore[index]


async def test_another_ero_is_never_told_what_the_one_before_said(world: World) -> None:
    (record,) = await world.outcomes(1)
    await world.put(record, FAILURE | SAID | WRONG)
    await world.desk.reassign(record, EDINBURGH, "A. Operator")
    assert await told(world, LOTHIAN) == []
    (waiting,) = (await world.page(LOTHIAN))["registrations"]
    assert "failure" not in waiting
    await world.put(record, FAILURE | {"message": "Not ours"}, ero=LOTHIAN)
    (failure,) = await told(world, LOTHIAN)
    assert failure["message"] == "Not ours"  # type: ignore[index]
    assert "code 7" not in json.dumps(await held(world, LOTHIAN))


async def test_a_page_of_long_failures_stays_within_its_bytes(world: World) -> None:
    records = await world.outcomes(200)
    said = FAILURE | {"details": "d" * 20_000, "message": "m" * 2_000}
    for begin in range(0, len(records), 40):
        entries = [{"id": record} | said for record in records[begin : begin + 40]]
        assert set(await world.acknowledge(entries)) == {204}
    page = await world.page(state="held", pageSize=200)
    assert 0 < page["remaining"] < len(records)
    assert page["remaining"] + len(page["registrations"]) == len(records)
    assert len(json.dumps(page["registrations"], ensure_ascii=False).encode()) <= 5_000_000
    rest = await world.page(state="held", after=page["registrations"][-1]["id"])
    assert rest["registrations"][-1]["failure"]["details"] == "d" * 20_000


async def test_a_text_that_does_not_open_hides_neither_the_record_nor_the_rest(
    world: World,
) -> None:
    (record,) = await world.outcomes(1)
    await world.put(record, FAILURE | WRONG | {"message": "unknown"})
    await world.pool.execute("UPDATE answer SET sealed_text = 'person-2020-01-01.AAAA'")
    (failure,) = await told(world)
    assert failure["reason"] == "wrong-authority"  # type: ignore[index]
    assert failure["message"] is None  # type: ignore[index]


async def test_what_was_said_is_sealed_again_while_its_record_is_held_and_not_after(
    world: World, keys_root: Path
) -> None:
    held_one, done = await world.outcomes(2)
    for record in (held_one, done):
        await world.put(record, FAILURE | SAID)
    await world.put(done, SUCCESS)
    (used,) = {
        key_id_of(row["sealed_text"])
        for row in await world.pool.fetch("SELECT sealed_text FROM answer WHERE status = 'failure'")
    }
    tomorrow = london_date(datetime.now(UTC)) + timedelta(days=1)
    keyring = DirectoryKeyring(keys_root / "ems-gateway")
    later = Sealer(keyring, now=lambda: datetime.now(UTC) + timedelta(days=1))
    rows = UnfinishedRows(world.pool, later, FAILURES_SEALED_AND_UNFINISHED)
    assert await rows.count(used) == 1
    assert await rows.seal_again([used]) == 1
    assert await rows.count(used) == 0
    assert await rows.count(f"person-{tomorrow}") == 1
    (failure,) = await told(world)
    assert failure["message"] == SAID["message"]  # type: ignore[index]


async def test_operators_see_the_word_and_the_text_only_if_they_open_it(
    world: World,
    keys_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {
        "DATABASE_URL": world.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KEYS_DIRECTORY": str(keys_root / "ems-gateway"),
        "EROS_FILE": str(a_credentials_file(tmp_path)),
    }.items():
        monkeypatch.setenv(f"EMS_GATEWAY_{name}", value)
    one, other = await world.outcomes(2)
    await world.put(one, FAILURE | WRONG | {"message": "Siân lives there"})
    await world.put(other, FAILURE | SAID)

    async def said(*arguments: str) -> str:
        capsys.readouterr()
        assert await asyncio.to_thread(main, ["held", "records", *arguments]) == 0
        return capsys.readouterr().out

    listed = await said("--record", one)
    assert "failure (wrong-authority)  suggested S12000036" in listed
    assert (other in listed, "Siân" in listed) == (False, False)
    opened = await said("--record", one, "--open")
    assert "Siân lives there" in opened
    assert opened.endswith("1 held.\n")
    assert await asyncio.to_thread(main, ["held", "records", "--open"]) == 1
