"""What an operator would watch while DWP is in trouble: who waits, the breaker, the gateway."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, NamedTuple
from uuid import UUID

import aiohttp
import asyncpg
from electoral_local.stack import Stack

LOOK_SECONDS = 0.2
PAGE_SECONDS = 10.0  # after which a page of the gateway counts as never answered
DATABASE_SECONDS = 10.0


class Dwp:
    """The simulated DWP's own port."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._url = f"{stack.blueprint.dwp_url}/control"
        self._session = session

    async def behave(self, **changes: object) -> None:
        async with self._session.put(self._url, json=changes) as answer:
            assert answer.status == 200, await answer.text()

    async def figures(self) -> dict[str, int]:
        async with self._session.get(f"{self._url}/statistics") as answer:
            counted: dict[str, int] = await answer.json()
            return counted


class Verification:
    """Its database, read from outside."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection

    async def waiting(self) -> int:
        """How many wait for DWP."""
        return int(await self._connection.fetchval("SELECT count(*) FROM parked"))

    async def is_waiting_since(self, before: float) -> bool:
        """Whether anybody still waits who was parked before a Unix time."""
        sought = "SELECT EXISTS (SELECT 1 FROM parked WHERE parked_at < $1)"
        return bool(await self._connection.fetchval(sought, datetime.fromtimestamp(before, UTC)))

    async def who_waits(self) -> set[UUID]:
        rows = await self._connection.fetch("SELECT application_id FROM parked")
        return {row["application_id"] for row in rows}

    async def batches(self) -> dict[UUID, float]:
        """In which batch each was taken: the Unix time at which its transaction began."""
        rows = await self._connection.fetch("SELECT application_id, taken_at FROM attempt")
        return {row["application_id"]: row["taken_at"].timestamp() for row in rows}

    async def asks_dwp(self) -> bool:
        """Whether the breaker is closed."""
        return not await self._connection.fetchval("SELECT is_open FROM dwp_breaker")


@asynccontextmanager
async def verification_of(stack: Stack) -> AsyncIterator[Verification]:
    connection = await asyncpg.connect(
        stack.postgres.superuser_dsn("verification"), command_timeout=DATABASE_SECONDS
    )
    try:
        yield Verification(connection)
    finally:
        await connection.close()


async def watch_who_waits(verification: Verification, seen: set[UUID]) -> None:
    """Adds whoever waits, until cancelled; nobody waits for less than two looks."""
    while True:
        seen |= await verification.who_waits()
        await asyncio.sleep(LOOK_SECONDS)


class Page(NamedTuple):
    """One look into an ERO's queue."""

    at: float  # Unix time
    status: int  # 0: not answered
    seconds: float


async def watch_gateway(stack: Stack, session: aiohttp.ClientSession, pages: list[Page]) -> None:
    """Fetches a page of one ERO after the other, until cancelled."""
    timeout = aiohttp.ClientTimeout(total=PAGE_SECONDS)
    url = f"{stack.blueprint.gateway_url}/registrations?pageSize=200"
    for token in cycle(stack.credentials.ero_tokens().values()):
        begin, status = time.time(), 0
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with session.get(url, headers=headers, timeout=timeout) as answer:
                json.loads(await answer.read())
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            pass
        pages.append(Page(begin, status, time.time() - begin))
        await asyncio.sleep(LOOK_SECONDS)
