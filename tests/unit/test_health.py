"""What operators are told of keys and of the consumer, before it is too late."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time

import pytest
from electoral.health import consuming_check, keep_counting_keys, key_days_ahead
from electoral.keys import DAYS_AHEAD, make_keys
from electoral.metrics import Metrics
from electoral.sealing import DirectoryKeyring, Sealer, SealPurpose, daily_key_id
from electoral.today import LONDON
from structlog.testing import capture_logs

PURPOSES: tuple[SealPurpose, ...] = ("person", "nino-online")
TODAY = datetime.now(UTC).astimezone(LONDON).date()


@dataclass
class AConsumer:
    last_poll: float = 0.0
    stopped: str | None = None


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make_keys(tmp_path, TODAY)
    return tmp_path / "registration"


def days_ahead(keys: Path) -> int:
    return key_days_ahead(Sealer(DirectoryKeyring(keys)), PURPOSES, TODAY)


def remove(keys: Path, purpose: SealPurpose, ahead: int) -> None:
    (keys / f"{daily_key_id(purpose, TODAY + timedelta(days=ahead))}.key").unlink()


def test_freshly_made_keys_last_as_long_as_the_maker_says(keys: Path) -> None:
    assert days_ahead(keys) == DAYS_AHEAD


def test_the_first_day_that_lacks_one_of_its_keys_ends_the_count(keys: Path) -> None:
    remove(keys, "nino-online", 6)
    assert days_ahead(keys) == 5
    remove(keys, "person", 1)
    assert days_ahead(keys) == 0


async def count_once(keys: Path) -> tuple[bytes, list[str]]:
    metrics = Metrics()
    counting = keep_counting_keys(Sealer(DirectoryKeyring(keys)), PURPOSES, metrics)
    with capture_logs() as lines, suppress(TimeoutError):
        await asyncio.wait_for(counting, 0.1)
    return metrics.exposition(), [line["event"] for line in lines if line["log_level"] == "warning"]


async def test_keys_that_run_out_are_counted_and_warned_of(keys: Path) -> None:
    remove(keys, "person", 3)
    exposition, warnings = await count_once(keys)
    assert b"key_days_ahead 2.0" in exposition
    assert warnings == ["keys run out"]


async def test_enough_keys_are_counted_without_a_warning(keys: Path) -> None:
    remove(keys, "person", 4)
    exposition, warnings = await count_once(keys)
    assert b"key_days_ahead 3.0" in exposition
    assert warnings == []


async def test_who_only_consumes_is_ready_while_kafka_is_polled() -> None:
    assert await consuming_check(AConsumer(last_poll=time()))() is None
    sentence = await consuming_check(AConsumer(last_poll=time() - 60))()
    assert sentence is not None
    assert "not been polled" in sentence


async def test_who_only_consumes_says_why_it_must_not_go_on() -> None:
    consumer = AConsumer(last_poll=time(), stopped="The log was cut.")
    assert await consuming_check(consumer)() == "The log was cut."
