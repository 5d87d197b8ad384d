"""Notices on real Postgres: written with a determination, read and answered by the previous ERO."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from electoral.authorities import Authorities
from electoral.calendar import london_date
from electoral.keys import make_keys
from electoral.metrics import Metrics
from electoral.resealing import UnfinishedRows
from electoral.sealing import DirectoryKeyring, Sealer, key_id_of
from electoral.today import LONDON
from ems_gateway.__main__ import main
from ems_gateway.errors import CannotAssign
from ems_gateway.notices.assignment import NoticeAssignment, held_lines
from ems_gateway.notices.moving import NoticeMoves
from ems_gateway.notices.rules import notice_id
from ems_gateway.notices.writing import NoticeWriter
from ems_gateway.postgres.holds import begin_hold, end_hold
from ems_gateway.postgres.notices import NOTICES_SEALED_AND_UNFINISHED
from ems_gateway.postgres.responsibilities import Stated
from ems_gateway.watch import set_gauges
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, MIDLOTHIAN, a_person, an_outcome
from gateway_world import FAILURE, SUCCESS, World, authorized
from notice_calls import (
    LONG_AGO,
    OLD_KEY,
    PREVIOUS_ADDRESS,
    REJECTED,
    allow,
    determine,
    ids,
    offer,
    page,
    put,
    who_moved,
)
from trouble import refuse_rows_of, take_rows_again

pytestmark = pytest.mark.integration


async def held_reasons(world: World) -> list[str]:
    rows = await world.pool.fetch("SELECT reason FROM notice WHERE state = 'held' ORDER BY since")
    return [row["reason"] for row in rows]


# -- written --------------------------------------------------------------------------------------


async def test_the_previous_ero_reads_who_moved_and_where_to(world: World) -> None:
    (notice,) = await allow(world, who_moved(world))
    found = await page(world)
    (item,) = found["notices"]
    assert found["remaining"] == 0
    assert datetime.fromisoformat(item.pop("createdAt")) > datetime.now(UTC) - timedelta(minutes=1)
    assert item == {
        "id": notice,
        "gssCode": HARTLEPOOL,
        "previousGssCode": EDINBURGH,
        "detail": {
            "fn": "Siân",
            "mn": "Mair",
            "ln": "O'Neill",
            "dob": "1987-03-31",
            "previousName": {"fn": "Siân", "ln": "Jones"},
            "previousAddress": PREVIOUS_ADDRESS,
        },
    }
    assert await ids(world, "hartlepool") == []


async def test_a_notice_names_the_authority_that_the_application_was_sent_to(world: World) -> None:
    (record,) = await world.arrive(who_moved(world))
    await world.pool.execute("UPDATE attempt SET assigned_gss_code = 'E06000002'")
    assert await determine(world, record) == 204
    (item,) = (await page(world))["notices"]
    assert item["gssCode"] == "E06000002"


async def test_nobody_is_told_of_whoever_is_rejected_stayed_or_came_from_abroad(
    world: World,
) -> None:
    (rejected,) = await world.arrive(who_moved(world))
    assert await determine(world, rejected, REJECTED) == 204
    abroad = a_person(previousAddress={"street": "Rue Haute", "country": "FR"})
    await allow(
        world,
        world.outcome(),
        who_moved(world, previous_gss_code=HARTLEPOOL),
        who_moved(world, previous_gss_code=None, person=abroad),
        who_moved(world, person=a_person()),  # the answer was taken back later
    )
    assert await world.pool.fetchval("SELECT count(*) FROM notice") == 0


async def test_a_notice_says_what_the_newest_attempt_does(world: World) -> None:
    first = who_moved(world)
    corrected = a_person(previousAddress=PREVIOUS_ADDRESS, firstName="Sioned")
    second = who_moved(world, application_id=first.application_id, attempt=2, person=corrected)
    record, _ = await world.arrive(first, second)
    assert await determine(world, record) == 204
    (item,) = (await page(world))["notices"]
    assert item["detail"]["fn"] == "Sioned"


async def test_a_repeated_determination_writes_no_second_notice(world: World) -> None:
    event = who_moved(world)
    await allow(world, event, event)
    assert len(await ids(world)) == 1


async def test_a_notice_that_cannot_be_stored_leaves_no_determination(world: World) -> None:
    (record,) = await world.arrive(who_moved(world))
    await refuse_rows_of(world.pool, "notice")
    assert await determine(world, record) == 503
    assert await world.pool.fetchval("SELECT count(*) FROM determination") == 0
    assert await world.events() == []
    await take_rows_again(world.pool)
    assert await determine(world, record) == 204
    assert len(await ids(world)) == len(await world.events()) == 1


async def test_what_a_notice_says_is_sealed(world: World) -> None:
    event = who_moved(world)
    await allow(world, event)
    row = await world.pool.fetchrow("SELECT * FROM notice")
    assert row is not None
    assert not any(text in str(row) for text in ("Neill", "1987", "Old Row", "EH1"))
    opened = world.sealer.open("person", event.application_id, row["content"])
    assert json.loads(opened)["ln"] == "O'Neill"


# -- read -----------------------------------------------------------------------------------------


async def test_pages_are_oldest_first_and_take_nothing(world: World) -> None:
    notices = await allow(
        world, *(who_moved(world, previous_gss_code=c) for c in (EDINBURGH, MIDLOTHIAN) * 3)
    )
    assert await ids(world) == await ids(world) == notices
    first = await page(world, pageSize=4)
    assert ([one["id"] for one in first["notices"]], first["remaining"]) == (notices[:4], 2)
    assert (await put(world, notices[3])).status == 204
    rest = await page(world, pageSize=4, after=notices[3])
    assert ([one["id"] for one in rest["notices"]], rest["remaining"]) == (notices[4:], 0)


async def test_a_page_is_100_by_default_and_200_at_most(world: World) -> None:
    await allow(world, who_moved(world))
    await world.pool.execute(
        "INSERT INTO notice (notice_id, application_id, attempt, gss_code, previous_gss_code, ero,"
        " state, created_at, content)"
        " SELECT substring(sha256(n::text::bytea) for 12), application_id, 1, gss_code,"
        " previous_gss_code, ero, state, created_at, content FROM"
        " (SELECT gen_random_uuid() AS application_id, n, gss_code, previous_gss_code, ero, state,"
        " created_at, content FROM notice, generate_series(1, 205) AS n) AS more"
    )
    # What was sealed for one application opens for no other: these 205 are left out.
    assert len(await ids(world)) == 1
    application_id = await world.pool.fetchval("SELECT application_id FROM notice LIMIT 1")
    content = await world.pool.fetchval(
        "SELECT content FROM notice WHERE application_id = $1", application_id
    )
    opened = world.sealer.open("person", application_id, content)
    for row in await world.pool.fetch("SELECT application_id FROM notice"):
        again = world.sealer.seal("person", row["application_id"], opened)
        await world.pool.execute(
            "UPDATE notice SET content = $2 WHERE application_id = $1", row["application_id"], again
        )
    assert len(await ids(world)) == 100
    assert (len(await ids(world, pageSize=201)), (await page(world))["remaining"]) == (200, 106)


async def test_what_does_not_open_hides_nothing_behind_it(world: World) -> None:
    notices = await allow(world, *(who_moved(world) for _ in range(5)))
    await world.pool.execute(
        "UPDATE notice SET content = 'person-2001-01-01.AAAA' WHERE notice_id = ANY($1)",
        [bytes.fromhex(one) for one in notices[:3]],
    )
    assert await ids(world, pageSize=2) == notices[3:4]
    assert await ids(world, pageSize=2, after=notices[3]) == notices[4:]


async def test_a_page_is_bounded_by_bytes(world: World) -> None:
    long = PREVIOUS_ADDRESS | {"street": "x" * 120_000}
    notices = await allow(
        world, *(who_moved(world, person=a_person(previousAddress=long)) for _ in range(40))
    )
    found = await page(world)
    shown = [one["id"] for one in found["notices"]]
    assert 25 < len(shown) < 40
    assert len(shown) + found["remaining"] == 40
    assert shown + await ids(world, after=shown[-1]) == notices


async def test_reading_costs_by_what_waits_and_not_by_what_was_delivered(world: World) -> None:
    await allow(world, who_moved(world))
    await world.pool.execute(
        "INSERT INTO notice (notice_id, application_id, attempt, gss_code, previous_gss_code, ero,"
        " state, content) SELECT substring(sha256(n::text::bytea) for 12), gen_random_uuid(), 1,"
        " 'E06000001', 'S12000036', 'lothian', 'acknowledged', 'x' FROM generate_series(1, 20000) n"
    )
    await world.pool.execute("ANALYZE notice")
    assert len(await ids(world)) == 1
    plan = await world.pool.fetch(
        "EXPLAIN SELECT 1 FROM notice WHERE ero = 'lothian' AND state = 'queued'"
        " AND (created_at, position) > ('2000-01-01', 0) ORDER BY created_at, position LIMIT 200"
    )
    assert any("notice_unfinished" in row[0] for row in plan)


async def test_an_ero_on_hold_reads_an_empty_page_and_everything_in_order_later(
    world: World,
) -> None:
    notices = await allow(world, who_moved(world), who_moved(world))
    await begin_hold(world.pool, LOTHIAN, None, "Ann")
    assert await page(world) == {"notices": [], "remaining": 0, "onHold": True}
    assert (await put(world, notices[0])).status == 204
    await end_hold(world.pool, LOTHIAN, "Ann")
    assert await ids(world) == notices[1:]


# -- answered -------------------------------------------------------------------------------------


async def test_the_first_answer_stands_and_success_after_failure_wins(world: World) -> None:
    one, other = await allow(world, who_moved(world), who_moved(world))
    said = FAILURE | {"message": "Mrs O'Neill is not in our list", "details": None}
    for answer in (said, said, FAILURE):
        assert (await put(world, one, answer)).status == 204
    assert (await ids(world), await ids(world, state="held")) == ([other], [one])
    for answer in (SUCCESS, FAILURE, SUCCESS):
        assert (await put(world, one, answer)).status == 204
    assert (await ids(world), await ids(world, state="held")) == ([other], [])
    rows = await world.pool.fetch("SELECT * FROM notice_answer ORDER BY answered_at")
    assert [(row["status"], row["ero"]) for row in rows] == [
        ("failure", LOTHIAN),
        ("success", LOTHIAN),
    ]
    assert "list" not in rows[0]["sealed_text"]
    application_id = await world.pool.fetchval(
        "SELECT application_id FROM notice WHERE notice_id = $1", bytes.fromhex(one)
    )
    opened = world.sealer.open("person", application_id, rows[0]["sealed_text"])
    assert json.loads(opened) == {"message": "Mrs O'Neill is not in our list"}


async def test_anothers_notice_is_404_like_an_unknown_one(world: World) -> None:
    (notice,) = await allow(world, who_moved(world))
    answers = set()
    for one in (notice, "0" * 24):
        for response in (
            await put(world, one, ero="hartlepool"),
            await offer(world, one, ero="hartlepool"),
            await world.client.get(
                "/notices", headers=authorized("hartlepool"), params={"after": one}
            ),
        ):
            answers.add((response.status, await response.read()))
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert await ids(world) == [notice]


async def test_an_ero_has_a_notice_again_in_its_old_place(world: World) -> None:
    notices = await allow(world, *(who_moved(world) for _ in range(3)))
    await put(world, notices[0])
    await put(world, notices[1], FAILURE)
    assert await ids(world) == notices[2:]
    for notice in (*notices, notices[0]):
        assert (await offer(world, notice)).status == 204
    assert await ids(world) == notices
    assert (await put(world, notices[0], FAILURE)).status == 204
    assert await ids(world, state="held") == notices[:1]


async def test_the_history_of_the_application_tells_of_its_notice(world: World) -> None:
    (notice,) = await allow(world, who_moved(world))
    await put(world, notice, FAILURE | {"message": "Not in our list"})
    await offer(world, notice)
    await put(world, notice)
    rows = await world.pool.fetch(
        "SELECT by, facts FROM history WHERE kind = 'noticed' ORDER BY number"
    )
    assert rows[0]["by"] == "ems-gateway"
    assert all(row["by"].startswith("token ") for row in rows[1:])
    assert [json.loads(row["facts"]) for row in rows] == [
        {"notice": notice, "ero": LOTHIAN, "previousGssCode": EDINBURGH},
        {"notice": notice, "ero": LOTHIAN, "status": "failure", "offer": 1},
        {"notice": notice, "ero": LOTHIAN, "offer": 2},
        {"notice": notice, "ero": LOTHIAN, "status": "success", "offer": 2},
    ]


async def test_the_determining_ero_is_not_told_the_credential_of_the_other(world: World) -> None:
    event = who_moved(world)
    (record,) = await world.arrive(event)
    await determine(world, record)
    await put(world, notice_id(event.application_id).hex())
    response = await world.client.get(
        f"/registrations/{record}/history", headers=authorized("hartlepool")
    )
    entries = (await response.json())["entries"]
    told = [(one["kind"], one["by"].split()[0]) for one in entries[-3:]]
    assert told == [("determined", "token"), ("noticed", "ems-gateway"), ("noticed", "another")]


async def test_answers_and_offers_at_once_leave_one_of_both(world: World) -> None:
    notices = await allow(world, *(who_moved(world) for _ in range(5)))
    calls = [put(world, n, a) for n in notices for a in (SUCCESS, FAILURE, SUCCESS)]
    calls += [offer(world, notice) for notice in notices]
    assert {response.status for response in await asyncio.gather(*calls)} == {204}
    for notice in notices:
        await put(world, notice)
    assert (await ids(world), await ids(world, state="held")) == ([], [])


# -- held, and what an operator does --------------------------------------------------------------


def an_assignment(world: World) -> NoticeAssignment:
    route = world.responsibilities.route
    return NoticeAssignment(world.pool, NoticeWriter(world.sealer, route), world.history, route)


async def test_a_notice_to_an_unknown_authority_waits_for_an_operator(
    world: World, metrics: Metrics
) -> None:
    unknown, unplaced = await allow(
        world,
        who_moved(world, previous_gss_code="E99999999"),
        who_moved(world, previous_gss_code=None),
    )
    assert await held_reasons(world) == ["authority-unknown"] * 2
    assert [line.split()[0] for line in await held_lines(world.pool)] == [unknown, unplaced, "2"]
    await set_gauges(world.pool, metrics)
    assert b'gateway_notices{state="held"} 2.0' in metrics.exposition()
    for notice in (unplaced, unknown):
        assert await an_assignment(world).assign(notice, EDINBURGH, "Ann") == LOTHIAN
    assert await ids(world) == [unknown, unplaced]
    assert {one["previousGssCode"] for one in (await page(world))["notices"]} == {EDINBURGH}
    await set_gauges(world.pool, metrics)
    assert b'gateway_notices{state="waiting"} 2.0' in metrics.exposition()
    by = await world.pool.fetch("SELECT by FROM history WHERE by = 'operator Ann'")
    assert len(by) == 2


async def test_only_what_is_unfinished_is_assigned_and_only_to_an_ero(world: World) -> None:
    (notice,) = await allow(world, who_moved(world))
    assignment = an_assignment(world)
    for wrong, code in ((notice, "E99999999"), ("0" * 24, EDINBURGH), ("abc", EDINBURGH)):
        with pytest.raises(CannotAssign):
            await assignment.assign(wrong, code, "Ann")
    await put(world, notice)
    with pytest.raises(CannotAssign, match="has taken it"):
        await assignment.assign(notice, HARTLEPOOL, "Ann")


async def test_a_notice_that_its_ero_cannot_take_is_sent_on(world: World) -> None:
    (notice,) = await allow(world, who_moved(world))
    await put(world, notice, FAILURE)
    await an_assignment(world).assign(notice, HARTLEPOOL, "Ann")
    assert (await ids(world, "hartlepool"), await ids(world, state="held")) == ([notice], [])
    # What it answered is known still, and changes nothing.
    assert [(await put(world, notice, answer)).status for answer in (FAILURE, SUCCESS)] == [204] * 2
    assert await ids(world, "hartlepool") == [notice]
    assert (await offer(world, notice)).status == 404


async def test_an_unfinished_notice_follows_whoever_answers_for_its_authority(
    world: World,
) -> None:
    waiting, failed, taken = await allow(world, *(who_moved(world) for _ in range(3)))
    (unknown,) = await allow(world, who_moved(world, previous_gss_code="E99999999"))
    await put(world, failed, FAILURE)
    await put(world, taken)
    moves = NoticeMoves(world.pool, world.responsibilities, world.history)
    today = london_date(datetime.now(UTC))
    assert await moves.sweep(today) == 0
    state = [Stated(code, "hartlepool", today, None) for code in (EDINBURGH, "E99999999")]
    world.responsibilities.replace_stated(state)
    assert await moves.sweep(today) == 3
    assert await moves.sweep(today) == 0
    assert (await ids(world), await ids(world, state="held")) == ([], [])
    assert await ids(world, "hartlepool") == [waiting, failed, unknown]
    assert (await put(world, waiting)).status == 404
    assert (await put(world, taken)).status == 204


async def test_a_notice_whose_authority_was_split_is_held_for_an_operator(world: World) -> None:
    (notice,) = await allow(world, who_moved(world))
    world.responsibilities.replace_authorities(without_edinburgh(world))
    moves = NoticeMoves(world.pool, world.responsibilities, world.history)
    today = london_date(datetime.now(UTC))
    assert await moves.sweep(today) == 1
    assert await moves.sweep(today) == 0
    assert (await ids(world), await held_reasons(world)) == ([], ["no-authority"])
    (late,) = await allow(world, who_moved(world))
    assert await held_reasons(world) == ["no-authority"] * 2
    for one in (late, notice):
        await an_assignment(world).assign(one, MIDLOTHIAN, "Ann")
    assert await ids(world) == [notice, late]


def without_edinburgh(world: World) -> Authorities:
    """The list after Edinburgh's area went to two others yesterday."""
    authorities = world.responsibilities.authorities
    yesterday = london_date(datetime.now(UTC)) - timedelta(days=1)
    ended = replace(
        authorities.authority(EDINBURGH), valid_to=yesterday, successors=(MIDLOTHIAN, "S12000040")
    )
    listed = [ended if one.gss_code == EDINBURGH else one for one in authorities]
    return Authorities(listed, authorities.eros)


