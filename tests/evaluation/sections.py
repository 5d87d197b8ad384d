"""The sections of the page that show figures: a plot each, and the same as a table."""

from collections.abc import Sequence
from html import escape

from evaluation import tables
from evaluation.judging import Found
from evaluation.plots import Bar, Dot, Stack, bars, dots, stacks
from evaluation.report import BEFORE, NOW, OF_THE_MIX, Report
from evaluation.table import LEVELS
from evaluation.wording import number, percent

BARS_MAX = 16
AXIS_TOPS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)  # the smallest that holds all is taken


def _figure(caption: str, plot: str, table: str, legend: str = "") -> str:
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>{legend}"
        f'<div class="scroll">{plot}</div></figure>{table}'
    )


def _now_and_before(report: Report) -> str:
    now, before = map(escape, report.versions)
    return (
        f'<ul class="legend"><li><i class="dot"></i>rule set {now}</li>'
        f'<li><i class="line"></i>its 95% interval</li>'
        f'<li><i class="ring"></i>rule set {before}</li></ul>'
    )


def _dots(found: Sequence[Found]) -> list[tuple[str, list[Dot]]]:
    return [
        (name, [Dot(f.difference.title, f.wrong(NOW), f.wrong(BEFORE)) for f in kinds])
        for name, kinds in tables.by_group(found)
    ]


def _axis_top(found: Sequence[Found]) -> float:
    highest = max(max(f.wrong(NOW).high, f.wrong(BEFORE).value) for f in found)
    return next(top for top in AXIS_TOPS if highest <= top)


def false_red(report: Report) -> str:
    title = "Share of the same people who are not green, by kind of difference"
    plot = dots(title, _dots(report.same), 1.0)
    table = tables.shares(report, report.same, "False red")
    shown = _figure(title + ".", plot, table, _now_and_before(report))
    return f"<h2>The same person, but red</h2>{shown}"


def false_green(report: Report) -> str:
    top = _axis_top(report.others)
    title = "Share of other people who are green, by who gives the NINO"
    plot = dots(title, _dots(report.others), top)
    caption = f"{title}. Mind the axis: it ends at {percent(top, 0)}."
    table = tables.shares(report, report.others, "False green")
    shown = _figure(caption, plot, table, _now_and_before(report))
    return f"<h2>Another person, but green</h2>{shown}"


def contributions(report: Report) -> str:
    parts = report.wrong_in_the_mix(report.same, NOW)[:BARS_MAX]
    top = max(part.applications for part in parts) or 1.0
    title = f"False reds in {OF_THE_MIX:,} applications of the mix, by kind: the first {len(parts)}"
    rows = [Bar(part.title, part.applications, number(part.applications)) for part in parts]
    shown = _figure(title + ".", bars(title, rows, _round_up(top)), tables.contributions(report))
    return f"<h2>Where the false reds come from</h2>{shown}"


def _round_up(value: float) -> float:
    """The next number of one figure and noughts that five steps divide well."""
    step = 10 ** (len(str(int(value))) - 1)
    return float(-(-value // step) * step)


def beside(report: Report) -> str:
    """The totals of both rule sets, and whom they decide otherwise."""
    now, before = report.versions
    changed = [
        (found.difference.title, *map(number, both))
        for found in report.found
        if any(both := (found.only_green_in(NOW, BEFORE), found.only_green_in(BEFORE, NOW)))
    ]
    words = f"<p>Both decide all {report.applicants:,} applicants alike.</p>"
    if changed:
        head = ("Kind", f"Green only by {now}", f"Green only by {before}")
        words = tables.html_table("Whom they decide otherwise", head, [("", changed)])
    heading = f"<h2>Rule set {escape(now)} beside {escape(before)}</h2>"
    return heading + words + tables.totals(report)


def levels(report: Report) -> str:
    """How the first and last names of each kind agree."""
    title = "Levels of first and last names, by kind of difference"
    rows = [_stack(found) for found in report.found]
    swatches = "".join(f'<li><i class="{level}"></i>{level}</li>' for level in LEVELS)
    plot = stacks(title, ("First name", "Last name"), rows)
    caption = f"{title}. Not applicable: the NINO or date of birth did not match before."
    both = "".join(tables.levels(report, part) for part in ("first", "last"))
    shown = _figure(caption, plot, both, f'<ul class="legend">{swatches}</ul>')
    return f"<h2>Levels</h2>{shown}"


def _stack(found: Found) -> Stack:
    first, last = (
        [(level, counted[level] / found.cases) for level in LEVELS]
        for counted in (found.first, found.last)
    )
    return Stack(found.difference.title, first, last)


def rules(report: Report) -> str:
    return f"<h2>Which rule makes them green</h2>{tables.rules(report)}"


def kinds(report: Report) -> str:
    return f"<h2>The kinds, and the mix</h2>{tables.kinds(report)}"
