"""Offers and holds on real Postgres: what comes back, in which order, and what waits meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from electoral.authorities import AUTHORITY_UNKNOWN, Authorities
from electoral.envelope import timestamp
from electoral.retention import Retention
from ems_gateway.__main__ import main
from ems_gateway.calling.callers import Caller
from ems_gateway.errors import CannotDeliver
from ems_gateway.holds import hold, list_lines, resume
from ems_gateway.notices.answering import Notices
from ems_gateway.offers import Offers
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN, a_final_outcome, a_pending_outcome
from gateway_world import FAILURE, SUCCESS, World, a_credentials_file, authorized
from notice_calls import allow, who_moved
from notice_calls import put as put_notice
from queue_calls import lease_page, offer, offer_all, told

pytestmark = pytest.mark.integration

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


# -- one ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [SUCCESS, FAILURE])
async def test_an_answered_record_is_offered_anew_in_its_old_place(
    world: World, answer: dict[str, str]
) -> None:
    ids = await world.outcomes(3)
    await world.put(ids[0], answer)
    assert (await offer(world, ids[0])).status == 204
    items = (await world.page())["registrations"]
    assert [(one["id"], one["offer"]) for one in items] == [(ids[0], 2), (ids[1], 1), (ids[2], 1)]
    assert await world.ids(state="held") == []
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 3}


async def test_what_waits_already_is_offered_without_effect(world: World) -> None:
    (record,) = await world.outcomes(1)
    lease_id = (await lease_page(world))["leaseId"]
    assert (await offer(world, record)).status == 204
    (item,) = (await world.page())["registrations"]
    assert (item["offer"], item["leaseId"]) == (1, lease_id)


async def test_within_a_new_offer_the_first_answer_stands_again(world: World) -> None:
    (record,) = await world.outcomes(1)
    await world.put(record)
    await offer(world, record)
    assert (await world.put(record, FAILURE)).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "held"): 1}
    assert (await world.put(record)).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 1}
    assert [one["status"] for one in await world.events()] == ["success", "failure", "success"]


async def test_a_failure_that_names_an_older_offer_has_no_effect_and_success_has(
    world: World,
) -> None:
    (record,) = await world.outcomes(1)
    await world.put(record, FAILURE)
    await offer(world, record)
    assert (await world.put(record, FAILURE | {"offer": 1})).status == 204
    assert await world.ids() == [record]
    assert (await world.put(record, SUCCESS | {"offer": 1})).status == 204
    assert await world.ledger() == {(HARTLEPOOL, "acknowledged"): 1}


async def test_a_superseded_record_is_not_offered(world: World) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    (old,) = await world.arrive(pending)
    await world.put(old)
    (new,) = await world.arrive(world.outcome(application_id=pending.application_id, revision=2))
    response = await offer(world, old)
    assert (response.status, (await response.json())["code"]) == (409, "superseded")
    assert await world.ids() == [new]


async def test_anothers_record_and_an_unknown_one_cannot_be_offered_or_told_apart(
    world: World,
) -> None:
    (others,) = await world.arrive(world.outcome(gss_code=EDINBURGH))
    (unplaced,) = await world.arrive(world.outcome(gss_code=AUTHORITY_UNKNOWN))
    await world.put(others, ero=LOTHIAN)
    answers = [await offer(world, one) for one in (others, unplaced, "0" * 24)]
    assert {(one.status, await one.read()) for one in answers} == {(404, await answers[0].read())}
    assert await world.ids(LOTHIAN) == []


async def spoil(world: World, record: str) -> None:
    """Let a record's key be one that was destroyed."""
    await world.pool.execute(
        "UPDATE record SET person = 'person-2001-01-01.AAAA' WHERE record_id = $1",
        bytes.fromhex(record),
    )


async def test_what_nobody_could_read_any_more_stays_where_it_is(world: World) -> None:
    ids = await world.outcomes(3)
    await world.acknowledge([{"id": one} | SUCCESS for one in ids])
    await spoil(world, ids[1])
    response = await offer(world, ids[1])
    assert (response.status, (await response.json())["code"]) == (409, "past-retention")
    response = await offer_all(
        world,
        {"acknowledgedFrom": timestamp(LONG_AGO), "acknowledgedTo": timestamp(datetime.now(UTC))},
    )
    assert await response.json() == {"offered": 2, "pastRetention": 1, "more": False}
    assert await world.ids() == [ids[0], ids[2]]
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 2, (HARTLEPOOL, "acknowledged"): 1}


