"""A run that went well, in plain figures, for tests that plant a fault in it."""

from dataclasses import replace
from math import sin
from typing import Any

from simulated.load.criteria import MB
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
from simulated.load.records import CHANGED, DUPLICATED, LOST, MISPLACED
from simulated.verdict import Criterion

OTHER = "Results are those that the truth demands"
SENT, INVALID = 12_000, 240
ACCEPTED = SENT - INVALID
CPU_SECONDS = {
    "postgres": 4.1,
    "registration": 3.6,
    "kafka": 1.2,
    "ems-gateway": 1.9,
    "verification": 2.0,
    "dwp": 0.6,
    "councils": 0.9,
    "notify": 0.01,
    "generator-1": 2.5,
    "board": 0.4,
}

RUN = RunAsked(
    shape="steady",
    total=SENT,
    compress=1.0,
    seed=7,
    seconds=120.0,
    peak_rate=100.0,
    started_at="2026-11-22T10:00:00Z",
    processes={"registration": 1},
    changed=(),
    machine="2 cores",
)


def a_run(**changes: Any) -> Findings:
    """120 s at 100 a second; changes are whole parts of it."""
    parts: dict[str, Any] = {
        "run": RUN,
        "arrivals": an_arrivals(),
        "intake": an_intake(),
        "delivery": a_delivery(),
        "records": some_records(),
        "rested": True,
        "costs": some_costs(),
        "seconds": some_seconds(),
    }
    return Findings(**{**parts, **changes})


def an_arrivals(**changes: Any) -> Arrivals:
    minutes = [Minute(6_000, 6_000, 5_880, 5_880), Minute(6_000, 6_001, 5_880, 5_880)]
    return replace(Arrivals(minutes, (), True, 0.0002, 3.2), **changes)


def an_intake(**changes: Any) -> Intake:
    latency = Spread(SENT, 8.1, 22.0, 61.5, 210.0)
    answers = {"201": ACCEPTED, "422": INVALID}
    intake = Intake(SENT, ACCEPTED, 0, some_refusals(), latency, answers, 0, 0)
    return replace(intake, **changes)


def some_refusals(**changes: Any) -> Refusals:
    return replace(Refusals(INVALID, 0, (), (), (), 0, 0, 0), **changes)


def a_delivery(**changes: Any) -> Delivery:
    eros = {f"ero-{n}": Ero(120, 0.8 + n / 100) for n in range(40)}
    ready = Spread(ACCEPTED, 0.11, 0.4, 0.9, 1.6)
    return replace(Delivery(ready, eros, ACCEPTED, 4.2, 96.0), **changes)


def some_costs(**changes: Any) -> Costs:
    memory = dict.fromkeys(CPU_SECONDS, 90 * MB) | {"kafka": 410 * MB}
    stored = {"registration": 60 * MB, "verification": 70 * MB, "ems_gateway": 65 * MB}
    costs = Costs(CPU_SECONDS, memory, dict.fromkeys(CPU_SECONDS, 0), stored | {"kafka": 80 * MB})
    return replace(costs, **changes)


def some_records() -> list[Criterion]:
    names = (*LOST, *DUPLICATED, *MISPLACED, *CHANGED, OTHER)
    return [Criterion(name, True, {"items": ACCEPTED, "offences": 0}) for name in names]


def broken(name: str, *offenders: str) -> list[Criterion]:
    """The judge's criteria with one of them failed."""
    numbers = {"items": ACCEPTED, "offences": len(offenders)}
    failed = Criterion(name, False, numbers, offenders)
    return [failed if one.name == name else one for one in some_records()]


def some_seconds() -> list[Second]:
    return [a_second(float(n)) for n in range(1, 131)]


def a_second(second: float) -> Second:
    busy = 1.0 if second <= 120 else 0.0
    return Second(
        second=second,
        offered=100.0 * busy,
        accepted=98.0 * busy,
        refused=2.0 * busy,
        turned_away=0.0,
        delivered=90.0 + 10.0 * sin(second / 5),
        p50_ms=8.0 + sin(second) if busy else None,
        p99_ms=60.0 + 40.0 * sin(second / 7) if busy else None,
        lag=20.0 + 10.0 * sin(second / 3),
        queued=190.0 + 150.0 * sin(second / 2),
        oldest_seconds=4.0,
        cores={name: cpu / 120 * busy for name, cpu in CPU_SECONDS.items()},
    )
