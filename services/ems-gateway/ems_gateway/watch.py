"""What operators watch: gauges when somebody looks, and a warning each minute while it matters."""

import asyncio
from datetime import UTC, datetime

import structlog
from electoral.metrics import Metrics
from electoral.postgres import Pool, is_away

from ems_gateway.delivery import HoldReason
from ems_gateway.overdue import set_overdue_gauges
from ems_gateway.postgres.operators import read_figures, read_held_figures
from ems_gateway.postgres.unfinished_notices import (
    count_unfinished_notices,
    read_unassigned_notices,
)

LOOK_INTERVAL = 60.0  # seconds
UNASSIGNED_SECONDS_MAX = 3600.0  # a record without an authority alarms after an hour
_UNASSIGNED: tuple[HoldReason, ...] = ("authority-unknown", "no-authority")
_REASONS: tuple[HoldReason, ...] = (*_UNASSIGNED, "failure")

log = structlog.get_logger()


async def set_gauges(pool: Pool, metrics: Metrics) -> None:
    """Bring the gauges up to date."""
    figures = await read_figures(pool)
    metrics.gauge("gateway_queued").set(figures.queued)
    metrics.gauge("gateway_oldest_seconds").set(figures.oldest_queued_seconds)
    for reason in _REASONS:
        found = figures.held.get(reason)
        metrics.gauge("gateway_held").labels(reason).set(found.count if found else 0)
    for state, count in (await count_unfinished_notices(pool)).items():
        metrics.gauge("gateway_notices").labels(state).set(count)


async def set_all_gauges(pool: Pool, metrics: Metrics) -> None:
    """Bring the gauges up to date, those of each ERO too."""
    await set_gauges(pool, metrics)
    await set_overdue_gauges(pool, metrics, datetime.now(UTC))


async def keep_warning(pool: Pool) -> None:
    """Warn each minute of what has waited more than an hour for an authority."""
    while True:
        try:
            await _warn(pool)
        except Exception as error:
            if not is_away(error):
                raise
        await asyncio.sleep(LOOK_INTERVAL)


async def _warn(pool: Pool) -> None:
    figures = await read_held_figures(pool)
    for reason in _UNASSIGNED:
        found = figures.get(reason)
        if found is not None and found.oldest_seconds > UNASSIGNED_SECONDS_MAX:
            log.warning(
                "records wait for an authority",
                reason=reason,
                count=found.count,
                oldest_seconds=round(found.oldest_seconds),
            )
    for notices in await read_unassigned_notices(pool):
        if notices.oldest_seconds > UNASSIGNED_SECONDS_MAX:
            log.warning(
                "notices wait for an authority",
                reason=notices.reason,
                count=notices.count,
                oldest_seconds=round(notices.oldest_seconds),
            )
