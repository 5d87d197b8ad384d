"""`electoral chaos`: a run during which every part is killed once, at a seeded moment."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.options import BehavioursOption, BrokersOption, KeepOption
from electoral_local.rehearsal import Progress, Rehearsal, Script
from electoral_local.scratch import scratch_options, scratch_state
from electoral_local.showing import play_with_bars, show_run
from electoral_local.stack import Stack
from electoral_local.sums import counts_by_state, fetch, ledger_day
from electoral_local.terminal import console

VICTIMS = ("registration", "verification", "ems-gateway", "kafka", "postgres")
EARLIEST_SHARE, LATEST_SHARE = 0.2, 0.8
_LATEST_DRAWN_SHARE = 0.75
"""Earlier than the limit: a kill waits until its victim has recovered and has work."""
LEDGERS = {
    "verification": ("registration", "verification"),
    "kafka": ("registration", "ems-gateway"),
    "ems-gateway": ("verification", "ems-gateway"),
    "postgres": ("registration", "ems-gateway"),
}
"""Whose ledgers say what a victim has to do, in the order of the stream. Who was killed just now
keeps no victim waiting but one whose work it knows."""
_LOOK_INTERVAL_SECONDS = 0.02
_READY_WITHIN_SECONDS = 60.0
_SEEDS_MAX = 1_000


@dataclass(frozen=True, order=True)
class Death:
    """Who is killed, when so many applications were accepted."""

    accepted: int
    victim: str


def plan(seed: int, applications: int) -> list[Death]:
    """Draw, for each victim, a moment in the middle of the run; in order of time."""
    chance = random.Random(seed)
    low, high = EARLIEST_SHARE * applications, _LATEST_DRAWN_SHARE * applications
    return sorted(Death(int(chance.uniform(low, high)) + 1, victim) for victim in VICTIMS)


def chaos(
    seeds: Annotated[str, typer.Option(help="A seed, several (1,2,3), or a range (1-10).")] = "1",
    applications: Annotated[int, typer.Option(min=100, help="How many in each run.")] = 20_000,
    behaviours: BehavioursOption = "",
    brokers: BrokersOption = 1,
    keep: KeepOption = False,
) -> None:
    """Kill every part once with `kill -9` while applications go through; it must balance."""
    failed = []
    for seed in read_seeds(seeds):
        console.rule(f"seed {seed}")
        with scratch_state(keep=keep) as state:
            script = Script(applications=applications, seed=seed, behaviours=behaviours)
            if not asyncio.run(_run(state, script, brokers)):
                failed.append(seed)
    if failed:
        raise LocalError(f"It does not balance with the seeds {', '.join(map(str, failed))}.")
    console.print("Every run balances.")


def read_seeds(text: str) -> list[int]:
    """Read `1`, `1,2,3` or `1-10`; raises ConfigurationError for anything else."""
    first, dash, last = text.partition("-")
    numbers = [first, last] if dash else text.split(",")
    if not all(number.strip().isdecimal() for number in numbers):
        raise _bad_seeds(text)
    found = [int(number) for number in numbers]
    seeds = list(range(found[0], found[1] + 1)) if dash else found
    if not 0 < len(seeds) <= _SEEDS_MAX:
        raise _bad_seeds(text)
    return seeds


def _bad_seeds(text: str) -> ConfigurationError:
    return ConfigurationError(
        f"{text!r} names no seeds: give --seeds one (1), several (1,2,3) or a rising range (1-10)."
    )


async def _run(state: Path, script: Script, brokers: int) -> bool:
    deaths = plan(script.seed, script.applications)
    async with Stack(scratch_options(state, brokers, script)) as stack:
        rehearsal = Rehearsal(stack, script)
        killing = asyncio.create_task(_kill_all(stack, rehearsal, deaths))
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
    progress = rehearsal.progress
    for death in deaths:
        while progress.accepted < death.accepted:
            await asyncio.sleep(_LOOK_INTERVAL_SECONDS)
        name = _process_of(stack, death.victim)
        await stack.process(name).wait_ready(_READY_WITHIN_SECONDS)
        work = await _work_found(stack, progress, death.victim)
        pid = stack.process(name).kill()
        console.print(
            f"Killed {name} (pid {pid}) at {progress.share:.0%} of the run "
            f"({progress.accepted:,} accepted), {work:,} waiting for it."
        )


async def _work_found(stack: Stack, progress: Progress, victim: str) -> int:
    """Return how much the victim has to do, once it has any; raise LocalError if it is too late."""
    while progress.share <= LATEST_SHARE and not progress.sent_all:
        work = await _work_now(stack, progress, victim)
        if work > 0 and EARLIEST_SHARE <= progress.share <= LATEST_SHARE:
            return work
        await asyncio.sleep(_LOOK_INTERVAL_SECONDS)
    raise LocalError(
        f"{victim} had nothing to do until {progress.share:.0%} of the run: send more applications."
    )


async def _work_now(stack: Stack, progress: Progress, victim: str) -> int:
    """0 also when one of its ledgers cannot be read now, because that service was killed before."""
    if victim == "registration":
        return progress.under_way
    admin = {service: stack.blueprint.admin_url(service) for service in LEDGERS[victim]}
    today = ledger_day(datetime.now(UTC))
    try:
        sums = await asyncio.to_thread(fetch, admin, today, None)
    except LocalError:
        return 0
    return work_at(victim, counts_by_state(sums))


def work_at(victim: str, counts: Mapping[tuple[str, str], int]) -> int:
    """Count the attempts that wait for a part or are in its hands.

    Never overstated where the ledgers were read in the order of the stream, but for what is held in
    verification: only its own work is counted without that.
    """
    accepted = counts["registration", "accepted"]
    decided = counts["verification", "decided"]
    queued = counts["ems-gateway", "queued"]
    arrived = queued + counts["ems-gateway", "acknowledged"] + counts["ems-gateway", "held"]
    return {
        "verification": accepted - decided - counts["verification", "held"],
        "kafka": accepted - arrived,
        "ems-gateway": decided - arrived + queued,
        "postgres": accepted - arrived + queued,
    }[victim]


def _process_of(stack: Stack, victim: str) -> str:
    """The first process of that name; brokers are numbered where there are several."""
    return next(name for name in sorted(stack.processes) if name.startswith(victim))
