"""The figures of a run: by second, by minute, and at its end."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulated.load.latency import Latencies, percentile
from simulated.load.limits import Limits, off_schedule
from simulated.load.schedule import MINUTE


@dataclass
class Figures:
    """Counts since the start; every arrival that was offered ends in one of three ways."""

    offered: int = 0
    accepted: int = 0
    refused: int = 0
    failed: int = 0
    resets: int = 0  # connections that broke with a question under way
    timeouts: int = 0  # tries that were never answered
    turned_away: int = 0  # answers that said to come back later
    turned_away_again: int = 0  # of them, those to whom it was said before
    without_wait: int = 0  # answers that sent somebody away and did not say until when
    contradicted: int = 0  # two answers to one key that name two applications
    answers: Counter[str] = field(default_factory=Counter)  # by status, of every try
    accepting: Latencies = field(default_factory=Latencies)
    refusing: Latencies = field(default_factory=Latencies)
    send_lag: Latencies = field(default_factory=Latencies)  # due -> sent, or a connection begun
    held_up: Latencies = field(default_factory=Latencies)  # the same, of those at the limit
    by_second: list[dict[str, float]] = field(default_factory=list)
    _by_minute: Counter[int] = field(default_factory=Counter)  # in which one was sent
    _valid: Counter[int] = field(default_factory=Counter)  # by minute in which one was due
    _valid_accepted: Counter[int] = field(default_factory=Counter)
    _cpu_before: float = 0.0  # CPU seconds of the process at the schedule's start

    def begin(self) -> None:
        """The schedule starts: what was done before is not counted."""
        self._cpu_before = time.process_time()

    @property
    def in_flight(self) -> int:
        return self.offered - self.accepted - self.refused - self.failed

    @property
    def cpu_seconds(self) -> float:
        return round(time.process_time() - self._cpu_before, 3)

    def offer(self, due: float, now: float, *, was_held_up: bool, wrong: bool = False) -> None:
        """An arrival is sent; both in seconds from the start. `wrong`: it must be refused."""
        self.offered += 1
        self._by_minute[int(now // MINUTE)] += 1
        self._valid[int(due // MINUTE)] += not wrong
        (self.held_up if was_held_up else self.send_lag).add(now - due)

    def answer(self, latency: float, due: float, *, accepted: bool, wrong: bool = False) -> None:
        """An arrival has an answer that stands; latency in seconds from when it was due."""
        if accepted:
            self.accepted += 1
            self._valid_accepted[int(due // MINUTE)] += not wrong
            self.accepting.add(latency)
        else:
            self.refused += 1
            self.refusing.add(latency)

    def turn_away(self, latency: float, count: int, *, came_back: bool = False) -> None:
        """So many are told to come back later, and may. `came_back`: as they had been told."""
        self.turned_away += count
        self.turned_away_again += count if came_back else 0
        self.refusing.add(latency)

    def lose(self, count: int, *, refused: bool) -> None:
        """So many come no more."""
        if refused:
            self.refused += count
        else:
            self.failed += count

    def offered_by_minute(self, minutes: int) -> list[int]:
        """By minute of a schedule that has so many: the last one's include who came after its end.

        An arrival that was due a moment before that end is written a moment after it.
        """
        return _in_order(self._by_minute, minutes)

    def close_second(self, second: int) -> dict[str, float]:
        """The line for this second."""
        answered = self.accepting.last_second()  # refusals are quick and would hide who waits
        self.refusing.last_second()
        lags = [*self.send_lag.last_second()[-1:], *self.held_up.last_second()[-1:]]
        line = {
            "second": second,
            "offered": self.offered,
            "accepted": self.accepted,
            "refused": self.refused,
            "failed": self.failed,
            "in_flight": self.in_flight,
            "turned_away": self.turned_away,
            "late_ms_max": _ms(max(lags, default=0.0)),
            "p50_ms": _ms(percentile(answered, 50)),
            "p99_ms": _ms(percentile(answered, 99)),
            "cpu_seconds": self.cpu_seconds,
        }
        self.by_second.append(line)
        return line

    def summary(self, scheduled: Sequence[int], *, whole: bool) -> dict[str, object]:
        """`scheduled`: by minute, of those due; `whole`: the schedule came to its end."""
        minutes = len(scheduled)
        offered = self.offered_by_minute(minutes)
        why = why_invalid(offered, scheduled, self.send_lag.percentile_ms(99), whole=whole)
        return {
            "offered": offered,
            "scheduled": list(scheduled),
            "valid_due": _in_order(self._valid, minutes),
            "valid_accepted": _in_order(self._valid_accepted, minutes),
            "accepted": self.accepted,
            "refused": self.refused,
            "failed": self.failed,
            "turned_away": self.turned_away,
            "turned_away_again": self.turned_away_again,
            "without_wait": self.without_wait,
            "histogram": self.accepting.encoded(),
            "refused_histogram": self.refusing.encoded(),
            "send_lag": self.send_lag.encoded(),
            "held_up": self.held_up.encoded(),
            "by_second": self.by_second,
            "whole": whole,
            "valid": not why,
            "why_invalid": why,
            "cpu_seconds": self.cpu_seconds,
            "cpu_seconds_before": round(self._cpu_before, 3),
            "resets": self.resets,
            "timeouts": self.timeouts,
            "contradicted": self.contradicted,
            "answers": dict(sorted(self.answers.items())),
        }


def _in_order(counts: Counter[int], minutes: int) -> list[int]:
    """By minute; what is of later ones is of the last."""
    ordered = [0] * minutes
    for minute, count in counts.items():
        ordered[min(minute, minutes - 1)] += count
    return ordered


def why_invalid(
    offered: Sequence[int], scheduled: Sequence[int], lag_p99_ms: float, *, whole: bool
) -> str:
    """Why this is no measurement of the system; "" if it is one. Counts are by minute."""
    if not whole:
        return "it was stopped before the schedule's end"
    for minute, (came, due) in enumerate(zip(offered, scheduled, strict=True)):
        if off_schedule(came, due) > Limits.off_schedule_share:
            return f"in minute {minute} {came} were offered and {due} were due"
    if lag_p99_ms > Limits.send_lag_p99_ms:
        return f"the generator sent its 99th percentile {lag_p99_ms:.0f} ms late by itself"
    return ""


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
