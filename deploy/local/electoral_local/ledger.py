"""`electoral ledger`: asks the three services for their sides of the sum, and compares."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from electoral_local.blueprint import SERVICES
from electoral_local.errors import LocalError
from electoral_local.options import StateOption, chosen_state
from electoral_local.status import read_status
from electoral_local.sums import (
    Difference,
    Sums,
    counts_by_state,
    differences,
    fetch,
    in_flight,
    ledger_day,
)
from electoral_local.terminal import console

SETTLED = timedelta(minutes=5)
"""What was accepted longer ago must be explained; the rest may be on its way."""

_ROWS_SHOWN_MAX = 20


def ledger(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="London day; today by default.")
    ] = None,
    state: StateOption = None,
) -> None:
    """Compare what the three services say of a day. Exit code 1 when something is unexplained."""
    status = read_status(chosen_state(state))
    if status is None:
        raise LocalError("Nothing is running here: start it with `electoral up`.")
    admin = {service: status.addresses[f"{service} (admin)"] for service in SERVICES}
    chosen = day.date() if day else ledger_day(datetime.now(UTC))
    now = fetch(admin, chosen, None)
    settled = fetch(admin, chosen, datetime.now(UTC) - SETTLED)
    _show(chosen, now)
    unexplained = differences(settled)
    console.print(f"In flight: {in_flight(now):,}.")
    _show_unexplained(unexplained)
    if unexplained:
        raise typer.Exit(1)


def _show(day: date, sums: Sums) -> None:
    table = Table("service", "state", "attempts", title=f"Ledger of {day}")
    for (service, state), count in sorted(counts_by_state(sums).items()):
        table.add_row(service, state, f"{count:,}")
    console.print(table)


def _show_unexplained(unexplained: list[Difference]) -> None:
    if not unexplained:
        console.print("Unexplained: 0.")
        return
    table = Table("line", "authority", "left", "right", title="Unexplained")
    for one in unexplained[:_ROWS_SHOWN_MAX]:
        table.add_row(one.line, one.gss_code, str(one.left), str(one.right))
    console.print(table)
    console.print(f"Unexplained: {len(unexplained)} authorities and lines.")
