"""The citizen's form in a test: a process of registration on a real Postgres, and what it accepted.

Without Kafka on purpose: what was accepted stays in the outbox, where a test can read it, and the
form has to work all the same.
"""

import asyncio
import json
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
from electoral.keys import make_keys
from electoral.migrating import migrate
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.today import LONDON
from electoral_local.ports import free_ports
from electoral_local.postgres import EmbeddedPostgres
from registration.settings import MIGRATIONS
from registration_service import Service, postcode_index, running, settings_of

T = TypeVar("T")

# Copies of receipts are offered; nobody answers there, so none is ever sent.
COPIES_OFFERED = {"REGISTRATION_NOTIFY_URL": "http://127.0.0.1:9"}


@dataclass(frozen=True)
class FormWorld:
    """A form that runs, with its database and keys."""

    service: Service
    dsn: str
    keys: Path
    log: Path

    @property
    def url(self) -> str:
        """Where a browser goes."""
        return self.service.url

    def accepted(self) -> int:
        """How many applications there are."""
        return int(self.fetchval("SELECT count(*) FROM application"))

    def person(self, reference: str) -> dict[str, Any]:
        """What was accepted under a reference as it is shown, opened: the person and the NINO."""
        sought = "SELECT application_id FROM application WHERE reference = $1"
        application_id = self.fetchval(sought, reference.replace(" ", ""))
        assert application_id is not None, f"no application {reference}"
        value = self.fetchval("SELECT value FROM outbox WHERE key = $1", str(application_id))
        return self._open(json.loads(value))

    @contextmanager
    def refusing(self, table: str, change: str) -> Iterator[None]:
        """Let the database refuse each INSERT or UPDATE of a table until the context ends."""
        function = (
            "CREATE OR REPLACE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''refused by a test''; END'"
        )
        trigger = f"CREATE TRIGGER refusing BEFORE {change} ON {table} EXECUTE FUNCTION refused()"
        self.fetchval(function)
        self.fetchval(trigger)
        try:
            yield
        finally:
            self.fetchval(f"DROP TRIGGER refusing ON {table}")

    def fetchval(self, query: str, *arguments: object) -> Any:
        async def fetch() -> object:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await connection.fetchval(query, *arguments)
            finally:
                await connection.close()

        return in_thread(fetch())

    def _open(self, event: Mapping[str, Any]) -> dict[str, Any]:
        sealer = Sealer(DirectoryKeyring(self.keys / "registration"))
        application_id = UUID(event["applicationId"])
        person: dict[str, Any] = json.loads(sealer.open("person", application_id, event["person"]))
        if sealed := event.get("nino"):
            person["nino"] = sealer.open("nino-online", application_id, sealed).decode()
        return person | {"source": event["source"], "gssCode": event["gssCode"]}


@contextmanager
def form_world(
    postgres: EmbeddedPostgres, folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[FormWorld]:
    """Run the form on a fresh database until the context ends."""
    make_keys(folder / "keys", datetime.now(UTC).astimezone(LONDON).date())
    dsn = in_thread(_a_database(postgres))
    (nobody,) = free_ports(1)
    environment = settings_of(
        dsn, f"127.0.0.1:{nobody}", folder / "keys", folder, postcode_index(folder)
    )
    log = folder / "registration.log"
    with running(environment | dict(settings or {}), log) as service:
        yield FormWorld(service, dsn, folder / "keys", log)


async def _a_database(postgres: EmbeddedPostgres) -> str:
    name = f"form_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.superuser_dsn())
    await connection.execute(f"CREATE DATABASE {name} OWNER registration")
    await connection.close()
    dsn = postgres.dsn("registration").rpartition("/")[0] + f"/{name}"
    await migrate(dsn, "registration", MIGRATIONS)
    return dsn


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine beside whatever loop this thread has: a browser's driver keeps one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(timeout=60)
