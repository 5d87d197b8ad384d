"""A small run of arrivals through the whole system, and the verdict on it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from electoral_local.blueprint import StackOptions
from electoral_local.load_generators import Load
from electoral_local.load_outside import passes, plan_of
from electoral_local.load_run import LoadRun
from electoral_local.stack import Stack
from simulated.councils import JOURNAL_FILE

pytestmark = pytest.mark.integration

ELECTORAL = str(Path(sys.executable).with_name("electoral"))
APPLICATIONS, SECONDS = 300, 10
LOAD = Load("steady", APPLICATIONS, compress=60.0, seed=5)
# How fast it is on a busy machine is not the question here.
LIMITS = [
    *("send_lag_p99_ms=1000", "settled_seconds=60"),
    *(f"intake_{part}_ms=20000" for part in ("p50", "p95", "p99", "max")),
    *(f"ready_{part}_seconds=30" for part in ("p50", "p99", "max")),
]
QUIET_SECONDS = 2.0

Lines = list[dict[str, Any]]


def lose(lines: Lines) -> None:
    first_delivery(lines)["page"]["registrations"].pop(0)


def duplicate(lines: Lines) -> None:
    items = first_delivery(lines)["page"]["registrations"]
    items.append({**items[0], "id": "d" * 24})


def misplace(lines: Lines) -> None:
    """One page, with what was answered for it, came to another ERO."""
    line = first_delivery(lines)
    taken = {item["id"] for item in line["page"]["registrations"]}
    other = next(each["ero"] for each in lines if each["ero"] != line["ero"])
    answers = [each for each in lines if taken & set(each.get("acknowledged", ()))]
    for each in (line, *answers):
        each["ero"] = other


def change_a_field(lines: Lines) -> None:
    first_delivery(lines)["page"]["registrations"][0]["detail"]["fn"] = "Somebodyelse"


def first_delivery(lines: Lines) -> dict[str, Any]:
    return next(line for line in lines if line.get("page", {}).get("registrations"))


PLANTS: dict[str, Callable[[Lines], None]] = {
    "Lost": lose,
    "Duplicated": duplicate,
    "At a wrong authority": misplace,
    "With a changed field": change_a_field,
}


async def test_a_small_run_passes_and_each_planted_fault_turns_the_verdict_red(
    tmp_path: Path,
) -> None:
    left, out = tmp_path / "run", tmp_path / "out"
    left.mkdir()
    plan = plan_of(LOAD, LIMITS)
    assert (plan.seconds, plan.peak_rate) == (SECONDS, APPLICATIONS / SECONDS)
    async with Stack(options(tmp_path / "var")) as stack:
        run = LoadRun(stack, LOAD, plan, left)
        shown: list[int] = []
        await run.play(lambda generators, look: shown.append(look.verified))
        await run.reconcile(QUIET_SECONDS)
        await run.measure()
        assert passes(left, out, LIMITS), (out / "verdict.json").read_text()
        check_verdict(json.loads((out / "verdict.json").read_text()))
        check_report((out / "report.html").read_text())
        assert len(shown) >= SECONDS
        assert shown == sorted(shown)
        for line, plant in PLANTS.items():
            await run.reconcile(0.0, planted(stack, tmp_path, plant))
            assert not passes(left, out, LIMITS)
            assert line in failed(out)


def options(state: Path) -> StackOptions:
    return StackOptions(
        state=state, free_ports=True, seed=LOAD.seed, arguments={"councils": ("--interval=1",)}
    )


def planted(stack: Stack, directory: Path, plant: Callable[[Lines], None]) -> Path:
    """Copy the councils' journal, with something changed."""
    written = (stack.blueprint.journals / JOURNAL_FILE).read_text().splitlines()
    lines: Lines = [json.loads(line) for line in written]
    plant(lines)
    file = directory / f"{plant.__name__}.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def failed(out: Path) -> list[str]:
    criteria = json.loads((out / "verdict.json").read_text())["criteria"]
    return [criterion["name"] for criterion in criteria if not criterion["passed"]]


def check_verdict(told: dict[str, Any]) -> None:
    """All that was offered is accounted for, and somebody measured."""
    intake, delivery, costs = (told["findings"][n] for n in ("intake", "delivery", "costs"))
    assert told["verdict"] == "passed"
    assert intake["sent"] == APPLICATIONS
    assert intake["accepted"] + intake["refusals"]["expected"] == APPLICATIONS
    assert intake["refusals"]["expected"] > 0
    assert delivery["ready_seconds"]["count"] == intake["accepted"]
    assert 0.9 * intake["accepted"] < delivery["acknowledged"] <= intake["accepted"]
    assert sum(second["offered"] for second in told["findings"]["seconds"]) > 0.9 * APPLICATIONS
    assert {"registration", "postgres", "kafka", "generator-1", "board"} <= set(
        costs["cpu_seconds"]
    )
    assert all(size > 0 for size in costs["stored_bytes"].values())


def check_report(page: str) -> None:
    """It needs nothing from anywhere."""
    assert page.count("<svg") == 4
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=|url\(|@import", page)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--shape", "nobody-knows"), "there is no shape nobody-knows"),
        (("--limit", "intake_p98_ms=1"), "there is no limit 'intake_p98_ms'"),
        (("--registrations", "2"), "Each registration needs a generator"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(
    arguments: tuple[str, ...], complaint: str
) -> None:
    done = subprocess.run(
        [ELECTORAL, "load", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 78
    assert complaint in done.stderr


@pytest.mark.long
def test_command_runs_several_of_everything_and_leaves_verdict_and_report(tmp_path: Path) -> None:
    several = ("generators", "registrations", "gateways", "verifications")
    done = subprocess.run(
        [
            *(ELECTORAL, "load", "--total", str(APPLICATIONS), "--compress", "60"),
            *("--quiet", "2", "--out", str(tmp_path / "out")),
            *(part for name in several for part in (f"--{name}", "2")),
            *(part for limit in LIMITS for part in ("--limit", limit)),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.stdout.startswith("steady: 300 applications in 10 s; the peak is 30.0/s")
    told = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert told["findings"]["run"]["processes"]["registration"] == 2
    assert {"generator-2", "registration-2"} <= set(told["findings"]["costs"]["cpu_seconds"])
