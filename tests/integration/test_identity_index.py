"""The index of identities on the real Postgres: workers at once, quarters, its cost, pruning."""

import asyncio
import os
from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import UUID

import pytest
from electoral import postgres
from electoral.blind_index import BlindIndex
from electoral.consumer import Received
from electoral.events import ApplicationReceived
from electoral.identifiers import new_application_id
from electoral.keys import make_keys
from electoral.person import Name
from electoral.retention import Retention
from electoral.sealing import DirectoryKeyring
from verification import pruning
from verification.duplicates import NO_USE, Found, Use, Uses
from verification.handlers import Prepared
from verification.identity import hashing
from verification.linking import Applicant, link
from verification.postgres.identity_index import IndexRow, insert_rows, update_rows
from verification.pruning import keep_pruning, prune
from verification_bench import Bench, at, wait_until

from integration.test_duplicates import (
    LIVING,
    duplicates,
    nino,
    published,
    rows,
    somebody,
    verified,
)

pytestmark = pytest.mark.integration

CHANGE = datetime(2027, 1, 1, tzinfo=UTC)  # of a quarter


def indexed_at(bench: Bench, keys_root: Path, moment: datetime) -> Bench:
    """The same bench, whose clock says another time when it hashes."""
    make_keys(keys_root, moment.date())
    keyring = DirectoryKeyring(keys_root / "verification")
    return replace(bench, index=BlindIndex(keyring, lambda: moment))


# -- two workers at once --------------------------------------------------------------------------


async def test_the_second_worker_waits_for_the_first_and_then_names_its_application(
    bench: Bench,
) -> None:
    first, second = bench.an_event(person=LIVING), bench.an_event(person=LIVING)
    async with postgres.transaction(bench.pool) as connection:
        await bench.handler().record(connection, await prepared(bench, first))
        other = asyncio.create_task(bench.take(second))
        await asyncio.sleep(0.3)
        assert not other.done()
    await other
    one, later = await published(bench, first, second)
    assert [duplicates(one).total, duplicates(later).total] == [0, 1]


async def test_when_the_first_worker_comes_to_nothing_the_second_names_nobody(
    bench: Bench,
) -> None:
    first, second = bench.an_event(person=LIVING), bench.an_event(person=LIVING)
    async with bench.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await bench.handler().record(connection, await prepared(bench, first))
        other = asyncio.create_task(bench.take(second))
        await asyncio.sleep(0.1)
        await transaction.rollback()
    await other
    (later,) = await published(bench, second)
    assert duplicates(later).total == 0


async def prepared(bench: Bench, *events: ApplicationReceived) -> list[Prepared]:
    results = await bench.handler().prepare([Received(event, None) for event in events])
    return [one for one in results if isinstance(one, Prepared)]


ROUNDS = 7
PEOPLE = 200  # enough that the workers' statements run at the same time


@pytest.mark.parametrize("known", ["nobody", "every other", "everybody"])
async def test_with_two_workers_in_opposite_orders_one_of_each_pair_names_the_other(
    bench: Bench, known: str
) -> None:
    begin, step = {"nobody": (PEOPLE, 1), "every other": (0, 2), "everybody": (0, 1)}[known]
    for number in range(ROUNDS):
        people = range(number * PEOPLE, (number + 1) * PEOPLE)
        await both_at_once(bench, bench, people, set(people[begin::step]))


async def both_at_once(one: Bench, other: Bench, people: range, known: Set[int]) -> None:
    """Let two workers link an application of each person, some of whom are known already."""
    await link_all(one, sorted(known))
    async with asyncio.timeout(20):
        forth, back = await asyncio.gather(link_all(one, people), link_all(other, people[::-1]))
    for n, first, second in zip(people, forth, back[::-1], strict=True):
        totals = {first.possible_duplicates.total, second.possible_duplicates.total}
        assert totals == ({1, 2} if n in known else {0, 1})
        assert {first.nino_reuse_total, second.nino_reuse_total} == totals


async def link_all(bench: Bench, people: Sequence[int]) -> list[Found]:
    """Link one application of each person, in a transaction of its own."""
    keys, plain = hashing(bench.index), bench.an_event()
    applicants = [
        Applicant(
            plain.model_copy(update={"application_id": new_application_id()}),
            keys.identify(nino(n)[:8], Name("Sian", "", f"Rees {n}"), date(1987, 3, 31), "B1 1AA"),
        )
        for n in people
    ]
    async with postgres.transaction(bench.pool) as connection:
        await connection.fetchval("SELECT 1")
        await asyncio.sleep(0.02)  # until the other has got as far
        return await link(connection, applicants)


