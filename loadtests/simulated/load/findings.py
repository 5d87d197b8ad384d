"""What a run came to, in plain figures: all that the criteria and the report look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulated.verdict import Criterion

GENERATOR, BOARD = "generator", "board"
NOT_THE_SYSTEM = (GENERATOR, BOARD)
"""Processes that exist only because somebody measures; each generator's name begins so."""


@dataclass(frozen=True)
class Spread:
    """Of a time: percentiles and the highest, all in one unit."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True)
class Minute:
    """A minute of arrivals; the last one may be shorter."""

    scheduled: int
    offered: int  # really sent in it
    valid: int  # of those due in it, with nothing wrong on purpose
    accepted: int  # of the valid ones, whenever


@dataclass(frozen=True)
class Arrivals:
    """What the generators say of themselves."""

    minutes: Sequence[Minute]
    invalid: Sequence[str]  # in their own words, why they were not up to it
    whole: bool  # none was stopped before the schedule's end
    off_schedule_share: float  # of the worst minute of any of them
    send_lag_p99_ms: float  # of the worst of them: from due to sent, by its own fault


@dataclass(frozen=True)
class Refusals:
    """How those were refused who were not accepted."""

    expected: int  # bodies that are wrong on purpose
    others: int
    without_reason: Sequence[str]  # keys
    accepted_all_the_same: Sequence[str]  # keys of wrong bodies that were accepted
    wrongly_told: Sequence[str]  # keys of wrong bodies that were told something else than 422
    without_wait: int  # answers that sent somebody away and did not say until when
    told_to_wait: int  # answers that said until when
    told_again: int  # of them, those to somebody who came back as told


@dataclass(frozen=True)
class Intake:
    sent: int
    accepted: int
    unanswered: int
    refusals: Refusals
    latency_ms: Spread  # from the intended start
    answers: Mapping[str, int]  # by status
    resets: int
    contradicted: int  # keys that were answered with two different applications

    @property
    def server_errors(self) -> int:
        """Answers that a service must never give, however much comes: 503 is no such answer."""
        wrong = (n for status, n in self.answers.items() if status >= "500" and status != "503")
        return sum(wrong) + self.resets


@dataclass(frozen=True)
class Ero:
    """One ERO's applications: how many, and the 99th percentile of accept-to-ready."""

    count: int
    p99_seconds: float


@dataclass(frozen=True)
class Delivery:
    ready_seconds: Spread  # from acceptance until the record stands in the gateway's table
    eros: Mapping[str, Ero]
    acknowledged: int
    settled_seconds: float  # last acknowledgement after the last arrival
    rate: float  # applications a second, first arrival to last acknowledgement


@dataclass(frozen=True)
class Costs:
    cpu_seconds: Mapping[str, float]  # by process
    memory_bytes_max: Mapping[str, int]
    restarts: Mapping[str, int]
    stored_bytes: Mapping[str, int]  # growth, by database; Kafka's logs as `kafka`

    @property
    def of_the_system(self) -> float:
        """CPU seconds of everything that would run if nobody measured."""
        return sum(s for name, s in self.cpu_seconds.items() if not name.startswith(NOT_THE_SYSTEM))


@dataclass(frozen=True)
class Second:
    """What a look tells: rates since the look before, the rest as it stands then."""

    second: float
    offered: float
    accepted: float
    refused: float
    turned_away: float  # answers that said to come back later
    delivered: float
    p50_ms: float | None  # of the worst second since; none: nobody was answered
    p99_ms: float | None
    lag: float  # accepted, and no outcome yet
    queued: float  # an outcome, and not acknowledged yet
    oldest_seconds: float
    cores: Mapping[str, float]  # CPU seconds a second, by process


@dataclass(frozen=True)
class RunAsked:
    """What the run was asked to be, and where it ran."""

    shape: str
    total: int
    compress: float
    seed: int
    seconds: float  # of the schedule
    peak_rate: float
    started_at: str
    processes: Mapping[str, int]  # of generators and services, how many
    changed: Sequence[str]  # manners of people and settings of services, for this run
    machine: str


@dataclass(frozen=True)
class Findings:
    run: RunAsked
    arrivals: Arrivals
    intake: Intake
    delivery: Delivery
    records: Sequence[Criterion]  # the judge's, over receipts, ledgers and journals
    rested: bool
    costs: Costs
    seconds: Sequence[Second]
