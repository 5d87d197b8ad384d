"""What waits for a key, and is handled by itself once the key is there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from electoral import held, postgres
from electoral.authorities import Authorities
from electoral.calendar import london_date
from electoral.envelope import wrap
from electoral.handling import Received
from electoral.kafka import Message
from electoral.keys import make_keys
from electoral.postgres import Pool, transaction
from electoral.releasing import Releaser
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.tracing import new_traceparent
from ems_gateway.handlers import KeepForEro
from ems_gateway.history.writing import History
from ems_gateway.moves.responsibility import Responsibilities
from gateway_builders import an_outcome

pytestmark = pytest.mark.integration

LATE_INTERVAL = 0.1  # seconds


@dataclass
class Late:
    """A gateway's database with one message that is held for a key that is not there."""

    pool: Pool
    application_id: UUID
    key: Path
    hidden: Path

    def put_key_back(self) -> None:
        self.hidden.rename(self.key)

    async def state(self) -> list[tuple[str, str]]:
        return [(one.state, one.error_class) for one in await held.list_held(self.pool)]

    async def delivered(self) -> list[UUID]:
        rows = await self.pool.fetch(
            "SELECT application_id FROM record JOIN queue USING (position)"
        )
        return [row["application_id"] for row in rows]


@pytest.fixture
async def late(postgres_dsn: Callable[[str], str], keys_root: Path) -> AsyncIterator[Late]:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    make_keys(keys_root, london_date(yesterday))
    keyring = DirectoryKeyring(keys_root / "ems-gateway")
    event = an_outcome(Sealer(keyring, lambda: yesterday))
    key = keys_root / "ems-gateway" / f"{event.person.partition('.')[0]}.key"
    hidden = key.rename(key.with_suffix(".hidden"))
    sealer = Sealer(DirectoryKeyring(keys_root / "ems-gateway"))
    handler = KeepForEro(Responsibilities(Authorities.load()), sealer, History(keyring))
    pool = await postgres.open_pool(postgres_dsn("ems-gateway"), service="test", connections=4)
    async with pool:
        await hold(pool, sealer, handler, Received(event, new_traceparent()))
        releaser = Releaser(
            pool=pool,
            handler=handler,
            sealer=sealer,
            after_commit=lambda: None,
            late_interval=LATE_INTERVAL,
        )
        task = asyncio.create_task(releaser.run())
        yield Late(pool, event.application_id, key, hidden)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def hold(pool: Pool, sealer: Sealer, handler: KeepForEro, received: Received) -> None:
    """Do as the consumer engine does with what a handler cannot handle."""
    [answer] = await handler.prepare([received])
    envelope = wrap(
        received.event, source="test", at=datetime.now(UTC), traceparent=new_traceparent()
    )
    headers = {name: text.encode() for name, text in envelope.headers.items()}
    message = Message(envelope.topic, 0, 0, envelope.value, headers)
    async with transaction(pool) as connection:
        await held.hold(
            connection,
            [held.seal_message(sealer, message, answer.error_class)],  # type: ignore[union-attr]
        )


async def test_what_a_late_key_opens_is_delivered_by_itself(late: Late) -> None:
    await asyncio.sleep(2.5)  # it is tried again and again
    assert await late.state() in ([("held", "unknown-key")], [("released", "unknown-key")])
    assert await late.delivered() == []
    late.put_key_back()
    async with asyncio.timeout(10):
        while await held.count(late.pool):
            await asyncio.sleep(0.05)
    assert await late.delivered() == [late.application_id]


async def test_after_a_day_only_an_operator_releases_it(late: Late) -> None:
    await late.pool.execute("UPDATE held_message SET held_at = now() - interval '25 hours'")
    late.put_key_back()
    await asyncio.sleep(2.5)
    assert await late.state() == [("held", "unknown-key")]
    assert await held.release(late.pool, None) == 1
    async with asyncio.timeout(10):
        while await held.count(late.pool):
            await asyncio.sleep(0.05)
    assert await late.delivered() == [late.application_id]
