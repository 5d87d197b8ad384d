"""The simulated Notify in a test, a sender that is in a hurry, and what became of copies."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from builders import an_application
from electoral.metrics import Metrics
from electoral.tracing import child_traceparent
from form_port import FormPort
from pydantic import SecretStr
from registration.acceptance import Stored
from registration.notify.copies import CopyWording
from registration.notify.http import HttpNotify
from registration.notify.port import Kind, Notify
from registration.notify.sender import CopySender, Manner
from registration.partners import Partner
from registration.submission import Arrival
from simulated.journal import read_journal
from simulated.notify import JOURNAL_FILE, NotifyServer
from simulated.serving import start_server

TOKEN = "token-of-registration"
EMAIL, PHONE, MOBILE = "canary.of.sian@example.com", "07700 900123", "+447700900123"
# As in production, but nobody waits for it.
QUICK = Manner(
    per_second_max=200,
    look_interval=0.05,
    pause_max=0.05,
    delay_first=timedelta(milliseconds=50),
)
LONG_ENOUGH = 20.0  # seconds


@dataclass
class Outside:
    """A simulated Notify, and how to reach it."""

    folder: Path
    url: str
    runner: Any = None
    server: NotifyServer | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        self.server = await self.stack.enter_async_context(NotifyServer(TOKEN, self.folder))
        app = self.server.application()
        self.runner = await start_server(app, "127.0.0.1", int(self.url.rpartition(":")[2]))

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None
        await self.stack.aclose()

    async def behave(self, **settings: object) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.put(f"{self.url}/control", data=json.dumps(settings)) as answer,
        ):
            assert answer.status == 200, await answer.text()

    async def figures(self) -> dict[str, int]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/control/statistics") as answer,
        ):
            return dict(await answer.json())

    def journal(self) -> list[dict[str, Any]]:
        file = self.folder / JOURNAL_FILE
        return list(read_journal(file)) if file.exists() else []


@asynccontextmanager
async def sending(
    port: FormPort,
    outside: Outside,
    manner: Manner = QUICK,
    token: str = TOKEN,
    instead: Notify | None = None,
) -> AsyncIterator[None]:
    """Run the sender until the context ends; `instead`: of the simulated Notify."""
    form, metrics = port.form, Metrics()
    async with HttpNotify(url=outside.url, token=SecretStr(token), metrics=metrics) as notify:
        sender = CopySender(
            pool=form.pool,
            sealer=form.sealer,
            notify=instead or notify,
            compose=CopyWording(form.texts, form.authorities),
            metrics=metrics,
            manner=manner,
        )
        task = asyncio.create_task(sender.run())
        try:
            yield
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def apply(port: FormPort, **changes: object) -> Stored:
    at = datetime.now(UTC)
    arrival = Arrival(Partner("form", "web"), uuid4().hex, at, child_traceparent(None))
    return (await port.form.submissions.submit(an_application(**changes), arrival)).stored


async def ask(port: FormPort, one: Stored, ways: Mapping[Kind, str] | None = None) -> None:
    await port.form.copies.ask(one.reference, ways or {"email": EMAIL}, "en")


async def rows(port: FormPort) -> list[Any]:
    return list(await port.form.pool.fetch("SELECT * FROM notification ORDER BY asked_at, kind"))


async def until(port: FormPort, state: str, count: int = 1) -> list[Any]:
    """Wait until so many copies are in a state."""
    async with asyncio.timeout(LONG_ENOUGH):
        while True:
            there = [row for row in await rows(port) if row["state"] == state]
            if len(there) >= count:
                return there
            await asyncio.sleep(0.02)


async def until_tried(port: FormPort, reason: str) -> Any:
    async with asyncio.timeout(LONG_ENOUGH):
        while not (found := [row for row in await rows(port) if row["reason"] == reason]):
            await asyncio.sleep(0.02)
        return found[0]
