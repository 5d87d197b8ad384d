"""Verification on the real Postgres: decided once, parked and never lost, held and seen."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer
from electoral import held, postgres
from electoral.consumer import Hold, Received
from electoral.envelope import unwrap, wrap
from electoral.events import ApplicationReceived, ApplicationVerified
from electoral.kafka import Message
from electoral.lifecycle import Lifecycle
from electoral.sealing import DirectoryKeyring, Sealer, daily_key_id
from electoral.tracing import new_traceparent
from electoral_local.ports import free_ports
from event_traffic import publish
from positions import begin_at_the_end, make_topics
from trouble import refuse_rows_of, take_rows_again
from verification import app
from verification.dwp import NOT_FOUND, UNAVAILABLE, WRONG, Answer
from verification.errors import DwpFailure, ParkReason
from verification.handlers import Prepared
from verification.parking import LOST_CLAIMS_MAX
from verification.pauses import pause_when_new
from verification.postgres import parked
from verification.postgres.attempts import NewAttempt, insert_attempts
from verification.settings import Settings
from verification_bench import PATIENCE, PERSON, Bench, at, open_breaker, wait_until

pytestmark = pytest.mark.integration

# -- deciding -------------------------------------------------------------------------------------


async def test_an_outcome_carries_all_that_was_received_less_the_nino(bench: Bench) -> None:
    event = bench.an_event(previous_gss_code="E08000026", language="cy")
    await bench.take(event)
    (verified,) = await bench.published()
    kept = set(ApplicationReceived.model_fields) - {"nino", "idempotency", "is_whole"}
    assert verified.model_dump(include=kept) == event.model_dump(include=kept)
    assert (verified.revision, verified.outcome.status) == (1, "final")
    assert (verified.outcome.result, verified.outcome.decided_by) == ("green", "identified")
    assert "nino-online" not in verified.model_dump_json()
    assert await bench.counts() == {"decided": 1}


async def test_only_the_eight_characters_that_identify_go_to_dwp_and_each_once(
    bench: Bench,
) -> None:
    await bench.take(*[bench.an_event(f"ab 12 34 56 {suffix}") for suffix in "ABCD"])
    assert bench.dwp.asked == ["AB123456"]
    assert len(await bench.published()) == 4


async def test_a_batch_is_looked_up_by_the_hundred(bench: Bench) -> None:
    await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(230)])
    assert sorted(len(call) for call in bench.dwp.calls) == [30, 100, 100]
    assert await bench.counts() == {"decided": 230}


async def test_a_repeat_changes_nothing(bench: Bench) -> None:
    event = bench.an_event()
    await bench.take(event, event)
    before = await bench.ledger()
    bench.dwp.answers["AB123456"] = NOT_FOUND
    await bench.take(event)
    assert len(await bench.published()) == 1
    assert await bench.ledger() == before


@pytest.mark.parametrize(
    ("changes", "result", "rule"),
    [
        ({"nino": None, "nino_absence": "no-nino"}, "not-applicable", "nino-missing"),
        ({"nino": None, "nino_absence": "under-16"}, "not-applicable", "under-16"),
        ({"nino": None, "nino_absence": "never-issued"}, "red", "nino-never-issued"),
        ({"nino": "BG123456C", "source": "paper"}, "red", "nino-never-issued"),
        ({"person": {**PERSON, "dateOfBirth": "2010-11-23"}}, "not-applicable", "under-16"),
        ({"person": {**PERSON, "dateOfBirth": None}}, "not-applicable", "date-of-birth-missing"),
    ],
)
async def test_who_cannot_be_looked_up_is_decided_without_dwp(
    bench: Bench, changes: dict[str, object], result: str, rule: str
) -> None:
    bench.dwp.failing = True
    await bench.take(bench.an_event(**changes))  # type: ignore[arg-type]
    (verified,) = await bench.published()
    assert (verified.outcome.result, verified.outcome.decided_by) == (result, rule)
    assert bench.dwp.asked == []


async def test_a_sixteenth_birthday_counts_on_the_london_day_of_arrival(bench: Bench) -> None:
    person = {**PERSON, "dateOfBirth": "2010-07-01"}
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)  # half past midnight in London
    await bench.take(bench.an_event(person=person, arrived_at=late))
    assert bench.dwp.asked == ["AB123456"]


async def test_a_paper_application_is_opened_under_the_councils_key(bench: Bench) -> None:
    await bench.take(bench.an_event(source="paper"))
    (verified,) = await bench.published()
    assert verified.outcome.result == "green"


async def test_nobody_on_record_is_red(bench: Bench) -> None:
    bench.dwp.answers["AB123456"] = NOT_FOUND
    await bench.take(bench.an_event())
    (verified,) = await bench.published()
    assert (verified.outcome.result, verified.outcome.decided_by) == ("red", "nino-not-on-record")


# -- holding --------------------------------------------------------------------------------------


async def test_what_can_never_be_opened_or_understood_is_held(
    bench: Bench, keys_root: Path
) -> None:
    event, other = bench.an_event(), bench.an_event()
    day = date(2026, 1, 1)
    destroyed = daily_key_id("person", day)
    (keys_root / "verification" / f"{destroyed}.destroyed").touch()
    results = await bench.prepare(
        event.model_copy(update={"person": other.person}),
        event.model_copy(update={"nino": other.nino}),
        event.model_copy(update={"nino": event.person}),
        event.model_copy(update={"person": f"{destroyed}.AAAA"}),
        event.model_copy(update={"nino": None}),
        bench.an_event(person={"lastName": "only"}),
        bench.an_event(nino="not a number"),
        bench.an_event(nino=None, nino_absence="not-corrected", attempt=2),
    )
    assert [one.error_class if isinstance(one, Hold) else None for one in results] == [
        "does-not-open",
        "does-not-open",
        "does-not-open",
        "destroyed-key",
        "nino-unexplained",
        "unreadable-person",
        "nino-malformed",
        "unknown-application",
    ]


async def test_an_event_of_another_kind_is_held_and_the_one_beside_it_decided(
    bench: Bench,
) -> None:
    await bench.take(bench.an_event())
    (verified,) = await bench.published()
    wrong = Received(verified, None)
    right = Received(bench.an_event(), None)
    first, second = await bench.handler().prepare([wrong, right])
    assert isinstance(first, Hold)
    assert first.error_class == "unexpected-event"
    assert isinstance(second, Prepared)


# -- waiting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"), [(UNAVAILABLE, "dwp-unavailable"), (WRONG, "dwp-answer-wrong")]
)
async def test_one_without_an_answer_waits_and_the_others_go_on(
    bench: Bench, answer: Answer, reason: str
) -> None:
    bench.dwp.answers["AB123456"] = answer
    await bench.take(bench.an_event(), bench.an_event("CE123456"))
    assert len(await bench.published()) == 1
    assert await bench.parked() == {reason: 1}
    assert await bench.counts() == {"decided": 1, "waiting": 1}


async def test_what_waited_is_decided_when_dwp_answers(bench: Bench) -> None:
    bench.dwp.answers["AB123456"] = UNAVAILABLE
    event = bench.an_event()
    await bench.take(event)
    bench.dwp.answers.clear()
    async with bench.trying_parked():
        await wait_until(lambda: bench.has_published(1))
    (verified,) = await bench.published()
    assert (verified.revision, verified.outcome.result) == (1, "green")
    assert verified.person == event.person
    assert await bench.parked() == {}
    assert await bench.counts() == {"decided": 1}


async def test_the_ledger_is_the_same_whichever_way_it_was_decided(bench: Bench) -> None:
    event = bench.an_event()
    await bench.take(event)
    at_once = (await bench.ledger())["decided"]
    await bench.pool.execute("TRUNCATE attempt, outcome, outbox, ledger_delta")
    bench.dwp.failing = True
    await bench.take(event)
    bench.dwp.failing = False
    await bench.make_all_due()
    async with bench.trying_parked():
        await wait_until(lambda: bench.has_published(1))
    assert (await bench.ledger())["decided"] == at_once


async def test_a_batch_waits_for_dwp_no_longer_than_its_patience(bench: Bench) -> None:
    bench.dwp.hanging = True
    begin = asyncio.get_running_loop().time()
    await bench.take(bench.an_event(), bench.an_event(nino=None))
    assert asyncio.get_running_loop().time() - begin < PATIENCE + 0.5
    assert await bench.parked() == {"dwp-unanswered": 1}
    assert await bench.counts() == {"decided": 1, "waiting": 1}


async def test_a_repeat_of_one_that_waits_changes_nothing(bench: Bench) -> None:
    bench.dwp.failing = True
    event = bench.an_event()
    await bench.take(event)
    bench.dwp.failing = False
    await bench.take(event)
    assert await bench.published() == []
    assert await bench.counts() == {"waiting": 1}


async def test_one_that_dwp_cannot_answer_is_asked_about_less_and_less_often(
    bench: Bench,
) -> None:
    bench.dwp.answers["AB123456"] = UNAVAILABLE
    await bench.take(bench.an_event())
    await bench.pool.execute("UPDATE parked SET tries = 5, next_try_at = now()")

    async def tried() -> bool:
        row = await bench.pool.fetchrow("SELECT tries, claimed_until FROM parked")
        return row is not None and row["tries"] == 6 and row["claimed_until"] is None

    async with bench.trying_parked():
        await wait_until(tried)
    pause = await bench.pool.fetchval("SELECT next_try_at - now() FROM parked")
    assert timedelta(seconds=25) < pause <= timedelta(seconds=60)


async def test_two_tasks_decide_each_parked_attempt_once(bench: Bench) -> None:
    bench.dwp.failing = True
    await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(300)])
    bench.dwp.failing = False
    await bench.make_all_due()
    async with bench.trying_parked(), bench.trying_parked():
        await wait_until(lambda: bench.has_published(300))
        await asyncio.sleep(0.3)
    ids = [event.application_id for event in await bench.published()]
    assert len(ids) == len(set(ids)) == 300
    assert await bench.counts() == {"decided": 300}


async def test_new_work_that_found_no_turn_comes_before_the_backlog(bench: Bench) -> None:
    events = [bench.an_event(f"CE10000{number}") for number in range(4)]
    reasons: list[ParkReason] = ["dwp-down", "dwp-down", "dwp-throttled", "dwp-down"]
    async with postgres.transaction(bench.pool) as connection:
        await insert_attempts(connection, [NewAttempt(event, None, 0) for event in events])
    for event, reason in zip(events, reasons, strict=True):
        waiting = parked.Waiting(
            (event.application_id, event.attempt), reason, pause_when_new(reason)
        )
        async with postgres.transaction(bench.pool) as connection:
            await parked.park(connection, [waiting])
    (first,) = await parked.claim_parked(bench.pool, 1, seconds=30)
    assert first.received.application_id == events[2].application_id
    (second,) = await parked.claim_parked(bench.pool, 1, seconds=30)
    assert second.received.application_id == events[0].application_id
    await parked.give_back(bench.pool, [first, second])
    (again,) = await parked.claim_parked(bench.pool, 1, seconds=30)
    assert again.received.application_id == events[2].application_id


async def test_what_found_no_turn_again_keeps_its_place_before_the_backlog(bench: Bench) -> None:
    bench.dwp.failing, bench.dwp.failure = True, DwpFailure("throttled")
    await bench.take(bench.an_event())
    place = await bench.pool.fetchval("SELECT next_try_at FROM parked")
    calls = len(bench.dwp.calls)

    async def was_tried() -> bool:
        return len(bench.dwp.calls) > calls + 2

    async with bench.trying_parked():
        await wait_until(was_tried)
    row = await bench.pool.fetchrow("SELECT next_try_at, claimed_until, tries FROM parked")
    assert row is not None
    assert tuple(row) == (place, None, 0)


async def test_claims_that_asked_nobody_do_not_make_the_next_pause_longer(bench: Bench) -> None:
    await bench.pool.execute("UPDATE dwp_breaker SET is_open = true")
    await bench.take(bench.an_event())
    for _ in range(6):
        await parked.give_back(bench.pool, await parked.claim_parked(bench.pool, 1, seconds=30))
    await bench.pool.execute("UPDATE dwp_breaker SET is_open = false")
    bench.dwp.answers["AB123456"] = UNAVAILABLE

    async def was_asked_about() -> bool:
        return await bench.parked() == {"dwp-unavailable": 1}

    async with bench.trying_parked():
        await wait_until(was_asked_about)
    pause = await bench.pool.fetchval("SELECT next_try_at - now() FROM parked")
    assert pause <= timedelta(seconds=2)


async def test_a_claim_whose_holder_died_ends_and_another_takes_it(bench: Bench) -> None:
    bench.dwp.failing = True
    await bench.take(bench.an_event())
    bench.dwp.failing = False
    await bench.pool.execute(
        "UPDATE parked SET claimed_until = now() + interval '1 s',"
        " next_try_at = now() + interval '1 s'"
    )
    async with bench.trying_parked():
        await asyncio.sleep(0.4)
        assert await bench.published() == []
        await wait_until(lambda: bench.has_published(1))


async def test_a_task_that_is_ended_gives_its_claims_back(bench: Bench) -> None:
    bench.dwp.failing = True
    await bench.take(bench.an_event())
    bench.dwp.failing, bench.dwp.hanging = False, True
    await bench.make_all_due()
    calls = len(bench.dwp.calls)

    async def is_asking() -> bool:
        return len(bench.dwp.calls) > calls

    async with bench.trying_parked():
        await wait_until(is_asking)
    row = await bench.pool.fetchrow("SELECT claimed_until, next_try_at <= now() AS due FROM parked")
    assert row is not None
    assert (row["claimed_until"], row["due"]) == (None, True)


async def test_one_whose_claims_were_lost_again_and_again_is_held(bench: Bench) -> None:
    bench.dwp.failing = True
    poison, innocent = bench.an_event(), bench.an_event("CE123456")
    await bench.take(poison, innocent)
    bench.dwp.failing = False
    await bench.make_all_due()
    await bench.pool.execute(
        "UPDATE parked SET claimed_until = now() - interval '1 s', lost_claims = $2"
        " WHERE application_id = $1",
        poison.application_id,
        LOST_CLAIMS_MAX,
    )
    async with bench.trying_parked():
        await wait_until(lambda: bench.has_published(1))
        await wait_until(lambda: _is_held(bench, 1))
    assert [event.application_id for event in await bench.published()] == [innocent.application_id]
    assert await bench.counts() == {"decided": 1, "held": 1}
    (message,) = await held.list_held(bench.pool)
    held_at = held.open_message(bench.sealer, message).headers["ce_time"]
    assert datetime.fromisoformat(held_at.decode()) <= datetime.now(UTC)


async def test_one_that_ends_every_process_which_tries_it_takes_nobody_along(
    bench: Bench, postgres_dsn: Callable[[str], str]
) -> None:
    dsn = postgres_dsn("verification")  # a database of its own
    async with await postgres.open_pool(dsn, service="test", connections=4) as pool:
        await _die_again_and_again(replace(bench, pool=pool), dsn)


async def _die_again_and_again(bench: Bench, dsn: str) -> None:
    ninos = [f"AB00000{number}" for number in range(6)]
    events = [(bench.an_event(nino), nino) for nino in ninos]
    killer, nino = min(events, key=lambda one: one[0].application_id)  # the first of a batch
    bench.dwp.failing = True
    await bench.take(*[event for event, _ in events])
    bench.dwp.failing, bench.dwp.hanging_about = False, {nino}
    for _ in range(LOST_CLAIMS_MAX):
        await _let_a_process_die_of(bench, nino, dsn)
    await bench.make_all_due()
    async with bench.trying_parked():
        await wait_until(lambda: _is_held(bench, 1))
        await wait_until(lambda: bench.has_published(5))
    (message,) = await held.list_held(bench.pool)
    assert (message.application_id, message.error_class) == (killer.application_id, "failed-alone")
    assert await bench.counts() == {"decided": 5, "held": 1}


async def _let_a_process_die_of(bench: Bench, nino: str, dsn: str) -> None:
    """Try what is parked until DWP is asked about it, and leave without giving anything back."""
    await bench.make_all_due()
    asked = bench.dwp.asked.count(nino)

    async def is_asked_about() -> bool:
        return bench.dwp.asked.count(nino) > asked

    pool = await postgres.open_pool(dsn, service="dies", connections=4)
    async with pool, replace(bench, pool=pool).trying_parked(patience=20.0):
        await wait_until(is_asked_about)
        pool.terminate()


@pytest.mark.parametrize("lost_claims", [2, LOST_CLAIMS_MAX])
async def test_a_probe_asks_about_a_suspect_alone_and_holds_it_at_last(
    bench: Bench, lost_claims: int
) -> None:
    suspect = bench.an_event("AB000000")
    await bench.pool.execute("UPDATE dwp_breaker SET is_open = true")
    await bench.take(suspect, *[bench.an_event(f"CE00000{number}") for number in range(3)])
    await bench.pool.execute(
        "UPDATE parked SET lost_claims = $2, next_try_at = now() - interval '1 h'"
        " WHERE application_id = $1",
        suspect.application_id,
        lost_claims,
    )
    bench.dwp.failing = True
    async with bench.trying_parked():
        await wait_until(lambda: _has_probed(bench, 2 if lost_claims < LOST_CLAIMS_MAX else 1))
    together = [call for call in bench.dwp.calls if "AB000000" in call and len(call) > 1]
    assert together == []
    assert await held.count(bench.pool) == (lost_claims == LOST_CLAIMS_MAX)


async def _has_probed(bench: Bench, count: int) -> bool:
    return len(bench.dwp.calls) >= count


async def test_what_postgres_did_not_let_settle_is_no_lost_claim(bench: Bench) -> None:
    bench.dwp.failing = True
    await bench.take(bench.an_event())
    bench.dwp.failing = False
    await bench.make_all_due()
    await refuse_rows_of(bench.pool, "outcome")
    calls = len(bench.dwp.calls)

    async def was_asked_again_and_again() -> bool:
        return len(bench.dwp.calls) > calls + LOST_CLAIMS_MAX

    async with bench.trying_parked():
        await wait_until(was_asked_again_and_again)
        assert await bench.pool.fetchval("SELECT lost_claims FROM parked") == 0
        await take_rows_again(bench.pool)
        await wait_until(lambda: bench.has_published(1))
    assert await bench.counts() == {"decided": 1}


async def _is_held(bench: Bench, count: int) -> bool:
    return await held.count(bench.pool) == count


# -- keys -----------------------------------------------------------------------------------------


async def test_an_unknown_key_is_waited_for_and_read_when_it_is_there(
    bench: Bench, keys_root: Path
) -> None:
    event = bench.an_event()
    path = keys_root / "verification" / f"{event.person.partition('.')[0]}.key"
    hidden = path.rename(path.with_suffix(".hidden"))
    keyring = DirectoryKeyring(keys_root / "verification")
    late = Bench(bench.pool, Sealer(keyring), bench.index, bench.dwp)
    await late.take(event)
    assert await bench.parked() == {"unknown-key": 1}
    hidden.rename(path)
    await bench.make_all_due()
    async with late.trying_parked():
        await wait_until(lambda: bench.has_published(1))
    assert await bench.counts() == {"decided": 1}


async def test_after_a_day_an_unknown_key_holds_the_attempt_until_it_is_released(
    bench: Bench, keys_root: Path
) -> None:
    event = bench.an_event()
    path = keys_root / "verification" / f"{event.nino.partition('.')[0]}.key"  # type: ignore[union-attr]
    hidden = path.rename(path.with_suffix(".hidden"))
    keyring = DirectoryKeyring(keys_root / "verification")
    late = Bench(bench.pool, Sealer(keyring), bench.index, bench.dwp)
    await late.take(event)
    waiting = (await bench.ledger())["waiting"]
    await bench.pool.execute("UPDATE parked SET reason_since = now() - interval '25 h'")
    await bench.make_all_due()
    async with late.trying_parked():
        await wait_until(lambda: _is_held(bench, 1))
    ledger = await bench.ledger()
    assert set(ledger) == {"held"}
    assert (ledger["held"].digest, ledger["held"].count) == (waiting.digest, 1)
    (message,) = await held.list_held(bench.pool)
    assert message.error_class == "unknown-key"
    hidden.rename(path)
    await held.release_what_was_late(bench.pool)  # it has had its day
    assert [one.state for one in await held.list_held(bench.pool)] == ["held"]
    await held.release(bench.pool, [message.held_id])
    async with late.releasing():
        await wait_until(lambda: bench.has_published(1))
    (verified,) = await bench.published()
    assert verified.person == event.person
    assert await held.count(bench.pool) == 0
    assert await bench.counts() == {"decided": 1}


# -- the breaker ----------------------------------------------------------------------------------


async def test_calls_that_fail_in_a_row_stop_the_asking_for_every_process(bench: Bench) -> None:
    await open_breaker(bench)
    asked = len(bench.dwp.asked)
    await bench.take(bench.an_event("CE123456"))
    assert len(bench.dwp.asked) == asked
    assert await bench.parked() == {"dwp-unanswered": 5, "dwp-down": 1}


async def test_a_call_that_is_answered_lets_the_counting_begin_anew(bench: Bench) -> None:
    for _ in range(3):
        bench.dwp.failing = True
        await bench.take(bench.an_event())
        await bench.take(bench.an_event())
        bench.dwp.failing = False
        await bench.take(bench.an_event())
    assert not await bench.breaker().is_open()


async def test_a_probe_that_is_answered_releases_everything(bench: Bench) -> None:
    await open_breaker(bench)
    await bench.take(*[bench.an_event(f"CE{n:06}") for n in range(50)])
    asked = len(bench.dwp.asked)
    async with bench.trying_parked(), bench.trying_parked():
        await asyncio.sleep(1.5)
        assert 0 < len(bench.dwp.asked) - asked <= 20 * 8  # probes of 20, a few a second
        assert await bench.published() == []
        bench.dwp.failing = False
        await wait_until(lambda: bench.has_published(55))
    assert await bench.counts() == {"decided": 55}
    assert {event.outcome.result for event in await bench.published()} == {"green"}


async def test_an_open_breaker_with_nobody_waiting_lets_the_next_one_try(bench: Bench) -> None:
    await open_breaker(bench)
    await bench.pool.execute("DELETE FROM parked")

    async def is_closed() -> bool:
        return not await bench.breaker().is_open()

    async with bench.trying_parked():
        await wait_until(is_closed)
    await bench.take(bench.an_event("CE123456"))
    assert await bench.breaker().is_open()


# -- the ledger -----------------------------------------------------------------------------------


async def test_a_held_message_counts_only_while_its_attempt_has_no_better_state(
    bench: Bench,
) -> None:
    event = bench.an_event()
    async with postgres.transaction(bench.pool) as connection:
        await held.hold(connection, [_held_message(bench, event)])
    assert await bench.counts() == {"held": 1}
    await bench.take(event)
    assert await bench.counts() == {"decided": 1}


async def test_the_ledger_is_cut_at_a_bin_for_held_attempts_too(bench: Bench) -> None:
    early, late = bench.an_event(), bench.an_event(attempt_received_at=at(13))
    async with postgres.transaction(bench.pool) as connection:
        await held.hold(
            connection, [_held_message(bench, e, n) for n, e in enumerate((early, late))]
        )
    assert (await bench.ledger(before=at(13)))["held"].count == 1
    assert (await bench.ledger())["held"].count == 2


def _held_message(bench: Bench, event: ApplicationReceived, offset: int = 0) -> held.HeldMessage:
    envelope = wrap(event, source="registration", at=at(12), traceparent=new_traceparent())
    headers = {name: text.encode() for name, text in envelope.headers.items()}
    message = Message(event.TOPIC, 0, offset, envelope.value, headers)
    return held.seal_message(bench.sealer, message, "planted")


# -- the whole service ----------------------------------------------------------------------------


async def test_the_service_verifies_what_arrives_and_ends_in_time(
    bench: Bench, postgres_dsn: Callable[[str], str], kafka_bootstrap: str, keys_root: Path
) -> None:
    await make_topics(kafka_bootstrap)
    dsn = postgres_dsn("verification")
    await begin_at_the_end(dsn, kafka_bootstrap, "verification")
    events = [bench.an_event(nino=None) for _ in range(300)]
    await publish(kafka_bootstrap, events, at(12))
    (admin_port,) = free_ports(1)
    settings = Settings(
        database_url=dsn,
        kafka_bootstrap_servers=kafka_bootstrap,
        keys_directory=keys_root / "verification",
        admin_port=admin_port,
        dwp_url="http://127.0.0.1:1",
        dwp_client_id="hub",
        dwp_client_secret="secret",
    )
    lifecycle = Lifecycle()
    expected = {event.application_id for event in events}
    async with app.serve(settings, lifecycle):
        arrived = await _verified(kafka_bootstrap, expected)
        begin = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begin < 10.0
    assert lifecycle.failure is None
    assert {event.application_id for event in arrived} == expected
    assert {event.outcome.decided_by for event in arrived} == {"nino-missing"}


async def _verified(bootstrap: str, expected: set[UUID]) -> list[ApplicationVerified]:
    """Read `applications.verified` until every expected application is there."""
    consumer = AIOKafkaConsumer(
        ApplicationVerified.TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: list[ApplicationVerified] = []
    try:
        async with asyncio.timeout(30):
            while len({event.application_id for event in found}) < len(expected):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    decoded = [unwrap(r.value, dict(r.headers)) for r in records]
                    found += [
                        event
                        for event in decoded
                        if isinstance(event, ApplicationVerified)
                        and event.application_id in expected
                    ]
    finally:
        await consumer.stop()
    return found
