"""What operators watch: how many attempts wait, for what, and since when."""

from datetime import UTC, datetime

from electoral.metrics import Metrics
from electoral.postgres import Pool

from verification.errors import PARK_REASONS
from verification.postgres.parked import count_parked


async def show_parked(pool: Pool, metrics: Metrics) -> None:
    """Bring the gauges up to date."""
    found = {row.reason: row for row in await count_parked(pool)}
    for reason in PARK_REASONS:
        waiting = found[reason].waiting if reason in found else 0
        metrics.gauge("verification_parked").labels(reason).set(waiting)
    since = min((row.oldest for row in found.values()), default=None)
    seconds = 0.0 if since is None else (datetime.now(UTC) - since).total_seconds()
    metrics.gauge("verification_parked_oldest_seconds").set(seconds)
