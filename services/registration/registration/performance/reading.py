"""Reads the public figures: what was read is kept for some seconds, so that looking costs nothing.

What was folded and what was not is added up by Postgres, from counts alone.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from time import monotonic

import structlog
from electoral import problems
from electoral.authorities import Authorities
from electoral.calendar import london_date
from electoral.postgres import Pool, is_away

from registration.performance.cost import Prices
from registration.performance.downloads import Download, Period, by_day
from registration.performance.figures import (
    INDICATOR_MEASURES,
    PERIOD_DAYS,
    Bin,
    Indicators,
    bins_of,
    indicators,
    window,
)
from registration.postgres.performance import (
    fold_deltas,
    read_bins,
    read_days,
    read_gathered,
    read_settled,
    trim_bins,
)

KEPT_SECONDS = 5.0
FILE_KEPT_SECONDS = 30.0
FILES_KEPT_MAX = 16  # the largest has some 2 MB
FILES_WAITING_MAX = 8  # the one that is made included; each takes up to half a second
FILE_RETRY_SECONDS = 5
FOLD_INTERVAL = 20.0  # seconds

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page tells, as of one moment."""

    at: datetime
    indicators: Indicators
    bins: Sequence[Bin]  # of the last 24 hours, newest first
    pages: dict[str, str] = field(default_factory=dict)  # made of these figures, by language


class PublicFigures:
    """Knows the figures, at most some seconds old."""

    def __init__(self, pool: Pool, prices: Prices, authorities: Authorities) -> None:
        self._pool = pool
        self._prices = prices
        self._authorities = authorities
        self._kept: Figures | None = None
        self._until = 0.0  # by the monotonic clock
        self._reading = asyncio.Lock()
        self._files: dict[tuple[str, Period], tuple[float, str]] = {}
        self._writing = asyncio.Lock()
        self._waiting = 0  # for a file, the one that is made included

    async def now(self) -> Figures:
        """Return the figures; while Postgres is away, the last ones that were read."""
        async with self._reading:
            if self._kept is None or monotonic() >= self._until:
                self._kept = await self._read_or_keep()
                self._until = monotonic() + KEPT_SECONDS
            return self._kept

    async def file(self, download: Download, period: Period) -> str:
        """Return a download; one is made at a time, and only some may wait for theirs."""
        kept = self._kept_file(download, period)
        if kept is not None:
            return kept
        if self._waiting >= FILES_WAITING_MAX:
            raise problems.unavailable(FILE_RETRY_SECONDS)
        self._waiting += 1
        try:
            async with self._writing:
                kept = self._kept_file(download, period)  # made while this one waited
                return await self._make(download, period) if kept is None else kept
        finally:
            self._waiting -= 1

    def _kept_file(self, download: Download, period: Period) -> str | None:
        until, kept = self._files.get((download.name, period), (0.0, ""))
        return kept if monotonic() < until else None

    async def _make(self, download: Download, period: Period) -> str:
        made = await self._write(download, period)
        if len(self._files) >= FILES_KEPT_MAX:
            self._files.clear()
        self._files[download.name, period] = (monotonic() + FILE_KEPT_SECONDS, made)
        return made

    async def _write(self, download: Download, period: Period) -> str:
        settled = await read_settled(self._pool)  # first: what is settled then stays as it is
        rows = await read_gathered(self._pool, download.measure, period.first, period.last)

        def write() -> str:
            days = by_day(one for row in rows for one in row.take_apart())
            return download.write(period, days, self._authorities, settled)

        return await asyncio.to_thread(write)  # 100 days of all authorities take a while

    async def _read_or_keep(self) -> Figures:
        try:
            return await self._read(datetime.now(UTC))
        except Exception as error:
            if self._kept is None or not is_away(error):
                raise
            return self._kept

    async def _read(self, now: datetime) -> Figures:
        begin, end = window(now)
        today = london_date(now)
        bins = bins_of(await read_bins(self._pool, begin, end), begin, end)
        counts = await self._counts_until(today)
        return Figures(now, indicators(counts, self._prices), bins)

    async def _counts_until(self, today: date) -> dict[tuple[str, str], int]:
        first = today - timedelta(days=PERIOD_DAYS - 1)
        counts: dict[tuple[str, str], int] = {}
        for row in await read_days(self._pool, INDICATOR_MEASURES, first, today):
            counts[row.measure, row.key] = counts.get((row.measure, row.key), 0) + row.times
        return counts


async def keep_folding(pool: Pool) -> None:
    """Fold what was counted and trim what is not shown any more, every 20 s until cancelled."""
    while True:
        await asyncio.sleep(FOLD_INTERVAL)
        try:
            await fold_deltas(pool)
            await trim_bins(pool)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("public figures not folded", error_class=type(error).__name__)
