"""A gateway without Kafka, on the real Postgres: what reaches it is handed to its handler."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from electoral import postgres
from electoral.authorities import Authorities
from electoral.blind_index import BlindIndex
from electoral.calendar import london_date
from electoral.consumer import Hold, Received
from electoral.events import ApplicationVerified
from electoral.identifiers import record_id
from electoral.ledger import LedgerRow, read_side
from electoral.metrics import Metrics
from electoral.postgres import Pool, transaction
from electoral.proxies import TrustedProxies
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.tracing import new_traceparent
from ems_gateway.app import compose
from ems_gateway.calling.callers import Callers
from ems_gateway.calling.eros_file import ErosFile, open_eros_file
from ems_gateway.calling.issued import Issued
from ems_gateway.calling.pace import Pace, pace_of
from ems_gateway.gateway import Gateway
from ems_gateway.handlers import KeepForEro
from ems_gateway.history.writing import History
from ems_gateway.moves.assignment import Desk
from ems_gateway.moves.responsibility import Responsibilities
from ems_gateway.postgres.attempts import which_are_known
from ems_gateway.routes import public_app
from gateway_builders import LOTHIAN, RECEIVED_AT, an_outcome

FreshDatabase = Callable[[str], str]
DAY = london_date(RECEIVED_AT)
SUCCESS, FAILURE = {"status": "success"}, {"status": "failure"}


@dataclass(slots=True)
class World:
    """One gateway, its database, and a client of its public port."""

    dsn: str
    pool: Pool
    sealer: Sealer
    history: History
    responsibilities: Responsibilities
    handler: KeepForEro
    gateway: Gateway
    client: TestClient[Any, Any]
    eros_file: ErosFile
    issued: Issued

    async def arrive(self, *events: ApplicationVerified) -> list[str]:
        """Handle events as one batch; returns the record ids in the order of the events."""
        received = [Received(event, new_traceparent()) for event in events]
        prepared = await self.handler.prepare(received)
        good = [one for one in prepared if not isinstance(one, Hold)]
        async with transaction(self.pool) as connection:
            await self.handler.record(connection, good)
        return [record_id(e.application_id, e.attempt, e.revision) for e in events]

    async def outcomes(self, count: int, **changes: Any) -> list[str]:
        """Let outcomes arrive that were received a second after each other."""
        times = [RECEIVED_AT + timedelta(seconds=number) for number in range(count)]
        return await self.arrive(*(self.outcome(received_at=at, **changes) for at in times))

    def outcome(self, **changes: Any) -> ApplicationVerified:
        return an_outcome(self.sealer, **changes)

    async def page(self, ero: str = "hartlepool", **query: object) -> dict[str, Any]:
        response = await self.client.get(
            "/registrations", headers=authorized(ero), params={k: str(v) for k, v in query.items()}
        )
        assert response.status == 200, await response.text()
        found: dict[str, Any] = await response.json()
        return found

    async def ids(self, ero: str = "hartlepool", **query: object) -> list[str]:
        return [one["id"] for one in (await self.page(ero, **query))["registrations"]]

    async def lease(self, page_size: int, seconds: int = 60, ero: str = "hartlepool") -> list[str]:
        body = {"pageSize": page_size, "seconds": seconds}
        response = await self.client.post(
            "/registrations/leases", headers=authorized(ero), json=body
        )
        assert response.status == 200
        return [one["id"] for one in (await response.json())["registrations"]]

    async def put(
        self, record: str, answer: dict[str, Any] = SUCCESS, ero: str = "hartlepool"
    ) -> ClientResponse:
        return await self.client.put(
            f"/registrations/{record}", headers=authorized(ero), json=answer
        )

    async def acknowledge(self, entries: Sequence[object], ero: str = "hartlepool") -> list[int]:
        response = await self.client.post(
            "/registrations/acknowledgements",
            headers=authorized(ero),
            json={"acknowledgements": entries},
        )
        return [one["status"] for one in (await response.json())["results"]]

    @property
    def desk(self) -> Desk:
        """What an operator works at."""
        return Desk(self.pool, self.responsibilities, self.history)

    async def ledger(self, before: datetime | None = None) -> dict[tuple[str, str], int]:
        rows = await ledger_rows(self.pool, before)
        return {(row.gss_code, row.state): row.count for row in rows}

    async def events(self) -> list[dict[str, Any]]:
        rows = await self.pool.fetch("SELECT value FROM outbox ORDER BY seq")
        return [json.loads(row["value"]) for row in rows]


async def ledger_rows(pool: Pool, before: datetime | None = None) -> list[LedgerRow]:
    return await read_side(pool, DAY, before, which_are_known)


async def settle(world: World) -> None:
    """Let what has just come have come a little earlier: the last second may lack something."""
    for table, column in (("record", "created_at"), ("assignment", "assigned_at")):
        await world.pool.execute(
            f"UPDATE {table} SET {column} = {column} - interval '5 seconds'"
            f" WHERE {column} > now() - interval '3 seconds'"
        )


def authorized(ero: str) -> dict[str, str]:
    return {"Authorization": f"Bearer token-of-{ero}"}


def a_credentials_file(directory: Path) -> Path:
    file = directory / "eros.json"
    entries = [
        {"ero": ero, "tokenSha256": [sha256(f"token-of-{ero}".encode()).hexdigest()]}
        for ero in ("hartlepool", LOTHIAN)
    ]
    file.write_text(json.dumps(entries))
    return file


def any_pace(metrics: Metrics) -> Pace:
    return pace_of(1_000_000, 1_000_000, metrics)


def some_callers(eros_file: ErosFile, issued: Issued, metrics: Metrics, pace: Pace) -> Callers:
    """Say who calls, behind no proxy."""
    return Callers(
        eros_file=eros_file,
        issued=issued,
        proxies=TrustedProxies(),
        pace=pace,
        metrics=metrics,
    )


@cache
def shipped_authorities() -> Authorities:
    """Read the shipped lists once a run."""
    return Authorities.load()


@asynccontextmanager
async def open_world(
    dsn: str, keys: Path, metrics: Metrics, directory: Path, pace: Pace | None = None
) -> AsyncIterator[World]:
    """Run a gateway for as long as the block lasts; EROs go as fast as they like, or at a pace."""
    pace = pace or any_pace(metrics)
    authorities, keyring = shipped_authorities(), DirectoryKeyring(keys)
    responsibilities = Responsibilities(authorities)
    sealer, index = Sealer(keyring), BlindIndex(keyring)
    history = History(keyring)
    eros_file = open_eros_file(a_credentials_file(directory), shipped_authorities)
    async with await postgres.open_pool(dsn, service="test", connections=8) as pool:
        issued = Issued(pool)
        await issued.read()
        gateway = compose(
            pool=pool,
            sealer=sealer,
            index=index,
            history=history,
            authorities=authorities,
            responsibilities=responsibilities,
            metrics=metrics,
            authenticate=some_callers(eros_file, issued, metrics, pace).authenticate,
            pace=pace,
            after_commit=lambda: None,
        )
        server = TestServer(public_app(gateway, metrics))
        async with gateway.answers.group_commit, TestClient(server) as client:
            handler = KeepForEro(responsibilities, sealer, history)
            reading = asyncio.create_task(issued.keep_reading())
            try:
                yield World(
                    dsn=dsn,
                    pool=pool,
                    sealer=sealer,
                    history=history,
                    responsibilities=responsibilities,
                    handler=handler,
                    gateway=gateway,
                    client=client,
                    eros_file=eros_file,
                    issued=issued,
                )
            finally:
                reading.cancel()
