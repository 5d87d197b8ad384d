"""A worker on its own, for tests that stop, kill or freeze it: writes one row per message.

What a message does to it is told by its client id. `raise`, `hold` and `pause` do so until the
file `mended` lies beside its keys, `exit-if-mended` from then on; `exit`, `no-key`, `freeze` and
`heavy` always.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from electoral import lifecycle, logs, postgres
from electoral.consumer import Consumer, Hold, Received
from electoral.events import ApplicationReceived
from electoral.metrics import Metrics
from electoral.postgres import Connection
from electoral.sealing import DirectoryKeyring, Sealer

EFFECTS = "CREATE TABLE IF NOT EXISTS effect (application_id uuid, attempt int, worker int)"


HEAVY_SECONDS = 0.02  # that one heavy message takes
STATEMENT_TIMEOUT = "300ms"  # of a batch with heavy messages


class WritesRows:
    """Does to each message what its client id says."""

    def __init__(self, mended: Path) -> None:
        self._mended = mended

    async def prepare(self, events: Sequence[Received]) -> list[ApplicationReceived | Hold]:
        return [await self._prepare(received) for received in events]

    async def _prepare(self, received: Received) -> ApplicationReceived | Hold:
        event, mended = received.event, self._mended.exists()
        assert isinstance(event, ApplicationReceived)
        match event.client_id:
            case "raise" if not mended:
                raise RuntimeError("planted")
            case "hold" | "exit-if-mended" if not mended:
                return Hold("planted")
            case "exit" | "exit-if-mended":
                os._exit(9)
            case "pause":
                await self._pause()
            case "no-key":
                return Hold("unknown-key")
        return event

    async def _pause(self) -> None:
        print("batch in hand", flush=True)
        while not self._mended.exists():
            await asyncio.sleep(0.05)

    async def record(self, connection: Connection, prepared: Sequence[ApplicationReceived]) -> None:
        await connection.executemany(
            "INSERT INTO effect VALUES ($1, $2, $3)",
            [(event.application_id, event.attempt, os.getpid()) for event in prepared],
        )
        if heavy := sum(event.client_id == "heavy" for event in prepared):
            await connection.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
            await connection.execute("SELECT pg_sleep($1)", heavy * HEAVY_SECONDS)
        if any(event.client_id == "freeze" for event in prepared):
            print("in transaction", flush=True)
            # Long enough to be frozen here, short enough not to end by the idle time-out.
            await connection.fetchval("SELECT pg_sleep(0.5)")


async def consume(dsn: str, bootstrap: str, topic: str, keys: Path) -> None:
    pool = await postgres.open_pool(dsn, service="worker", connections=4)
    async with pool:
        consumer: Consumer[ApplicationReceived] = Consumer(
            bootstrap_servers=bootstrap,
            group=f"group-{topic}",
            topics=[topic],
            pool=pool,
            handler=WritesRows(keys.parent / "mended"),
            sealer=Sealer(DirectoryKeyring(keys)),
            metrics=Metrics(),
            batch_messages_max=50,
        )
        releasing = asyncio.create_task(consumer.keep_releasing())
        try:
            await consumer.run()
        finally:
            releasing.cancel()


def main() -> int:
    dsn, bootstrap, topic, keys = sys.argv[1:5]
    logs.configure("worker", "INFO")
    try:
        asyncio.run(consume(dsn, bootstrap, topic, Path(keys)))
    except Exception as error:
        lifecycle.report_failure(error)
        return lifecycle.EX_SOFTWARE
    return 0


if __name__ == "__main__":
    sys.exit(main())
