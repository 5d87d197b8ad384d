"""What DWP does not answer in time goes on as pending; its final outcome is the next revision."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from electoral import held
from electoral.authorities import Nation
from electoral.blind_index import BlindIndex
from electoral.calendar import Poll, PollName, Polls, london_date
from electoral.events import ApplicationVerified
from electoral.sealing import DirectoryKeyring, Sealer, daily_key_id
from verification import pending
from verification.dwp import UNAVAILABLE, WRONG
from verification.errors import DwpFailure
from verification.pending import SWEEP_MAX
from verification.postgres import parked
from verification_bench import Bench, wait_until

pytestmark = pytest.mark.integration

AT_ONCE = 0.0  # hours
CARDIFF = "W06000015"


@pytest.fixture(autouse=True)
async def received_now(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts be received now: how long they wait is counted from there."""
    plain = bench.an_event
    now = datetime.now(UTC)
    monkeypatch.setattr(
        bench,
        "an_event",
        lambda nino="AB123456C", **changes: plain(
            nino, **{"received_at": now, "attempt_received_at": now, "arrived_at": now} | changes
        ),
    )


async def has_sent_on(bench: Bench, count: int) -> bool:
    statuses = [event.outcome.status for event in await bench.published()]
    return statuses.count("pending") == count


async def send_on(bench: Bench, count: int) -> None:
    async with bench.sweeping(after_hours=AT_ONCE):
        await wait_until(lambda: has_sent_on(bench, count))


async def finals(bench: Bench) -> list[ApplicationVerified]:
    return [event for event in await bench.published() if event.outcome.status == "final"]


async def has_finals(bench: Bench, count: int) -> bool:
    return len(await finals(bench)) >= count


async def ledger_of_today(bench: Bench) -> dict[str, tuple[int, int]]:
    """Return count and digest for each state, whatever day it is."""
    rows = await bench.ledger(day=london_date(datetime.now(UTC)))
    return {state: (row.count, row.digest) for state, row in rows.items()}


# -- in time --------------------------------------------------------------------------------------


async def test_what_waited_too_long_goes_on_without_a_result_and_stays_parked(
    bench: Bench,
) -> None:
    bench.dwp.failing = True
    event = bench.an_event()
    await bench.take(event)
    before = await ledger_of_today(bench)
    await send_on(bench, 1)
    (verified,) = await bench.published()
    assert (verified.revision, verified.outcome.status) == (1, "pending")
    assert (verified.outcome.result, verified.outcome.levels) == (None, None)
    assert verified.outcome.decided_by == "not-answered-in-time"
    assert verified.person == event.person
    assert await bench.parked() == {"dwp-unanswered": 1}
    assert await ledger_of_today(bench) == {"decided": before["waiting"]}


async def test_what_went_on_gets_its_final_outcome_as_the_second_revision(bench: Bench) -> None:
    bench.dwp.failing = True
    await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(3)])
    await send_on(bench, 3)
    pending = await ledger_of_today(bench)
    bench.dwp.failing = False
    async with bench.trying_parked(), bench.sweeping(after_hours=AT_ONCE):
        await wait_until(lambda: has_finals(bench, 3))
    assert {(e.revision, e.outcome.result) for e in await finals(bench)} == {(2, "green")}
    assert len(await bench.published()) == 6  # one of each revision
    assert await bench.parked() == {}
    assert await ledger_of_today(bench) == pending
    rows = await bench.pool.fetch("SELECT revision, status FROM outcome ORDER BY revision")
    assert [tuple(row) for row in rows] == [(1, "pending")] * 3 + [(2, "final")] * 3


async def test_what_has_not_waited_long_enough_goes_on_waiting(bench: Bench) -> None:
    bench.dwp.failing = True
    now = datetime.now(UTC)
    old = bench.an_event(attempt_received_at=now - timedelta(hours=4))
    young = bench.an_event(attempt_received_at=now - timedelta(hours=3, minutes=59))
    await bench.take(old, young)
    async with bench.sweeping(after_hours=4.0):
        await wait_until(lambda: has_sent_on(bench, 1))
        await asyncio.sleep(1.5)
    (verified,) = await bench.published()
    assert verified.application_id == old.application_id


