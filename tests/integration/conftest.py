"""Fixtures of the tests on the real Postgres and Kafka."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from electoral import postgres
from electoral.blind_index import BlindIndex
from electoral.metrics import Metrics
from electoral.sealing import DirectoryKeyring, Sealer
from gateway_world import World, open_world
from verification_bench import Bench


@pytest.fixture
async def bench(postgres_dsn: Callable[[str], str], keys_root: Path) -> AsyncIterator[Bench]:
    pool = await postgres.open_pool(postgres_dsn("verification"), service="test", connections=8)
    async with pool:
        keyring = DirectoryKeyring(keys_root / "verification")
        yield Bench(pool, Sealer(keyring), BlindIndex(keyring))


@pytest.fixture
def gateway_sealer(keys_root: Path) -> Sealer:
    return Sealer(DirectoryKeyring(keys_root / "ems-gateway"))


@pytest.fixture
async def world(
    postgres_dsn: Callable[[str], str], keys_root: Path, metrics: Metrics, tmp_path: Path
) -> AsyncIterator[World]:
    dsn = postgres_dsn("ems-gateway")
    async with open_world(dsn, keys_root / "ems-gateway", metrics, tmp_path) as running:
        yield running