# -- quarters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [(-1, 1), (1, -1)])
async def test_around_the_change_of_a_quarter_one_names_the_other(
    bench: Bench, keys_root: Path, seconds: tuple[int, int]
) -> None:
    one, other = (indexed_at(bench, keys_root, CHANGE + timedelta(seconds=s)) for s in seconds)
    first, second = bench.an_event(person=LIVING), bench.an_event(person=LIVING)
    async with postgres.transaction(bench.pool) as connection:
        await one.handler().record(connection, await prepared(one, first))
        task = asyncio.create_task(other.take(second))
        await asyncio.sleep(0.3)
        assert not task.done()  # it waits, though it counts under another key
    await task
    before, after = await published(bench, first, second)
    assert [duplicates(before).total, duplicates(after).total] == [0, 1]
    (third,) = await verified(indexed_at(bench, keys_root, CHANGE), bench.an_event(person=LIVING))
    assert (duplicates(third).total, third.outcome.nino_reuse_total) == (2, 2)


async def test_two_workers_whose_clocks_disagree_about_the_quarter_find_each_other(
    bench: Bench, keys_root: Path
) -> None:
    early = indexed_at(bench, keys_root, CHANGE - timedelta(minutes=2))
    late = indexed_at(bench, keys_root, CHANGE + timedelta(minutes=2))
    for number in range(ROUNDS):
        people = range(number * PEOPLE, (number + 1) * PEOPLE)
        await both_at_once(early, late, people, set(people[::2]))


async def test_older_quarters_are_found_for_twelve_months(bench: Bench, keys_root: Path) -> None:
    for month in (datetime(2025, 11, 20, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)):
        event = bench.an_event(person=LIVING, received_at=month, attempt_received_at=month)
        await indexed_at(bench, keys_root, month).take(event)
    now = indexed_at(bench, keys_root, at(12))
    first, second = await verified(
        now,
        bench.an_event(person=LIVING),
        bench.an_event(person=LIVING),
    )
    assert [one.month for one in duplicates(first).listed] == ["2026-02"]
    assert [one.month for one in duplicates(second).listed] == ["2026-11", "2026-02"]
    assert duplicates(first).group == duplicates(second).group
    assert len(await rows(bench)) == 2 * 3


# -- what it takes --------------------------------------------------------------------------------


async def test_a_nino_used_a_hundred_thousand_times_costs_no_more_than_one_used_often(
    bench: Bench,
) -> None:
    often, always = nino(1), nino(2)
    for number, (text, count) in enumerate(((often, 25), (always, 100_000))):
        await bench.take(bench.an_event(text, somebody(100 + number)))
        await use(bench, text, count)
    took = {often: list[float](), always: list[float]()}
    for number in range(20):
        for text, seconds in took.items():
            event = bench.an_event(text, somebody(200 + 2 * number + (text == often)))
            ready = await prepared(bench, event)
            begin = perf_counter()
            async with postgres.transaction(bench.pool) as connection:
                await bench.handler().record(connection, ready)
            seconds.append(perf_counter() - begin)
    assert median(took[always]) < 2 * median(took[often])
    *_, last = await bench.published()
    assert last.outcome.nino_reuse_total == 100_000 + 19
    assert len(last.model_dump_json()) - len(last.person) < 7_000
    assert await largest_row(bench) < 8_000


async def use(bench: Bench, text: str, count: int) -> None:
    """Put so many uses of a NINO into its row, of many authorities."""
    counted = hashing(bench.index).identify(text[:8], Name("", "", ""), None, None).nino
    assert counted is not None
    uses = Uses()
    for n in range(count):
        moment = at(12) - timedelta(minutes=3 * n % 400_000)
        uses.add(Use(str(UUID(int=n)), f"E{n % 300:08}", moment, f"REF{n:07}", f"{n:024}"))
    row = IndexRow(*counted.counted, uses.write())
    async with postgres.transaction(bench.pool) as connection:
        await update_rows(connection, [row])


async def largest_row(bench: Bench) -> int:
    size: int = await bench.pool.fetchval(
        "SELECT max(greatest(pg_column_size(uses), length(uses::text))) FROM identity_index"
    )
    return size


