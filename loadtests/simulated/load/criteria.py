"""The verdict on a run: each criterion with its figure and its limit. Nothing here has I/O."""

import statistics
from collections.abc import Iterable

from simulated.load.findings import Ero, Findings, Intake, Spread
from simulated.load.judged import Judged, RunVerdict
from simulated.load.limits import Limits
from simulated.load.records import record_criteria
from simulated.verdict import OFFENDERS_SHOWN

EROS_MIN = 3  # the highest of two is less than twice their median, whatever they are
ERO_APPLICATIONS_MIN = 100  # of fewer the 99th percentile is only the slowest one
MB = 1_000_000


def judge_run(run: Findings, limits: Limits) -> RunVerdict:
    generator = _generator(run, limits)
    return RunVerdict(
        (
            generator,
            *_rate(run, limits),
            *_intake(run.intake.latency_ms, limits),
            *_ready(run.delivery.ready_seconds, run.intake.accepted, limits),
            *record_criteria(run),
            _fairness(run.delivery.eros.values(), limits),
            _refusals(run),
            _errors(run, limits),
            _one_effect(run.intake),
            _cpu(run, limits),
            *_costs(run, limits),
        ),
        generator.passed,
    )


def _generator(run: Findings, limits: Limits) -> Judged:
    """A generator that did not offer what it was to offer has measured nothing."""
    arrivals = run.arrivals
    off, late = arrivals.off_schedule_share, arrivals.send_lag_p99_ms
    kept = off <= limits.off_schedule_share and late <= limits.send_lag_p99_ms and arrivals.whole
    stopped = "" if arrivals.whole else ", stopped before the schedule's end"
    return Judged(
        "The generator kept the schedule",
        kept,
        f"worst minute {off:.2%} off, sent {late:,.1f} ms late (p99){stopped}",
        f"{limits.off_schedule_share:.0%}, {limits.send_lag_p99_ms:,.0f} ms",
        () if kept else tuple(arrivals.invalid),
    )


def _rate(run: Findings, limits: Limits) -> Iterable[Judged]:
    intake, delivery = run.intake, run.delivery
    minutes = run.arrivals.minutes
    worst = min((m.accepted / m.valid for m in minutes if m.valid), default=0.0)
    missing = sum(m.valid - m.accepted for m in minutes)
    mean = intake.accepted / max(run.run.seconds, 1.0)
    yield Judged(
        "Rate held",
        worst >= limits.accepted_share and intake.unanswered == 0,
        f"{mean:,.0f}/s accepted, {worst:.1%} of the valid in the worst minute, {missing:,} not, "
        f"{intake.unanswered:,} unanswered",
        f"{limits.accepted_share:.0%}, 0",
    )
    yield _at_most(
        "Delivered to the end",
        delivery.settled_seconds,
        limits.settled_seconds,
        "s",
        f"{delivery.rate:,.0f}/s to the last acknowledgement, which came after ",
    )


def _intake(latency: Spread, limits: Limits) -> Iterable[Judged]:
    for part in ("p50", "p95", "p99", "max"):
        limit = getattr(limits, f"intake_{part}_ms")
        yield _measured(f"Intake {part} from the intended start", latency, part, limit, "ms")


def _ready(ready: Spread, accepted: int, limits: Limits) -> Iterable[Judged]:
    for part in ("p50", "p99", "max"):
        limit = getattr(limits, f"ready_{part}_seconds")
        yield _measured(f"Accept to ready {part}", ready, part, limit, "s")
    yield Judged(
        "Accept to ready is of every accepted one",
        ready.count == accepted,
        f"{ready.count:,} of {accepted:,}",
        "all",
    )


def _measured(name: str, spread: Spread, part: str, limit: float, unit: str) -> Judged:
    """Nothing measured is nothing shown."""
    judged = _at_most(name, getattr(spread, part), limit, unit)
    return judged if spread.count else Judged(name, False, "nothing measured", judged.limit)


