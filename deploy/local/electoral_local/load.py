"""`electoral load`: arrivals in the shape of a day, and one verdict on how the system took them."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from electoral_local.blueprint import StackOptions
from electoral_local.errors import ConfigurationError
from electoral_local.load_board import board
from electoral_local.load_generators import Load
from electoral_local.load_outside import Plan, passes, plan_of
from electoral_local.load_run import LoadRun
from electoral_local.load_settings import environment_of
from electoral_local.options import BehavioursOption, BrokersOption, KeepOption
from electoral_local.places import state_directory
from electoral_local.rehearsal import Script
from electoral_local.scratch import scratch_state
from electoral_local.stack import Stack
from electoral_local.terminal import console

QUIET_SECONDS = 10.0
Instances = Annotated[int, typer.Option(min=1, max=8)]
Limits = Annotated[
    list[str], typer.Option("--limit", help="Another limit: intake_p99_ms=300. Repeatable.")
]
Manners = Annotated[
    list[str],
    typer.Option("--manner", help="How people behave: duplicates=0, tabs=1. Repeatable."),
]

Settings = Annotated[
    list[str],
    typer.Option("--set", help="Another setting: REGISTRATION_ADMISSION=false. Repeatable."),
]


def load(
    shape: Annotated[str, typer.Option(help="steady, day, deadline-2016 and so on.")] = "steady",
    total: Annotated[int, typer.Option(min=1, help="Arrivals.")] = 10_000,
    compress: Annotated[float, typer.Option(help="24: a day in an hour.")] = 1.0,
    generators: Instances = 1,
    registrations: Instances = 1,
    gateways: Instances = 1,
    verifications: Instances = 1,
    seed: Annotated[int, typer.Option(help="Of the population and of the arrivals.")] = 1,
    manner: Manners = [],  # noqa: B006 - typer's way of a repeatable option
    setting: Settings = [],  # noqa: B006
    limit: Limits = [],  # noqa: B006
    behaviours: BehavioursOption = "",
    brokers: BrokersOption = 1,
    quiet: Annotated[float, typer.Option(help="Seconds without change that are rest.")] = (
        QUIET_SECONDS
    ),
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="For verdict.json and report.html.")
    ] = None,
    keep: KeepOption = False,
) -> None:
    """Send arrivals by a schedule, whatever the system does, and judge the run."""
    if generators < registrations:
        raise ConfigurationError("Each registration needs a generator: give --generators as many.")
    manners = tuple(f"--{one.replace('_', '-')}" for one in manner)
    asked = Load(shape, total, compress, seed, generators, manners, tuple(setting))
    instances = {
        "registration": registrations,
        "verification": verifications,
        "ems-gateway": gateways,
    }
    environment = environment_of(setting, instances)
    plan = plan_of(asked, limit)
    console.print(
        f"{shape}: {total:,} applications in {plan.seconds:,.0f} s; the peak is "
        f"{plan.peak_rate:,.1f}/s, {plan.peak_at:,.0f} s from the start."
    )
    directory = out or state_directory() / "load" / f"{shape}-{datetime.now():%Y%m%d-%H%M%S}"
    with scratch_state(keep=keep) as state:
        options = StackOptions(
            state=state,
            brokers=brokers,
            instances=instances,
            free_ports=True,
            seed=seed,
            environment=environment,
            arguments={
                "councils": Script(
                    applications=total, seed=seed, behaviours=behaviours
                ).councils_arguments
            },
        )
        left = state / "run"
        left.mkdir()
        asyncio.run(_run(options, asked, plan, left, quiet))
        passed = passes(left, directory, limit)
    console.print(f"Report: {directory / 'report.html'}", soft_wrap=True)
    raise typer.Exit(0 if passed else 1)


async def _run(options: StackOptions, asked: Load, plan: Plan, left: Path, quiet: float) -> None:
    with console.status("Starting") as spinner:
        stack = Stack(options, lambda stack: spinner.update(f"Starting: {stack.status.summary}"))
        await stack.start()
    try:
        run = LoadRun(stack, asked, plan, left)
        with board(console, plan.seconds) as shown:
            await run.play(lambda g, look: shown.show(g.counts, g.p99_ms, look))
        with console.status("Waiting for rest, then comparing the records"):
            await run.reconcile(quiet)
            await run.measure()
    finally:
        with console.status("Ending"):
            await stack.stop()
