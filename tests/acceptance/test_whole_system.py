"""The whole system as a newcomer, an operator and an unlucky evening meet it."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
from builders import an_application
from electoral_local.blueprint import StackOptions
from electoral_local.chaos import VICTIMS
from electoral_local.rehearsal import Rehearsal, Script
from electoral_local.stack import Stack

pytestmark = pytest.mark.integration

ELECTORAL = [str(Path(sys.executable).with_name("electoral"))]
QUIET_SECONDS = 3.0
POSTGRES_AWAY_SECONDS = 5.0


def electoral(tmp_path: Path, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run the command with its state below a folder of the test's own."""
    return subprocess.run(
        [*ELECTORAL, *arguments],
        env={**os.environ, "ELECTORAL_STATE": str(tmp_path / "var"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def left_running(tmp_path: Path) -> list[str]:
    """Name processes that were started for the folder and still run."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(tmp_path) in line and process.pid != os.getpid():
            found.append(line[:100])
    return found


def options(state: Path, **changes: object) -> StackOptions:
    arguments = {"councils": ("--interval=1",)}
    return StackOptions(state=state, free_ports=True, arguments=arguments, **changes)  # type: ignore[arg-type]


def test_demo_balances_and_leaves_nothing_running(tmp_path: Path) -> None:
    done = electoral(tmp_path, "demo", "--applications", "300", "--quiet", "3", seconds=150)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "It balances." in done.stdout
    assert left_running(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_demo_from_a_file_names_each_refused_line_and_delivers_the_rest(tmp_path: Path) -> None:
    lines = [
        json.dumps(an_application(firstName="Llŷr")),
        json.dumps(an_application(dateOfBirth="2031-01-01")),
        "not json",
        json.dumps(an_application(lastName="O’Neill")),
        json.dumps(an_application(openRegistr=True)),
        json.dumps(an_application(lastName="李")),
        *["{}"] * 30,
    ]
    file = tmp_path / "people.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = electoral(tmp_path, "demo", "--from", str(file), "--quiet", "3", seconds=150)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    named = re.findall(r"^Refused: number (\d+): .*\S", done.stdout, re.M)
    assert [int(number) for number in named] == [2, 3, 5, *range(7, 37)]
    assert "ems-gateway acknowledged 3," in done.stdout


@pytest.mark.long
async def test_verification_restored_to_an_earlier_point_reads_again_what_it_lacks(
    tmp_path: Path,
) -> None:
    async with Stack(options(tmp_path / "var")) as stack:
        earlier = Rehearsal(stack, Script(applications=300))
        await earlier.play()
        await copy_database(stack, "verification", "verification_earlier")
        later = Rehearsal(stack, Script(applications=300, first=300))
        await later.play()
        await restore_database(stack, "verification_earlier", "verification")
        assert await later.judge(quiet_seconds=QUIET_SECONDS, earlier=[earlier.receipts])


async def copy_database(stack: Stack, source: str, copy: str) -> None:
    """Copy a service's database while the service is stopped."""
    await stack.process("verification").stop()
    await execute(stack, f"CREATE DATABASE {copy} TEMPLATE {source} OWNER verification")
    await stack.process("verification").start()


async def restore_database(stack: Stack, copy: str, target: str) -> None:
    await stack.process("verification").stop()
    await execute(
        stack,
        f"DROP DATABASE {target} WITH (FORCE)",
        f"ALTER DATABASE {copy} RENAME TO {target}",
    )
    await stack.process("verification").start()


async def execute(stack: Stack, *statements: str) -> None:
    connection = await asyncpg.connect(stack.postgres.superuser_dsn("postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.long
async def test_broker_killed_in_a_cluster_of_three_costs_nothing(tmp_path: Path) -> None:
    async with Stack(options(tmp_path / "var", brokers=3)) as stack:
        rehearsal = Rehearsal(stack, Script(applications=1_500))
        playing = asyncio.create_task(rehearsal.play())
        await until_accepted(rehearsal, 300)
        broker = next(name for name in sorted(stack.processes) if name.startswith("kafka"))
        stack.process(broker).kill()
        await playing
        assert await rehearsal.judge(quiet_seconds=QUIET_SECONDS)


@pytest.mark.long
async def test_postgres_away_for_five_seconds_during_intake_costs_nothing(tmp_path: Path) -> None:
    async with Stack(options(tmp_path / "var")) as stack:
        rehearsal = Rehearsal(stack, Script(applications=2_500))
        playing = asyncio.create_task(rehearsal.play())
        await until_accepted(rehearsal, 500)
        await stack.process("postgres").stop()
        await asyncio.sleep(POSTGRES_AWAY_SECONDS)
        during = rehearsal.progress.accepted
        await stack.process("postgres").start()
        progress = await playing
        assert during < progress.total, "it was away after the intake, not during it"
        # Each was sent again under its own key until there was a receipt.
        assert progress.retries > 0
        assert (progress.accepted, progress.unanswered) == (progress.total, 0)
        assert await rehearsal.judge(quiet_seconds=QUIET_SECONDS)


async def until_accepted(rehearsal: Rehearsal, wanted: int) -> None:
    while rehearsal.progress.accepted < wanted:
        await asyncio.sleep(0.05)


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.timeout(400)
def test_every_part_killed_once_while_20_000_go_through_and_it_balances(
    tmp_path: Path, seed: int
) -> None:
    done = electoral(tmp_path, "chaos", "--seeds", str(seed), seconds=380)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    kills = re.findall(
        r"Killed ([\w-]+) .* at (\d+)% of the run .* ([\d,]+) waiting for it", done.stdout
    )
    assert sorted(victim for victim, _, _ in kills) == sorted(VICTIMS)
    assert all(20 <= int(percent) <= 80 for _, percent, _ in kills), kills
    assert all(int(waiting.replace(",", "")) > 0 for _, _, waiting in kills), kills
    assert left_running(tmp_path) == []
