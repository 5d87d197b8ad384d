"""Wrong and moved authorities: records sent on by operators, and moved when codes change."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import brotli
import msgpack
import pytest
from authority_lists import SHIPPED, authorities_with, begun, day_before, ended
from electoral.address_lookup import Address
from electoral.authorities import AUTHORITY_UNKNOWN, Authorities
from electoral.calendar import london_date
from electoral.postcodes import PostcodeIndex, build_index
from ems_gateway.errors import CannotAssign
from ems_gateway.moves.moving import Moves, keep_sweeping
from ems_gateway.moves.responsibility import AuthorityFiles, Responsibilities, keep_reading
from ems_gateway.moves.splitting import Parts
from ems_gateway.postgres.responsibilities import Stated, end, state
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, MIDLOTHIAN, a_pending_outcome, a_person
from gateway_world import FAILURE, World
from structlog.testing import capture_logs
from structlog.typing import EventDict
from trouble import refuse_rows_of, take_rows_again

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TODAY = london_date(NOW)
YESTERDAY = day_before(TODAY)
NORTH, SOUTH = "E06000901", "E06000902"
BY = "A. Operator"
WRONG = FAILURE | {"reason": "wrong-authority", "suggestedGssCode": EDINBURGH}

MOVED_TO_LOTHIAN = authorities_with(
    ended(HARTLEPOOL, NORTH, last_day=YESTERDAY), begun(NORTH, LOTHIAN, first_day=TODAY)
)
SPLIT = authorities_with(
    ended(HARTLEPOOL, NORTH, SOUTH, last_day=YESTERDAY),
    begun(NORTH, LOTHIAN, first_day=TODAY),
    begun(SOUTH, "hartlepool", first_day=TODAY),
)


def moves(world: World, authorities: Authorities, parts: Parts | None = None) -> Moves:
    """What one process sweeps with, in batches of two."""
    responsibilities = Responsibilities(authorities)
    return Moves(world.pool, responsibilities, world.history, parts, batch_records_max=2)


async def entries_of(world: World, kind: str) -> list[dict[str, Any]]:
    rows = await world.pool.fetch(
        "SELECT kind, by, facts::jsonb ->> 'fromEro' AS old, facts::jsonb ->> 'toEro' AS new"
        " FROM history WHERE kind = $1 ORDER BY batch_id, number",
        kind,
    )
    return [dict(row) for row in rows]


# -- reassigned by an operator


@pytest.mark.parametrize("answer", [None, WRONG])
async def test_a_reassigned_record_leaves_one_ero_for_another(
    world: World, answer: dict[str, Any] | None
) -> None:
    (record,) = await world.outcomes(1)
    if answer is not None:
        await world.put(record, answer)
    assert await world.desk.reassign(record, EDINBURGH, BY) == LOTHIAN
    (item,) = (await world.page(LOTHIAN, gssCode=EDINBURGH))["registrations"]
    assert (item["id"], item["gssCode"], item["assignedGssCode"]) == (record, HARTLEPOOL, EDINBURGH)
    assert await world.ids() == await world.ids(state="held") == []
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 1}
    assert await entries_of(world, "reassigned") == [
        {"kind": "reassigned", "by": f"operator {BY}", "old": "hartlepool", "new": LOTHIAN}
    ]


async def test_the_old_ero_gets_404_unless_it_had_answered_already(world: World) -> None:
    answered, unanswered = await world.outcomes(2)
    await world.put(answered, WRONG)
    for record in (answered, unanswered):
        await world.desk.reassign(record, EDINBURGH, BY)
    assert [(await world.put(r)).status for r in (answered, unanswered)] == [204, 404]
    assert await world.ids(LOTHIAN) == [answered, unanswered]
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 2}


async def test_the_new_eros_first_answer_counts_whatever_the_old_one_said(world: World) -> None:
    (record,) = await world.outcomes(1)
    await world.put(record, WRONG)
    await world.desk.reassign(record, EDINBURGH, BY)
    assert (await world.put(record, FAILURE, LOTHIAN)).status == 204
    assert await world.ids(LOTHIAN, state="held") == [record]
    assert (await world.put(record, ero=LOTHIAN)).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 1}


async def test_later_revisions_and_attempts_follow_a_reassigned_one(world: World) -> None:
    event = world.outcome(outcome=a_pending_outcome())
    (record,) = await world.arrive(event)
    await world.desk.reassign(record, EDINBURGH, BY)
    same = {"application_id": event.application_id}
    ids = await world.arrive(world.outcome(**same, revision=2), world.outcome(**same, attempt=2))
    assert sorted(await world.ids(LOTHIAN)) == sorted(ids)


async def test_a_leased_record_can_be_reassigned_and_is_free_for_the_new_ero(world: World) -> None:
    await world.outcomes(1)
    (record,) = await world.lease(1)
    await world.desk.reassign(record, EDINBURGH, BY)
    assert await world.lease(1, ero=LOTHIAN) == [record]


async def test_between_an_eros_own_codes_only_the_code_changes(world: World) -> None:
    (record,) = await world.outcomes(1, gss_code=EDINBURGH)
    await world.desk.reassign(record, MIDLOTHIAN, BY)
    assert await world.ids(LOTHIAN, gssCode=MIDLOTHIAN) == [record]


async def test_what_cannot_be_reassigned_stays_where_it_is(world: World) -> None:
    waiting, taken = await world.outcomes(2)
    await world.put(taken)
    (unplaced,) = await world.outcomes(1, gss_code=AUTHORITY_UNKNOWN)
    pending = world.outcome(outcome=a_pending_outcome())
    (superseded,) = await world.arrive(pending)
    await world.arrive(world.outcome(application_id=pending.application_id, revision=2))
    for record, code in [
        (taken, EDINBURGH),
        (unplaced, EDINBURGH),
        (superseded, EDINBURGH),
        (waiting, HARTLEPOOL),
        (waiting, "E99999999"),
        (waiting, AUTHORITY_UNKNOWN),
        ("0" * 24, EDINBURGH),
        ("x", EDINBURGH),
    ]:
        with pytest.raises(CannotAssign):
            await world.desk.reassign(record, code, BY)
    assert await world.pool.fetchval("SELECT count(*) FROM assignment") == 0
    assert await world.ids(LOTHIAN) == []


async def test_suggestions_that_can_be_followed_are_told_from_those_that_cannot(
    world: World,
) -> None:
    good, none, own, unknown, other = await world.outcomes(5)
    await world.put(good, WRONG)
    await world.put(none, FAILURE)
    await world.put(own, WRONG | {"suggestedGssCode": HARTLEPOOL})
    await world.put(unknown, WRONG | {"suggestedGssCode": "E99999999"})
    await world.put(other, FAILURE | {"suggestedGssCode": EDINBURGH})
    usable, lines = await world.desk.suggestions(None)
    assert [one.record_id.hex() for one in usable] == [good, other]
    assert [line.split()[0] for line in lines] == [good, own, unknown, other]
    assert await world.desk.suggestions(LOTHIAN) == ([], [])


# -- moved with its code


async def test_an_ended_codes_undelivered_records_go_to_its_successor(world: World) -> None:
    waiting, failed, taken = await world.outcomes(3)
    await world.put(failed, FAILURE)
    await world.put(taken)
    assert await moves(world, MOVED_TO_LOTHIAN).sweep(NOW) == 2
    items = (await world.page(LOTHIAN))["registrations"]
    assert [item["id"] for item in items] == [waiting, failed]
    assert {(item["gssCode"], item["assignedGssCode"]) for item in items} == {(HARTLEPOOL, NORTH)}
    assert await world.ids() == []
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 2, (HARTLEPOOL, "acknowledged"): 1}
    assert {entry["by"] for entry in await entries_of(world, "reassigned")} == {"ems-gateway"}
    assert [(await world.put(r)).status for r in (waiting, taken)] == [404, 204]


async def test_nothing_moves_before_the_code_has_ended(world: World) -> None:
    (record,) = await world.outcomes(1)
    later = authorities_with(
        ended(HARTLEPOOL, NORTH, last_day=TODAY), begun(NORTH, LOTHIAN, first_day=TODAY)
    )
    sweeping = moves(world, later)
    # Midnight in London, which is an hour earlier in UTC only in summer.
    assert await sweeping.sweep(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == 0
    assert await world.ids() == [record]
    assert await sweeping.sweep(datetime(2026, 11, 23, 0, 0, tzinfo=UTC)) == 1


async def test_a_second_sweep_finds_nothing_left(world: World) -> None:
    await world.outcomes(5)
    sweeping = moves(world, MOVED_TO_LOTHIAN)
    assert [await sweeping.sweep(NOW) for _ in range(2)] == [5, 0]
    assert await moves(world, MOVED_TO_LOTHIAN).sweep(NOW) == 0
    assert await world.pool.fetchval("SELECT max(offer) FROM attempt") == 2


@pytest.mark.parametrize("table", ["queue", "assignment", "history"])
async def test_a_batch_that_is_cut_in_the_middle_has_moved_nothing(
    world: World, table: str
) -> None:
    records = await world.outcomes(5)
    sweeping = moves(world, MOVED_TO_LOTHIAN)
    await refuse_rows_of(world.pool, table)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await sweeping.sweep(NOW)
    assert (await world.ids(), await world.ids(LOTHIAN)) == (records, [])
    assert await entries_of(world, "reassigned") == []
    await take_rows_again(world.pool)
    assert await sweeping.sweep(NOW) == 5
    assert (await world.ids(), await world.ids(LOTHIAN)) == ([], records)
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 5}


async def test_processes_that_sweep_at_once_move_each_record_once(world: World) -> None:
    records = await world.outcomes(11)
    counts = await asyncio.gather(*(moves(world, MOVED_TO_LOTHIAN).sweep(NOW) for _ in range(4)))
    assert sum(counts) == 11
    assert await world.ids(LOTHIAN) == records
    assert len(await entries_of(world, "reassigned")) == 11
    assert await world.pool.fetchval("SELECT max(offer) FROM attempt") == 2


async def test_a_sweep_that_dies_in_the_middle_loses_nothing(world: World) -> None:
    records = await world.outcomes(100)
    sweep = asyncio.create_task(moves(world, MOVED_TO_LOTHIAN).sweep(NOW))
    while not await world.ids(LOTHIAN):
        await asyncio.sleep(0.005)
    sweep.cancel()
    await asyncio.wait([sweep])
    assert sweep.cancelled()
    moved = await world.ids(LOTHIAN)
    assert 0 < len(moved) < 100
    assert sorted([*moved, *await world.ids()]) == sorted(records)
    assert await moves(world, MOVED_TO_LOTHIAN).sweep(NOW) == 100 - len(moved)
    assert await world.ids(LOTHIAN) == records
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 100}


async def test_answers_and_a_sweep_at_once_leave_each_record_in_one_place(world: World) -> None:
    records = await world.outcomes(40)
    answers = [world.put(record) for record in records]
    await asyncio.gather(moves(world, MOVED_TO_LOTHIAN).sweep(NOW), *answers)
    taken = (await world.ledger()).get((HARTLEPOOL, "acknowledged"), 0)
    assert taken + len(await world.ids(LOTHIAN)) == 40
    assert await world.ids() == []


async def test_what_an_operator_sent_elsewhere_stays_there(world: World) -> None:
    (record,) = await world.outcomes(1)
    await world.desk.reassign(record, MIDLOTHIAN, BY)
    assert await moves(world, MOVED_TO_LOTHIAN).sweep(NOW) == 0
    assert await world.ids(LOTHIAN, gssCode=MIDLOTHIAN) == [record]


async def test_a_code_that_a_list_forgot_moves_nothing(world: World) -> None:
    (record,) = await world.outcomes(1)
    without = Authorities([a for a in SHIPPED if a.gss_code != HARTLEPOOL], SHIPPED.eros)
    assert await moves(world, without).sweep(NOW) == 0
    assert await world.ids() == [record]


# -- moved by an operator's word


async def test_who_is_stated_gets_what_waits_and_later_outcomes_until_it_ends(
    world: World,
) -> None:
    (waiting,) = await world.outcomes(1)
    await state(world.pool, Stated(HARTLEPOOL, LOTHIAN, date(2026, 1, 1), None), BY)
    sweeping = Moves(world.pool, world.responsibilities, world.history, None)
    assert await sweeping.sweep(NOW) == 1
    (late,) = await world.outcomes(1)
    (item, _) = (await world.page(LOTHIAN))["registrations"]
    assert sorted(await world.ids(LOTHIAN)) == sorted([waiting, late])
    assert "assignedGssCode" not in item
    assert await end(world.pool, HARTLEPOOL, date(2026, 1, 2), BY) == 1
    assert await end(world.pool, HARTLEPOOL, date(2026, 1, 2), BY) == 0
    assert await sweeping.sweep(NOW) == 2
    assert sorted(await world.ids()) == sorted([waiting, late])


async def test_a_statement_that_ends_before_it_begins_has_no_effect(world: World) -> None:
    await state(world.pool, Stated(HARTLEPOOL, LOTHIAN, TODAY, None), BY)
    await end(world.pool, HARTLEPOOL, YESTERDAY, BY)
    await world.outcomes(1)
    assert await moves(world, SHIPPED).sweep(NOW) == 0


async def test_what_was_held_for_want_of_an_authority_goes_to_who_is_stated(world: World) -> None:
    (record,) = await world.outcomes(1, gss_code="E06000999")
    await state(world.pool, Stated("E06000999", LOTHIAN, TODAY, None), BY)
    assert await moves(world, SHIPPED).sweep(NOW) == 1
    assert await world.ids(LOTHIAN) == [record]


async def for_a_while(work: Coroutine[Any, Any, None]) -> list[EventDict]:
    with capture_logs() as lines, suppress(TimeoutError):
        await asyncio.wait_for(work, 1.0)
    return lines


async def test_a_running_service_sees_what_was_stated_and_moves_what_waits(world: World) -> None:
    (record,) = await world.outcomes(1)
    await state(world.pool, Stated(HARTLEPOOL, LOTHIAN, date(2026, 1, 1), None), BY)
    await for_a_while(keep_reading(world.responsibilities, AuthorityFiles(None, None), world.pool))
    (late,) = await world.outcomes(1)
    assert await world.ids(LOTHIAN) == [late]
    sweeping = Moves(world.pool, world.responsibilities, world.history, None)
    (line,) = await for_a_while(keep_sweeping(sweeping))
    assert (line["log_level"], line["count"]) == ("info", 1)
    assert sorted(await world.ids(LOTHIAN)) == sorted([record, late])


async def test_without_postgres_the_last_known_answers_stand(world: World) -> None:
    nowhere = asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/nothing", min_size=0)
    sweeping = Moves(nowhere, world.responsibilities, world.history, None)
    files = AuthorityFiles(None, None)
    await for_a_while(keep_reading(world.responsibilities, files, nowhere))
    await for_a_while(keep_sweeping(sweeping))
    assert world.responsibilities.route(HARTLEPOOL, TODAY).ero == "hartlepool"


# -- split


class ALookup:
    """Addresses of a straddling postcode: house 2 lies in the north."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def by_uprn(self, uprn: str) -> Address | None:
        self.asked.append(uprn)
        return Address(uprn, "2", "Mill Lane", None, "", None, "TS24 7AA", NORTH)

    async def by_postcode(self, postcode: str) -> tuple[Address, ...]:
        raise NotImplementedError


