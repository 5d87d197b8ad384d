"""What operators do by command about whose a record is."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from ems_gateway.__main__ import main
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, RECEIVED_AT
from gateway_world import FAILURE, World, a_credentials_file

WRONG = FAILURE | {"reason": "wrong-authority", "suggestedGssCode": EDINBURGH}
BY = ["--by", "A. Operator"]
Run = Callable[..., str]


@pytest.fixture
def fails(
    world: World,
    keys_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Run a command against the world's database: its exit status and all that it says."""
    for name, value in {
        "DATABASE_URL": world.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KEYS_DIRECTORY": str(keys_root / "ems-gateway"),
        "EROS_FILE": str(a_credentials_file(tmp_path)),
    }.items():
        monkeypatch.setenv(f"EMS_GATEWAY_{name}", value)

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(list(arguments))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


@pytest.fixture
def run(fails: Callable[..., tuple[int, str]]) -> Run:
    def succeed(*arguments: str) -> str:
        status, said = fails(*arguments)
        assert status == 0, said
        return said

    return succeed


async def do(run: Callable[..., str], *arguments: str) -> str:
    return await asyncio.to_thread(run, *arguments)


async def test_held_records_are_listed_with_reason_and_suggestion(world: World, run: Run) -> None:
    wrong, failed = await world.outcomes(2)
    await world.put(wrong, WRONG | {"message": "Not Siân's"})
    await world.put(failed, FAILURE)
    said = await do(run, "held", "records", "--ero", "hartlepool")
    of_wrong, of_failed, count = said.splitlines()
    assert wrong in of_wrong
    assert "failure (wrong-authority)  suggested S12000036" in of_wrong
    assert of_failed.endswith("hartlepool  E06000001  failure")
    assert count == "2 held."
    assert "Siân" not in said
    assert await do(run, "held", "records", "--ero", LOTHIAN) == "0 held.\n"


async def test_messages_that_could_not_be_handled_are_listed_as_before(run: Run) -> None:
    assert await do(run, "held", "list") == "0 held.\n"


async def test_a_record_is_reassigned(world: World, run: Run) -> None:
    (record,) = await world.outcomes(1)
    said = await do(run, "reassign", "--record", record, "--gss-code", EDINBURGH, *BY)
    assert said == f"{record} now waits for lothian.\n"
    assert await world.ids(LOTHIAN) == [record]


async def test_suggestions_are_taken_all_at_once_after_a_dry_run(
    world: World, run: Run, fails: Callable[..., tuple[int, str]]
) -> None:
    records = await world.outcomes(3)
    for record in records[:2]:
        await world.put(record, WRONG)
    said = await do(run, "reassign", "--suggested")
    assert said.splitlines()[-1] == "2 would be sent on: `--by NAME --confirm 2`."
    assert await world.ids(LOTHIAN) == []
    for refused in (["--confirm", "3", *BY], ["--confirm", "2"]):
        assert (await asyncio.to_thread(fails, "reassign", "--suggested", *refused))[0] == 1
    said = await do(run, "reassign", "--suggested", "--confirm", "2", *BY)
    *sent_on, count = said.splitlines()
    assert count == "2 sent on."
    assert [(line.split()[0], line.split()[-1]) for line in sent_on] == [
        (record, LOTHIAN) for record in records[:2]
    ]
    assert await world.ids(LOTHIAN) == records[:2]


@pytest.mark.parametrize(
    "arguments",
    [
        ["reassign"],
        ["reassign", "--record", "x", "--gss-code", EDINBURGH],
        ["reassign", "--record", "x", "--gss-code", EDINBURGH, *BY],
        ["eros", "assign", "--gss-code", "Hartlepool", "--ero", LOTHIAN, *BY],
        ["eros", "assign", "--gss-code", HARTLEPOOL, "--ero", "nobody", *BY],
        ["eros", "assign", "--gss-code", "X99999999", "--ero", LOTHIAN, *BY],
        ["eros", "assign", "--gss-code", HARTLEPOOL, "--ero", LOTHIAN, "--to", "2000-01-01", *BY],
        ["eros", "end", "--gss-code", HARTLEPOOL, *BY],
    ],
)
async def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], fails: Callable[..., tuple[int, str]]
) -> None:
    status, said = await asyncio.to_thread(fails, *arguments)
    assert (status, len(said.splitlines())) == (1, 1)
    assert said.endswith(".\n")


async def test_who_answers_for_a_code_is_stated_and_ended_and_records_move_at_once(
    world: World, run: Run
) -> None:
    (record,) = await world.outcomes(1)
    said = await do(run, "eros", "assign", "--gss-code", HARTLEPOOL, "--ero", LOTHIAN, *BY)
    assert said.endswith("1 records moved.\n")
    assert await world.ids(LOTHIAN) == [record]
    listed = await do(run, "eros", "list")
    assert f"{HARTLEPOOL}  {LOTHIAN}  from " in listed
    said = await do(run, "eros", "end", "--gss-code", HARTLEPOOL, "--to", "2001-01-01", *BY)
    assert said.endswith("1 records moved.\n")
    assert await world.ids() == [record]
    assert "ended by A. Operator" in await do(run, "eros", "list")


async def test_the_overdue_are_reported_for_people_and_for_programs(world: World, run: Run) -> None:
    long_ago = RECEIVED_AT - timedelta(days=4_000)
    await world.arrive(world.outcome(received_at=long_ago))
    assert "hartlepool" in await do(run, "overdue")
    (found,) = json.loads(await do(run, "overdue", "--json"))
    assert (found["ero"], found["overADay"], found["overFiveDays"]) == ("hartlepool", 1, 1)
    (record,) = await world.ids()
    await world.put(record)
    await world.gateway.pulls.write()
    assert await do(run, "overdue") == "Nothing is overdue.\n"
    (found,) = json.loads(await do(run, "overdue", "--json", "--all"))
    assert found["lastPullAt"] is not None
