"""The public figures on the real Postgres: counted by the transaction that makes them, or not at
all; and the bins of a day are what the ledger says was accepted online.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from builders import an_application
from electoral import ledger
from electoral.calendar import day_bounds, london_date
from electoral.consumer import Received
from electoral.events import ApplicationVerified
from electoral.group_commit import GroupCommit
from electoral.identifiers import draw_reference, new_application_id
from electoral.ledger import Counted, LedgerDeltas
from electoral.postgres import Pool, open_pool, transaction
from electoral.sealing import Sealer
from electoral.tracing import new_traceparent
from electoral_local.ports import free_ports
from gateway_builders import a_final_outcome, a_pending_outcome, an_outcome
from registration.acceptance import Acceptance, IntakeKey
from registration.handlers import Fact, ProgressHandler
from registration.intake import Answer, Intake
from registration.performance.counting import PerformanceDeltas
from registration.performance.figures import ONLINE, bins_of
from registration.postgres.performance import append_deltas, fold_deltas, read_bins, read_days
from registration_service import authorized, postcode_index, running, settings_of

pytestmark = pytest.mark.integration

AUTHORITIES = ("E08000025", "S12000036", "W06000015", "X99999999")
LARGE = "A" * 150_000  # twice as much is more than the outbox takes
EXACT = timedelta(minutes=5)


def an_acceptance(key: str = "", **changes: Any) -> Acceptance:
    acceptance = Acceptance(
        key=IntakeKey("partner", (key or uuid4().hex).encode().ljust(32, b"-")),
        application_id=new_application_id(),
        reference=draw_reference(),
        body_hash=b"body",
        body_key_id="body-2026q4",
        postcode_hash=b"postcode",
        postcode_key_id="status-2026q4",
        gss_code="E08000025",
        previous_gss_code=None,
        address_basis="postcode",
        source="web",
        type="ordinary",
        language="en",
        age_years=40,
        arrived_at=datetime.now(UTC),
        sealed_person="person-2026-11-22.AAAA",
        sealed_nino=None,
        nino_absence="no-nino",
        traceparent=new_traceparent(),
        time_taken_seconds=300,
    )
    return acceptance._replace(**changes)


@pytest.fixture
def intake(registration_pool: Pool) -> Intake:
    return Intake(registration_pool, hash_body=lambda _key, body: body, wake=lambda: None)


async def accept(intake: Intake, *acceptances: Acceptance) -> list[Answer]:
    return await intake.commit([(one, b"body") for one in acceptances])


async def in_bins(pool: Pool, day: date) -> int:
    """How many applications the page's bins of a London day have."""
    begin, end = day_bounds(day)
    return sum(one.count for one in bins_of(await read_bins(pool, begin, end), begin, end))


async def in_the_ledger(pool: Pool, day: date) -> Counter[str]:
    """How many applications the ledger says were accepted on a London day, by authority."""
    rows = await ledger.read_side(pool, day, None)
    return Counter({row.gss_code: row.count for row in rows if row.state == "accepted"})


async def of_day(pool: Pool, measure: Any, day: date) -> Counter[str]:
    """What was counted in a measure on a London day."""
    return Counter({row.key: row.times for row in await read_days(pool, (measure,), day, day)})


async def assert_bins_are_the_ledgers(pool: Pool, day: date, accepted: int) -> None:
    assert await in_bins(pool, day) == accepted
    assert (await in_the_ledger(pool, day)).total() == accepted
    assert await of_day(pool, "authority", day) == await in_the_ledger(pool, day)


# -- accepted online -------------------------------------------------------------------------------


async def test_the_bins_of_a_day_are_what_the_ledger_says_was_accepted(
    intake: Intake, registration_pool: Pool
) -> None:
    chance = random.Random(6)
    for _ in range(6):
        batch = [
            an_acceptance(gss_code=chance.choice(AUTHORITIES), source=chance.choice(ONLINE))
            for _ in range(chance.randint(1, 9))
        ]
        await accept(intake, *batch, batch[0])  # one of them twice
        await accept(intake, batch[-1])  # and one again
    count = await registration_pool.fetchval("SELECT count(*) FROM application")
    today = london_date(datetime.now(UTC))
    await assert_bins_are_the_ledgers(registration_pool, today, count)
    await fold_deltas(registration_pool)
    assert await registration_pool.fetchval("SELECT count(*) FROM performance_delta") == 0
    await assert_bins_are_the_ledgers(registration_pool, today, count)
    assert (await of_day(registration_pool, "age-group", today)).total() == count
    assert (await of_day(registration_pool, "type", today)).total() == count