async def test_a_destroyed_key_stops_no_determination_and_its_notice_is_held(
    world: World, keys_root: Path
) -> None:
    make_keys(keys_root, LONG_AGO.astimezone(LONDON).date())
    old = Sealer(DirectoryKeyring(keys_root / "ems-gateway"), lambda: LONG_AGO)
    person = a_person(previousAddress=PREVIOUS_ADDRESS)
    event = an_outcome(old, previous_gss_code=EDINBURGH, person=person)
    (record,) = await world.arrive(event)
    key = keys_root / "ems-gateway" / f"{OLD_KEY}.key"
    secret = key.read_bytes()
    key.rename(key.with_suffix(".destroyed"))
    world.sealer.forget_destroyed()
    assert await determine(world, record) == 204
    assert len(await world.events()) == 1
    assert await held_reasons(world) == ["unreadable"]
    assert await ids(world, state="held") == []
    notice = notice_id(event.application_id).hex()
    with pytest.raises(CannotAssign, match="cannot be read"):
        await an_assignment(world).assign(notice, EDINBURGH, "Ann")
    key.write_bytes(secret)  # it was only missing, and is restored
    assert await an_assignment(world).assign(notice, EDINBURGH, "Ann") == LOTHIAN
    assert await ids(world) == [notice]