@pytest.fixture
def lookup() -> ALookup:
    return ALookup()


@pytest.fixture
def parts(world: World, lookup: ALookup, tmp_path: Path) -> Iterator[Parts]:
    placed = {"TS247AA": SOUTH, "TS248AA": NORTH, "TS249AA": HARTLEPOOL, "EH1 1YZ": EDINBURGH}
    data = {"pcd": list(placed), "laua": list(placed.values())}
    packed = msgpack.packb({"columns": ["pcd", "laua"], "data": data})
    (tmp_path / "postcodes_T.msgpack.br").write_bytes(brotli.compress(packed))
    build_index(tmp_path / "index", tmp_path)
    with PostcodeIndex(tmp_path / "index") as index:
        yield Parts(world.sealer, index, lookup)


async def live_at(world: World, postcode: str, uprn: str | None = None) -> str:
    address = {"street": "Mill Lane", "postcode": postcode} | ({"uprn": uprn} if uprn else {})
    (record,) = await world.arrive(world.outcome(person=a_person(address=address)))
    return record


@pytest.mark.parametrize(
    ("postcode", "uprn", "ero", "code"),
    [
        ("TS24 8AA", None, LOTHIAN, NORTH),
        ("TS24 7AA", None, "hartlepool", SOUTH),
        ("TS24 7AA", "2", LOTHIAN, NORTH),  # the full address, not the postcode alone
        ("TS24 8AA", "2", LOTHIAN, NORTH),  # a UPRN left over from another postcode says nothing
    ],
)
async def test_a_split_codes_records_go_where_their_addresses_lie(
    world: World, parts: Parts, postcode: str, uprn: str | None, ero: str, code: str
) -> None:
    record = await live_at(world, postcode, uprn)
    sweeping = moves(world, SPLIT, parts)
    assert await sweeping.sweep(NOW) == 1
    (item,) = (await world.page(ero))["registrations"]
    assert (item["id"], item["gssCode"], item["assignedGssCode"]) == (record, HARTLEPOOL, code)
    assert await sweeping.sweep(NOW) == 0