async def test_what_may_be_destroyed_at_any_moment_stays_where_it_is(world: World) -> None:
    (record,) = await world.outcomes(1)
    await world.put(record)
    over = Offers(world.pool, world.sealer, world.history, retention=Retention(person_days=-1))
    assert await over.one(bytes.fromhex(record), "hartlepool", "token 1a2b3c4d") == "past-retention"
    done = await over.acknowledged("hartlepool", LONG_AGO, soon(), "token 1a2b3c4d")
    assert (done.records, done.past_retention) == (0, 1)
    assert (await offer(world, record)).status == 204


async def test_a_notice_that_may_be_destroyed_at_any_moment_stays_too(world: World) -> None:
    (notice,) = await allow(world, who_moved(world))
    await put_notice(world, notice, SUCCESS)
    over = Notices(world.pool, world.sealer, world.history, Retention(person_days=-1))
    caller = Caller(LOTHIAN, "token 1a2b3c4d")
    assert await over.offer(caller, bytes.fromhex(notice)) == "gone"
    kept = Notices(world.pool, world.sealer, world.history)
    assert await kept.offer(caller, bytes.fromhex(notice)) == "offered"


# -- many -----------------------------------------------------------------------------------------


async def test_all_that_failed_is_offered_and_nothing_else(world: World) -> None:
    ids = await world.outcomes(6)
    await world.acknowledge([{"id": one} | FAILURE for one in ids[:3]])
    await world.put(ids[3])
    (others,) = await world.arrive(world.outcome(gss_code=EDINBURGH))
    await world.put(others, FAILURE, LOTHIAN)
    response = await offer_all(world, {"held": True})
    assert await response.json() == {"offered": 3, "pastRetention": 0, "more": False}
    assert await world.ids() == [*ids[:3], *ids[4:]]
    assert await world.ids(LOTHIAN) == []
    response = await offer_all(world, {"held": True})
    assert await response.json() == {"offered": 0, "pastRetention": 0, "more": False}


async def backdate(world: World, records: list[str], at: datetime) -> None:
    """Let records have been acknowledged at another time."""
    await world.pool.execute(
        "UPDATE answer SET answered_at = $2 FROM record r"
        " WHERE r.position = answer.position AND r.record_id = ANY($1)",
        [bytes.fromhex(one) for one in records],
        at,
    )


async def test_a_system_restored_to_a_backup_gets_what_it_acknowledged_since(world: World) -> None:
    ids = await world.outcomes(8)
    await world.acknowledge([{"id": one} | SUCCESS for one in ids[:7]])
    backup = datetime.now(UTC) - timedelta(hours=2)
    await backdate(world, ids[:2], backup - timedelta(microseconds=1))
    await backdate(world, ids[2:4], backup)
    await backdate(world, ids[6:7], backup + timedelta(hours=1))
    until = backup + timedelta(hours=1)
    body: dict[str, object] = {
        "acknowledgedFrom": timestamp(backup),
        "acknowledgedTo": timestamp(until),
    }
    response = await offer_all(world, body)
    assert await response.json() == {"offered": 2, "pastRetention": 0, "more": False}
    assert await world.ids() == [ids[2], ids[3], ids[7]]
    await world.acknowledge([{"id": one} | SUCCESS for one in ids[2:4]])
    response = await offer_all(world, body)
    assert await response.json() == {"offered": 0, "pastRetention": 0, "more": False}
    assert await world.ids() == [ids[7]]


async def test_a_call_stops_at_its_bound_and_the_next_one_goes_on(world: World) -> None:
    ids = await world.outcomes(50)
    await world.acknowledge([{"id": one} | SUCCESS for one in ids])
    offers = Offers(world.pool, world.sealer, world.history, at_once_max=7, offered_max=20)
    counts = []
    while True:
        done = await offers.acknowledged("hartlepool", LONG_AGO, soon(), "token 1a2b3c4d")
        counts.append(done.records)
        if not done.more:
            break
    assert (sum(counts), max(counts)) == (50, 14)
    assert await world.ids() == ids


