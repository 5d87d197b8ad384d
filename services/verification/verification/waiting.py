"""What waits, as a table: why, how many, since when; and whether DWP is asked. No personal data."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from electoral import postgres
from electoral.postgres import Pool
from electoral.today import LONDON

from verification.pauses import NOT_ASKED
from verification.postgres import rate as rate_rows
from verification.postgres.breaker import read_breaker
from verification.postgres.parked import ParkedCount, count_parked
from verification.settings import Settings

_HEAD = ("reason", "waiting", "pending", "since", "oldest", "next try")


def run(settings: Settings) -> str:
    """Read what waits now."""
    return asyncio.run(_read(settings))


async def _read(settings: Settings) -> str:
    async with await postgres.open_pool(
        settings.database_url, service="waiting", connections=2
    ) as pool:
        lines = [*_table(await count_parked(pool)), await _breaker(pool)]
        lines.append(await _rate(pool, settings.dwp_lookups_per_second_max))
    return "\n".join(lines)


def _table(counts: Sequence[ParkedCount]) -> list[str]:
    rows = [_HEAD, *[_row(one) for one in counts]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    waiting, pending = sum(one.waiting for one in counts), sum(one.pending for one in counts)
    return [*lines, f"{waiting} wait; {pending} of them went on to their ERO as pending."]


def _row(one: ParkedCount) -> tuple[str, ...]:
    return (
        one.reason,
        str(one.waiting),
        str(one.pending),
        _time(one.since),
        _time(one.oldest),
        "as DWP allows" if one.reason in NOT_ASKED else _time(one.next_try),
    )


async def _breaker(pool: Pool) -> str:
    row = await read_breaker(pool)
    if row.is_open:
        since, probe = _time(row.changed_at), _time(row.next_probe_at)
        return f"The breaker is open since {since}: DWP is not asked; next probe {probe}."
    return f"The breaker is closed; {row.failures} calls in a row have failed."


async def _rate(pool: Pool, most: int) -> str:
    closed_until = await rate_rows.closed_until(pool)
    asked = "" if closed_until is None else f"; none before {_time(closed_until)}, as DWP asked"
    return f"At most {most:,} look-ups a second go to DWP{asked}."


def _time(moment: datetime) -> str:
    return moment.astimezone(LONDON).isoformat(sep=" ", timespec="seconds")
