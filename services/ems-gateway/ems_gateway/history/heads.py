"""The gateway's own record of what each day had: signed heads, chained, in a table and in the log.

Each night the head of the day that has ended is written. Whoever takes whole batches away, or whole
days, would have to make all later heads anew, with the key, and to change what the log says.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import structlog
from electoral.calendar import day_bounds
from electoral.postgres import Pool
from electoral.retention import next_time
from electoral.today import LONDON

from ems_gateway.errors import will_pass
from ems_gateway.history.chain import BEFORE_THE_FIRST, DayHead, HistoryKey, is_signed
from ems_gateway.history.verifying import Fault
from ems_gateway.history.writing import History
from ems_gateway.postgres.heads import (
    insert_day_head,
    read_day_heads,
    read_first_day,
    read_last_day_head,
)
from ems_gateway.postgres.statements import read_head, settled_until

LOOK_INTERVAL = 60.0  # seconds
A_DAY = timedelta(days=1)
DUE = time(5)  # London: by then the head of the day before is there, which is written at 04:00

log = structlog.get_logger()


async def keep_writing_heads(pool: Pool, history: History) -> None:
    """Write what is missing, now and then each night at 04:00, until cancelled."""
    due_at = datetime.now(UTC)
    while True:
        now = datetime.now(UTC)
        try:
            if now >= due_at:
                await write_heads(pool, history.key)
                due_at = next_time(now)
        except Exception as error:
            if not will_pass(error):
                raise
        await asyncio.sleep(LOOK_INTERVAL)


async def write_heads(pool: Pool, key: HistoryKey) -> int:
    """Write the heads of all days that have ended and have none; returns how many there were."""
    settled = await settled_until(pool)
    last = await read_last_day_head(pool)
    day = await read_first_day(pool) if last is None else last.day + A_DAY
    count = 0
    while day is not None and day_bounds(day)[1] <= settled:
        last = await _head_of(pool, key, day, last)
        if await insert_day_head(pool, last):
            _say(last)
            count += 1
        day += A_DAY
    return count


async def _head_of(pool: Pool, key: HistoryKey, day: date, before: DayHead | None) -> DayHead:
    had = await read_head(pool, day, day_bounds(day)[1])
    previous = BEFORE_THE_FIRST if before is None else before.hash
    head = DayHead(day, had.entries, had.digest, previous, b"")
    return head._replace(signature=key.sign(head.signed_text))


def _say(head: DayHead) -> None:
    """Leave it where whoever owns the tables cannot change it, too."""
    log.info(
        "history head",
        day=head.day.isoformat(),
        count=head.entries,
        digest=head.digest.hex(),
        previous=head.previous.hex(),
        signature=head.signature.hex(),
    )


# -- checking -------------------------------------------------------------------------------------


async def check_day_heads(
    pool: Pool, public: bytes, now: datetime, since: date | None = None
) -> list[Fault]:
    """Find which days have no head or another than their own, and where the chain is broken.

    With `since`, what is there is digested again only for that day and later ones.
    """
    heads = await read_day_heads(pool)
    faults = list(check_chain(heads, public, await read_first_day(pool), last_due(now)))
    for head in heads:
        if since is None or head.day >= since:
            had = await read_head(pool, head.day, day_bounds(head.day)[1])
            if (had.entries, had.digest) != (head.entries, head.digest):
                counts = f"{head.entries:,} entries then, {had.entries:,} now"
                faults.append(_fault(head.day, f"is not that of what is there: {counts}"))
    return faults


def last_due(now: datetime) -> date:
    """Return the last day whose head must be there."""
    here = now.astimezone(LONDON)
    return here.date() - (A_DAY if here.time() >= DUE else 2 * A_DAY)


def check_chain(
    heads: Sequence[DayHead], public: bytes, first: date | None, due: date
) -> Iterator[Fault]:
    """Find what is wrong with the heads alone: one a day, each signed, each naming the one before.

    `first` is the first day that has anything, `due` the last one that must have a head.
    """
    previous = BEFORE_THE_FIRST
    expected = first
    for head in heads:
        yield from _missing(expected, head.day - A_DAY)
        if not is_signed(head.signed_text, head.signature, public):
            yield _fault(head.day, "was not signed by this gateway as it is now")
        elif head.previous != previous:
            yield _fault(head.day, "does not follow from that of the day before")
        previous, expected = head.hash, head.day + A_DAY
    yield from _missing(expected, due)


def _missing(first: date | None, last: date) -> Iterator[Fault]:
    while first is not None and first <= last:
        yield _fault(first, "is missing")
        first += A_DAY


def _fault(day: date, wrong: str) -> Fault:
    return Fault(f"head of the whole day {day}", wrong)
