"""Does dropping old data hold up intake? The same applications without and with it beside them.

All that is ever dropped: rows of the identity index whose key's time is over (verification prunes
them itself, a minute after its start), and keys, with what they sealed. Before a key goes, the held
records under it are sealed again, and all three services are asked what they have not finished.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.growth_figures import FLUSHED_SECONDS
from benchmarks.growth_seed import connected
from benchmarks.growth_stack import Stored
from electoral.destruction import check_finished, check_over, destroy
from electoral.keys import SEAL_PURPOSES
from electoral.postgres import open_pool
from electoral.resealing import UnfinishedRows
from electoral.retention import Retention
from electoral.sealing import DirectoryKeyring, Sealer
from electoral_local.blueprint import SERVICES
from electoral_local.stack import Stack
from ems_gateway.postgres.records import SEALED_AND_UNFINISHED

RATE = 150.0  # applications a second: two thirds of the busiest hour, as the machine is shared
SENT_EACH = 4_500
WARMING_UP = 500
INDEX_KEY_MONTHS = 1  # two of three quarters are over then
PERSON_KEY_DAYS = 60
KEYS_DESTROYED_MAX = 40
PERSON_BYTES = 600
PRUNING_WITHIN_SECONDS = 120.0

_PRUNED = "SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'identity_index'"
_HELD = """
SELECT position, application_id, created_at FROM record JOIN held_record USING (position)
 WHERE reason = 'failure' AND split_part(person, '.', 1) = ANY($1::text[])
"""
_SEAL = "UPDATE record SET person = $2 WHERE position = $1"


class Latencies(NamedTuple):
    """How long intake took, and what ran beside it."""

    beside: str
    sent: int
    percentiles: Sequence[float]  # seconds: p50, p95, p99, the longest
    did: str = ""

    @property
    def p99(self) -> float:
        return self.percentiles[2]


async def beside_retention(
    stored: Stored, sent: int = SENT_EACH, rate: float = RATE
) -> list[Latencies]:
    """Send the same twice: alone, and while old data is dropped."""
    months = {"VERIFICATION_INDEX_KEY_MONTHS": str(INDEX_KEY_MONTHS)}
    async with stored.running({"verification": months}) as stack:
        keys = _over(stack.blueprint.keys)
        await _seal_held(stack, keys)
        await stored.send(stack, WARMING_UP)
        alone = await stored.send(stack, sent, rate)
        found = [_latencies("alone", alone.receipts)]
        await _until_pruning(stack)
        before = await _pruned(stack)
        sending = asyncio.create_task(stored.send(stack, sent, rate))
        resealed, destroyed, seconds = await _drop(stack, keys)
        beside = await sending
        await asyncio.sleep(FLUSHED_SECONDS)
        pruned = await _pruned(stack) - before
    did = (
        f"{pruned:,} rows of the index pruned, {resealed:,} held sealed again and"
        f" {destroyed} keys destroyed in {seconds:.1f} s"
    )
    return [*found, _latencies("with retention", beside.receipts)._replace(did=did)]


def _over(root: Path) -> list[str]:
    """Name the keys of persons whose time is over, oldest first."""
    retention, today = Retention(person_days=PERSON_KEY_DAYS), datetime.now(UTC).date()
    ids = DirectoryKeyring(root / "ems-gateway").key_ids("person")
    return [key_id for key_id in ids if retention.is_over(key_id, today)]


async def _seal_held(stack: Stack, keys: Sequence[str]) -> None:
    """Give held records texts that really open: what was copied was sealed for another."""
    keyring = DirectoryKeyring(stack.blueprint.keys / "ems-gateway")
    async with connected(stack.postgres, "ems_gateway") as connection:
        rows = await connection.fetch(_HELD, list(keys))
        sealed = []
        for row in rows:
            day = date.fromisoformat(min(row["created_at"].date().isoformat(), keys[-1][-10:]))
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            sealer = Sealer(keyring, lambda noon=noon: noon)  # type: ignore[misc]
            text = sealer.seal("person", row["application_id"], bytes(PERSON_BYTES))
            sealed.append((row["position"], text))
        await connection.executemany(_SEAL, sealed)


async def _drop(stack: Stack, keys: Sequence[str]) -> tuple[int, int, float]:
    """Seal again what is held, then destroy keys; returns how many of both, and the seconds."""
    began = time.monotonic()
    root = stack.blueprint.keys
    dsn = stack.postgres.dsn("ems_gateway")
    async with await open_pool(dsn, service="growth", connections=2) as pool:
        sealer = Sealer(DirectoryKeyring(root / "ems-gateway"))
        resealed = await UnfinishedRows(pool, sealer, SEALED_AND_UNFINISHED).seal_again(keys)
    some = keys[:KEYS_DESTROYED_MAX]
    urls = [stack.blueprint.admin_url(service) for service in SERVICES]
    for key_id in some:
        await asyncio.to_thread(_destroy, key_id, urls, root)
    return resealed, len(some), time.monotonic() - began


def _destroy(key_id: str, urls: Sequence[str], root: Path) -> None:
    """As the operator's command does."""
    check_over(key_id, Retention(person_days=PERSON_KEY_DAYS), datetime.now(UTC).date())
    check_finished(key_id, urls)
    destroy([root / service for service in SEAL_PURPOSES], key_id)


async def _until_pruning(stack: Stack) -> None:
    async with asyncio.timeout(PRUNING_WITHIN_SECONDS):
        while not await _pruned(stack):
            await asyncio.sleep(0.2)


async def _pruned(stack: Stack) -> int:
    async with connected(stack.postgres, "verification") as connection:
        rows: int = await connection.fetchval(_PRUNED)
    return rows


def _latencies(beside: str, receipts: Path) -> Latencies:
    seconds = sorted(_seconds(receipts))
    shares = (0.5, 0.95, 0.99, 1.0)
    at = [seconds[min(len(seconds) - 1, int(share * len(seconds)))] for share in shares]
    return Latencies(beside, len(seconds), at)


def _seconds(receipts: Path) -> list[float]:
    lines = [json.loads(line) for line in receipts.read_text().splitlines()]
    times = [
        [datetime.fromisoformat(line[name]) for name in ("sent_at", "answered_at")]
        for line in lines
        if "status" in line
    ]
    return [(answered - sent).total_seconds() for sent, answered in times]
