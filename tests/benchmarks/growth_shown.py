"""Side by side on paper: costs, statements, plans and sizes beside few and many stored ones."""

from collections.abc import Sequence

from benchmarks.growth_figures import Beside, Growing, Size, deeper, growing, pair_ratio
from benchmarks.growth_plans import Plan, plain
from benchmarks.growth_retention import Latencies
from electoral_local.postgres import DATABASES

BLOCKS_RATIO_MAX = 1.2
TIME_RATIO_MAX = 1.25
STATEMENT_SHOWN = 110  # characters
PLAN_SHOWN = 400
P99_SECONDS_MAX = 0.2  # of intake, with retention beside it
MIB = 1 << 20


def show(besides: Sequence[Beside], sizes: Sequence[Sequence[Size]], least: float) -> bool:
    """Print everything; say whether the goals are met."""
    _show_costs(besides)
    _show_growing(growing(besides, least), besides)
    _show_sizes(besides, sizes)
    more = deeper(sizes[0], sizes[-1], besides[-1].stored)
    print(f"\nIndexes with more levels: {more:.1f} blocks more for an application's rows.")
    return _show_verdict(besides[0], besides[-1])


def _row(name: str, values: Sequence[float], form: str = "12,.2f", more: str = "") -> None:
    ratio = f"{values[-1] / values[0]:9.2f} x" if values[0] else ""
    print(f"  {name:34}" + "".join(f"{value:{form}}" for value in values) + ratio + more)


def _show_costs(besides: Sequence[Beside]) -> None:
    print("\nFor one application   stored:     " + "".join(f"{b.stored:12,}" for b in besides))
    _row("blocks, by statements", [b.median("blocks") for b in besides])
    for database in DATABASES:
        _row(f"  {database}", [b.blocks_in(database) for b in besides])
    for name, figure in (("by sessions, with planning", "by_sessions"), ("by vacuum", "by_vacuum")):
        _row(f"blocks, {name}", [b.each(figure) for b in besides])
    _row("bytes of log", [b.each("wal_bytes") for b in besides], "12,.0f")
    _row("whole pages in it", [b.each("wal_pages") for b in besides])
    _row("time, ms", [b.median("milliseconds") for b in besides])
    _row("CPU, ms", [b.median("cpu_milliseconds") for b in besides])
    for process in besides[0].costs[0].cpu_seconds:
        _row(f"  {process}", [b.cpu_milliseconds_of(process) for b in besides])


def _show_growing(rows: Sequence[Growing], besides: Sequence[Beside]) -> None:
    print("\nStatements that touch more blocks for an application beside more stored ones")
    for row in rows:
        database, query = row.statement
        _row(f"{database}", row.blocks)
        print(f"      {plain(query)[:STATEMENT_SHOWN]}")
    if not rows:
        print("  none")


def _show_sizes(besides: Sequence[Beside], sizes: Sequence[Sequence[Size]]) -> None:
    print("\nMiB          stored:               " + "".join(f"{b.stored:12,}" for b in besides))
    by_name = [{(size.database, size.name): size for size in those} for those in sizes]
    order = sorted(by_name[-1].values(), key=lambda s: (s.database, s.table, s.levels > 0, s.name))
    for size in order:
        if size.bytes < MIB:
            continue
        found = [those.get((size.database, size.name)) for those in by_name]
        label = f"{size.database[:3]} {'  ' if size.levels else ''}{size.name}"
        levels = [str(one.levels) for one in found if one and one.levels]
        bytes_ = [one.bytes / MIB if one else 0.0 for one in found]
        _row(label[:34], bytes_, "12,.1f", f"  {' '.join(levels)} levels" if levels else "")
    _row("all", [sum(size.bytes for size in those) / MIB for those in sizes], "12,.1f")


def _show_verdict(few: Beside, many: Beside) -> bool:
    blocks = pair_ratio("blocks", few, many)
    seconds = pair_ratio("milliseconds", few, many)
    cpu = pair_ratio("cpu_milliseconds", few, many)
    goals = (
        (blocks <= BLOCKS_RATIO_MAX, f"blocks {blocks:.2f} x (at most {BLOCKS_RATIO_MAX})"),
        (seconds <= TIME_RATIO_MAX, f"time {seconds:.2f} x (at most {TIME_RATIO_MAX})"),
        (cpu <= TIME_RATIO_MAX, f"CPU {cpu:.2f} x (at most {TIME_RATIO_MAX})"),
    )
    print(f"\n{many.stored:,} to {few.stored:,}, median of {len(few.costs)} pairs")
    for good, text in goals:
        print(f"  {'pass' if good else 'FAIL'}  {text}")
    return all(good for good, _ in goals)


def show_plans(row: Growing, plans: Sequence[Sequence[Plan]]) -> None:
    """Print by which plans a statement ran beside few and beside many."""
    database, query = row.statement
    print(
        f"\n{database}: {plain(query)[:STATEMENT_SHOWN]}\n  {row.more:+.1f} blocks an application"
    )
    for name, those in zip(("few", "many"), plans, strict=True):
        for plan in sorted(those, key=lambda plan: -plan.runs):
            kind = "generic" if plan.generic else "custom"
            blocks = sum(plan.blocks) / plan.runs
            print(
                f"  {name:5}{plan.runs:5} runs, {kind}, {blocks:8.1f} blocks each, at most"
                f" {max(plan.blocks):,}\n       {plan.nodes[:PLAN_SHOWN]}"
            )


def show_retention(found: Sequence[Latencies]) -> bool:
    """Print how long intake took without and with old data being dropped beside it."""
    title = "Intake, from sending to the receipt, ms"
    print(f"\n{title:40}    count      p50      p95      p99      max")
    for one in found:
        figures = "".join(f"{1_000 * seconds:9.1f}" for seconds in one.percentiles)
        print(f"  {one.beside:40}{one.sent:9,}{figures}  {one.did}")
    alone, beside = found[0].p99, found[-1].p99
    most = max(P99_SECONDS_MAX, TIME_RATIO_MAX * alone)  # a machine that is busy is slow alone, too
    good = beside <= most
    print(
        f"  {'pass' if good else 'FAIL'}  p99 {1_000 * beside:.0f} ms with retention beside it"
        f" (at most {1_000 * most:.0f})"
    )
    return good