async def test_a_call_looks_at_so_many_answers_and_says_where_to_go_on(world: World) -> None:
    ids = await world.outcomes(30)
    begin = datetime.now(UTC) - timedelta(hours=1)
    for number, one in enumerate(ids):
        await world.put(one)
        await backdate(world, [one], begin + timedelta(seconds=number))
    for one in ids[:20]:  # those answers stand no more
        await offer(world, one)
    offers = Offers(world.pool, world.sealer, world.history, at_once_max=5, looked_at_max=10)
    done = await offers.acknowledged("hartlepool", begin, soon(), "token 1a2b3c4d")
    assert (done.records, done.more, done.go_on) == (0, True, begin + timedelta(seconds=9))
    total = 0
    while done.go_on is not None:
        done = await offers.acknowledged("hartlepool", done.go_on, soon(), "token 1a2b3c4d")
        total += done.records
    assert total == 10
    assert await world.ids() == ids


async def test_a_range_that_ends_in_the_future_is_refused(world: World) -> None:
    (record,) = await world.outcomes(1)
    await world.put(record)
    body: dict[str, object] = {
        "acknowledgedFrom": timestamp(LONG_AGO),
        "acknowledgedTo": timestamp(soon()),
    }
    response = await offer_all(world, body)
    assert response.status == 400
    assert "acknowledgedTo" in await response.text()
    assert await world.ids() == []


async def test_offers_of_the_same_records_at_once_count_once(world: World) -> None:
    ids = await world.outcomes(60)
    await world.acknowledge([{"id": one} | FAILURE for one in ids])
    responses = await asyncio.gather(*(offer_all(world, {"held": True}) for _ in range(4)))
    assert sum([(await one.json())["offered"] for one in responses]) == 60
    assert {one["offer"] for one in (await world.page())["registrations"]} == {2}
    assert await world.ledger() == {(HARTLEPOOL, "queued"): 60}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"held": False},
        {"held": None},
        {"held": 1},
        {
            "held": False,
            "acknowledgedFrom": "2026-11-20T09:00:00Z",
            "acknowledgedTo": "2026-11-21T09:00:00Z",
        },
        {"acknowledgedFrom": "2026-11-20T09:00:00Z"},
        {"acknowledgedTo": "2026-11-20T09:00:00Z"},
        {"acknowledgedFrom": "2026-11-20T09:00:00", "acknowledgedTo": "2026-11-21T09:00:00"},
        {"acknowledgedFrom": "2026-11-21T09:00:00Z", "acknowledgedTo": "2026-11-20T09:00:00Z"},
        {"acknowledgedFrom": "0001-01-01T00:00:00+14:00", "acknowledgedTo": "2026-11-20T09:00:00Z"},
        {"acknowledgedFrom": "2026-11-20T09:00:00Z", "acknowledgedTo": "9999-12-31T23:00:00-14:00"},
        {
            "held": True,
            "acknowledgedFrom": "2026-11-20T09:00:00Z",
            "acknowledgedTo": "2026-11-21T09:00:00Z",
        },
        {"held": True, "other": 1},
    ],
)
async def test_what_is_to_be_offered_is_said_in_one_way(
    world: World, body: dict[str, object]
) -> None:
    response = await offer_all(world, body)
    assert response.status == 400
    assert response.content_type == "application/problem+json"


# -- an answer that was given before the record became another's ----------------------------------


async def reassigned(world: World, record: str) -> None:
    await world.desk.reassign(record, EDINBURGH, "A. Operator")


async def test_a_repeated_answer_stays_204_after_a_reassignment_and_a_new_one_is_404(
    world: World,
) -> None:
    answered, silent = await world.outcomes(2)
    await world.put(answered, FAILURE | {"reason": "wrong-authority"})
    for record in (answered, silent):
        await reassigned(world, record)
    assert (await world.put(answered, FAILURE)).status == 204
    assert (await world.put(answered, SUCCESS)).status == 204
    assert (await world.put(silent, SUCCESS)).status == 404
    entries = [{"id": one} | SUCCESS for one in (answered, silent, "0" * 24)]
    assert await world.acknowledge(entries) == [204, 404, 404]
    assert sorted(await world.ids(LOTHIAN)) == sorted([answered, silent])
    assert (await offer(world, answered)).status == 404
    assert [one["status"] for one in await world.events()] == ["failure"]


# -- what the history tells -----------------------------------------------------------------------


