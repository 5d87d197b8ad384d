"""A bench for verification: a real database, a DWP that answers as told, the pieces on them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from time import monotonic

from electoral import postgres
from electoral.blind_index import BlindIndex
from electoral.calendar import Polls
from electoral.consumer import Hold, Received
from electoral.events import ApplicationReceived, ApplicationVerified
from electoral.identifiers import draw_reference, new_application_id
from electoral.ledger import LedgerRow, read_side
from electoral.metrics import Metrics
from electoral.person import Name
from electoral.postgres import Pool
from electoral.releasing import Releaser
from electoral.sealing import Sealer, SealPurpose
from electoral.tracing import new_traceparent
from event_traffic import verified_in_outbox
from tasks import alongside
from verification.breaker import Breaker
from verification.dwp import Answer, Answers, Dwp, Turn
from verification.errors import DwpFailure
from verification.handlers import ApplicationReceivedHandler, Prepared
from verification.lookups import Lookups
from verification.matching import Record as DwpRecord
from verification.merging import Merging
from verification.parking import ParkedAttempts
from verification.pending import Pending, PendingSweep
from verification.postgres.attempts import which_are_known
from verification.postgres.rate import Work
from verification.rate import Rate

GSS = "E08000025"
BORN = date(1987, 3, 31)
KNOWN = DwpRecord((Name("SIAN", "", "ONEILL"),), BORN, None)
PERSON = {
    "firstName": "Siân",
    "lastName": "O'Neill",
    "dateOfBirth": BORN.isoformat(),
    "openRegister": False,
}
PATIENCE = 0.3  # seconds, where a test makes somebody wait
PATIENCE_ELSE = 5.0  # where DWP answers at once; the machine may pause, and no test is about that
NO_POLLS = Polls([])


class ToldDwp:
    """Stands at the port for DWP: answers what a test says, else with one known record."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.calls: list[Sequence[str]] = []
        self.called_at: list[float] = []  # monotonic seconds
        self.failing = False
        self.failure = DwpFailure("server-error")  # of calls while it is failing
        self.hanging = False
        self.hanging_about: set[str] = set()  # calls about one of these are never answered

    @property
    def answers_at_once(self) -> bool:
        return not (self.failing or self.hanging or self.hanging_about)

    async def look_up(self, ninos: Sequence[str], turn: Turn) -> Answers:
        await turn()
        self.calls.append(ninos)
        self.called_at.append(monotonic())
        self.asked.extend(ninos)
        if self.hanging or self.hanging_about.intersection(ninos):
            await asyncio.sleep(3600)
        if self.failing:
            raise self.failure
        return {nino: self.answers.get(nino, KNOWN) for nino in ninos}