def _fairness(eros: Iterable[Ero], limits: Limits) -> Judged:
    """Only EROs of whom there were enough are compared; a small run may have none."""
    compared = [ero.p99_seconds for ero in eros if ero.count >= ERO_APPLICATIONS_MIN]
    name, limit = "Fairness: worst ERO's p99 to the median ERO's", f"{limits.fairness:g}"
    if len(compared) < EROS_MIN:
        few = f"{len(compared)} EROs had {ERO_APPLICATIONS_MIN} applications"
        return Judged(name, True, few, limit, is_judged=False)
    median = statistics.median(compared)
    ratio = max(compared) / max(median, 0.001)
    figure = f"{ratio:.2f} ({max(compared):.2f} s to {median:.2f} s, {len(compared)} EROs)"
    return Judged(name, ratio <= limits.fairness, figure, limit)


def _refusals(run: Findings) -> Judged:
    refusals = run.intake.refusals
    broken = (refusals.without_reason, refusals.accepted_all_the_same, refusals.wrongly_told)
    words = ("without a reason", "accepted all the same", "told something else than 422")
    found = ", ".join(f"{len(keys):,} {said}" for keys, said in zip(broken, words, strict=True))
    waits = f"{refusals.told_to_wait:,} told to come back, {refusals.told_again:,} of them again"
    return Judged(
        "Refusals honest",
        not any(broken) and refusals.without_wait == 0,
        f"{refusals.expected:,} of wrong bodies, {refusals.others:,} others: {found}; "
        f"{waits}, {refusals.without_wait:,} not told when",
        "0",
        tuple(key for keys in broken for key in keys)[:OFFENDERS_SHOWN],
    )


def _errors(run: Findings, limits: Limits) -> Judged:
    intake = run.intake
    answers = ", ".join(f"{status}: {count:,}" for status, count in sorted(intake.answers.items()))
    figure = f"{intake.server_errors:,} ({answers or 'no answers'}; resets: {intake.resets:,})"
    passed = intake.server_errors <= limits.server_errors and bool(intake.answers)
    return Judged("Server errors and resets", passed, figure, f"{limits.server_errors:,.0f}")


def _one_effect(intake: Intake) -> Judged:
    """Whoever reloads, or has three tabs, has one application all the same."""
    figure = f"{intake.contradicted:,}"
    return Judged("Keys answered with two applications", intake.contradicted == 0, figure, "0")


def _cpu(run: Findings, limits: Limits) -> Judged:
    """What is spent whether anybody applies or not is much of the cost of few applications."""
    costs, accepted = run.costs, max(1, run.intake.accepted)
    together = 1000 * sum(costs.cpu_seconds.values()) / accepted
    system = 1000 * costs.of_the_system / accepted
    rate = accepted / max(run.run.seconds, 1.0)
    slow = rate < limits.cpu_judged_from
    note = f"; judged from {limits.cpu_judged_from:,.0f}/s on" if slow else ""
    return Judged(
        "CPU an application, without the generator",
        system > 0 and (slow or system <= limits.cpu_ms),
        f"{system:.2f} ms ({together:.2f} ms with generator and board){note}",
        f"{limits.cpu_ms:g} ms",
        is_judged=not slow,
    )


def _costs(run: Findings, limits: Limits) -> Iterable[Judged]:
    costs, accepted = run.costs, max(1, run.intake.accepted)
    most = max(costs.memory_bytes_max.items(), key=lambda one: one[1], default=("nobody", 0))
    yield Judged(
        "Peak memory of any process",
        0 < most[1] <= limits.memory_mb * MB,
        f"{most[0]} {most[1] / MB:,.0f} MB",
        f"{limits.memory_mb:,.0f} MB",
    )
    stored = sum(costs.stored_bytes.values()) / accepted
    yield Judged(
        "Stored an application",
        0 < stored <= limits.stored_bytes,
        f"{stored:,.0f} bytes",
        f"{limits.stored_bytes:,.0f} bytes",
    )
    again = [f"{name} {count}" for name, count in costs.restarts.items() if count]
    yield Judged("Processes that died", not again, ", ".join(again) or "0", "0")


def _at_most(name: str, value: float, limit: float, unit: str, before: str = "") -> Judged:
    figure = f"{before}{_number(value)} {unit}"
    return Judged(name, value <= limit, figure, f"{_number(limit)} {unit}")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
