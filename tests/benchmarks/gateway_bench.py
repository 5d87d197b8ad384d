"""A gateway in this process, on a Postgres of its own, without Kafka."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from electoral.keys import make_keys
from electoral.metrics import Metrics
from electoral.migrating import migrate
from electoral.today import LONDON
from electoral_local.postgres import EmbeddedPostgres
from ems_gateway.settings import MIGRATIONS, SERVICE
from gateway_world import World, open_world


@asynccontextmanager
async def open_bench(state: Path) -> AsyncIterator[World]:
    """Run it for as long as the block lasts."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    make_keys(state / "keys", datetime.now(UTC).astimezone(LONDON).date())
    postgres = EmbeddedPostgres(state / "postgres")
    await asyncio.to_thread(postgres.start)
    try:
        dsn = postgres.dsn("ems_gateway")
        await migrate(dsn, SERVICE, MIGRATIONS)
        async with open_world(dsn, state / "keys" / SERVICE, Metrics(), state) as world:
            yield world
    finally:
        await asyncio.to_thread(postgres.stop)
