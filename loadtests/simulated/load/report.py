"""The report of a run: one HTML file that needs nothing else, for the screen and for paper."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

from simulated.load.criteria import MB
from simulated.load.findings import BOARD, GENERATOR, Findings, Second
from simulated.load.judged import FAIL, NOT_JUDGED, PASS, Judged, RunVerdict
from simulated.load.plots import Line, lines, stacked
from simulated.verdict import Criterion

SHOWN_APART = (
    "postgres",
    "kafka",
    "registration",
    "verification",
    "ems-gateway",
    "dwp",
    "councils",
    GENERATOR,
    BOARD,
)
OTHERS = "others"
_TONES = {PASS: "good", FAIL: "bad", NOT_JUDGED: "unjudged"}
_PAGE = Path(__file__).with_name("page.html")
_WORDS = {
    "passed": "Passed: every criterion is within its limit.",
    "partly": "Passed: {2} of {1} criteria are within their limit, the others were not judged.",
    "failed": "Failed: {} of {} criteria are outside their limit.",
    "invalid": "Invalid: the generator did not offer what it was asked to offer.",
}
_COSTS_EXPLAINED = (
    "CPU from the first arrival to the last acknowledgement, children included; memory is the "
    "highest seen at any look. The board is this measuring itself. What the looks cost "
    "the services and Postgres is in their figures."
)


def page(run: Findings, verdict: RunVerdict) -> str:
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(f"{run.run.shape}: {run.run.total:,} applications"),
        lead=escape(_lead(run)),
        word=escape(_word(verdict)),
        tone="good" if verdict.passed else "bad",
        tiles="".join(_tile(*tile) for tile in _tiles(run)),
        criteria="".join(map(_row, verdict.criteria)),
        plots="".join(_plots(run.seconds)),
        costs="".join(_costs(run)),
        costs_explained=_COSTS_EXPLAINED,
        stored="".join(_stored(run)),
        records="".join(map(_record, run.records)),
    )


def _word(verdict: RunVerdict) -> str:
    total = len(verdict.criteria)
    failed = sum(not judged.passed for judged in verdict.criteria)
    within = total - failed - len(verdict.not_judged)
    partly = verdict.passed and verdict.not_judged
    return _WORDS["partly" if partly else verdict.word].format(failed, total, within)


def _lead(run: Findings) -> str:
    asked = run.run
    faster = f", {asked.compress:g} times as fast as in life" if asked.compress != 1 else ""
    changed = f"with {', '.join(asked.changed)}; " if asked.changed else ""
    counted = ", ".join(f"{count} {name}" for name, count in asked.processes.items())
    return (
        f"{_duration(asked.seconds)}{faster}, at most {asked.peak_rate:,.0f}/s, seed {asked.seed}; "
        f"{counted}; {asked.machine}; {changed}begun {asked.started_at}."
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _tiles(run: Findings) -> Iterable[tuple[str, str]]:
    accepted = max(1, run.intake.accepted)
    latency, ready = run.intake.latency_ms, run.delivery.ready_seconds
    yield f"{run.intake.accepted:,}", f"accepted of {run.intake.sent:,} sent"
    yield f"{run.delivery.rate:,.0f}/s", "from first arrival to last acknowledgement"
    yield f"{latency.p99:,.0f} ms", "intake p99, from the intended start"
    yield f"{ready.p99:,.2f} s", "accept to ready, p99"
    yield f"{1000 * run.costs.of_the_system / accepted:.2f} ms", "CPU an application"
    yield f"{sum(run.costs.stored_bytes.values()) / accepted:,.0f} B", "stored an application"


def _tile(figure: str, words: str) -> str:
    return f"<li><strong>{escape(figure)}</strong><span>{escape(words)}</span></li>"


def _row(judged: Judged) -> str:
    look = "".join(f'<span class="look">{escape(one)}</span>' for one in judged.look_into)
    return (
        f'<tr class="{_TONES[judged.word]}"><td class="mark">{judged.word}</td>'
        f'<td class="name">{escape(judged.name)}</td>'
        f'<td>{escape(judged.figure)}{look}</td><td class="limit">{escape(judged.limit)}</td></tr>'
    )


def _record(criterion: Criterion) -> str:
    mark = PASS if criterion.passed else FAIL
    numbers = ", ".join(f"{name} {number:,}" for name, number in criterion.numbers.items())
    look = "".join(f'<span class="look">{escape(one)}</span>' for one in criterion.offenders)
    return (
        f'<tr class="{_TONES[mark]}"><td class="mark">{mark}</td><td>{escape(criterion.name)}</td>'
        f"<td>{escape(numbers)}{look}</td></tr>"
    )


def _plots(seconds: Sequence[Second]) -> Iterable[str]:
    at = [one.second for one in seconds]
    yield _figure(
        "Offered and goodput: arrivals, acceptances and acknowledgements a second.",
        lines(
            "Arrivals, acceptances and acknowledgements a second",
            at,
            [
                Line("offered", "three", [one.offered for one in seconds]),
                Line("accepted", "one", [one.accepted for one in seconds]),
                Line("refused", "two", [one.refused for one in seconds]),
                Line("told to come back", "board", [one.turned_away for one in seconds]),
                Line("acknowledged", "kafka", [one.delivered for one in seconds]),
            ],
        ),
    )
    yield _figure(
        "Latency of intake in milliseconds, counted from the intended start; each step is tenfold.",
        lines(
            "Latency of intake, milliseconds",
            at,
            [
                Line("p99", "two", [one.p99_ms for one in seconds]),
                Line("p50", "one", [one.p50_ms for one in seconds]),
            ],
            logarithmic=True,
            of_many=max,
        ),
    )
    yield _figure(
        "Lag: applications accepted that have no outcome yet, and outcomes that no council has "
        "acknowledged yet.",
        lines(
            "Applications that wait",
            at,
            [
                Line("for an outcome", "one", [one.lag for one in seconds]),
                Line("for a council", "two", [one.queued for one in seconds]),
            ],
            filled=True,
        ),
    )
    yield _figure(
        "CPU by process, in cores.", stacked("Cores in use, by process", at, _cores(seconds))
    )


def _figure(caption: str, drawing: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawing}</figure>"


def _cores(seconds: Sequence[Second]) -> list[Line]:
    """Instances of a service are one line; so are the brokers, and what uses next to nothing."""
    grouped = [_by_kind(one.cores) for one in seconds]
    used = [name for name in (*SHOWN_APART, OTHERS) if any(one.get(name) for one in grouped)]
    return [Line(name, name, [one.get(name, 0.0) for one in grouped]) for name in used]


def _by_kind(figures: Mapping[str, float]) -> Mapping[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for name, figure in figures.items():
        sums[_kind(name)] += figure
    return sums


def _kind(process: str) -> str:
    """`registration-2` is a registration."""
    known = (kind for kind in SHOWN_APART if process == kind or process.startswith(f"{kind}-"))
    return next(known, OTHERS)


def _costs(run: Findings) -> Iterable[str]:
    costs, accepted = run.costs, max(1, run.intake.accepted)
    most = max(costs.cpu_seconds.values(), default=1.0) or 1.0
    for name, seconds in sorted(costs.cpu_seconds.items(), key=lambda one: -one[1]):
        width = f"{100 * seconds / most:.1f}%"
        bar = f'<i class="{_kind(name)}" style="width:{width}"></i>'
        yield _cost(name, seconds, accepted, bar, costs.memory_bytes_max.get(name))
    yield _cost("without generator and board", costs.of_the_system, accepted, style="sum")
    yield _cost("together", sum(costs.cpu_seconds.values()), accepted, style="sum")


def _cost(
    name: str,
    seconds: float,
    accepted: int,
    bar: str = "",
    memory: int | None = None,
    style: str = "",
) -> str:
    megabytes = "" if memory is None else f"{memory / MB:,.0f}"
    return (
        f'<tr class="{style}"><th>{escape(name)}</th><td class="number">{seconds:,.1f}</td>'
        f'<td class="number">{1000 * seconds / accepted:.3f}</td><td class="bar">{bar}</td>'
        f'<td class="number">{megabytes}</td></tr>'
    )


def _stored(run: Findings) -> Iterable[str]:
    accepted = max(1, run.intake.accepted)
    stored = {**run.costs.stored_bytes, "together": sum(run.costs.stored_bytes.values())}
    for name, size in stored.items():
        style = "sum" if name == "together" else ""
        yield (
            f'<tr class="{style}"><th>{escape(name)}</th><td class="number">{size / MB:,.1f}</td>'
            f'<td class="number">{size / accepted:,.0f}</td></tr>'
        )