async def test_a_notice_past_its_retention_is_not_offered_again(world: World) -> None:
    (notice,) = await allow(world, who_moved(world))
    await put(world, notice)
    await world.pool.execute("UPDATE notice SET content = 'person-2001-01-01.AAAA'")
    response = await offer(world, notice)
    assert (response.status, (await response.json())["code"]) == (409, "past-retention")
    assert await ids(world) == []


async def test_unfinished_notices_are_sealed_again_before_their_key_ends(
    world: World, keys_root: Path
) -> None:
    make_keys(keys_root, LONG_AGO.astimezone(LONDON).date())
    old = Sealer(DirectoryKeyring(keys_root / "ems-gateway"), lambda: LONG_AGO)
    waiting, failed, taken = await allow(world, *(who_moved(world) for _ in range(3)))
    for row in await world.pool.fetch("SELECT application_id, content FROM notice"):
        plain = world.sealer.open("person", row["application_id"], row["content"])
        await world.pool.execute(
            "UPDATE notice SET content = $2 WHERE application_id = $1",
            row["application_id"],
            old.seal("person", row["application_id"], plain),
        )
    await put(world, failed, FAILURE)
    await put(world, taken)
    rows = UnfinishedRows(world.pool, world.sealer, NOTICES_SEALED_AND_UNFINISHED)
    assert await rows.count(OLD_KEY) == 2
    assert await rows.seal_again([OLD_KEY]) == 2
    assert await rows.count(OLD_KEY) == 0
    left = await world.pool.fetch("SELECT state, content FROM notice")
    assert {row["state"] for row in left if key_id_of(row["content"]) == OLD_KEY} == {
        "acknowledged"
    }
    assert await ids(world) == [waiting]


async def test_the_command_lists_and_assigns(
    world: World,
    keys_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (notice,) = await allow(world, who_moved(world, previous_gss_code="E99999999"))
    for name, setting in {
        "DATABASE_URL": world.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KEYS_DIRECTORY": str(keys_root / "ems-gateway"),
        "EROS_FILE": str(tmp_path / "eros.json"),
    }.items():
        monkeypatch.setenv(f"EMS_GATEWAY_{name}", setting)

    async def run(*arguments: str) -> int:
        return await asyncio.to_thread(main, ["notices", *arguments])

    assert await run("list") == 0
    assert f"{notice}  " in capsys.readouterr().out
    named = ("--notice", notice, "--by", "Ann")
    assert await run("assign", *named, "--gss-code", "E99999999") == 1
    assert "authority in force" in capsys.readouterr().err
    assert await run("assign", *named, "--gss-code", EDINBURGH) == 0
    assert f"{notice} now waits for {LOTHIAN}." in capsys.readouterr().out
    assert await ids(world) == [notice]
