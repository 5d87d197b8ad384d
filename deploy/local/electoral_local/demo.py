"""`electoral demo`: the whole system, applications all the way through, and the sum at the end."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from electoral_local.blueprint import StackOptions
from electoral_local.places import state_directory
from electoral_local.rehearsal import Progress as RunProgress
from electoral_local.rehearsal import Rehearsal, Script
from electoral_local.stack import Stack

QUIET_SECONDS = 10.0
"""At rest: no figure has changed for so long."""
_REFUSALS_SHOWN_MAX = 20

console = Console()


def demo(
    applications: Annotated[int, typer.Option(min=1, help="How many.")] = 1_000,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", exists=True, help="One application a line, in the API's model."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Applications a second; else as fast as it goes.")
    ] = None,
    brokers: Annotated[int, typer.Option(min=1, max=5, help="Kafka brokers.")] = 1,
    connections: Annotated[int, typer.Option(min=1, help="Citizens at once.")] = 256,
    seed: Annotated[int, typer.Option(help="Of the simulated population.")] = 1,
    quiet: Annotated[float, typer.Option(help="Seconds without change that are rest.")] = (
        QUIET_SECONDS
    ),
    keep: Annotated[bool, typer.Option(help="Keep the databases and logs afterwards.")] = False,
) -> None:
    """Start everything, send applications, deliver them to the councils, and check the sum."""
    script = Script(
        applications=applications,
        from_file=from_file,
        connections=connections,
        rate=rate,
        seed=seed,
    )
    with scratch_state(keep=keep) as state:
        balances = asyncio.run(_demo(demo_options(state, brokers, script), script, quiet))
    raise typer.Exit(0 if balances else 1)


@contextmanager
def scratch_state(*, keep: bool = False) -> Iterator[Path]:
    """A state directory that is thrown away at the end, with its logs."""
    parent = state_directory().absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix=".electoral-demo-", dir=parent))
    state.chmod(0o755)
    try:
        yield state
    finally:
        if keep:
            console.print(f"Kept: {state}")
        else:
            shutil.rmtree(state, ignore_errors=True)


def demo_options(state: Path, brokers: int, script: Script) -> StackOptions:
    """The stack of a demo: on ports that are free."""
    return StackOptions(
        state=state,
        brokers=brokers,
        free_ports=True,
        seed=script.seed,
        arguments={"councils": (f"--interval={script.councils_poll_seconds}",)},
    )


async def _demo(options: StackOptions, script: Script, quiet_seconds: float) -> bool:
    began = time.monotonic()
    with console.status("Starting") as spinner:
        stack = Stack(options, lambda stack: spinner.update(f"Starting: {stack.status.summary}"))
        await stack.start()
    try:
        console.print(f"Everything is up after {time.monotonic() - began:.1f} s.")
        rehearsal = Rehearsal(stack, script)
        await play_with_bars(rehearsal)
        show_refusals(rehearsal.progress)
        balances = await rehearsal.judge(quiet_seconds=quiet_seconds)
        stack.sample()
        show_run(stack, rehearsal.progress)
        return balances
    finally:
        with console.status("Ending"):
            await stack.stop()


async def play_with_bars(rehearsal: Rehearsal) -> RunProgress:
    """Play, with a bar for what was accepted and one for what councils acknowledged."""
    columns = (TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        total = rehearsal.progress.total
        accepted = bars.add_task("accepted", total=total)
        acknowledged = bars.add_task("acknowledged", total=total)

        def show(progress: RunProgress) -> None:
            bars.update(accepted, completed=progress.accepted)
            bars.update(acknowledged, completed=progress.acknowledged)

        return await rehearsal.play(show)


def show_refusals(progress: RunProgress) -> None:
    """Name each application that was refused by its line and the reason."""
    for refusal in progress.refusals[:_REFUSALS_SHOWN_MAX]:
        console.print(f"Refused: number {refusal['number']}: {refusal['reason']}", markup=False)
    more = len(progress.refusals) - _REFUSALS_SHOWN_MAX
    if more > 0:
        console.print(f"... and {more} more.")


def show_run(stack: Stack, progress: RunProgress) -> None:
    """Show the rate, and what each process cost while applications went through."""
    console.print(
        f"{progress.acknowledged:,} applications from HTTP to acknowledgement: "
        f"{progress.rate:,.0f}/s, everything included."
    )
    table = Table("process", "CPU s", "CPU ms an application", "memory MB", "restarts")
    for name, seconds in progress.cpu_seconds.items():
        process = stack.processes.get(name)
        memory = f"{process.usage.memory_bytes_max / 1e6:.0f}" if process else ""
        restarts = str(process.restarts) if process else ""
        table.add_row(name, *_cost(seconds, progress.acknowledged), memory, restarts)
    together = sum(progress.cpu_seconds.values())
    table.add_row("together", *_cost(together, progress.acknowledged), style="bold")
    console.print(table)


def _cost(cpu_seconds: float, applications: int) -> tuple[str, str]:
    return f"{cpu_seconds:.1f}", f"{1000 * cpu_seconds / max(applications, 1):.2f}"
