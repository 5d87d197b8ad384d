"""Deciding stored levels again on the real Postgres: counted, published once, killed, at once."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from electoral import postgres
from electoral.calendar import day_bounds, london_date
from electoral.envelope import unwrap
from electoral.events import ApplicationReceived, ApplicationVerified
from electoral.identifiers import DIGEST_MODULUS, revision_digest
from electoral.ledger import LedgerDeltas, LedgerRow, read_side
from electoral.lifecycle import Lifecycle
from electoral.postgres import Pool, transaction
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.tracing import new_traceparent
from electoral_local.ports import free_ports
from event_traffic import publish, verified_in_outbox
from gateway_builders import EDINBURGH, HARTLEPOOL, RECEIVED_AT, a_final_outcome, an_outcome
from positions import begin_at_the_end, make_topics
from trouble import refuse_rows_of, take_rows_again
from verification import app
from verification.__main__ import main
from verification.outcomes import counted
from verification.postgres import attempts
from verification.postgres.attempts import NewAttempt, which_are_known
from verification.postgres.rerun import Span, steps
from verification.rerun import OUTBOX_ROWS_MAX, STEP_OUTCOMES, Rerun
from verification.rerun_report import Change, Counts
from verification.rules import rule_set
from verification.settings import Settings

pytestmark = pytest.mark.integration

GREENER = Change("red", "green")
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
NOVEMBER = Span(day_bounds(FIRST)[0], day_bounds(LAST)[1])
DECIDED_AT = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
FOUND = {
    "ninoReuse": [{"gssCode": EDINBURGH, "ninoCount": 2}],
    "ninoReuseTotal": 2,
    "possibleDuplicates": {
        "total": 1,
        "listed": [{"gssCode": EDINBURGH, "month": "2026-06", "basis": "nino"}],
        "group": "7f3c2b1a",
    },
}


def once_red(**changes: object) -> dict[str, object]:
    """An outcome that some rule set before ours decided otherwise: its levels are green now."""
    outcome = a_final_outcome(result="red", decidedBy="once", decidedAt=DECIDED_AT)
    return outcome | {"ruleVersion": "2025.1"} | changes


@dataclass
class Bench:
    """A database with what was decided in it."""

    dsn: str
    pool: Pool
    sealer: Sealer
    said: list[str] = field(default_factory=list)

    async def plant(self, *events: ApplicationVerified) -> None:
        """Store attempts with their outcomes as if they had been decided so, and published."""
        deltas = LedgerDeltas()
        newest = {(e.application_id, e.attempt): e for e in events}
        received = [ApplicationReceived.model_validate(e.model_dump()) for e in newest.values()]
        async with transaction(self.pool) as connection:
            await attempts.insert_attempts(
                connection,
                [
                    NewAttempt(one, new_traceparent(), event.revision)
                    for one, event in zip(received, newest.values(), strict=True)
                ],
            )
            await attempts.insert_outcomes(connection, events)
            for event in newest.values():
                deltas.enter("decided", counted(event, event.revision))
            await deltas.write(connection)

    async def plant_many(self, count: int, **changes: Any) -> list[ApplicationVerified]:
        """Plant attempts that were red once; in the order of their ids."""
        ids = sorted((uuid4() for _ in range(count)), key=lambda one: one.int)
        events = [self.an_event(application_id=one, **changes) for one in ids]
        await self.plant(*events)
        return events

    def an_event(self, **changes: Any) -> ApplicationVerified:
        return an_outcome(self.sealer, **({"outcome": once_red()} | changes))

    async def rerun(
        self, *, apply: bool, span: Span = NOVEMBER, over: str = "", version: str = "2026.2"
    ) -> Mapping[str, Counts]:
        rerun = Rerun(
            pool=self.pool,
            rule_set=rule_set(version),
            is_over=lambda key_id: key_id == over,
            apply=apply,
            say=self.said.append,
        )
        return await rerun.run(span)

    async def published(self) -> list[ApplicationVerified]:
        return await verified_in_outbox(self.pool)

    async def everything(self) -> list[str]:
        """All that is stored, to see whether anything was changed."""
        tables = ("attempt", "outcome", "outbox", "ledger_delta")
        reads = [f"SELECT t::text AS row FROM {table} t ORDER BY 1" for table in tables]
        return [row["row"] for read in reads for row in await self.pool.fetch(read)]

    async def ledger(self) -> list[LedgerRow]:
        return await read_side(self.pool, london_date(RECEIVED_AT), None, which_are_known)

    async def redecided(self) -> int:
        found: int = await self.pool.fetchval("SELECT count(*) FROM outcome WHERE revision > 1")
        return found

    async def assert_each_has_one_new_revision(self, planted: list[ApplicationVerified]) -> None:
        keys = {event.application_id for event in planted}
        published = [(e.application_id, e.revision) for e in await self.published()]
        assert sorted(published) == sorted((one, 2) for one in keys)
        rows = await self.pool.fetch(
            "SELECT application_id, a.revision, o.result"
            "  FROM attempt a JOIN outcome o USING (application_id, attempt, revision)"
        )
        assert {tuple(row) for row in rows} == {(one, 2, "green") for one in keys}
        assert await self.redecided() == len(keys)
        (row,) = await self.ledger()
        digest = sum(revision_digest(one, 1, 2) for one in keys) % DIGEST_MODULUS
        assert (row.state, row.count, row.revision_digest) == ("decided", len(keys), digest)


@pytest.fixture
async def bench(postgres_dsn: Callable[[str], str], keys_root: Path) -> AsyncIterator[Bench]:
    dsn = postgres_dsn("verification")
    pool = await postgres.open_pool(dsn, service="test", connections=8)
    async with pool:
        yield Bench(dsn, pool, Sealer(DirectoryKeyring(keys_root / "verification")))


# -- which, and what becomes of them --------------------------------------------------------------


async def test_a_dry_run_counts_per_authority_and_changes_nothing(bench: Bench) -> None:
    await bench.plant_many(3)
    await bench.plant_many(2, gss_code=EDINBURGH)
    await bench.plant_many(4, outcome=once_red(result="green"))
    before = await bench.everything()
    counts = await bench.rerun(apply=False)
    assert counts == {
        HARTLEPOOL: Counts(decided=7, changes=Counter({GREENER: 3}), other_rule=4),
        EDINBURGH: Counts(decided=2, changes=Counter({GREENER: 2})),
    }
    assert await bench.everything() == before


async def test_who_is_decided_otherwise_gets_a_new_revision_that_repeats_the_rest(
    bench: Bench,
) -> None:
    event = bench.an_event(previous_gss_code=EDINBURGH, language="cy", outcome=once_red(**FOUND))
    await bench.plant(event)
    parent = await bench.pool.fetchval("SELECT traceparent FROM attempt")
    assert (await bench.rerun(apply=True))[HARTLEPOOL].changes == {GREENER: 1}
    (verified,) = await bench.published()
    assert verified.model_dump(exclude={"revision", "outcome"}) == event.model_dump(
        exclude={"revision", "outcome"}
    )
    decided = {"result", "rule_version", "decided_by", "decided_at"}
    assert verified.outcome.model_dump(exclude=decided) == event.outcome.model_dump(exclude=decided)
    assert (verified.outcome.result, verified.outcome.decided_by) == ("green", "identified")
    assert verified.outcome.rule_version == "2026.2"
    await bench.assert_each_has_one_new_revision([event])
    rows = await bench.pool.fetch("SELECT found, first_name FROM outcome ORDER BY revision")
    assert [json.loads(row["found"]) for row in rows] == [FOUND, FOUND]
    headers = json.loads(await bench.pool.fetchval("SELECT headers FROM outbox"))
    assert headers["traceparent"].split("-")[1] == parent.split("-")[1]
    assert headers["revision"] == "2"


async def test_whose_result_stays_keeps_its_outcome_and_the_rule_that_decided(
    bench: Bench,
) -> None:
    await bench.plant_many(3, outcome=once_red(result="green"))
    before = await bench.everything()
    assert (await bench.rerun(apply=True))[HARTLEPOOL].other_rule == 3
    assert await bench.everything() == before


async def test_run_again_it_finds_nothing_more_to_change(bench: Bench) -> None:
    planted = await bench.plant_many(3)
    await bench.rerun(apply=True)
    before = await bench.everything()
    forever = NOVEMBER._replace(end=datetime(2100, 1, 1, tzinfo=UTC))
    counts = await bench.rerun(apply=True, span=forever)
    assert counts == {HARTLEPOOL: Counts(decided=3)}
    assert await bench.everything() == before
    await bench.assert_each_has_one_new_revision(planted)


async def test_only_the_newest_outcome_counts_and_only_a_final_one(bench: Bench) -> None:
    answered, waiting = uuid4(), uuid4()
    pending = {"result": None, "levels": None, "status": "pending"}
    await bench.plant(
        bench.an_event(application_id=answered),
        bench.an_event(application_id=answered, revision=2, outcome=once_red(result="green")),
        bench.an_event(application_id=waiting, outcome=once_red(**pending)),
    )
    assert await bench.rerun(apply=True) == {HARTLEPOOL: Counts(decided=1, other_rule=1)}
    assert await bench.published() == []


async def test_days_begin_and_end_at_midnight_in_london(bench: Bench) -> None:
    begin, end = NOVEMBER
    microsecond = timedelta(microseconds=1)
    for at in (begin - microsecond, begin, end - microsecond, end):
        await bench.plant(bench.an_event(outcome=once_red(decidedAt=at)))
    assert (await bench.rerun(apply=False))[HARTLEPOOL].decided == 2


async def test_attempts_of_one_application_are_decided_each_for_itself(bench: Bench) -> None:
    one = uuid4()
    await bench.plant(
        bench.an_event(application_id=one),
        bench.an_event(application_id=one, attempt=2, revision=4),
    )
    await bench.rerun(apply=True)
    published = [(event.attempt, event.revision) for event in await bench.published()]
    assert sorted(published) == [(1, 2), (2, 5)]


async def test_who_could_not_be_opened_any_more_is_counted_and_left(bench: Bench) -> None:
    event = bench.an_event()
    await bench.plant(event)
    counts = await bench.rerun(apply=True, over=event.person.partition(".")[0])
    assert counts == {HARTLEPOOL: Counts(decided=1, key_over=1)}
    assert await bench.published() == []


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
async def test_steps_of_any_size_meet_every_attempt_once(bench: Bench, count: int) -> None:
    planted = await bench.plant_many(7)
    again = [e.model_copy(update={"attempt": 2}) for e in planted[2:4]]
    await bench.plant(*again)
    met = [one.key async for step in steps(bench.pool, NOVEMBER, count) for one in step]
    assert met == sorted((e.application_id, e.attempt) for e in [*planted, *again])


# -- what happens meanwhile -----------------------------------------------------------------------


async def test_an_attempt_that_changes_between_reading_and_publishing_is_left(
    bench: Bench,
) -> None:
    first, second = await bench.plant_many(2)
    async with transaction(bench.pool) as connection:
        await attempts.mark_decided(connection, {(first.application_id, 1): 2})
        rerun = asyncio.create_task(bench.rerun(apply=True))
        await _waits_for_a_lock(bench.pool)
    counts = await rerun
    assert counts[HARTLEPOOL] == Counts(decided=2, changes=Counter({GREENER: 1}), overtaken=1)
    assert [e.application_id for e in await bench.published()] == [second.application_id]


async def test_two_at_once_give_each_attempt_one_new_revision(bench: Bench) -> None:
    planted = await bench.plant_many(3 * STEP_OUTCOMES + 17)
    both = await asyncio.gather(bench.rerun(apply=True), bench.rerun(apply=True))
    await bench.assert_each_has_one_new_revision(planted)
    assert sum(counts[HARTLEPOOL].changed for counts in both) == len(planted)


async def test_a_step_that_fails_leaves_nothing_of_it(bench: Bench) -> None:
    planted = await bench.plant_many(5)
    before = await bench.everything()
    await refuse_rows_of(bench.pool, "outbox")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await bench.rerun(apply=True)
    assert await bench.everything() == before
    await take_rows_again(bench.pool)
    await bench.rerun(apply=True)
    await bench.assert_each_has_one_new_revision(planted)


async def test_it_waits_while_a_running_relay_is_behind(bench: Bench) -> None:
    planted = await bench.plant_many(1)
    await bench.pool.execute(
        "INSERT INTO outbox (event_id, topic, key, headers, value)"
        " SELECT gen_random_uuid(), 't', 'k', '{}', '{}' FROM generate_series(1, $1)",
        OUTBOX_ROWS_MAX,
    )
    await bench.pool.execute(
        "INSERT INTO lease VALUES ('relay', gen_random_uuid(), now() + interval '1 min')"
    )
    rerun = asyncio.create_task(bench.rerun(apply=True))
    await asyncio.sleep(0.5)
    assert (await bench.redecided(), len(bench.said)) == (0, 1)
    await bench.pool.execute("DELETE FROM outbox")
    await rerun
    await bench.assert_each_has_one_new_revision(planted)


# -- the command, and its death -------------------------------------------------------------------


def environment_of(dsn: str, keys_root: Path) -> dict[str, str]:
    return {
        "VERIFICATION_DATABASE_URL": dsn,
        "VERIFICATION_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "VERIFICATION_KEYS_DIRECTORY": str(keys_root / "verification"),
        "VERIFICATION_DWP_URL": "http://127.0.0.1:1",
        "VERIFICATION_DWP_CLIENT_ID": "hub",
        "VERIFICATION_DWP_CLIENT_SECRET": "secret",
    }


COMMAND = [sys.executable, "-m", "verification", "rerun", "--rules", "2026.2", "--since"]


async def _waits_for_a_lock(pool: Pool) -> None:
    async with asyncio.timeout(20):
        while not await pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def killed_at(
    bench: Bench, event: ApplicationVerified, keys_root: Path
) -> AsyncIterator[None]:
    """Let the command run until it needs one attempt, and kill it there."""
    async with transaction(bench.pool) as connection:
        await connection.execute(
            "SELECT FROM attempt WHERE application_id = $1 FOR UPDATE", event.application_id
        )
        process = subprocess.Popen(
            [*COMMAND, FIRST.isoformat(), "--apply"],
            env=os.environ | environment_of(bench.dsn, keys_root),
        )
        await _waits_for_a_lock(bench.pool)
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait, 10)
        yield


async def test_killed_in_the_middle_and_run_again_it_does_nothing_twice_and_loses_nothing(
    bench: Bench, keys_root: Path
) -> None:
    planted = await bench.plant_many(3 * STEP_OUTCOMES)
    for number in (STEP_OUTCOMES, 2 * STEP_OUTCOMES + 7):
        async with killed_at(bench, planted[number], keys_root):
            done = number // STEP_OUTCOMES * STEP_OUTCOMES
        assert await bench.redecided() == len(await bench.published()) == done
    result = await asyncio.to_thread(
        subprocess.run,
        [*COMMAND, FIRST.isoformat(), "--apply", "--json"],
        env=os.environ | environment_of(bench.dsn, keys_root),
        capture_output=True,
        check=True,
    )
    report = json.loads(result.stdout)
    assert (report["applied"], report["total"]["decided"]) == (True, len(planted))
    assert report["total"]["changed"] == [{"from": "red", "to": "green", "count": STEP_OUTCOMES}]
    await bench.assert_each_has_one_new_revision(planted)


async def test_the_command_reports_and_changes_nothing_unless_it_is_told_to(
    bench: Bench,
    keys_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment_of(bench.dsn, keys_root).items():
        monkeypatch.setenv(name, value)
    planted = await bench.plant_many(2)
    arguments = ["rerun", "--rules", "2026.2", "--since", FIRST.isoformat()]
    before = await bench.everything()
    assert await asyncio.to_thread(main, arguments) == 0
    told = capsys.readouterr().out
    assert told.startswith("Dry run: nothing is changed.")
    assert "E06000001  Hartlepool             2             2" in told
    assert await bench.everything() == before
    assert await asyncio.to_thread(main, [*arguments, "--apply"]) == 0
    assert capsys.readouterr().out.startswith("Rule set 2026.2 applied")
    await bench.assert_each_has_one_new_revision(planted)


# -- beside the running service -------------------------------------------------------------------


async def test_the_running_service_publishes_what_is_decided_again_and_goes_on_with_its_own(
    bench: Bench, kafka_bootstrap: str, keys_root: Path
) -> None:
    await make_topics(kafka_bootstrap)
    await begin_at_the_end(bench.dsn, kafka_bootstrap, "verification")
    planted = await bench.plant_many(2 * STEP_OUTCOMES)
    events = [_without_nino(bench) for _ in range(300)]
    wanted = {(e.application_id, 2) for e in planted} | {(e.application_id, 1) for e in events}
    (admin_port,) = free_ports(1)
    settings = Settings(
        database_url=bench.dsn,
        kafka_bootstrap_servers=kafka_bootstrap,
        keys_directory=keys_root / "verification",
        admin_port=admin_port,
        dwp_url="http://127.0.0.1:1",
        dwp_client_id="hub",
        dwp_client_secret="secret",
    )
    lifecycle = Lifecycle()
    async with app.serve(settings, lifecycle):
        await publish(kafka_bootstrap, events, RECEIVED_AT)
        await bench.rerun(apply=True)
        arrived = await _verified(kafka_bootstrap, wanted)
    assert lifecycle.failure is None
    assert Counter(arrived) == Counter(wanted)
    assert {row.state: row.count for row in await bench.ledger()} == {
        "decided": len(planted) + len(events)
    }


def _without_nino(bench: Bench) -> ApplicationReceived:
    fields = bench.an_event().model_dump() | {"nino_absence": "no-nino"}
    return ApplicationReceived.model_validate(fields)


async def _verified(bootstrap: str, wanted: set[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
    """Read `applications.verified` until all are there; returns every one of ours, repeats too."""
    consumer = AIOKafkaConsumer(
        ApplicationVerified.TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    ids = {one for one, _ in wanted}
    found: list[tuple[UUID, int]] = []
    try:
        async with asyncio.timeout(30):
            while not wanted <= set(found):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    decoded = [unwrap(record.value, dict(record.headers)) for record in records]
                    found += [
                        (event.application_id, event.revision)
                        for event in decoded
                        if isinstance(event, ApplicationVerified) and event.application_id in ids
                    ]
    finally:
        await consumer.stop()
    return found
