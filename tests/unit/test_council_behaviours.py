"""How each kind of council's system works, against a gateway made for it."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from pretended_gateway import (
    EROS,
    PretendedGateway,
    acknowledgements_in,
    deliveries_in,
    playing,
    until_empty,
)
from simulated.behaviours import BEHAVIOURS, Habits
from simulated.council_calls import Calls, Lines, seconds_to_wait
from simulated.council_desk import Desk, Statistics
from simulated.deliveries import Failure, OfferedAgain, read_journals
from simulated.journal import Journal, read_journal
from simulated.recovery import ids_in, recover


def seed_with_leases(wanted: bool) -> int:
    """A seed by which the workers of the first ERO read leases, or pages."""
    ero = EROS[0].ero
    return next(n for n in range(99) if (Habits(seed=n).draw("leases", ero) < 0.5) is wanted)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_every_behaviour_journals_all_first_and_leaves_nothing(
    tmp_path: Path, behaviour: str
) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path, failing=1, mute=1)
    ids = {"ero-one": gateway.fill("token-one", 230), "ero-two": gateway.fill("token-two", 3)}
    async with playing(gateway, path, behaviour) as fleet:
        async with asyncio.timeout(15):
            while fleet.statistics.acknowledged < 233:
                gateway.end_leases()
                await asyncio.sleep(0.02)
    assert not gateway.unjournaled
    for ero, expected in ids.items():
        assert {d.item["id"] for d in deliveries_in(path) if d.ero == ero} == set(expected)
        told = {id_ for a in acknowledgements_in(path) if a.ero == ero for id_ in a.ids}
        assert told == set(expected)


async def test_who_puts_one_by_one_never_uses_the_batch(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    gateway.fill("token-one", 5)
    async with playing(gateway, path, "one-by-one"):
        await until_empty(gateway)
    assert sum(call.startswith("PUT ") for call in gateway.calls) == 5
    assert not any("acknowledgements" in call for call in gateway.calls)


async def test_workers_on_the_same_pages_take_everything_several_times(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    gateway.fill("token-one", 50)
    habits = Habits(seed=seed_with_leases(False), interval=0.05)
    async with playing(gateway, path, "workers", habits=habits) as fleet:
        await until_empty(gateway)
        assert fleet.statistics.acknowledged == 50  # each counted once
    assert min(Counter(gateway.acknowledged).values()) > 1


async def test_workers_on_leases_give_some_back_and_forget_some(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    gateway.fill("token-one", 1_500)
    habits = Habits(seed=seed_with_leases(True), interval=0.05)
    async with playing(gateway, path, "workers", habits=habits) as fleet:
        async with asyncio.timeout(10):
            while fleet.statistics.acknowledged < 1_500:
                forgotten = gateway.leases
                await asyncio.sleep(0.5)  # who still has one of them in hand answers within it
                for lease in forgotten:
                    gateway.end_leases(lease)
    assert set(Counter(gateway.acknowledged).values()) == {1}
    assert gateway.released
    assert len(deliveries_in(path)) > 1_500


async def test_who_is_late_reads_on_without_answering_and_may_answer_twice(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    gateway.fill("token-one", 401)
    habits = next(h for h in map(Habits, range(99)) if h.draw("twice", "token-one-0000") < 0.5)
    habits = Habits(habits.seed, interval=0.5)
    async with playing(gateway, path, "late", habits=habits):
        await until_empty(gateway)
    mine = [c for c in gateway.calls if c != "GET /notices"]
    first_answer = mine.index("POST /registrations/acknowledgements")
    assert mine[:first_answer].count("GET /registrations") >= 3
    assert set(Counter(gateway.acknowledged).values()) == {2}


async def test_who_fails_says_why_asks_again_and_then_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    ids = gateway.fill("token-one", 150)
    async with playing(gateway, path, "failing") as fleet:
        async with asyncio.timeout(10):
            while fleet.statistics.acknowledged < 150:
                await asyncio.sleep(0.02)
    reasons = Counter(failure["reason"] for failure in gateway.failures)
    assert reasons.keys() == {"import refused", "wrong-authority"}
    assert all(failure["message"] and failure["details"] for failure in gateway.failures)
    wrong = [f for f in gateway.failures if f["reason"] == "wrong-authority"]
    assert all(failure["suggestedGssCode"] for failure in wrong)
    assert sorted(gateway.acknowledged) == ids
    written = list(read_journals([path]))
    failed = [id_ for e in written if isinstance(e, Failure) for id_ in e.ids]
    offered = [id_ for e in written if isinstance(e, OfferedAgain) for id_ in e.ids]
    assert sorted(failed) == sorted(offered) == sorted(f["id"] for f in gateway.failures)
    again = [d.item["offer"] for d in deliveries_in(path) if d.item["id"] in failed]
    assert Counter(again) == {1: len(failed), 2: len(failed)}


async def test_who_fails_leaves_what_is_anothers_to_an_operator_who_is_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    gateway.fill("token-one", 150)
    habits = Habits(interval=0.05, has_operator=True)
    async with playing(gateway, path, "failing", habits=habits) as fleet:
        async with asyncio.timeout(10):
            while not gateway.failures or fleet.statistics.acknowledged + not_ours(gateway) < 150:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
    offered = {id_ for e in read_journals([path]) if isinstance(e, OfferedAgain) for id_ in e.ids}
    wrong = {f["id"] for f in gateway.failures if f["reason"] == "wrong-authority"}
    assert wrong
    assert offered
    assert offered == {f["id"] for f in gateway.failures} - wrong


def not_ours(gateway: PretendedGateway) -> int:
    """How many failed for good as long as nobody sends them on."""
    return sum(f["reason"] == "wrong-authority" for f in gateway.failures)


async def test_whoever_is_away_asks_nothing_and_then_drains_it_all(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    gateway.fill("token-one", 450)
    habits = Habits(interval=0.05, away=60.0, time_scale=100.0)
    async with playing(gateway, path, "away", habits=habits) as fleet:
        await asyncio.sleep(0.4)
        assert (gateway.calls, fleet.statistics.away) == ([], 2)
        await until_empty(gateway)
        assert fleet.statistics.away == 0


async def test_a_gateway_that_says_later_is_left_alone_for_so_long(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path, busy=2)
    gateway.fill("token-one", 1)
    async with playing(gateway, path) as fleet:
        await asyncio.sleep(0.7)
        assert len(gateway.calls) == 2
        await until_empty(gateway)
        assert fleet.told()["waits_asked"] == 2


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True).lower()
    assert seconds_to_wait("7") == 7.0
    assert 50 < seconds_to_wait(in_a_minute) <= 60
    assert [seconds_to_wait(text) for text in ("", "soon", "-1")] == [0.0] * 3
    assert seconds_to_wait("999999") == 900.0


async def test_whoever_determines_tells_each_decision_once_and_takes_notices(
    tmp_path: Path,
) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    ids = gateway.fill("token-one", 40)
    gateway.fill("token-two", 2)
    gateway.notices = [{"id": "a" * 24}, {"id": "b" * 24}]
    async with playing(gateway, path, determining=frozenset({"ero-one"})) as fleet:
        async with asyncio.timeout(10):
            while fleet.statistics.notices < 2 or fleet.statistics.determined < 40:
                await asyncio.sleep(0.02)
    assert sorted(gateway.determinations) == ids
    told = [one for [one] in gateway.determinations.values()]
    assert {one["outcome"] for one in told} == {"allowed", "rejected"}
    assert all((one["outcome"] == "rejected") == bool(one["reasons"]) for one in told)
    lines = list(read_journal(path))
    assert [line["noticesAcknowledged"] for line in lines if "noticesAcknowledged" in line] == [
        ["a" * 24, "b" * 24]
    ]


async def test_a_decision_that_was_not_answered_is_told_again_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    [record] = gateway.fill("token-one", 1)
    async with playing(gateway, path, determining=frozenset({"ero-one"})) as fleet:
        await until_empty(gateway)
        gateway.mute_decisions = 1
        gateway.queues["token-one"].append({**_another(record), "offer": 1})
        async with asyncio.timeout(10):
            while fleet.statistics.determined < 2:
                await asyncio.sleep(0.02)
    told = gateway.determinations[f"{record}-b"]
    assert len(told) == 2
    assert told[0] == told[1]


def _another(record: str) -> dict[str, object]:
    final = {"status": "final", "result": "red"}
    return {"id": f"{record}-b", "applicationId": "another", "verification": final}


async def test_what_a_journal_lost_is_found_from_statements_alone_and_got_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "councils.jsonl"
    gateway = PretendedGateway(path)
    ids = gateway.fill("token-one", 10)
    async with playing(gateway, path):
        await until_empty(gateway)
    lost = ids[2:5]
    path.write_text(_less(path, lost), encoding="utf-8")
    assert ids_in(path, "ero-one") == set(ids) - set(lost)
    gateway.calls.clear()
    async with TestServer(gateway.application()) as server:
        journal, lines = Journal(path), Lines(str(server.make_url("/")), 1)
        desk = Desk(EROS[0], Calls(lines, EROS[0].token), journal, Statistics())
        found = await recover(desk, path, ["2026-11-22"])
        lines.close()
        await journal.close()
    assert (found.stated, found.missing, found.offered) == (10, tuple(lost), tuple(lost))
    assert ids_in(path, "ero-one") == set(ids)
    assert sum(call.endswith("/offer") for call in gateway.calls) == 3


def _less(path: Path, lost: list[str]) -> str:
    """The journal without these records."""
    kept = []
    for line in read_journal(path):
        if "page" in line:
            page = line["page"]["registrations"]
            line["page"]["registrations"] = [item for item in page if item["id"] not in lost]
        kept.append(json.dumps(line) + "\n")
    return "".join(kept)
