"""A relay that dies after its first batch is on the topic and before the rows are deleted."""

import asyncio
import os
import sys
from collections.abc import Sequence

from electoral import postgres
from electoral.kafka import Producer, Record
from electoral.metrics import Metrics
from electoral.outbox import Relay


class DiesAfterPublishing(Producer):
    async def publish(self, records: Sequence[Record]) -> None:
        await super().publish(records)
        os._exit(9)


async def main(dsn: str, bootstrap: str) -> None:
    pool = await postgres.open_pool(dsn, service="relay", connections=2)
    async with pool, DiesAfterPublishing(bootstrap, "relay") as producer:
        await Relay(pool, producer, Metrics()).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