# The directory still has the old code, another one, or no such postcode.
@pytest.mark.parametrize("postcode", ["TS24 9AA", "EH1 1YZ", "ZZ1 1ZZ"])
async def test_what_no_address_places_is_held_until_somebody_says_whose_it_is(
    world: World, parts: Parts, postcode: str
) -> None:
    record = await live_at(world, postcode)
    sweeping = moves(world, SPLIT, parts)
    assert [await sweeping.sweep(NOW) for _ in range(2)] == [1, 0]
    assert await world.ledger() == {(HARTLEPOOL, "held"): 1}
    assert await world.pool.fetchval("SELECT reason FROM held_record") == "no-authority"
    assert await world.desk.assign(record, EDINBURGH, BY) == LOTHIAN
    assert await world.ids(LOTHIAN) == [record]


async def test_without_an_index_of_postcodes_all_of_a_split_code_is_held(world: World) -> None:
    await live_at(world, "TS24 8AA")
    assert await moves(world, SPLIT).sweep(NOW) == 1
    assert await world.ledger() == {(HARTLEPOOL, "held"): 1}


async def test_what_arrives_under_a_split_code_is_placed_by_the_next_sweep(
    world: World, parts: Parts
) -> None:
    world.responsibilities.replace_authorities(SPLIT)
    sweeping = moves(world, SPLIT, parts)
    await sweeping.sweep(datetime.now(UTC))
    record = await live_at(world, "TS24 8AA")
    assert await world.ids(LOTHIAN) == []
    assert await sweeping.sweep(datetime.now(UTC)) == 1
    assert await world.ids(LOTHIAN) == [record]


async def test_who_was_looked_at_in_vain_is_not_looked_at_each_minute(
    world: World, parts: Parts, lookup: ALookup
) -> None:
    await live_at(world, "TS24 9AA", uprn="2")
    sweeping, now = moves(world, SPLIT, parts), datetime.now(UTC)
    for minutes in (0, 1, 11, 12, 13):
        await sweeping.sweep(now + timedelta(minutes=minutes))
    assert 1 <= len(lookup.asked) <= 3
    await state(world.pool, Stated(EDINBURGH, LOTHIAN, TODAY, None), BY)
    before = len(lookup.asked)
    await sweeping.sweep(now + timedelta(minutes=14))  # who answers has changed: look again
    assert len(lookup.asked) == before + 1
