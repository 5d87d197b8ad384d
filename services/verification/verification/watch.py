"""What operators watch: how many attempts wait, for what, since when, and whether DWP is asked."""

from datetime import UTC, datetime

from electoral.metrics import Metrics
from electoral.postgres import Pool

from verification.errors import PARK_REASONS
from verification.postgres.breaker import read_breaker
from verification.postgres.parked import count_parked


async def show_waiting(pool: Pool, metrics: Metrics) -> None:
    """Bring the gauges up to date."""
    now = datetime.now(UTC)
    found = {row.reason: row for row in await count_parked(pool)}
    for reason in PARK_REASONS:
        row = found.get(reason)
        metrics.gauge("verification_parked").labels(reason).set(row.waiting if row else 0)
        seconds = (now - row.oldest).total_seconds() if row else 0.0
        metrics.gauge("verification_parked_oldest_seconds").labels(reason).set(seconds)
    is_open = (await read_breaker(pool)).is_open
    metrics.gauge("dwp_breaker_open").set(1 if is_open else 0)