async def test_the_history_tells_of_arrival_answers_and_offers(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    await world.put(record, FAILURE | {"reason": "wrong-authority", "suggestedGssCode": EDINBURGH})
    await offer(world, record)
    verified, offered, answered, again = await told(world, record)
    assert verified[:2] == ("verified", "verification")
    assert verified[2] == {
        "revision": 1,
        "source": "web",
        "gssCode": HARTLEPOOL,
        "arrivedAt": timestamp(event.arrived_at),
        "receivedAt": timestamp(event.received_at),
        "attemptReceivedAt": timestamp(event.attempt_received_at),
        "status": "final",
        "result": "green",
        "levels": a_final_outcome()["levels"],
        "ruleVersion": "2026-11",
        "decidedBy": "nino-and-date-of-birth",
        "decidedAt": timestamp(event.outcome.decided_at),
    }
    facts = {"revision": 1, "ero": "hartlepool", "gssCode": HARTLEPOOL, "offer": 1}
    assert offered == ("offered", "ems-gateway", facts)
    assert answered[0] == "answered"
    assert answered[2] == {
        "revision": 1,
        "status": "failure",
        "offer": 1,
        "reason": "wrong-authority",
        "suggestedGssCode": EDINBURGH,
    }
    assert again == ("offered", answered[1], facts | {"offer": 2})


async def test_the_history_holds_no_text_that_somebody_typed(world: World) -> None:
    (record,) = await world.outcomes(1)
    texts = {"message": "Quux", "details": "Quux lives elsewhere", "reason": "Quux is unknown"}
    await world.put(record, FAILURE | texts)
    assert "Quux" not in str(await told(world, record))
    assert (await told(world, record))[-1][0] == "answered"


async def test_a_repeat_and_an_answer_without_effect_leave_no_trace(world: World) -> None:
    event = world.outcome()
    (record,) = await world.arrive(event)
    await world.put(record)
    before = await told(world, record)
    await world.arrive(event)
    await world.put(record, FAILURE)
    await offer(world, "0" * 24)
    assert await told(world, record) == before


async def test_the_history_tells_what_took_whose_place(world: World) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    later = {"application_id": pending.application_id}
    (record,) = await world.arrive(pending)
    await world.arrive(world.outcome(**later, revision=3))
    await world.arrive(world.outcome(**later, revision=2))
    kinds = [(kind, facts["revision"]) for kind, _, facts in await told(world, record)]
    assert kinds == [
        ("verified", 1),
        ("offered", 1),
        ("verified", 3),
        ("superseded", 1),
        ("offered", 3),
        ("verified", 2),
        ("superseded", 2),
    ]


async def test_revisions_that_come_together_are_each_told_of(world: World) -> None:
    pending = world.outcome(outcome=a_pending_outcome())
    final = world.outcome(application_id=pending.application_id, revision=2)
    record, _ = await world.arrive(pending, final)
    kinds = [(kind, facts["revision"]) for kind, _, facts in await told(world, record)]
    assert kinds == [("verified", 1), ("superseded", 1), ("verified", 2), ("offered", 2)]


async def test_what_nobody_can_place_is_told_of_as_held(world: World) -> None:
    (record,) = await world.arrive(world.outcome(gss_code=AUTHORITY_UNKNOWN))
    _, held = await told(world, record)
    assert held == ("held", "ems-gateway", {"revision": 1, "reason": "authority-unknown"})


# -- holds ----------------------------------------------------------------------------------------


@pytest.fixture
def authorities() -> Authorities:
    return Authorities.load()


async def test_an_ero_on_hold_is_given_nothing_and_loses_nothing(
    world: World, authorities: Authorities
) -> None:
    ids = await world.outcomes(4)
    await world.put(ids[3], FAILURE)
    (others,) = await world.arrive(world.outcome(gss_code=EDINBURGH))
    await hold(world.pool, authorities, "hartlepool", "INC-1234", "A. Operator")
    nothing = {"registrations": [], "remaining": 0, "onHold": True}
    assert await world.page() == nothing
    assert await world.page(state="held") == nothing
    assert await world.page(after=ids[0]) == nothing
    assert await lease_page(world) == {"leaseId": None} | nothing
    assert await world.ids(LOTHIAN) == [others]
    later = await world.outcomes(1)
    await resume(world.pool, authorities, "hartlepool", "B. Operator")
    assert sorted(await world.ids()) == sorted([*ids[:3], *later])
    assert await world.ids(state="held") == [ids[3]]
    assert "onHold" not in await world.page()


async def test_answers_offers_and_unknown_ids_are_as_ever_while_on_hold(
    world: World, authorities: Authorities
) -> None:
    ids = await world.outcomes(3)
    await hold(world.pool, authorities, "hartlepool", None, "A. Operator")
    assert (await world.put(ids[0])).status == 204
    assert await world.acknowledge([{"id": ids[1]} | FAILURE, {"id": "0" * 24} | SUCCESS]) == [
        204,
        404,
    ]
    assert await (await offer_all(world, {"held": True})).json() == {
        "offered": 1,
        "pastRetention": 0,
        "more": False,
    }
    response = await world.client.get(
        "/registrations", headers=authorized("hartlepool"), params={"after": "0" * 24}
    )
    assert response.status == 404
    await resume(world.pool, authorities, "hartlepool", "A. Operator")
    assert await world.ids() == ids[1:]


async def test_a_hold_is_told_of_once_begun_and_once_ended(
    world: World, authorities: Authorities
) -> None:
    await hold(world.pool, authorities, "hartlepool", "INC-1234", "A. Operator")
    with pytest.raises(CannotDeliver, match="already"):
        await hold(world.pool, authorities, "hartlepool", None, "B. Operator")
    line, total = await list_lines(world.pool)
    assert all(part in line for part in ("hartlepool", "INC-1234", "A. Operator"))
    assert total == "1 on hold."
    await resume(world.pool, authorities, "hartlepool", "C. Operator")
    with pytest.raises(CannotDeliver, match="not on hold"):
        await resume(world.pool, authorities, "hartlepool", "C. Operator")
    await hold(world.pool, authorities, "hartlepool", None, "D. Operator")
    rows = await world.pool.fetch("SELECT held_by, resumed_by FROM ero_hold ORDER BY hold_id")
    assert [tuple(row) for row in rows] == [("A. Operator", "C. Operator"), ("D. Operator", None)]


@pytest.mark.parametrize(
    ("ero", "reason"),
    [("nowhere", None), ("hartlepool", "Mrs Quux said"), ("hartlepool", "")],
)
async def test_a_hold_of_an_unknown_ero_or_with_a_story_is_refused(
    world: World, authorities: Authorities, ero: str, reason: str | None
) -> None:
    with pytest.raises(CannotDeliver):
        await hold(world.pool, authorities, ero, reason, "A. Operator")
    assert await list_lines(world.pool) == ["0 on hold."]


# -- commands -------------------------------------------------------------------------------------


@pytest.fixture
def settings(
    world: World,
    keys_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {
        "DATABASE_URL": world.dsn,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "KEYS_DIRECTORY": str(keys_root / "ems-gateway"),
        "EROS_FILE": str(a_credentials_file(tmp_path)),
    }
    for name, value in values.items():
        monkeypatch.setenv(f"EMS_GATEWAY_{name}", value)


async def command(*arguments: str) -> int:
    return await asyncio.to_thread(main, list(arguments))


@pytest.mark.usefixtures("settings")
async def test_operators_offer_by_command(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ids = await world.outcomes(4)
    by = ("--by", "A. Operator")
    await world.acknowledge([{"id": one} | SUCCESS for one in ids[:2]])
    await world.acknowledge([{"id": one} | FAILURE for one in ids[2:]])
    assert await command("offer", "--record", ids[0], *by) == 0
    assert await command("offer", "--record", "0" * 24, *by) == 1
    assert await command("offer", "--record", "x", *by) == 1
    assert await command("offer", "--held", *by) == 1
    assert await command("offer", "--record", ids[0], "--held", *by) == 1
    assert await command("offer", "--ero", "hartlepool", "--held", *by) == 0
    assert await world.ids() == [ids[0], *ids[2:]]
    soon_on = ("--from", timestamp(LONG_AGO), "--to", timestamp(soon()))
    assert await command("offer", "--ero", "hartlepool", *soon_on, *by) == 1
    times = ("--from", timestamp(LONG_AGO), "--to", timestamp(datetime.now(UTC)))
    assert await command("offer", "--ero", "nowhere", *times, *by) == 1
    assert await command("offer", "--ero", "hartlepool", *times, *by) == 0
    assert "1 records wait" in capsys.readouterr().out
    assert await world.ids() == ids
    assert (await told(world, ids[0]))[-1][1] == "operator A. Operator"


@pytest.mark.usefixtures("settings")
async def test_operators_hold_and_resume_by_command(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (record,) = await world.outcomes(1)
    assert await command("hold", "--ero", "hartlepool") == 1
    assert await command("hold", "--ero", "hartlepool", "--by", "A. Operator") == 0
    assert await world.ids() == []
    assert await command("hold", "--list") == 0
    assert "A. Operator" in capsys.readouterr().out
    assert await command("resume", "--ero", "hartlepool", "--by", "B. Operator") == 0
    assert await command("resume", "--ero", "hartlepool", "--by", "B. Operator") == 1
    assert await world.ids() == [record]
