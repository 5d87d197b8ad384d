"""The verdict on a run: a good one passes, and each planted fault turns its own criterion red."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from judged_world import ERO_OF, World, a_world
from load_findings import (
    ACCEPTED,
    CPU_SECONDS,
    INVALID,
    OTHER,
    a_delivery,
    a_run,
    an_arrivals,
    an_intake,
    broken,
    some_costs,
    some_records,
    some_refusals,
)
from simulated.deliveries import Delivery
from simulated.load.criteria import judge_run
from simulated.load.findings import Ero, Findings, Minute, Spread
from simulated.load.judged import Judged
from simulated.load.limits import Limits, LimitUnknown, limits_of
from simulated.load.records import CHANGED, DUPLICATED, LOST, MISPLACED

LIMITS = replace(limits_of("steady"), cpu_ms=1.5, cpu_judged_from=90.0)
READY = a_delivery().ready_seconds
LATENCY = an_intake().latency_ms
EROS = a_delivery().eros


def failed(run: Findings, limits: Limits = LIMITS) -> list[str]:
    return [judged.name for judged in judge_run(run, limits).criteria if not judged.passed]


def the(run: Findings, name: str, limits: Limits = LIMITS) -> Judged:
    return next(one for one in judge_run(run, limits).criteria if one.name == name)


def test_a_run_that_went_well_passes() -> None:
    verdict = judge_run(a_run(), LIMITS)
    assert failed(a_run()) == []
    assert (verdict.passed, verdict.word) == (True, "passed")


def slow(**changes: Any) -> Findings:
    return a_run(intake=an_intake(latency_ms=replace(LATENCY, **changes)))


def unready(**changes: Any) -> Findings:
    return a_run(delivery=a_delivery(ready_seconds=replace(READY, **changes)))


def refusing(**changes: object) -> Findings:
    return a_run(intake=an_intake(refusals=some_refusals(**changes)))


def answered(**answers: int) -> Findings:
    told = {"201": ACCEPTED, "422": INVALID} | {k.lstrip("s"): n for k, n in answers.items()}
    return a_run(intake=an_intake(answers=told))


def offering(*minutes: Minute) -> Findings:
    return a_run(arrivals=an_arrivals(minutes=minutes))


PLANTED: list[tuple[str, Callable[[], Findings]]] = [
    (
        "The generator kept the schedule",
        lambda: a_run(arrivals=an_arrivals(off_schedule_share=0.011)),
    ),
    (
        "The generator kept the schedule",
        lambda: a_run(arrivals=an_arrivals(whole=False)),
    ),
    (
        "The generator kept the schedule",
        lambda: a_run(arrivals=an_arrivals(send_lag_p99_ms=51.0)),
    ),
    (
        "Rate held",
        lambda: offering(Minute(6_000, 6_000, 5_880, 5_879), Minute(6_000, 6_000, 5_880, 5_880)),
    ),
    ("Rate held", lambda: a_run(intake=an_intake(unanswered=1))),
    ("Delivered to the end", lambda: a_run(delivery=a_delivery(settled_seconds=121.0))),
    ("Intake p50 from the intended start", lambda: slow(p50=51.0)),
    ("Intake p95 from the intended start", lambda: slow(p95=151.0)),
    ("Intake p99 from the intended start", lambda: slow(p99=201.0)),
    ("Intake max from the intended start", lambda: slow(max=5_001.0)),
    ("Accept to ready p50", lambda: unready(p50=1.1)),
    ("Accept to ready p99", lambda: unready(p99=2.1)),
    ("Accept to ready max", lambda: unready(max=15.1)),
    ("Accept to ready is of every accepted one", lambda: unready(count=ACCEPTED - 1)),
    *(("Lost", lambda name=name: a_run(records=broken(name, "a"))) for name in LOST),
    *(("Duplicated", lambda name=name: a_run(records=broken(name, "a"))) for name in DUPLICATED),
    *(
        ("At a wrong authority", lambda name=name: a_run(records=broken(name, "a")))
        for name in MISPLACED
    ),
    *(
        ("With a changed field", lambda name=name: a_run(records=broken(name, "a")))
        for name in CHANGED
    ),
    (
        "Other differences between the three records",
        lambda: a_run(records=broken(OTHER, "a")),
    ),
    ("Other differences between the three records", lambda: a_run(rested=False)),
    (
        "Fairness: worst ERO's p99 to the median ERO's",
        lambda: a_run(delivery=a_delivery(eros={**EROS, "worst": Ero(500, 9.0)})),
    ),
    ("Refusals honest", lambda: refusing(without_reason=["key"])),
    ("Refusals honest", lambda: refusing(accepted_all_the_same=["key"])),
    ("Refusals honest", lambda: refusing(wrongly_told=["key"])),
    ("Refusals honest", lambda: refusing(without_wait=1)),
    ("Server errors and resets", lambda: answered(s500=1)),
    ("Server errors and resets", lambda: answered(s502=1)),
    ("Server errors and resets", lambda: a_run(intake=an_intake(resets=1))),
    (
        "Keys answered with two applications",
        lambda: a_run(intake=an_intake(contradicted=1)),
    ),
    (
        "CPU an application, without the generator",
        lambda: a_run(costs=some_costs(cpu_seconds={**CPU_SECONDS, "kafka": 9.0})),
    ),
    (
        "Peak memory of any process",
        lambda: a_run(costs=some_costs(memory_bytes_max={"registration": 1_600_000_000})),
    ),
    (
        "Stored an application",
        lambda: a_run(costs=some_costs(stored_bytes={"registration": 500_000_000})),
    ),
    ("Processes that died", lambda: a_run(costs=some_costs(restarts={"verification": 1}))),
]


@pytest.mark.parametrize(("name", "plant"), PLANTED)
def test_a_planted_fault_turns_its_own_criterion_red_and_no_other(
    name: str, plant: Callable[[], Findings]
) -> None:
    run = plant()
    assert failed(run) == [name]
    assert not judge_run(run, LIMITS).passed


def test_every_criterion_has_its_planted_fault() -> None:
    judged = {one.name for one in judge_run(a_run(), LIMITS).criteria}
    assert judged == {name for name, _ in PLANTED}


def test_a_run_whose_generator_was_not_up_to_it_is_invalid_whatever_else_it_shows() -> None:
    arrivals = an_arrivals(whole=False, invalid=["it was stopped"])
    run = a_run(arrivals=arrivals)
    verdict = judge_run(run, LIMITS)
    assert (verdict.word, verdict.passed) == ("invalid", False)
    assert verdict.criteria[0].look_into == ("it was stopped",)


def test_wrong_bodies_do_not_count_against_the_rate() -> None:
    assert failed(offering(Minute(6_000, 6_000, 5_880, 5_880))) == []
    assert failed(offering(Minute(6_000, 6_000, 5_880, 5_880), Minute(3, 3, 1, 1))) == []
    assert the(a_run(), "Rate held").figure.startswith("98/s accepted, 100.0%")


def test_one_of_many_that_was_not_accepted_is_told() -> None:
    run = offering(Minute(6_000, 6_000, 5_880, 5_879))
    assert "100.0% of the valid in the worst minute, 1 not," in the(run, "Rate held").figure


@pytest.mark.parametrize("name", [*LOST, *DUPLICATED, *MISPLACED, *CHANGED])
def test_what_the_judge_did_not_look_at_has_not_passed(name: str) -> None:
    run = a_run(records=[one for one in some_records() if one.name != name])
    assert len(failed(run)) == 1


def lose(world: World) -> None:
    del world.deliveries[0]


def duplicate(world: World) -> None:
    ero, item = world.deliveries[0]
    world.deliveries.append(Delivery(ero, {**item, "id": "d" * 24}))


def misplace(world: World) -> None:
    ero, item = world.deliveries[0]
    other = next(name for name in ERO_OF.values() if name != ero)
    world.deliveries[0] = Delivery(other, item)


def change_a_field(world: World) -> None:
    world.item()["detail"]["fn"] = "Somebodyelse"


@pytest.mark.parametrize(
    ("plant", "line"),
    [
        (lose, "Lost"),
        (duplicate, "Duplicated"),
        (misplace, "At a wrong authority"),
        (change_a_field, "With a changed field"),
    ],
)
def test_what_is_planted_in_the_records_reaches_the_verdict_by_way_of_the_judge(
    plant: Callable[[World], None], line: str
) -> None:
    world = a_world()
    assert failed(a_run(records=world.judge().criteria)) == []
    plant(world)
    found = failed(a_run(records=world.judge().criteria))
    assert line in found
    lines = {"Lost", "Duplicated", "At a wrong authority", "With a changed field"}
    assert lines & set(found) == {line}


def test_no_word_of_the_judge_at_all_is_red_on_every_line() -> None:
    assert len(failed(a_run(records=[]))) == 5


@pytest.mark.parametrize("spread", [LATENCY, READY])
def test_nothing_measured_does_not_pass(spread: Spread) -> None:
    nothing = Spread(0, 0.0, 0.0, 0.0, 0.0)
    run = a_run(intake=an_intake(latency_ms=nothing), delivery=a_delivery(ready_seconds=nothing))
    assert len(failed(run)) == 8
    assert the(run, "Accept to ready p50").figure == "nothing measured"


def test_eros_with_few_applications_are_not_compared() -> None:
    few = {**EROS, "few": Ero(99, 60.0)}
    assert failed(a_run(delivery=a_delivery(eros=few))) == []
    none = a_run(delivery=a_delivery(eros={"few": Ero(99, 60.0)}))
    assert the(none, "Fairness: worst ERO's p99 to the median ERO's").word == "not judged"
    assert judge_run(none, LIMITS).not_judged == ("Fairness: worst ERO's p99 to the median ERO's",)


def test_503_is_a_refusal_and_no_server_error() -> None:
    assert failed(answered(s503=400)) == []


def test_cpu_is_that_of_everything_but_generator_and_board() -> None:
    judged = the(a_run(), "CPU an application, without the generator")
    own = sum(CPU_SECONDS.values()) - CPU_SECONDS["generator-1"] - CPU_SECONDS["board"]
    assert judged.figure.startswith(f"{1000 * own / ACCEPTED:.2f} ms")


def test_cpu_of_few_applications_is_shown_and_not_judged() -> None:
    run = a_run(costs=some_costs(cpu_seconds={"kafka": 900.0}))
    few = replace(LIMITS, cpu_judged_from=500.0)
    assert failed(run, few) == []
    assert the(run, "CPU an application, without the generator", few).word == "not judged"
    nobody_looked = a_run(costs=some_costs(cpu_seconds={}))
    assert len(failed(nobody_looked, few)) == 1


def test_limits_are_of_the_shape_and_can_be_changed_by_name() -> None:
    assert limits_of("steady").intake_p99_ms == 200.0
    assert limits_of("deadline-2016").intake_p99_ms == 500.0
    assert limits_of("steady", ["intake_p99_ms=75", "fairness=2"]).intake_p99_ms == 75.0


@pytest.mark.parametrize("change", ["intake_p98_ms=3", "intake_p99_ms=soon", "intake_p99_ms"])
def test_a_limit_that_does_not_exist_is_refused(change: str) -> None:
    with pytest.raises(LimitUnknown):
        limits_of("steady", [change])
