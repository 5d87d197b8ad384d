"""`electoral demo`: the whole system, applications all the way through, and the sum at the end."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from electoral_local.blueprint import StackOptions
from electoral_local.options import (
    BehavioursOption,
    BrokersOption,
    DeterminingOption,
    KeepOption,
)
from electoral_local.rehearsal import Rehearsal, Script
from electoral_local.scratch import scratch_options, scratch_state
from electoral_local.showing import play_with_bars, show_refusals, show_run
from electoral_local.stack import Stack
from electoral_local.terminal import console

QUIET_SECONDS = 10.0
"""At rest: no figure has changed for so long."""


def demo(
    applications: Annotated[int, typer.Option(min=1, help="How many.")] = 1_000,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", exists=True, help="One application a line, in the API's model."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Applications a second; else as fast as it goes.")
    ] = None,
    behaviours: BehavioursOption = "",
    determining: DeterminingOption = 0.0,
    brokers: BrokersOption = 1,
    connections: Annotated[int, typer.Option(min=1, help="Citizens at once.")] = 256,
    seed: Annotated[int, typer.Option(help="Of the simulated population.")] = 1,
    quiet: Annotated[float, typer.Option(help="Seconds without change that are rest.")] = (
        QUIET_SECONDS
    ),
    keep: KeepOption = False,
) -> None:
    """Start everything, send applications, deliver them to the councils, and check the sum."""
    script = Script(
        applications=applications,
        from_file=from_file,
        connections=connections,
        rate=rate,
        seed=seed,
        behaviours=behaviours,
        determining=determining,
    )
    with scratch_state(keep=keep) as state:
        balances = asyncio.run(_demo(scratch_options(state, brokers, script), script, quiet))
    raise typer.Exit(0 if balances else 1)


async def _demo(options: StackOptions, script: Script, quiet_seconds: float) -> bool:
    began = time.monotonic()
    with console.status("Starting") as spinner:
        stack = Stack(options, lambda stack: spinner.update(f"Starting: {stack.status.summary}"))
        await stack.start()
    try:
        console.print(f"Everything is up after {time.monotonic() - began:.1f} s.")
        rehearsal = Rehearsal(stack, script)
        # The judge counts the seconds of rest while the last answers still come in.
        judging = asyncio.create_task(rehearsal.judge(quiet_seconds=quiet_seconds))
        try:
            await play_with_bars(rehearsal)
            show_refusals(rehearsal.progress)
            balances = await judging
        finally:
            judging.cancel()
            await asyncio.gather(judging, return_exceptions=True)
        stack.sample()
        show_run(stack, rehearsal.progress)
        return balances
    finally:
        with console.status("Ending"):
            await stack.stop()