async def test_somebody_new_costs_two_small_rows_and_no_more_statements(bench: Bench) -> None:
    await bench.take(*[bench.an_event(nino(n), somebody(n)) for n in range(100)])
    assert len(await rows(bench)) == 200
    assert await largest_row(bench) < 200
    updated = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'identity_index'"
    await bench.pool.execute("SELECT pg_stat_force_next_flush()")
    assert await bench.pool.fetchval(updated) == 0


# -- pruning --------------------------------------------------------------------------------------


async def fill(bench: Bench, keys_root: Path, *days: date) -> None:
    """Index 30 people on each day; two rows each."""
    for day in days:
        moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        events = [
            bench.an_event(nino(n), somebody(n), received_at=moment, attempt_received_at=moment)
            for n in range(30)
        ]
        await indexed_at(bench, keys_root, moment).take(*events)


async def quarters(bench: Bench) -> set[str]:
    return {key_id.rpartition("-")[2] for key_id, _ in await rows(bench)}


async def pruned_on(bench: Bench, year: int, month: int, day: int) -> int:
    four_o_clock = datetime(year, month, day, 4, tzinfo=UTC)
    return await prune(bench.pool, bench.index, Retention(), four_o_clock)


async def test_rows_are_deleted_thirteen_months_after_their_quarter(
    bench: Bench, keys_root: Path
) -> None:
    await fill(bench, keys_root, date(2025, 9, 1), date(2025, 11, 1), date(2026, 11, 1))
    assert await pruned_on(bench, 2026, 10, 31) == 0
    assert await pruned_on(bench, 2026, 11, 1) == 60
    assert await quarters(bench) == {"2025q4", "2026q4"}
    assert await pruned_on(bench, 2026, 11, 1) == 0
    assert await pruned_on(bench, 2027, 1, 31) == 0
    assert await pruned_on(bench, 2027, 2, 1) == 60
    assert await quarters(bench) == {"2026q4"}


async def test_rows_of_a_destroyed_key_are_deleted_and_of_a_missing_one_kept(
    bench: Bench, keys_root: Path
) -> None:
    await fill(bench, keys_root, date(2026, 5, 1), date(2026, 8, 1))
    keys = keys_root / "verification"
    (keys / "nino-index-2026q2.key").rename(keys / "nino-index-2026q2.destroyed")
    (keys / "nino-index-2026q3.key").unlink()
    assert await pruned_on(bench, 2026, 11, 22) == 30
    assert await quarters(bench) == {"2026q2", "2026q3"}
    assert {key_id for key_id, _ in await rows(bench)} == {
        "person-index-2026q2",
        "nino-index-2026q3",
        "person-index-2026q3",
    }


async def test_more_rows_than_one_step_takes_are_all_deleted(bench: Bench) -> None:
    many = [IndexRow("nino-index-2024q1", os.urandom(16), NO_USE) for _ in range(5_000)]
    async with postgres.transaction(bench.pool) as connection:
        await insert_rows(connection, many)
    assert await pruned_on(bench, 2026, 11, 22) == 5_000
    assert await rows(bench) == {}


async def test_after_a_slow_step_pruning_rests_for_several_times_as_long(
    bench: Bench, keys_root: Path
) -> None:
    await fill(bench, keys_root, date(2025, 9, 1))
    async with postgres.transaction(bench.pool) as connection:
        await connection.execute("SELECT FROM identity_index FOR UPDATE")
        pruned = asyncio.create_task(pruned_on(bench, 2026, 11, 1))
        await asyncio.sleep(0.5)
        assert not pruned.done()
    released = perf_counter()
    assert await pruned == 60
    assert perf_counter() - released > 0.25 * pruning.REST


async def test_pruning_begins_at_four_in_the_morning(
    bench: Bench, keys_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(bench, keys_root, date(2025, 9, 1))
    monkeypatch.setattr(pruning, "LOOK_INTERVAL", 0.01)
    now = datetime(2026, 11, 1, 3, 59, tzinfo=UTC)
    task = asyncio.create_task(keep_pruning(bench.pool, bench.index, Retention(), lambda: now))
    try:
        await wait_until(lambda: is_empty(bench))  # at the start: it may have been down at 04:00
        await fill(bench, keys_root, date(2025, 9, 1))
        await asyncio.sleep(0.2)
        assert await quarters(bench) == {"2025q3"}
        now += timedelta(minutes=1)
        await wait_until(lambda: is_empty(bench))
    finally:
        task.cancel()


async def is_empty(bench: Bench) -> bool:
    return not await rows(bench)