@pytest.mark.parametrize(
    ("day", "bins"),
    [(date(2026, 3, 29), 276), (date(2026, 6, 18), 288), (date(2026, 10, 25), 300)],
)
@pytest.mark.parametrize("folded", [False, True], ids=["not-folded", "folded"])
async def test_a_day_on_which_clocks_change_has_all_its_bins_and_none_of_its_neighbours(
    registration_pool: Pool, day: date, bins: int, folded: bool
) -> None:
    begin, end = day_bounds(day)
    moments = [begin - timedelta(microseconds=1), end]  # of the days before and after
    within = [begin + number * EXACT + timedelta(seconds=number) for number in range(bins)]
    for at in (*moments, *within):
        await accepted_at(registration_pool, at)
    if folded:
        await fold_deltas(registration_pool)
    shown = bins_of(await read_bins(registration_pool, begin, end), begin, end)
    assert [one.count for one in shown] == [1] * bins
    await assert_bins_are_the_ledgers(registration_pool, day, bins)


async def accepted_at(pool: Pool, at: datetime) -> None:
    """Count an application as intake does, as if it had been received at a moment."""
    one = an_acceptance()
    deltas, figures = LedgerDeltas(), PerformanceDeltas()
    deltas.enter("accepted", Counted(one.application_id, 1, 0, at, one.gss_code))
    figures.accept(one, at)
    async with transaction(pool) as connection:
        await deltas.write(connection)
        await append_deltas(connection, figures)


async def test_a_batch_that_is_rolled_back_counts_nothing(
    intake: Intake, registration_pool: Pool
) -> None:
    today = london_date(datetime.now(UTC))
    bad = an_acceptance(sealed_person=f"person-2026-11-22.{LARGE}", sealed_nino=f"nino.{LARGE}")
    batch = [an_acceptance(), bad._replace(nino_absence=None), an_acceptance()]
    with pytest.raises(Exception, match="outbox_value_check"):
        await accept(intake, *batch)
    await assert_bins_are_the_ledgers(registration_pool, today, 0)
    async with GroupCommit(intake.commit) as committer:  # halves it until the bad one is alone
        answers = await asyncio.gather(
            *(committer.submit((one, b"body")) for one in batch), return_exceptions=True
        )
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    await assert_bins_are_the_ledgers(registration_pool, today, 2)


async def test_a_process_killed_while_it_accepts_has_counted_what_it_stored(
    postgres_dsn: Callable[[str], str], keys_root: Path, tmp_path: Path
) -> None:
    dsn, (nobody,) = postgres_dsn("registration"), free_ports(1)
    postcodes = postcode_index(tmp_path)
    settings = settings_of(dsn, f"127.0.0.1:{nobody}", keys_root, tmp_path, postcodes)
    with running(settings) as service:
        async with aiohttp.ClientSession() as citizens:
            sending = [asyncio.create_task(send(citizens, service.url)) for _ in range(400)]
            await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
            service.process.kill()
            answers = await asyncio.gather(*sending)
            assert 0 < answers.count(201) < 400
    async with await open_pool(dsn, service="test", connections=2) as pool:
        stored = await pool.fetchval("SELECT count(*) FROM application")
        assert stored >= answers.count(201)
        await assert_bins_are_the_ledgers(pool, london_date(datetime.now(UTC)), stored)


async def send(citizens: aiohttp.ClientSession, url: str) -> int:
    headers = {**authorized(), "Idempotency-Key": uuid4().hex}
    try:
        async with citizens.post(
            f"{url}/v1/applications", json=an_application(), headers=headers
        ) as response:
            return response.status
    except aiohttp.ClientError:
        return 0


