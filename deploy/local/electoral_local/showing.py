"""What `demo` and `chaos` show of a run: bars while it goes on, refusals, the bill at the end."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from electoral_local.rehearsal import Progress as RunProgress
from electoral_local.rehearsal import Rehearsal
from electoral_local.stack import Stack
from electoral_local.terminal import console


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
    """Name every application that was refused, by its line and the reason."""
    for refusal in sorted(progress.refusals, key=lambda refusal: refusal.number):
        console.print(
            f"Refused: number {refusal.number}: {refusal.reason}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


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
