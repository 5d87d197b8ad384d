"""Reading what a run left behind: generators' summaries, books, the judge's word, measurements."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulated.judging import read_books
from simulated.load.findings import (
    Arrivals,
    Costs,
    Delivery,
    Ero,
    Findings,
    Intake,
    Minute,
    Refusals,
    RunAsked,
    Second,
    Spread,
)
from simulated.load.latency import decoded
from simulated.load.limits import off_schedule
from simulated.receipts import Receipt
from simulated.verdict import Criterion

Json = Mapping[str, Any]
REFUSED_AS_INVALID = 422
_OF_A_MINUTE = ("scheduled", "offered", "valid_due", "valid_accepted")
_WAITS = ("without_wait", "turned_away", "turned_away_again")


def read_findings(
    measured: Json, summaries: Sequence[Json], books: Sequence[Path], judged: Json
) -> Findings:
    """Everything of a run. Raises KeyError where a file lacks what it should have."""
    by_second = merged_seconds([summary["by_second"] for summary in summaries])
    return Findings(
        run=RunAsked(**measured["run"]),
        arrivals=_arrivals(summaries),
        intake=_intake(summaries, read_books(books)[1]),
        delivery=_delivery(measured["delivery"]),
        records=[_criterion(one) for one in judged["criteria"]],
        rested=judged["rested"],
        costs=Costs(**measured["costs"]),
        seconds=list(_seconds(by_second, measured["samples"])),
    )


def merged_seconds(told: Sequence[Sequence[Json]]) -> list[dict[str, float]]:
    """What several generators told each second, as one: counts added, of latencies the worst."""
    merged: dict[int, dict[str, float]] = {}
    for generator in told:
        last: Json = {}
        at = {round(line["second"]): line for line in generator}
        for second in range(max(map(_last_second, told), default=0) + 1):
            last = at.get(second, {**last, "p50_ms": None, "p99_ms": None})
            _add(merged.setdefault(second, {"second": float(second)}), last)
    return [merged[second] for second in sorted(merged)]


def _last_second(told: Sequence[Json]) -> int:
    return max((round(line["second"]) for line in told), default=0)


def _add(into: dict[str, float], line: Json) -> None:
    for name in ("offered", "accepted", "refused", "turned_away", "failed"):
        into[name] = into.get(name, 0.0) + line.get(name, 0)
    for name in ("p50_ms", "p99_ms"):
        if line.get(name):  # 0 where nobody was answered
            into[name] = max(into.get(name, 0.0), line[name])


def _arrivals(summaries: Sequence[Json]) -> Arrivals:
    length = max(len(summary["scheduled"]) for summary in summaries)
    by_minute = (
        (sum(_of_minute(summary[name], minute) for summary in summaries) for name in _OF_A_MINUTE)
        for minute in range(length)
    )
    return Arrivals(
        [Minute(*counts) for counts in by_minute],
        [s["why_invalid"] for s in summaries if not s["valid"]],
        all(s["whole"] for s in summaries),
        max(map(_off_schedule, summaries)),
        max(_spread_ms([s["send_lag"]]).p99 for s in summaries),
    )


def _off_schedule(summary: Json) -> float:
    counts = zip(summary["offered"], summary["scheduled"], strict=True)
    return max((off_schedule(*of_minute) for of_minute in counts), default=1.0)


def _of_minute(counts: Sequence[int], minute: int) -> int:
    return counts[minute] if minute < len(counts) else 0


def _spread_ms(encoded: Iterable[str]) -> Spread:
    """Of several histograms together; they hold microseconds."""
    whole, *others = map(decoded, encoded)
    for one in others:
        whole.add(one)
    p50, p95, p99 = (whole.get_value_at_percentile(p) / 1000 for p in (50, 95, 99))
    return Spread(whole.get_total_count(), p50, p95, p99, whole.get_max_value() / 1000)


def _intake(summaries: Sequence[Json], receipts: Iterable[Receipt]) -> Intake:
    sent = accepted = unanswered = 0
    refusals = _Refusals()
    for receipt in receipts:
        sent += 1
        accepted += receipt.accepted
        unanswered += not receipt.answered
        refusals.judge(receipt)
    answers: Counter[str] = Counter()
    for summary in summaries:
        answers.update({str(status): count for status, count in summary["answers"].items()})
    return Intake(
        sent,
        accepted,
        unanswered,
        refusals.found(*(sum(s[name] for s in summaries) for name in _WAITS)),
        _spread_ms(summary["histogram"] for summary in summaries),
        dict(answers),
        sum(summary["resets"] for summary in summaries),
        sum(summary["contradicted"] for summary in summaries),
    )


@dataclass
class _Refusals:
    expected: int = 0
    others: int = 0
    without_reason: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    told_otherwise: list[str] = field(default_factory=list)

    def judge(self, receipt: Receipt) -> None:
        refused = receipt.answered and not receipt.accepted
        if refused and not receipt.reason:
            self.without_reason.append(receipt.key)
        if not receipt.expected_refusal:
            self.others += refused
            return
        self.expected += 1
        if receipt.accepted:
            self.accepted.append(receipt.key)
        elif refused and not receipt.turned_away and receipt.status != REFUSED_AS_INVALID:
            self.told_otherwise.append(receipt.key)

    def found(self, *waits: int) -> Refusals:
        told = (self.without_reason, self.accepted, self.told_otherwise)
        return Refusals(self.expected, self.others, *told, *waits)


def _delivery(measured: Json) -> Delivery:
    return Delivery(
        ready_seconds=Spread(**measured["ready_seconds"]),
        eros={ero: Ero(**figures) for ero, figures in measured["eros"].items()},
        acknowledged=measured["acknowledged"],
        settled_seconds=measured["settled_seconds"],
        rate=measured["rate"],
    )


def _criterion(one: Json) -> Criterion:
    return Criterion(one["name"], one["passed"], one["numbers"], tuple(one["offenders"]))


def _seconds(by_second: Sequence[Json], samples: Sequence[Json]) -> Iterable[Second]:
    """What each look tells; generators tell nothing any more once all are answered."""
    told = {round(line["second"]): line for line in by_second}
    last_told = max(told, default=0)
    before: Json = {}
    for sample in samples:
        second, length = sample["second"], sample["second"] - before.get("second", 0.0)
        if length <= 0:
            continue
        now = told.get(min(round(second), last_told), {})
        then = told.get(min(round(before.get("second", 0.0)), last_told), {})
        since = range(round(before.get("second", 0.0)) + 1, round(second) + 1)
        lines = [told[n] for n in since if n in told]
        yield Second(
            second=second,
            offered=(now.get("offered", 0) - then.get("offered", 0)) / length,
            accepted=(now.get("accepted", 0) - then.get("accepted", 0)) / length,
            refused=(now.get("refused", 0) - then.get("refused", 0)) / length,
            turned_away=(now.get("turned_away", 0) - then.get("turned_away", 0)) / length,
            delivered=(sample["delivered"] - before.get("delivered", 0)) / length,
            p50_ms=_worst(lines, "p50_ms"),
            p99_ms=_worst(lines, "p99_ms"),
            lag=sample["lag"],
            queued=sample["queued"],
            oldest_seconds=sample["oldest_seconds"],
            cores={
                name: max(0.0, cpu - before.get("cpu_seconds", {}).get(name, 0.0)) / length
                for name, cpu in sample["cpu_seconds"].items()
            },
        )
        before = sample


def _worst(lines: Sequence[Json], figure: str) -> float | None:
    return max((line[figure] for line in lines if line.get(figure) is not None), default=None)