async def test_nothing_is_lost_or_doubled_while_deltas_are_folded(
    intake: Intake, registration_pool: Pool
) -> None:
    today = london_date(datetime.now(UTC))
    seen: list[int] = []
    ended = asyncio.Event()

    async def fold_and_look() -> None:
        while not ended.is_set():
            await fold_deltas(registration_pool)
            seen.append(await in_bins(registration_pool, today))

    folding = [asyncio.create_task(fold_and_look()) for _ in range(2)]
    for _ in range(40):
        await accept(intake, *(an_acceptance() for _ in range(3)))
    ended.set()
    await asyncio.gather(*folding)
    assert max(seen) <= 120
    await fold_deltas(registration_pool)
    await assert_bins_are_the_ledgers(registration_pool, today, 120)


async def test_what_is_counted_says_nothing_about_one_person(
    intake: Intake, registration_pool: Pool
) -> None:
    """No key of one measure stands beside a key of another, but for what one batch holds."""
    await accept(intake, an_acceptance(gss_code="W06000015", age_years=17))
    await accept(intake, an_acceptance(gss_code="S12000036", age_years=80))
    await fold_deltas(registration_pool)
    columns = await registration_pool.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'performance_day'"
    )
    assert {row["column_name"] for row in columns} == {"measure", "day", "key", "count"}


# -- paper -----------------------------------------------------------------------------------------


async def hand(pool: Pool, *events: ApplicationVerified) -> None:
    """Hand events to the handler, as one batch."""
    async with transaction(pool) as connection:
        await ProgressHandler().record(connection, await facts_of(events))


async def facts_of(events: Sequence[ApplicationVerified]) -> list[Fact]:
    prepared = await ProgressHandler().prepare([Received(event, None) for event in events])
    return [fact for fact in prepared if isinstance(fact, Fact)]


async def record_and_die(pool: Pool, event: ApplicationVerified) -> None:
    async with transaction(pool) as connection:
        await ProgressHandler().record(connection, await facts_of([event]))
        raise RuntimeError("killed")


def a_paper(sealer: Sealer, **changes: Any) -> ApplicationVerified:
    paper = {"source": "paper", "reference": None, "outcome": a_final_outcome()}
    return an_outcome(sealer, **(paper | changes))


async def test_a_paper_application_counts_once_whatever_comes_again(
    registration_pool: Pool, sealer: Sealer
) -> None:
    pending = a_paper(sealer, outcome=a_pending_outcome())
    final = a_paper(sealer, application_id=pending.application_id, revision=2)
    day = london_date(pending.received_at)
    await hand(registration_pool, pending, pending)
    await hand(registration_pool, pending)
    await hand(registration_pool, final)
    assert await of_day(registration_pool, "source", day) == {"paper": 1}
    assert await of_day(registration_pool, "nation", day) == {"england": 1}
    assert await in_bins(registration_pool, day) == 0  # they are of what was made online
    await hand(registration_pool, a_paper(sealer), a_paper(sealer))
    assert await of_day(registration_pool, "source", day) == {"paper": 3}


async def test_a_later_attempt_of_a_paper_application_is_no_other_application(
    registration_pool: Pool, sealer: Sealer
) -> None:
    later = a_paper(sealer, attempt=2)
    await hand(registration_pool, later)
    assert await of_day(registration_pool, "source", london_date(later.received_at)) == {}


async def test_what_was_made_online_is_not_counted_again_when_it_is_verified(
    registration_pool: Pool, sealer: Sealer
) -> None:
    online = an_outcome(sealer, source="web", outcome=a_final_outcome())
    await hand(registration_pool, online)
    assert await of_day(registration_pool, "source", london_date(online.received_at)) == {}


async def test_a_paper_application_of_a_batch_that_failed_counts_with_the_next(
    registration_pool: Pool, sealer: Sealer
) -> None:
    paper = a_paper(sealer)
    with pytest.raises(RuntimeError, match="killed"):
        await record_and_die(registration_pool, paper)
    day = london_date(paper.received_at)
    assert await of_day(registration_pool, "source", day) == {}
    await hand(registration_pool, paper)
    assert await of_day(registration_pool, "source", day) == {"paper": 1}