async def test_whatever_it_waits_for_it_goes_on_in_time_and_nothing_is_red(
    bench: Bench, keys_root: Path
) -> None:
    """An error, a time-out, an answer that is none, a 429, no turn, an open breaker, no key."""
    sick = bench.dwp
    sick.answers |= {"CE000001": UNAVAILABLE, "CE000002": WRONG}
    await bench.take(bench.an_event("CE000001"), bench.an_event("CE000002"))
    sick.failing, sick.failure = True, DwpFailure("throttled")
    await bench.take(bench.an_event("CE000003"))
    sick.failure = DwpFailure("garbage")
    await bench.take(bench.an_event("CE000004"))
    sick.failing, sick.hanging = False, True
    await bench.take(bench.an_event("CE000005"))
    hidden = hide_key(keys_root, bench.an_event().person)
    await without_key(bench, keys_root).take(bench.an_event("CE000006"))
    hidden.rename(hidden.with_suffix(".key"))
    await bench.pool.execute("UPDATE dwp_breaker SET is_open = true")
    await bench.take(bench.an_event("CE000007"))
    assert await bench.parked() == {
        "dwp-unavailable": 1,
        "dwp-answer-wrong": 1,
        "dwp-throttled": 1,
        "dwp-unanswered": 2,
        "unknown-key": 1,
        "dwp-down": 1,
    }
    await send_on(bench, 7)
    assert {event.outcome.result for event in await bench.published()} == {None}
    sick.hanging = False
    sick.answers.clear()
    await bench.pool.execute("UPDATE dwp_breaker SET is_open = false")
    await bench.make_all_due()
    async with bench.trying_parked():
        await wait_until(lambda: has_finals(bench, 7))
    assert {event.outcome.result for event in await finals(bench)} == {"green"}


async def test_a_repeat_of_one_that_went_on_changes_nothing(bench: Bench) -> None:
    bench.dwp.failing = True
    event = bench.an_event()
    await bench.take(event)
    await send_on(bench, 1)
    before = await bench.pool.fetch("SELECT * FROM parked")
    bench.dwp.failing = False
    await bench.take(event)
    assert len(await bench.published()) == 1
    assert await bench.pool.fetch("SELECT * FROM parked") == before


# -- many at it -----------------------------------------------------------------------------------


async def test_two_sweeps_and_a_broken_dwp_send_each_on_once(bench: Bench) -> None:
    count = SWEEP_MAX + 100
    bench.dwp.failing = True
    await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(count)])
    before = await ledger_of_today(bench)
    async with (
        bench.trying_parked(),
        bench.trying_parked(),
        bench.sweeping(after_hours=AT_ONCE),
        bench.sweeping(after_hours=AT_ONCE),
    ):
        await wait_until(lambda: has_sent_on(bench, count))
        await asyncio.sleep(1.5)
    events = await bench.published()
    assert len(events) == len({event.application_id for event in events}) == count
    assert await ledger_of_today(bench) == {"decided": before["waiting"]}
    bench.dwp.failing = False
    async with bench.trying_parked(), bench.trying_parked(), bench.sweeping(after_hours=AT_ONCE):
        await wait_until(lambda: has_finals(bench, count))
        await asyncio.sleep(0.5)
    revisions = [(event.application_id, event.revision) for event in await bench.published()]
    assert len(revisions) == len(set(revisions)) == 2 * count
    assert await ledger_of_today(bench) == {"decided": before["waiting"]}


