"""Fixtures of the tests on the real Postgres and Kafka."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from electoral import postgres
from electoral.blind_index import BlindIndex
from electoral.sealing import DirectoryKeyring, Sealer
from verification_bench import Bench


@pytest.fixture
async def bench(postgres_dsn: Callable[[str], str], keys_root: Path) -> AsyncIterator[Bench]:
    pool = await postgres.open_pool(postgres_dsn("verification"), service="test", connections=8)
    async with pool:
        keyring = DirectoryKeyring(keys_root / "verification")
        yield Bench(pool, Sealer(keyring), BlindIndex(keyring))
