"""`electoral chaos`: a run during which every part is killed once, at a seeded moment."""

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from electoral_local.demo import console, demo_options, play_with_bars, scratch_state, show_run
from electoral_local.errors import LocalError
from electoral_local.rehearsal import Progress, Rehearsal, Script
from electoral_local.stack import Stack

VICTIMS = ("registration", "verification", "ems-gateway", "kafka", "postgres")
_EARLIEST_SHARE, _LATEST_SHARE = 0.2, 0.8
_LOOK_INTERVAL_SECONDS = 0.02
_READY_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, order=True)
class Death:
    """Who is killed, when so many applications were accepted."""

    accepted: int
    victim: str


def plan(seed: int, applications: int) -> list[Death]:
    """Draw, for each victim, a moment between 20% and 80% of the run; in order of time."""
    chance = random.Random(seed)
    low, high = _EARLIEST_SHARE * applications, _LATEST_SHARE * applications
    return sorted(Death(int(chance.uniform(low, high)), victim) for victim in VICTIMS)


def chaos(
    seeds: Annotated[str, typer.Option(help="A seed, several (1,2,3), or a range (1-10).")] = "1",
    applications: Annotated[int, typer.Option(min=100, help="How many in each run.")] = 20_000,
    brokers: Annotated[int, typer.Option(min=1, max=5, help="Kafka brokers.")] = 1,
    keep: Annotated[bool, typer.Option(help="Keep the databases and logs afterwards.")] = False,
) -> None:
    """Kill every part once with `kill -9` while applications go through; it must balance."""
    failed = []
    for seed in read_seeds(seeds):
        console.rule(f"seed {seed}")
        with scratch_state(keep=keep) as state:
            if not asyncio.run(_run(state, seed, applications, brokers)):
                failed.append(seed)
    if failed:
        raise LocalError(f"It does not balance with the seeds {', '.join(map(str, failed))}.")
    console.print("Every run balances.")


def read_seeds(text: str) -> list[int]:
    """Read `1`, `1,2,3` or `1-10`."""
    first, dash, last = text.partition("-")
    if dash:
        return list(range(int(first), int(last) + 1))
    return [int(part) for part in text.split(",")]


async def _run(state: Path, seed: int, applications: int, brokers: int) -> bool:
    script = Script(applications=applications, seed=seed)
    async with Stack(demo_options(state, brokers, script)) as stack:
        rehearsal = Rehearsal(stack, script)
        killing = asyncio.create_task(_kill_all(stack, rehearsal, plan(seed, applications)))
        await play_with_bars(rehearsal)
        if not killing.done():
            killing.cancel()
            raise LocalError("The run was over before everything was killed: send more.")
        killing.result()
        balances = await rehearsal.judge(quiet_seconds=10.0)
        stack.sample()
        show_run(stack, rehearsal.progress)
        return balances


async def _kill_all(stack: Stack, rehearsal: Rehearsal, deaths: list[Death]) -> None:
    for death in deaths:
        await _until_accepted(rehearsal.progress, death.accepted)
        victim = _process_of(stack, death.victim)
        await stack.process(victim).wait_ready(_READY_WITHIN_SECONDS)
        progress = rehearsal.progress
        if progress.outstanding <= 0 or progress.sent_all:
            raise LocalError(f"No work was outstanding when {victim} was to be killed: send more.")
        pid = stack.process(victim).kill()
        console.print(
            f"Killed {victim} (pid {pid}) at {progress.accepted:,} accepted, "
            f"{progress.outstanding:,} outstanding."
        )


async def _until_accepted(progress: Progress, accepted: int) -> None:
    while progress.accepted < accepted:
        await asyncio.sleep(_LOOK_INTERVAL_SECONDS)


def _process_of(stack: Stack, victim: str) -> str:
    """The first process of that name; brokers are numbered where there are several."""
    return next(name for name in sorted(stack.processes) if name.startswith(victim))
