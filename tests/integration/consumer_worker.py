"""A worker on its own, for tests that stop, kill or freeze it: writes one row per message.

What a message does to it is told by its client id: `raise`, `exit`, `hold`, `freeze`.
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


class WritesRows:
    """Does to each message what its client id says."""

    async def prepare(self, events: Sequence[Received]) -> list[ApplicationReceived | Hold]:
        prepared: list[ApplicationReceived | Hold] = []
        for received in events:
            event = received.event
            assert isinstance(event, ApplicationReceived)
            if event.client_id == "raise":
                raise RuntimeError("planted")
            if event.client_id == "exit":
                os._exit(9)
            prepared.append(Hold("planted") if event.client_id == "hold" else event)
        return prepared

    async def record(self, connection: Connection, prepared: Sequence[ApplicationReceived]) -> None:
        await connection.executemany(
            "INSERT INTO effect VALUES ($1, $2, $3)",
            [(event.application_id, event.attempt, os.getpid()) for event in prepared],
        )
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
            handler=WritesRows(),
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