async def test_one_that_goes_on_while_dwp_is_asked_about_it_is_decided_by_the_answer(
    bench: Bench,
) -> None:
    """It is claimed before the sweep and settled after it."""
    bench.dwp.failing = True
    await bench.take(bench.an_event())
    bench.dwp.failing = False
    await bench.make_all_due()
    calls = len(bench.dwp.calls)
    asked = asyncio.Event()
    answer = bench.dwp.look_up

    async def answer_late(*call: object) -> object:
        asked.set()
        await asyncio.sleep(2.0)
        return await answer(*call)  # type: ignore[arg-type]

    bench.dwp.look_up = answer_late  # type: ignore[method-assign, assignment]
    async with bench.trying_parked(patience=10.0):
        await asked.wait()
        await send_on(bench, 1)
        assert len(bench.dwp.calls) == calls
        await wait_until(lambda: has_finals(bench, 1))
    assert [(e.revision, e.outcome.result) for e in await finals(bench)] == [(2, "green")]
    assert (await ledger_of_today(bench)).keys() == {"decided"}


async def test_a_worker_that_dies_between_pending_and_final_loses_only_its_claim(
    bench: Bench,
) -> None:
    bench.dwp.failing = True
    await bench.take(bench.an_event())
    bench.dwp.failing = False
    await send_on(bench, 1)
    await bench.make_all_due()
    (claimed,) = await parked.claim_parked(bench.pool, 10, seconds=1.5)  # and then it dies
    assert claimed.revision == 1
    async with bench.trying_parked(), bench.sweeping(after_hours=AT_ONCE):
        await asyncio.sleep(0.7)
        assert await finals(bench) == []
        await wait_until(lambda: has_finals(bench, 1))
    assert [event.revision for event in await bench.published()] == [1, 2]


# -- a deadline -----------------------------------------------------------------------------------


def a_poll(nation: Nation, *, days_ago: int = 0) -> Polls:
    """Registration for it ends tonight, or ended some nights ago."""
    name, today = PollName("A poll", "Etholiad"), london_date(datetime.now(UTC))
    last_day = today - timedelta(days=days_ago)
    poll = Poll(today + timedelta(days=16), name, nations=(nation,), registration_ends=last_day)
    return Polls([poll])


async def test_near_a_deadline_it_goes_on_in_the_transaction_that_parks_it(bench: Bench) -> None:
    bench.polls = a_poll("england")
    bench.dwp.failing = True
    await bench.take(bench.an_event(), bench.an_event(nino=None))
    assert sorted(e.outcome.status for e in await bench.published()) == ["final", "pending"]
    assert await bench.parked() == {"dwp-unanswered": 1}
    assert {state: count for state, (count, _) in (await ledger_of_today(bench)).items()} == {
        "decided": 2
    }
    bench.dwp.failing = False
    async with bench.trying_parked(), bench.sweeping(after_hours=AT_ONCE):
        await wait_until(lambda: has_finals(bench, 2))
    (second,) = [event for event in await bench.published() if event.revision == 2]
    assert second.outcome.result == "green"
    assert len(await bench.published()) == 3


async def test_a_deadline_elsewhere_lets_it_wait(bench: Bench) -> None:
    bench.polls = a_poll("wales")
    bench.dwp.failing = True
    await bench.take(bench.an_event())
    assert await bench.published() == []


async def test_when_a_deadline_comes_near_what_waits_there_goes_on(bench: Bench) -> None:
    bench.dwp.failing = True
    event = bench.an_event()
    await bench.take(event, bench.an_event(gss_code=CARDIFF))
    bench.polls = a_poll("wales")
    async with bench.sweeping(after_hours=4.0):
        await wait_until(lambda: has_sent_on(bench, 1))
        await asyncio.sleep(1.5)
    (verified,) = await bench.published()
    assert (verified.gss_code, verified.outcome.status) == (CARDIFF, "pending")
    assert await bench.parked() == {"dwp-unanswered": 2}


