"""The verdict as a person reads it: a table of the criteria, and one word."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from simulated.verdict import Criterion, Reconciliation


def show(
    verdict: Reconciliation, counts: Mapping[str, int], console: Console | None = None
) -> None:
    """Prints to standard output unless another console is given."""
    console = console or Console()
    table = Table(title="Reconciliation", show_edge=False)
    table.add_column("")
    table.add_column("Criterion")
    table.add_column("Numbers")
    table.add_column("Look into")
    for criterion in verdict.criteria:
        table.add_row(*_row(criterion))
    console.print(table)
    console.print(", ".join(f"{state} {count:,}" for state, count in sorted(counts.items())))
    console.print("It balances." if verdict.balances else "It does NOT balance.")


def _row(criterion: Criterion) -> tuple[str, str, str, str]:
    mark = "[green]pass[/green]" if criterion.passed else "[red]FAIL[/red]"
    numbers = ", ".join(f"{name} {number:,}" for name, number in criterion.numbers.items())
    return mark, criterion.name, numbers, "\n".join(criterion.offenders)