@dataclass
class Bench:
    """One database, a DWP, and the pieces of verification on them."""

    pool: Pool
    sealer: Sealer  # opens all, seals as a sender does
    index: BlindIndex
    dwp: ToldDwp = field(default_factory=ToldDwp)
    metrics: Metrics = field(default_factory=Metrics)
    asked: Dwp | None = None  # in place of the one that is told
    polls: Polls = NO_POLLS
    lookups_per_second_max: int = 100_000
    lookups_per_call_max: int = 100

    def rate(self, work: Work) -> Rate:
        return Rate(
            self.pool,
            work,
            lookups_per_second_max=self.lookups_per_second_max,
            lookups_per_call_max=self.lookups_per_call_max,
        )

    def pending(self) -> Pending:
        return Pending(self.polls, self.metrics, deadline_hours=48.0)

    def breaker(self) -> Breaker:
        return Breaker(self.pool, failures_to_open=5, probe_delay=0.2)

    def lookups(self) -> Lookups:
        rate = self.rate("new")
        dwp = self.asked or self.dwp
        keeps_waiting = not self.dwp.answers_at_once or self.lookups_per_second_max < 1_000
        patience = PATIENCE if keeps_waiting else PATIENCE_ELSE
        return Lookups(dwp, self.breaker(), rate, calls_max=8, patience=patience)

    def handler(self) -> ApplicationReceivedHandler:
        merging = Merging(self.pool, self.sealer)
        return ApplicationReceivedHandler(
            self.sealer, self.index, merging, self.lookups(), self.pending(), self.metrics
        )

    async def prepare(self, *events: ApplicationReceived) -> Sequence[Prepared | Hold]:
        return await self.handler().prepare([Received(e, new_traceparent()) for e in events])

    async def take(self, *events: ApplicationReceived) -> None:
        """Do with a batch what the consumer engine does."""
        results = await self.prepare(*events)
        prepared = [one for one in results if isinstance(one, Prepared)]
        assert len(prepared) == len(events)
        async with postgres.transaction(self.pool) as connection:
            await self.handler().record(connection, prepared)

    @asynccontextmanager
    async def trying_parked(
        self, *, key_wait_hours: float = 24.0, patience: float = PATIENCE
    ) -> AsyncIterator[None]:
        breaker, rate = self.breaker(), self.rate("parked")
        parked = ParkedAttempts(
            pool=self.pool,
            sealer=self.sealer,
            index=self.index,
            lookups=Lookups(self.asked or self.dwp, breaker, rate, calls_max=4, patience=patience),
            rate=rate,
            breaker=breaker,
            metrics=self.metrics,
            calls_max=4,
            key_wait_hours=key_wait_hours,
            after_commit=lambda: None,
        )
        async with alongside(parked.run()):
            yield

    @asynccontextmanager
    async def sweeping(self, *, after_hours: float) -> AsyncIterator[None]:
        sweep = PendingSweep(
            self.pool, self.pending(), after_hours=after_hours, after_commit=lambda: None
        )
        async with alongside(sweep.run()):
            yield

    @asynccontextmanager
    async def releasing(self) -> AsyncIterator[None]:
        releaser = Releaser(
            pool=self.pool, handler=self.handler(), sealer=self.sealer, after_commit=lambda: None
        )
        async with alongside(releaser.run()):
            yield

    async def published(self) -> list[ApplicationVerified]:
        return await verified_in_outbox(self.pool)

    async def has_published(self, count: int) -> bool:
        return len(await self.published()) >= count

    async def parked(self) -> dict[str, int]:
        rows = await self.pool.fetch("SELECT reason, count(*) FROM parked GROUP BY reason")
        return {row["reason"]: row["count"] for row in rows}

    async def make_all_due(self) -> None:
        await self.pool.execute("UPDATE parked SET next_try_at = now()")

    async def ledger(
        self, before: datetime | None = None, day: date = date(2026, 11, 22)
    ) -> dict[str, LedgerRow]:
        rows = await read_side(self.pool, day, before, which_are_known)
        assert {row.gss_code for row in rows} <= {GSS}
        return {row.state: row for row in rows}

    async def counts(self) -> dict[str, int]:
        return {state: row.count for state, row in (await self.ledger()).items()}

    def an_event(
        self, nino: str | None = "AB123456C", person: object = PERSON, **changes: object
    ) -> ApplicationReceived:
        application_id = new_application_id()
        paper = changes.get("source") == "paper"
        sealed = self.sealer.seal("person", application_id, json.dumps(person).encode())
        purpose: SealPurpose = "nino-council" if paper else "nino-online"
        plain: dict[str, object] = {
            "application_id": application_id,
            "attempt": 1,
            "gss_code": GSS,
            "received_at": at(12),
            "attempt_received_at": at(12),
            "reference": None if paper else draw_reference(),
            "type": "ordinary",
            "source": "web",
            "language": "en",
            "arrived_at": at(12),
            "address_basis": "uprn",
            "client_id": "partner",
            "person": sealed,
            "nino": nino and self.sealer.seal(purpose, application_id, nino.encode()),
            "nino_absence": None if nino else "no-nino",
        }
        return ApplicationReceived.model_validate(plain | changes)


def at(hour: int) -> datetime:
    return datetime(2026, 11, 22, hour, 2, 3, 456789, tzinfo=UTC)


async def wait_until(holds: Callable[[], Awaitable[bool]], seconds: float = 45.0) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.05)


async def open_breaker(bench: Bench) -> None:
    """Let so many calls fail in a row that nobody asks any more."""
    bench.dwp.failing = True
    for number in range(5):
        await bench.take(bench.an_event(f"AB00000{number}"))
