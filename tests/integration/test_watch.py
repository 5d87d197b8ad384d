"""What operators watch: the figures of each service's own gauges, and what is warned of."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from electoral import postgres
from electoral.authorities import AUTHORITY_UNKNOWN, Authorities
from electoral.handling import Hold, Received
from electoral.metrics import Metrics
from electoral.postgres import Pool, transaction
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.tracing import new_traceparent
from ems_gateway import watch
from ems_gateway.handlers import KeepForEro
from ems_gateway.history.writing import History
from ems_gateway.moves.responsibility import Responsibilities
from gateway_builders import an_outcome
from structlog.testing import capture_logs
from structlog.typing import EventDict
from verification.postgres.parked import Waiting, park
from verification.watch import show_waiting

pytestmark = pytest.mark.integration

FreshDatabase = Callable[[str], str]


def shown(metrics: Metrics, name: str) -> float:
    """Return the value of one line of the exposition."""
    lines = metrics.exposition().decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


# -- the gateway ----------------------------------------------------------------------------------


@pytest.fixture
async def gateway_pool(postgres_dsn: FreshDatabase) -> AsyncIterator[Pool]:
    dsn = postgres_dsn("ems-gateway")
    async with await postgres.open_pool(dsn, service="test", connections=2) as pool:
        yield pool


@pytest.fixture
async def one_queued_and_two_unplaced(gateway_pool: Pool, keys_root: Path) -> None:
    keyring = DirectoryKeyring(keys_root / "ems-gateway")
    sealer = Sealer(keyring)
    handler = KeepForEro(Responsibilities(Authorities.load()), sealer, History(keyring))
    unplaced = [an_outcome(sealer, gss_code=AUTHORITY_UNKNOWN) for _ in range(2)]
    events = [an_outcome(sealer), *unplaced]
    prepared = await handler.prepare([Received(event, new_traceparent()) for event in events])
    async with transaction(gateway_pool) as connection:
        await handler.record(connection, [one for one in prepared if not isinstance(one, Hold)])


@pytest.mark.usefixtures("one_queued_and_two_unplaced")
async def test_the_gateway_shows_what_waits_and_what_is_held(
    gateway_pool: Pool, metrics: Metrics
) -> None:
    await watch.set_gauges(gateway_pool, metrics)
    assert shown(metrics, "gateway_queued") == 1
    assert shown(metrics, "gateway_oldest_seconds") > 0
    assert shown(metrics, 'gateway_held{reason="authority-unknown"}') == 2
    assert shown(metrics, 'gateway_held{reason="failure"}') == 0


async def warnings(pool: Pool) -> list[EventDict]:
    with capture_logs() as lines, suppress(TimeoutError):
        await asyncio.wait_for(watch.keep_warning(pool), 1.0)
    return lines


@pytest.mark.usefixtures("one_queued_and_two_unplaced")
async def test_records_that_wait_an_hour_for_an_authority_are_warned_of(
    gateway_pool: Pool,
) -> None:
    assert await warnings(gateway_pool) == []
    await gateway_pool.execute(
        "UPDATE held_record SET since = now() - interval '61 minutes'"
        " WHERE position = (SELECT max(position) FROM held_record)"
    )
    (line,) = await warnings(gateway_pool)
    assert (line["log_level"], line["reason"]) == ("warning", "authority-unknown")
    assert line["count"] == 2
    assert line["oldest_seconds"] >= 3660


# -- verification ---------------------------------------------------------------------------------


async def test_verification_shows_what_is_parked_and_since_when(
    postgres_dsn: FreshDatabase, metrics: Metrics
) -> None:
    dsn = postgres_dsn("verification")
    async with await postgres.open_pool(dsn, service="test", connections=2) as pool:
        await show_waiting(pool, metrics)
        assert shown(metrics, 'verification_parked_oldest_seconds{reason="dwp-down"}') == 0
        assert shown(metrics, "dwp_breaker_open") == 0
        async with transaction(pool) as connection:
            await park(connection, [Waiting((uuid4(), 1), "dwp-down", 0.0) for _ in range(2)])
        begin = datetime.now(UTC) - timedelta(minutes=5)
        await pool.execute("UPDATE parked SET parked_at = $1", begin)
        await show_waiting(pool, metrics)
        assert shown(metrics, 'verification_parked{reason="dwp-down"}') == 2
        assert shown(metrics, 'verification_parked{reason="dwp-unanswered"}') == 0
        assert shown(metrics, 'verification_parked_oldest_seconds{reason="dwp-down"}') >= 300
        assert shown(metrics, 'verification_parked_oldest_seconds{reason="released"}') == 0
        await pool.execute("DELETE FROM parked")
        await pool.execute("UPDATE dwp_breaker SET is_open = true")
        await show_waiting(pool, metrics)
        assert shown(metrics, "dwp_breaker_open") == 1
        assert shown(metrics, 'verification_parked{reason="dwp-down"}') == 0
