"""What is overdue, ERO by ERO: as a report each morning, as metrics, and on request.

A record is overdue when more than a day has passed since its attempt was received and its ERO's
system has not answered, or when it has been held for more than a day. A notice to the ERO of a
previous address is overdue a day after the determination that it follows from.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from electoral.calendar import london_date
from electoral.envelope import timestamp
from electoral.metrics import Metrics
from electoral.postgres import Connection, Pool, is_away, transaction
from electoral.today import LONDON

from ems_gateway.postgres.overdue import Figure, claim_report, read_overdue_figures

REPORT_HOUR = 7  # o'clock, London
LOOK_INTERVAL = 60.0  # seconds
A_DAY = timedelta(days=1)
_HELD = "held-"

log = structlog.get_logger()


@dataclass(slots=True)
class Held:
    """What is held for one reason."""

    count: int
    since: datetime  # the oldest


@dataclass(slots=True)
class Overdue:
    """What is to be said of one ERO."""

    ero: str | None  # None: of what nobody can place
    over_a_day: int = 0
    over_five_days: int = 0
    oldest: datetime | None = None  # of what waits: when its attempt was received
    notices_over_a_day: int = 0
    oldest_notice: datetime | None = None  # of these
    held: dict[str, Held] = field(default_factory=dict)  # by reason; notices as `notice-...`
    pulled_at: datetime | None = None
    on_hold_since: datetime | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Say whether anything of theirs waits or is held for more than a day."""
        held_long = any(held.since < now - A_DAY for held in self.held.values())
        return self.over_a_day > 0 or self.notices_over_a_day > 0 or held_long

    def as_json(self) -> dict[str, object]:
        return {
            "ero": self.ero,
            "overADay": self.over_a_day,
            "overFiveDays": self.over_five_days,
            "oldestReceivedAt": _moment(self.oldest),
            "noticesOverADay": self.notices_over_a_day,
            "oldestNoticeAt": _moment(self.oldest_notice),
            "held": {
                reason: {"count": held.count, "since": timestamp(held.since)}
                for reason, held in sorted(self.held.items())
            },
            "lastPullAt": _moment(self.pulled_at),
            "onHoldSince": _moment(self.on_hold_since),
        }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)


def by_ero(figures: Iterable[Figure]) -> list[Overdue]:
    """Gather what is to be said of each ERO; what nobody can place comes last."""
    found: dict[str | None, Overdue] = {}
    for figure in figures:
        _add(found.setdefault(figure.ero, Overdue(figure.ero)), figure)
    return sorted(found.values(), key=lambda one: (one.ero is None, one.ero or ""))


def _add(overdue: Overdue, figure: Figure) -> None:
    match figure.what:
        case "over-a-day":
            overdue.over_a_day = figure.count or 0
        case "over-five-days":
            overdue.over_five_days = figure.count or 0
        case "oldest":
            overdue.oldest = figure.at
        case "notices-over-a-day":
            overdue.notices_over_a_day, overdue.oldest_notice = figure.count or 0, figure.at
        case "pulled":
            overdue.pulled_at = figure.at
        case "on-hold":
            overdue.on_hold_since = figure.at
        case what:
            assert figure.at is not None  # since when
            overdue.held[what.removeprefix(_HELD)] = Held(figure.count or 0, figure.at)


async def read_overdue(connection: Connection | Pool, now: datetime) -> list[Overdue]:
    """Read what is to be said of each ERO that has anything here, or ever pulled."""
    return by_ero(await read_overdue_figures(connection, now))


def report_lines(overdue: Sequence[Overdue], now: datetime) -> list[str]:
    """Write the report for people: a line an ERO, as wide as it must be."""
    heading = ("ERO", ">24 h", ">5 days", "oldest", "notices >24 h", "last pull", "held", "")
    rows = [heading, *(_row(one, now) for one in overdue)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heading))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return lines if overdue else ["Nothing is overdue."]


def _row(one: Overdue, now: datetime) -> tuple[str, ...]:
    return (
        one.ero or "(nobody's yet)",
        str(one.over_a_day),
        str(one.over_five_days),
        _ago(one.oldest, now),
        str(one.notices_over_a_day),
        _ago(one.pulled_at, now) if one.ero else "",
        _held_text(one.held) or "-",
        "on hold" if one.on_hold_since else "",
    )


def _held_text(held: Mapping[str, Held]) -> str:
    return ", ".join(f"{found.count} {reason}" for reason, found in sorted(held.items()))


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "-"
    minutes = max(0, int((now - at).total_seconds() // 60))
    days, hours = divmod(minutes // 60, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"


async def set_overdue_gauges(pool: Pool, metrics: Metrics, now: datetime) -> None:
    """Bring the EROs' gauges up to date; an ERO that has nothing any more has no figure."""
    waiting = metrics.gauge("gateway_overdue")
    held = metrics.gauge("gateway_ero_held")
    notices = metrics.gauge("gateway_notices_overdue")
    pulled = metrics.gauge("gateway_last_pull_seconds")
    on_hold = metrics.gauge("gateway_on_hold")
    found = await read_overdue(pool, now)
    for gauge in (waiting, held, notices, pulled, on_hold):
        gauge.clear()
    for one in found:
        ero = one.ero or ""
        if one.oldest is not None:
            waiting.labels(ero, "1d").set(one.over_a_day)
            waiting.labels(ero, "5d").set(one.over_five_days)
        if one.notices_over_a_day:
            notices.labels(ero).set(one.notices_over_a_day)
        for reason, of_reason in one.held.items():
            held.labels(ero, reason).set(of_reason.count)
        if one.pulled_at is not None:
            pulled.labels(ero).set(one.pulled_at.timestamp())
        if one.on_hold_since is not None:
            on_hold.labels(ero).set(1)


async def keep_reporting(pool: Pool) -> None:
    """Report each London day from seven o'clock on, until cancelled."""
    while True:
        try:
            await report_when_due(pool, datetime.now(UTC))
        except Exception as error:
            if not is_away(error):
                raise
        await asyncio.sleep(LOOK_INTERVAL)


async def report_when_due(pool: Pool, now: datetime) -> list[Overdue]:
    """Log what is overdue if today's report is due and nobody has made it; returns what it says.

    A process that dies before its end leaves the report to the next, which then makes it whole.
    """
    if now.astimezone(LONDON).hour < REPORT_HOUR:
        return []
    async with transaction(pool) as connection:
        if not await claim_report(connection, london_date(now)):
            return []
        overdue = [one for one in await read_overdue(connection, now) if one.is_overdue(now)]
        for one in overdue:
            _report(one, now)
    return overdue


def _report(one: Overdue, now: datetime) -> None:
    log.warning(
        "overdue",
        ero=one.ero,
        count=one.over_a_day,
        over_five_days=one.over_five_days,
        oldest_seconds=None if one.oldest is None else round((now - one.oldest).total_seconds()),
        notices_over_a_day=one.notices_over_a_day,
        held=_held_text(one.held),
        pulled_at=_moment(one.pulled_at),
        on_hold=one.on_hold_since is not None,
    )
