"""`electoral ledger`: asks the three services for their sides of the sum, and compares."""

import json
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from electoral_local.errors import LocalError
from electoral_local.status import read_status
from electoral_local.up import StateOption, chosen_state

SERVICES = ("registration", "verification", "ems-gateway")
SETTLED = timedelta(minutes=5)
"""What was accepted longer ago must be explained; the rest may be on its way."""

_DIGEST_MODULUS = 1 << 128
_TIMEOUT_SECONDS = 10.0
_ROWS_SHOWN_MAX = 20


@dataclass(frozen=True)
class Line:
    """The attempts in the states on the left are those on the right, for every authority."""

    left: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...]
    revisions_too: bool
    """Whether both sides know the newest revision."""


_FIRST_LINE = "accepted = waiting + decided + held"
_LINES = {
    _FIRST_LINE: Line(
        (
            ("registration", "accepted"),
            ("ems-gateway", "paper-taken"),
            ("ems-gateway", "resubmission-taken"),
        ),
        (("verification", "waiting"), ("verification", "decided"), ("verification", "held")),
        revisions_too=False,
    ),
    "decided = queued + acknowledged + held": Line(
        (("verification", "decided"),),
        (("ems-gateway", "queued"), ("ems-gateway", "acknowledged"), ("ems-gateway", "held")),
        revisions_too=True,
    ),
}

DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Admin ports are on this machine, whatever proxy the shell names."""

console = Console()
Figures = tuple[int, int, int]
Sums = Mapping[tuple[str, str, str], Figures]
"""(service, state, GSS code) -> (count, digest, digest of newest revisions)"""


@dataclass(frozen=True)
class Difference:
    """One authority whose two sides are not the same set of attempts."""

    line: str
    gss_code: str
    left: int
    right: int


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
    chosen = day.date() if day else datetime.now(UTC).astimezone(ZoneInfo("Europe/London")).date()
    now = fetch(admin, chosen, None)
    settled = fetch(admin, chosen, datetime.now(UTC) - SETTLED)
    _show(chosen, now)
    unexplained = differences(settled)
    console.print(f"In flight: {in_flight(now):,}.")
    _show_unexplained(unexplained)
    if unexplained:
        raise typer.Exit(1)


def fetch(admin: Mapping[str, str], day: date, before: datetime | None) -> Sums:
    """Ask each service; raises LocalError when one does not answer."""
    query = {"day": day.isoformat()} | ({"before": before.isoformat()} if before else {})
    sums: dict[tuple[str, str, str], Figures] = {}
    for service, url in admin.items():
        try:
            address = f"{url}/ledger?{urllib.parse.urlencode(query)}"
            with DIRECTLY.open(address, timeout=_TIMEOUT_SECONDS) as answer:
                rows = json.load(answer)["rows"]
        except (OSError, ValueError) as error:
            raise LocalError(f"{service} did not give its ledger: {error}") from None
        for row in rows:
            digests = int(row["digest"], 16), int(row["revisionDigest"], 16)
            sums[service, row["state"], row["gssCode"]] = (row["count"], *digests)
    return sums


def in_flight(sums: Sums) -> int:
    """Accepted, and neither acknowledged nor held yet."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for (service, state, _), (count, *_) in sums.items():
        counts[service, state] += count
    taken = sum(counts[part] for part in _LINES[_FIRST_LINE].left)
    held = counts["verification", "held"] + counts["ems-gateway", "held"]
    return taken - held - counts["ems-gateway", "acknowledged"]


def differences(sums: Sums) -> list[Difference]:
    """Find the authorities whose sides differ, by count or by digest, on each line of the sum."""
    found = []
    for name, line in _LINES.items():
        for gss_code in sorted({code for _, _, code in sums}):
            one, other = _add(sums, line.left, gss_code), _add(sums, line.right, gss_code)
            compared = 3 if line.revisions_too else 2
            if one[:compared] != other[:compared]:
                found.append(Difference(name, gss_code, one[0], other[0]))
    return found


def _add(sums: Sums, side: Iterable[tuple[str, str]], gss_code: str) -> Figures:
    parts = [sums.get((service, state, gss_code), (0, 0, 0)) for service, state in side]
    count, digest, revisions = (sum(column) for column in zip(*parts, strict=True))
    return count, digest % _DIGEST_MODULUS, revisions % _DIGEST_MODULUS


def _show(day: date, sums: Sums) -> None:
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for (service, state, _), (count, *_) in sums.items():
        totals[service, state] += count
    table = Table("service", "state", "attempts", title=f"Ledger of {day}")
    for (service, state), count in sorted(totals.items()):
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
