"""`python -m simulated load-schedule` before a run, `load-verdict` after it."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from simulated.load.criteria import judge_run
from simulated.load.evidence import read_findings
from simulated.load.findings import Findings
from simulated.load.judged import FAIL, NOT_JUDGED, PASS, Judged, RunVerdict
from simulated.load.limits import Limits, LimitUnknown, limits_of
from simulated.load.report import page
from simulated.load.schedule import Schedule
from simulated.load.shapes import UnknownShape, load_shape

_COLOURS = {PASS: "green", FAIL: "red", NOT_JUDGED: "yellow"}
EX_CONFIG = 78  # something outside must be changed first

ShapeName = Annotated[str, typer.Option(help="steady, day, deadline-2016 and so on.")]
ChangedLimits = Annotated[
    list[str], typer.Option("--limit", help="Another limit: intake_p99_ms=300. Repeatable.")
]


def load_schedule(
    *,
    shape: ShapeName,
    total: Annotated[int, typer.Option(help="Arrivals.")],
    compress: float = 1.0,
    seed: int = 1,
    limit: ChangedLimits = [],  # noqa: B006 - typer's way of a repeatable option
) -> None:
    """Says, as JSON, how long a run is, its peak and its limits."""
    limits = _limits(shape, limit)
    try:
        schedule = Schedule(load_shape(shape), total, compress, seed)
    except (UnknownShape, ValueError) as error:
        raise _refused(error) from None
    rate, at = schedule.peak_rate()
    told = {"seconds": schedule.duration, "peak_rate": rate, "peak_at": at}
    print(json.dumps({**told, "limits": asdict(limits)}))


def load_verdict(
    *,
    run: Annotated[Path, typer.Option(exists=True, file_okay=False, help="What it left behind.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="For verdict.json and report.html.")],
    limit: ChangedLimits = [],  # noqa: B006
) -> None:
    """Judges a run, writes verdict.json and report.html, and exits 0 only if nothing failed."""
    measured = _json(run / "measured.json")
    limits = _limits(measured["run"]["shape"], limit)
    findings = read_findings(
        measured,
        [_json(path) for path in sorted(run.glob("summary-*.json"))],
        sorted(run.glob("receipts-*.jsonl")),
        _json(run / "reconciled.json"),
    )
    verdict = judge_run(findings, limits)
    out.mkdir(parents=True, exist_ok=True)
    told = as_json(findings, verdict, limits)
    (out / "verdict.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (out / "report.html").write_text(page(findings, verdict), encoding="utf-8")
    show(findings, verdict, Console())
    raise typer.Exit(0 if verdict.passed else 1)


def as_json(findings: Findings, verdict: RunVerdict, limits: Limits) -> Mapping[str, Any]:
    return {
        "verdict": verdict.word,
        "passed": verdict.passed,
        "not_judged": list(verdict.not_judged),
        "criteria": [asdict(judged) for judged in verdict.criteria],
        "limits": asdict(limits),
        "findings": asdict(findings),
    }


def show(findings: Findings, verdict: RunVerdict, console: Console) -> None:
    """The verdict as a person reads it: a table, the cost of each process, and one word."""
    table = Table(title="Verdict", show_edge=False)
    for heading in ("", "Criterion", "Figure", "Limit"):
        table.add_column(heading)
    for judged in verdict.criteria:
        table.add_row(*_row(judged))
    console.print(table)
    console.print(_costs(findings))
    told = f"Verdict: [bold]{verdict.word}[/bold]."
    if verdict.not_judged:
        told += f" Not judged: {'; '.join(verdict.not_judged)}."
    console.print(told)


def _row(judged: Judged) -> tuple[str, str, str, str]:
    mark = f"[{_COLOURS[judged.word]}]{judged.word}[/]"
    return mark, judged.name, "\n".join([judged.figure, *judged.look_into]), judged.limit


def _costs(findings: Findings) -> Table:
    costs, accepted = findings.costs, max(1, findings.intake.accepted)
    table = Table(show_edge=False)
    for heading in ("Process", "CPU s", "CPU ms an application", "Peak memory MB"):
        table.add_column(heading, justify="left" if heading == "Process" else "right")
    for name, seconds in sorted(costs.cpu_seconds.items(), key=lambda one: -one[1]):
        memory = costs.memory_bytes_max.get(name, 0) / 1e6
        each = 1000 * seconds / accepted
        table.add_row(name, f"{seconds:,.1f}", f"{each:.3f}", f"{memory:,.0f}")
    return table


def _limits(shape: str, changes: list[str]) -> Limits:
    try:
        return limits_of(shape, changes)
    except LimitUnknown as error:
        raise _refused(error) from None


def _refused(error: Exception) -> typer.Exit:
    print(f"simulated: {error}.", file=sys.stderr)
    return typer.Exit(EX_CONFIG)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
