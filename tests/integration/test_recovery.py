"""Waiting for DWP and coming back: nobody is drowned, starved, or delayed by somebody's call."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from dwp_calls import Client, a_dwp, behave, figures
from electoral import postgres
from pydantic import SecretStr
from simulated.identity import DwpRecord
from simulated.names import PersonName
from structlog.testing import capture_logs
from verification import waiting
from verification.dwp_http import HttpDwp
from verification.errors import DwpFailure
from verification.lookups import Lookups
from verification.settings import Settings
from verification_bench import BORN, PATIENCE, Bench, open_breaker, wait_until

pytestmark = pytest.mark.integration


async def park(bench: Bench, count: int) -> None:
    """Let so many attempts wait, due at once."""
    bench.dwp.failing = True
    await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(count)])
    bench.dwp.failing = False
    await bench.make_all_due()


# -- calls that hang, calls that are not sent -----------------------------------------------------


async def test_a_call_that_hangs_delays_the_settling_of_no_other(bench: Bench) -> None:
    bench.lookups_per_second_max = 1_000  # calls of 50
    await park(bench, 200)
    bench.dwp.hanging_about = {"AB000000"}
    begin = asyncio.get_running_loop().time()
    async with bench.trying_parked(patience=10.0):
        await wait_until(lambda: bench.has_published(150))
    assert asyncio.get_running_loop().time() - begin < 4.0
    assert await bench.counts() == {"decided": 150, "waiting": 50}


async def test_a_call_asks_about_no_more_than_is_set(bench: Bench) -> None:
    bench.lookups_per_call_max = 3
    await bench.lookups().ask([f"AB{n:06}" for n in range(7)])
    assert sorted(map(len, bench.dwp.calls)) == [1, 3, 3]


async def test_calls_that_never_were_sent_are_no_failures_of_dwp(bench: Bench) -> None:
    bench.dwp.hanging = True
    rate, breaker = bench.rate("new"), bench.breaker()
    lookups = Lookups(bench.dwp, breaker, rate, calls_max=1, patience=PATIENCE)
    answers = await lookups.ask([f"AB{n:06}" for n in range(800)])
    reasons = [getattr(answer, "reason", None) for answer in answers.values()]
    assert (reasons.count("dwp-unanswered"), reasons.count("dwp-throttled")) == (100, 700)
    assert len(bench.dwp.calls) == 1
    assert not await breaker.is_open()


async def test_what_gets_no_turn_in_time_is_parked_as_throttled_and_decided_later(
    bench: Bench,
) -> None:
    bench.lookups_per_second_max = 60
    await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(60)])
    assert 0 < len(bench.dwp.asked) < 30
    assert await bench.parked() == {"dwp-throttled": 60 - len(bench.dwp.asked)}
    assert not await bench.breaker().is_open()
    async with bench.trying_parked():
        await wait_until(lambda: bench.has_published(60))
    assert {event.outcome.result for event in await bench.published()} == {"green"}


# -- DWP says that it is too much -----------------------------------------------------------------


async def test_a_429_parks_stops_everyone_for_as_long_as_it_says_and_opens_no_breaker(
    bench: Bench,
) -> None:
    bench.dwp.failing, bench.dwp.failure = True, DwpFailure("throttled", retry_after=3.0)
    await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(700)])
    asked = len(bench.dwp.calls)
    bench.dwp.failing = False
    async with bench.trying_parked():
        await bench.take(bench.an_event("CE123456"))  # new work
        await asyncio.sleep(0.7)
        assert len(bench.dwp.calls) == asked
        assert await bench.parked() == {"dwp-throttled": 700, "dwp-down": 1}
        await wait_until(lambda: bench.has_published(701))
    assert bench.dwp.called_at[asked] - bench.dwp.called_at[asked - 1] > 3.0
    assert not await bench.breaker().is_open()


async def test_a_503_that_says_for_how_long_is_left_alone_by_probes_too(bench: Bench) -> None:
    bench.dwp.failing, bench.dwp.failure = True, DwpFailure("server-error", retry_after=1.5)
    await bench.take(bench.an_event("AB000001"))
    asked = len(bench.dwp.calls)
    bench.dwp.failing = False
    await bench.pool.execute("UPDATE dwp_breaker SET is_open = true")
    async with bench.trying_parked():
        await asyncio.sleep(1.0)
        assert len(bench.dwp.calls) == asked
        await wait_until(lambda: bench.has_published(1))


async def test_while_dwp_wants_to_be_left_alone_new_work_is_not_before_what_waited_longer(
    bench: Bench,
) -> None:
    bench.lookups_per_second_max = 40  # calls of 2
    await bench.rate("new").close(2.0)
    ninos = [f"AB{number:06}" for number in range(6)]
    for nino in ninos:
        await bench.take(bench.an_event(nino))
    assert await bench.parked() == {"dwp-down": 6}
    async with bench.trying_parked():
        await wait_until(lambda: bench.has_published(6))
    # Two calls may be under way at once, and overtake each other on the way.
    assert bench.dwp.calls[0] == ninos[:2]
    assert sorted(map(list, bench.dwp.calls)) == [ninos[:2], ninos[2:4], ninos[4:]]


# -- the breaker ----------------------------------------------------------------------------------


async def test_a_probe_that_hangs_does_not_keep_the_next_from_being_sent(bench: Bench) -> None:
    await open_breaker(bench)
    await bench.make_all_due()
    await bench.pool.execute("UPDATE parked SET parked_at = parked_at - interval '1 h'")
    bench.dwp.failing, bench.dwp.hanging_about = False, {"AB000000"}
    async with bench.trying_parked(patience=20.0):
        await wait_until(lambda: is_asking_about(bench, "AB000000"))
        await bench.take(bench.an_event("CE123456"))  # parked, and the next probe's
        await wait_until(lambda: bench.has_published(1), 3.0)
    assert not await bench.breaker().is_open()


async def is_asking_about(bench: Bench, nino: str) -> bool:
    return nino in bench.dwp.calls[-1]


async def test_while_probes_ask_about_all_that_waits_the_breaker_stays_open(bench: Bench) -> None:
    await open_breaker(bench)
    await bench.make_all_due()
    bench.dwp.failing, bench.dwp.hanging = False, True
    async with bench.trying_parked(patience=20.0):
        await asyncio.sleep(1.5)
        assert await bench.breaker().is_open()


async def test_what_waits_comes_back_with_the_oldest_first(bench: Bench) -> None:
    bench.lookups_per_second_max = 200  # calls of 10
    await bench.pool.execute("UPDATE dwp_breaker SET is_open = true, next_probe_at = now()")
    for number in range(30):
        await bench.take(bench.an_event(f"AB{number:06}"))
    await bench.pool.execute(  # the last becomes the oldest
        "UPDATE parked SET next_try_at = now() - (next_try_at - m.first), parked_at = now()"
        " FROM (SELECT min(next_try_at) AS first FROM parked) AS m"
    )
    async with bench.trying_parked():
        await wait_until(lambda: bench.has_published(30))
    ninos = [f"AB{number:06}" for number in range(30)]
    assert bench.dwp.calls == [ninos[20:], ninos[10:20], ninos[:10]]


async def test_one_line_says_that_the_breaker_opens_and_one_that_it_closes(bench: Bench) -> None:
    with capture_logs() as lines:
        await open_breaker(bench)
        await bench.take(bench.an_event("CE123456"))
        bench.dwp.failing = False
        async with bench.trying_parked(), bench.trying_parked():
            await wait_until(lambda: bench.has_published(6))
    events = [line["event"] for line in lines if "breaker" in line["event"]]
    assert events == ["dwp breaker opens", "dwp breaker closes"]


# -- the simulated DWP, over HTTP -----------------------------------------------------------------


SIAN = DwpRecord((PersonName("SIAN", "", "ONEILL"),), BORN, None)


@asynccontextmanager
async def over_http(bench: Bench, records: int) -> AsyncIterator[Client]:
    """Let this bench ask the simulated DWP, which knows one person under many numbers."""
    async with a_dwp(also={f"AB{n:06}": SIAN for n in range(records)}) as simulated:
        client = HttpDwp(
            url=str(simulated.make_url("")),
            client_id="tester",
            client_secret=SecretStr("hush"),
            calls_max=12,
            metrics=bench.metrics,
        )
        async with client:
            bench.asked = client
            yield simulated


async def test_an_outage_of_dwp_makes_nothing_red_and_all_is_sent_on_and_then_decided(
    bench: Bench,
) -> None:
    count = 300
    async with over_http(bench, count) as simulated:
        await behave(simulated, down=True)
        async with bench.trying_parked(), bench.trying_parked(), bench.sweeping(after_hours=-24.0):
            for begin in range(0, count, 50):
                await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(begin, begin + 50)])
            await wait_until(lambda: bench.has_published(count))
            assert await bench.counts() == {"decided": count}
            assert {event.outcome.result for event in await bench.published()} == {None}
            await behave(simulated, down=False)
            await wait_until(lambda: bench.has_published(2 * count))
    by_revision = {
        (e.revision, e.outcome.status, e.outcome.result) for e in await bench.published()
    }
    assert by_revision == {(1, "pending", None), (2, "final", "green")}
    assert await bench.counts() == {"decided": count}


async def test_a_backlog_and_new_work_together_stay_below_the_ceiling_of_dwp(
    bench: Bench,
) -> None:
    ceiling = bench.lookups_per_second_max = 200
    backlog, new = 400, 20
    await bench.pool.execute("UPDATE dwp_breaker SET is_open = true")
    async with over_http(bench, backlog + 20 * new) as simulated:
        await behave(simulated, ceilingLookupsPerSecond=ceiling)
        await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(backlog)])
        waited = []
        async with bench.trying_parked(), bench.trying_parked():
            for begin in range(backlog, backlog + 20 * new, new):
                start = asyncio.get_running_loop().time()
                await bench.take(*[bench.an_event(f"AB{n:06}") for n in range(begin, begin + new)])
                waited.append(asyncio.get_running_loop().time() - start)
                await asyncio.sleep(0.2)
            await wait_until(lambda: bench.has_published(backlog + 20 * new))
        seen = await figures(simulated)
    assert seen["offeredAboveCeiling"] == 0
    assert seen["items"] >= backlog + 20 * new
    assert max(waited) < 2.0
    assert await bench.counts() == {"decided": backlog + 20 * new}


# -- what operators see ---------------------------------------------------------------------------


async def test_a_command_shows_what_waits_and_whether_dwp_is_asked(
    bench: Bench, postgres_dsn: Callable[[str], str]
) -> None:
    dsn = postgres_dsn("verification")
    async with await postgres.open_pool(dsn, service="test", connections=4) as pool:
        lines = await shown_while_dwp_is_away(replace(bench, pool=pool), dsn)
    assert lines[0].split() == ["reason", "waiting", "pending", "since", "oldest", "next", "try"]
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["dwp-unanswered", "5", "0"],
        ["dwp-down", "1", "0"],
    ]
    assert lines[2].endswith("as DWP allows")
    assert lines[3] == "6 wait; 0 of them went on to their ERO as pending."
    assert lines[4].startswith("The breaker is open since 20")
    assert lines[5].startswith("At most 1,000 look-ups a second go to DWP; none before 20")
    assert "AB000001" not in "".join(lines)


async def shown_while_dwp_is_away(bench: Bench, dsn: str) -> list[str]:
    await open_breaker(bench)
    await bench.take(bench.an_event("CE123456"))
    await bench.rate("new").close(60.0)
    settings = Settings(
        database_url=dsn,
        kafka_bootstrap_servers="127.0.0.1:1",
        keys_directory=Path(),
        dwp_url="http://127.0.0.1:1",
        dwp_client_id="hub",
        dwp_client_secret=SecretStr("secret"),
    )
    before = await bench.pool.fetch("SELECT * FROM parked ORDER BY application_id")
    text = await asyncio.to_thread(waiting.run, settings)
    assert await bench.pool.fetch("SELECT * FROM parked ORDER BY application_id") == before
    return text.splitlines()
