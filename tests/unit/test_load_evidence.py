"""What a run left behind is read as it was written: summaries, books, the judge's word."""

from pathlib import Path
from typing import Any

import pytest
from simulated.load.evidence import read_findings
from simulated.load.figures import Figures
from simulated.load.findings import Findings
from simulated.receipts import Receipt, ReceiptBook, Run

TIME = "2026-11-22T10:00:00.000000Z"
NOTHING = {"count": 0, "p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}


def a_receipt(key: str, **changes: Any) -> Receipt:
    return Receipt(1, key, 201, 1, TIME, TIME, application_id=key)._replace(**changes)


def a_book(path: Path, *receipts: Receipt) -> Path:
    book = ReceiptBook(path, Run(7, {}, "2026-11-22"))
    for receipt in receipts:
        book.add(receipt)
    book.close()
    return path


def a_summary(seconds: int, **changes: Any) -> dict[str, Any]:
    """One generator's: 10 offered and 8 accepted each second, each after 20 ms."""
    figures = Figures()
    for second in range(seconds):
        for n in range(10):
            due = second + n / 10
            figures.offer(due, due + 0.004, was_held_up=False, wrong=n == 9)
            if n < 8:
                figures.answer(0.020, due, accepted=True)
                figures.answers["201"] += 1
        figures.turned_away += 3
        figures.close_second(second + 1)
    scheduled = [600] * (seconds // 60) + ([10 * (seconds % 60)] if seconds % 60 else [])
    return {**figures.summary(scheduled, whole=True), **changes}


def a_sample(second: float, **changes: Any) -> dict[str, Any]:
    counts = {"delivered": 5 * second, "lag": 1, "queued": 2, "oldest_seconds": 0.5}
    return {"second": second, **counts, "cpu_seconds": {"kafka": 0.25 * second}, **changes}


def measured(**changes: Any) -> dict[str, Any]:
    run = {"shape": "steady", "total": 1, "compress": 1.0, "seed": 1, "seconds": 3.0}
    where: dict[str, Any] = {"peak_rate": 10.0, "started_at": TIME, "processes": {}}
    where |= {"changed": [], "machine": "this one"}
    delivery = {"eros": {"leeds": {"count": 3, "p99_seconds": 0.5}}, "ready_seconds": NOTHING}
    costs = ("cpu_seconds", "memory_bytes_max", "restarts", "stored_bytes")
    return {
        "run": {**run, **where},
        "delivery": {**delivery, "acknowledged": 3, "settled_seconds": 1.0, "rate": 1.0},
        "costs": {name: {} for name in costs},
        "samples": [a_sample(1.0), a_sample(2.0), a_sample(4.0)],
        **changes,
    }


def read(summaries: list[dict[str, Any]], books: list[Path], **changes: Any) -> Findings:
    one = {"name": "Lost?", "passed": False, "numbers": {"offences": 1}, "offenders": ["a"]}
    return read_findings(measured(**changes), summaries, books, {"rested": True, "criteria": [one]})


def test_minutes_have_what_was_scheduled_offered_and_accepted_in_them(tmp_path: Path) -> None:
    found = read([a_summary(70), a_summary(70)], [a_book(tmp_path / "book")])
    first, second = found.arrivals.minutes
    assert (first.scheduled, first.offered) == (1_200, 1_200)
    assert (first.valid, first.accepted) == (1_080, 960)
    assert (second.scheduled, second.offered) == (200, 200)
    assert (second.valid, second.accepted) == (180, 160)
    assert found.arrivals.send_lag_p99_ms == pytest.approx(4.0, rel=0.01)
    assert found.arrivals.invalid == []
    assert found.arrivals.whole


@pytest.mark.parametrize(("offered", "off"), [([102, 98], 0.0), ([103, 97], 0.03)])
def test_each_generator_has_to_keep_its_own_schedule(
    tmp_path: Path, offered: list[int], off: float
) -> None:
    """What is too much of one and too little of another is no schedule that was kept."""
    one = a_summary(90, scheduled=[100, 100], offered=offered)
    other = a_summary(90, scheduled=[100, 100], offered=offered[::-1])
    found = read([one, other], [a_book(tmp_path / "book")])
    assert found.arrivals.off_schedule_share == pytest.approx(off)


def test_a_generator_that_was_stopped_says_so(tmp_path: Path) -> None:
    stopped = a_summary(70, whole=False, valid=False, why_invalid="it was stopped")
    found = read([a_summary(70), stopped], [a_book(tmp_path / "book")])
    assert (found.arrivals.invalid, found.arrivals.whole) == (["it was stopped"], False)


def test_latencies_and_answers_of_all_generators_are_together(tmp_path: Path) -> None:
    found = read(
        [a_summary(3), a_summary(2, resets=2, contradicted=1)], [a_book(tmp_path / "book")]
    )
    assert found.intake.latency_ms.count == 40
    assert found.intake.latency_ms.p99 == pytest.approx(20.0, rel=0.01)
    assert (found.intake.answers, found.intake.resets) == ({"201": 40}, 2)
    assert found.intake.contradicted == 1


def test_each_way_of_being_refused_is_told_apart(tmp_path: Path) -> None:
    wrong: dict[str, Any] = {"expected_refusal": True, "application_id": "", "reason": "no"}
    book = a_book(
        tmp_path / "book",
        a_receipt("accepted"),
        a_receipt("replayed", status=200),
        a_receipt("unanswered", status=0),
        a_receipt("broken", status=500),
        a_receipt("later", status=503, turned_away=True, reason="full"),
        a_receipt("silent", status=503, turned_away=True),
        a_receipt("wrong", status=422, **wrong),
        a_receipt("wrong-later", status=503, turned_away=True, **wrong),
        a_receipt("wrong-taken", status=201, **{**wrong, "application_id": "x"}),
        a_receipt("wrong-otherwise", status=401, **wrong),
    )
    intake = read([a_summary(1)], [book]).intake
    assert (intake.sent, intake.accepted, intake.unanswered) == (10, 3, 2)
    refusals = intake.refusals
    assert (refusals.expected, refusals.others) == (4, 2)
    assert refusals.without_reason == ["silent"]
    assert refusals.accepted_all_the_same == ["wrong-taken"]
    assert refusals.wrongly_told == ["wrong-otherwise"]


def test_seconds_are_rates_between_looks_and_end_with_the_generators(tmp_path: Path) -> None:
    found = read([a_summary(2)], [a_book(tmp_path / "book")])
    first, second, last = found.seconds
    assert (first.offered, first.accepted, first.delivered) == (10.0, 8.0, 5.0)
    assert (first.turned_away, second.turned_away, last.turned_away) == (3.0, 3.0, 0.0)
    assert second.offered == 10.0
    assert second.p99_ms == pytest.approx(20.0, rel=0.01)
    assert (last.offered, last.accepted, last.delivered, last.p99_ms) == (0.0, 0.0, 5.0, None)
    assert [one.cores["kafka"] for one in found.seconds] == [0.25, 0.25, 0.25]


def test_a_look_tells_the_worst_of_the_seconds_since_the_one_before(tmp_path: Path) -> None:
    told = a_summary(10)
    told["by_second"][6]["p99_ms"] = 900.0
    samples = [a_sample(5.0), a_sample(10.0), a_sample(11.0)]
    found = read([told], [a_book(tmp_path / "book")], samples=samples)
    first, *others = (one.p99_ms for one in found.seconds)
    assert first == pytest.approx(20.0, rel=0.01)
    assert others == [900.0, None]
    assert [one.offered for one in found.seconds] == [10.0, 10.0, 0.0]


def test_the_judges_criteria_are_his_own(tmp_path: Path) -> None:
    found = read([a_summary(1)], [a_book(tmp_path / "book")])
    (criterion,) = found.records
    assert (criterion.name, criterion.passed, criterion.offenders) == ("Lost?", False, ("a",))
    assert found.rested
    assert found.delivery.eros["leeds"].count == 3
