"""The limits of a verdict: one table, a column for each shape, every limit changeable by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace


class LimitUnknown(ValueError):
    """A limit that does not exist, or no number for it."""


@dataclass(frozen=True)
class Limits:
    """What a run must keep to; a figure may be as high as its limit, or, of shares, as low."""

    off_schedule_share: float = 0.01  # arrivals of any minute that differ from the schedule
    send_lag_p99_ms: float = 50.0  # from due to sent, when the generator is to blame
    accepted_share: float = 1.0  # of the valid ones that were due in the worst minute
    settled_seconds: float = 120.0  # last acknowledgement after the last arrival
    intake_p50_ms: float = 50.0
    intake_p95_ms: float = 150.0
    intake_p99_ms: float = 200.0
    intake_max_ms: float = 5_000.0
    ready_p50_seconds: float = 1.0
    ready_p99_seconds: float = 2.0
    ready_max_seconds: float = 15.0
    fairness: float = 3.0  # the worst ERO's p99 to the median ERO's
    server_errors: float = 0.0  # answers of 5xx but for 503, and connections reset
    cpu_ms: float = 1.3  # an application, everything but the generator and the board
    cpu_judged_from: float = 500.0  # accepted a second: at less, 333 councils' polls are most of it
    memory_mb: float = 1_500.0  # of any one process, at its highest
    stored_bytes: float = 40_000.0  # an application, all databases and Kafka's logs


_SURGE = {
    "intake_p50_ms": 100.0,
    "intake_p95_ms": 300.0,
    "intake_p99_ms": 500.0,
    "ready_p99_seconds": 10.0,
    "ready_max_seconds": 60.0,
}
_CHANGED: Mapping[str, Mapping[str, float]] = {
    "ramp": _SURGE,
    "debate": _SURGE,
    "deadline-2016": _SURGE,
    "deadline-2019": _SURGE,
}
"""Shapes that go to the edge; the others are held to what a day of two million must keep."""


BOUNDARY = 2  # arrivals that a moment's lag may carry over the ends of a minute


def off_schedule(offered: int, scheduled: int) -> float:
    """Of a minute's arrivals, the share that is too many or too few."""
    off = abs(offered - scheduled)
    return off / max(1, scheduled) if off > BOUNDARY else 0.0


def limits_of(shape: str, changes: Iterable[str] = ()) -> Limits:
    """A shape's limits, with changes as `intake_p99_ms=300`. Raises LimitUnknown."""
    limits = replace(Limits(), **_CHANGED.get(shape, {}))
    return replace(limits, **dict(map(_read, changes)))


def _read(change: str) -> tuple[str, float]:
    name, _, text = change.partition("=")
    names = [field.name for field in fields(Limits)]
    if name not in names:
        raise LimitUnknown(f"there is no limit {name!r}: choose from {', '.join(names)}")
    try:
        return name, float(text)
    except ValueError:
        raise LimitUnknown(f"{change!r} is no limit: write {name}=NUMBER") from None