async def test_what_arrived_after_the_deadline_waits(bench: Bench) -> None:
    bench.dwp.failing = True
    in_time = bench.an_event(arrived_at=datetime.now(UTC) - timedelta(days=3))
    await bench.take(bench.an_event(), in_time)
    bench.polls = a_poll("england", days_ago=1)
    async with bench.sweeping(after_hours=4.0):
        await wait_until(lambda: has_sent_on(bench, 1))
        await asyncio.sleep(1.5)
    assert [event.application_id for event in await bench.published()] == [in_time.application_id]
    ledger = await ledger_of_today(bench)
    assert {state: count for state, (count, _) in ledger.items()} == {"decided": 1, "waiting": 1}


async def test_many_that_have_become_urgent_go_on_once_and_so_do_those_taken_meanwhile(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "URGENT_INTERVAL", 0.2)
    bench.dwp.failing = True
    count = SWEEP_MAX + 50
    await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(count)])
    near = replace(bench, polls=a_poll("england"))
    async with near.sweeping(after_hours=4.0), near.sweeping(after_hours=4.0):
        await wait_until(lambda: has_sent_on(bench, count))
        await bench.take(bench.an_event("CE123456"))  # by a process whose clock is behind
        await wait_until(lambda: has_sent_on(bench, count + 1))
    events = await bench.published()
    assert len(events) == len({event.application_id for event in events}) == count + 1


# -- what can never be decided --------------------------------------------------------------------


def hide_key(keys_root: Path, sealed: str) -> Path:
    path = keys_root / "verification" / f"{sealed.partition('.')[0]}.key"
    return path.rename(path.with_suffix(".hidden"))


def without_key(bench: Bench, keys_root: Path) -> Bench:
    """Stands for a process that started while a key was not there."""
    keyring = DirectoryKeyring(keys_root / "verification")
    return Bench(bench.pool, Sealer(keyring), BlindIndex(keyring), bench.dwp)


async def has_held(bench: Bench, count: int) -> bool:
    return await held.count(bench.pool) == count


async def test_one_that_went_on_and_whose_key_never_came_is_held_until_it_is_released(
    bench: Bench, keys_root: Path
) -> None:
    event = bench.an_event()
    assert event.nino is not None
    hidden = hide_key(keys_root, event.nino)
    late = without_key(bench, keys_root)
    await late.take(event)
    await send_on(bench, 1)
    pending = await ledger_of_today(bench)
    await bench.pool.execute("UPDATE parked SET reason_since = now() - interval '25 h'")
    await bench.make_all_due()
    async with late.trying_parked():
        await wait_until(lambda: has_held(bench, 1))
    assert await bench.parked() == {}
    assert await ledger_of_today(bench) == pending  # with its ERO, which counts
    (message,) = await held.list_held(bench.pool)
    assert (message.error_class, message.application_id) == ("unknown-key", event.application_id)

    hidden.rename(hidden.with_suffix(".key"))
    await held.release(bench.pool, [message.held_id])
    async with late.releasing(), late.trying_parked():
        await wait_until(lambda: has_finals(bench, 1))
    assert [(e.revision, e.outcome.result) for e in await finals(bench)] == [(2, "green")]
    assert await held.count(bench.pool) == 0
    assert await ledger_of_today(bench) == pending


async def test_one_that_went_on_and_whose_key_was_destroyed_is_held(
    bench: Bench, keys_root: Path
) -> None:
    bench.dwp.failing = True
    event = bench.an_event()
    await bench.take(event)
    await send_on(bench, 1)
    pending = await ledger_of_today(bench)
    destroyed = daily_key_id("person", date(2026, 1, 1))
    (keys_root / "verification" / f"{destroyed}.destroyed").touch()
    await bench.pool.execute("UPDATE attempt SET sealed_person = $1", f"{destroyed}.AAAA")
    bench.dwp.failing = False
    await bench.make_all_due()
    async with bench.trying_parked():
        await wait_until(lambda: has_held(bench, 1))
    (message,) = await held.list_held(bench.pool)
    assert message.error_class == "destroyed-key"
    assert await bench.parked() == {}
    assert await ledger_of_today(bench) == pending
    assert await finals(bench) == []
