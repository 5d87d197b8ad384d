"""How badly the simulated DWP can be made to behave, and that it says so when it cannot be."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp
import pytest
from dwp_calls import CLIENT, Client, a_dwp, a_nino, a_token, behave, call, figures, look_up
from simulated.__main__ import app
from simulated.dwp_control import GARBAGE_KINDS, MAY_BE, Control, changed
from simulated.dwp_figures import HISTORY_SECONDS, Figures, SlidingWindow
from simulated.dwp_misfortunes import Chance
from simulated.dwp_outages import Outage
from typer.testing import CliRunner

README = Path(__file__).parents[2] / "loadtests" / "README.md"


@pytest.fixture
async def dwp() -> AsyncIterator[Client]:
    async with a_dwp() as client:
        yield client


def a_control(**changes: Any) -> Control:
    return changed(Control(), changes)


# -- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"errorRat": 1}, "errorRat is no setting. There are: latencyMs,"),
        ({"down": 1}, "down may be true or false: every call is answered 503."),
        ({"errorRate": True}, "errorRate may be a number from 0 to 1: the share of calls"),
        ({"errorRate": 1.5}, "errorRate may be a number from 0 to 1"),
        ({"errorRate": "0.5"}, "errorRate may be a number from 0 to 1"),
        ({"latencyMs": -1}, "latencyMs may be a number from 0 up"),
        ({"latencyMs": float("nan")}, "latencyMs may be a number from 0 up"),
        ({"retryAfterSeconds": 1.5}, "retryAfterSeconds may be a whole number from 0 up"),
        ({"garbageKinds": ["pdf"]}, "garbageKinds may be a list of any of html, truncated-json"),
        ({"garbageKinds": []}, "garbageKinds may be a list"),
        ({"latencyP99Ms": 5}, "latencyMedianMs and latencyP99Ms are set together"),
        ({"latencyPercentilesMs": [[99, 5], [50, 9]]}, "latencyPercentilesMs rises"),
        ({"latencyPercentilesMs": [[50]]}, "latencyPercentilesMs may be a list"),
        ({"outages": [{"from": 5, "to": 5}]}, "outages may be a list of"),
        ({"outages": [{"from": 0, "to": 5, "kind": "slow"}]}, "(0.kind: Input should be '503'"),
        ({"outages": [{"from": 0, "to": 5, "every": 4}]}, "an outage is over before"),
        ([], "A JSON object of settings is needed. There are: latencyMs,"),
        ("x", "A JSON object of settings is needed."),
    ],
)
async def test_a_setting_that_cannot_be_is_refused_by_name_and_nothing_changes(
    dwp: Client, change: object, said: str
) -> None:
    before = await (await dwp.get("/control")).json()
    if isinstance(change, dict):
        change = {"hangRate": 0.5, **change}
    answer = await dwp.put("/control", json=change)
    assert answer.status == 400
    assert said in (await answer.json())["error"]
    assert await (await dwp.get("/control")).json() == before


async def test_changes_add_up_until_it_is_put_back_as_it_was_at_the_start() -> None:
    async with a_dwp(control=a_control(latencyMs=1)) as dwp:
        await behave(dwp, errorRate=0.5)
        await behave(dwp, down=True)
        shown = await (await dwp.get("/control")).json()
        assert (shown["latencyMs"], shown["errorRate"], shown["down"]) == (1, 0.5, True)
        shown = await (await dwp.delete("/control")).json()
        assert (shown["latencyMs"], shown["errorRate"], shown["down"]) == (1, 0, False)


def test_every_setting_is_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    assert [name for name in MAY_BE if f"`{name}`" not in text] == []


def test_settings_at_the_start_that_cannot_be_end_the_command(tmp_path: Path) -> None:
    file = tmp_path / "control.json"
    file.write_text('{"hangRate": 2}')
    identity = ["--client-id=a", "--client-secret=b"]
    for wrong in (["--control", '{"errorRat": 1}'], [f"--control-file={file}"]):
        done = CliRunner().invoke(app, ["dwp", *identity, *wrong])
        assert done.exit_code == 2
        assert "is no setting" in done.output or "hangRate may be" in done.output


# -- whole calls ------------------------------------------------------------------------------


async def test_whole_calls_can_fail(dwp: Client) -> None:
    headers = await a_token(dwp)
    await behave(dwp, errorRate=1.0)
    assert (await call(dwp, headers, a_nino())).status == 500
    await behave(dwp, errorRate=0.0, hangRate=1.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call(dwp, headers, a_nino()), 0.2)
    counted = await figures(dwp)
    assert (counted["errors"], counted["hangs"], counted["calls"]) == (1, 1, 0)


async def garbage(dwp: Client, kind: str) -> aiohttp.ClientResponse:
    await behave(dwp, garbageRate=1.0, garbageKinds=[kind])
    return await call(dwp, await a_token(dwp), a_nino())


async def test_garbage_comes_in_several_sorts(dwp: Client) -> None:
    for kind in ("html", "truncated-json", "empty"):
        answer = await garbage(dwp, kind)
        assert (answer.status, answer.content_type) == (200, "application/json"), kind
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            json.loads(await answer.read())
    sound = await garbage(dwp, "wrong-content-type")
    assert sound.content_type == "text/html"
    assert json.loads(await sound.read())["results"][0]["outcome"] == "found"
    with pytest.raises(aiohttp.ClientPayloadError):
        await (await garbage(dwp, "cut-short")).read()
    large = await (await garbage(dwp, "too-large")).read()
    assert len(large) > 2_000_000
    assert json.loads(large)["results"][0]["outcome"] == "found"
    assert (await figures(dwp))["garbage"] == len(GARBAGE_KINDS)


async def test_an_answer_can_trickle_in_and_is_whole_in_the_end(dwp: Client) -> None:
    await behave(dwp, dripRate=1.0, dripSeconds=0.5)
    headers = await a_token(dwp)
    begin = time.monotonic()
    answer = await call(dwp, headers, a_nino())
    first = await answer.content.readany()
    assert len(first) < int(answer.headers["Content-Length"]) / 2
    rest = await answer.content.read()
    assert time.monotonic() - begin >= 0.5
    assert json.loads(first + rest)["results"][0]["outcome"] == "found"


async def test_nobody_has_to_wait_for_the_drips_of_a_client_that_left(dwp: Client) -> None:
    await behave(dwp, dripRate=1.0, dripSeconds=600.0)
    answer = await call(dwp, await a_token(dwp), a_nino())
    answer.close()
    await behave(dwp, dripRate=0.0)
    assert (await look_up(dwp, a_nino()))[0]["outcome"] == "found"


async def test_it_can_be_down_and_come_back(dwp: Client) -> None:
    await behave(dwp, down=True)
    assert (await dwp.post("/oauth2/token", data=CLIENT)).status == 503
    await behave(dwp, down=False, refuse=True)
    with pytest.raises(aiohttp.ClientError):
        await dwp.post("/oauth2/token", data=CLIENT)
    await behave(dwp, refuse=False)
    assert (await look_up(dwp, a_nino()))[0]["outcome"] == "found"
    assert (await figures(dwp))["refused"] >= 2  # the client may repeat a call that was cut


# -- too many -----------------------------------------------------------------------------------


async def test_a_share_of_calls_is_told_to_come_later(dwp: Client) -> None:
    await behave(dwp, throttleRate=1.0, retryAfterSeconds=7)
    headers = await a_token(dwp)
    answer = await call(dwp, headers, a_nino())
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    await behave(dwp, retryAfterAsDate=True)
    answer = await call(dwp, headers, a_nino())
    told = parsedate_to_datetime(answer.headers["Retry-After"]) - datetime.now(UTC)
    assert timedelta(seconds=6.5) < told <= timedelta(seconds=8)
    assert (await figures(dwp))["throttled"] == 2


async def test_what_goes_above_the_ceiling_is_refused_and_counted(dwp: Client) -> None:
    headers = await a_token(dwp)
    await behave(dwp, ceilingLookupsPerSecond=5, retryAfterSeconds=3)
    assert (await call(dwp, headers, *[a_nino()] * 4)).status == 200
    refused = await call(dwp, headers, *[a_nino()] * 3)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "3")
    assert (await call(dwp, headers, a_nino())).status == 200
    counted = await figures(dwp)
    assert (counted["offered"], counted["offeredAboveCeiling"]) == (8, 2)
    assert (counted["busiestSecond"], counted["throttled"], counted["items"]) == (8, 1, 5)


async def test_what_goes_above_the_ceiling_can_be_only_counted(dwp: Client) -> None:
    headers = await a_token(dwp)
    await behave(dwp, ceilingLookupsPerSecond=5, ceilingRefuses=False)
    for _ in range(2):
        assert (await call(dwp, headers, *[a_nino()] * 4)).status == 200
    counted = await figures(dwp)
    assert (counted["offeredAboveCeiling"], counted["throttled"]) == (3, 0)


async def test_what_is_offered_in_an_outage_is_counted_as_offered(dwp: Client) -> None:
    headers = await a_token(dwp)
    await behave(dwp, down=True)
    assert (await call(dwp, headers, a_nino(), a_nino())).status == 503
    assert (await figures(dwp))["offered"] == 2


def test_the_window_slides_with_each_moment() -> None:
    window = SlidingWindow()
    assert window.add(10.0, 3) == 3
    assert window.add(10.9, 4) == 7
    assert window.total(10.999) == 7
    assert window.total(11.0) == 4
    assert window.add(11.5, 1) == 5
    assert window.total(12.6) == 0


def test_two_half_seconds_of_different_seconds_are_one_window() -> None:
    """A count by the clock's seconds would see 60 in each and miss the 120."""
    now = [0.0]
    counting = Figures(clock=lambda: now[0], monotonic=lambda: now[0])
    for now[0] in (0.6, 1.4):
        counting.offer(60, 100, refuses=False)
    assert counting.in_all()["busiestSecond"] == 120
    assert counting.in_all()["offeredAboveCeiling"] == 20
    assert [second["offered"] for second in counting.by_second()] == [60, 60]


def test_refused_lookups_leave_room_for_those_that_come_in_time() -> None:
    now = [0.0]
    counting = Figures(clock=lambda: now[0], monotonic=lambda: now[0])
    above = []
    for step in range(300):  # 20 look-ups each tenth of a second: twice the ceiling
        now[0] = step / 10
        above.append(counting.offer(20, 100, refuses=True))
    assert above.count(False) == pytest.approx(150, abs=5)


def test_the_history_is_bounded() -> None:
    now = [0.0]
    counting = Figures(clock=lambda: now[0], monotonic=lambda: now[0])
    for second in range(HISTORY_SECONDS + 50):
        now[0] = float(second)
        counting.count("calls")
    assert len(counting.by_second()) == HISTORY_SECONDS
    assert counting.by_second()[-1] == {"second": HISTORY_SECONDS + 49, "calls": 1}


# -- outages --------------------------------------------------------------------------------------


def an_outage(**fields: Any) -> Outage:
    return Outage.model_validate(fields)


def test_an_outage_lasts_from_one_second_to_another() -> None:
    outage = an_outage(**{"from": 10, "to": 70})
    on = [second for second in range(200) if outage.is_on(second)]
    assert on == list(range(10, 70))


def test_an_outage_can_come_again() -> None:
    outage = an_outage(**{"from": 10, "to": 15, "every": 60})
    on = [second for second in range(140) if outage.is_on(second)]
    assert on == [*range(10, 15), *range(70, 75), *range(130, 135)]


async def test_an_outage_begins_and_ends_by_itself(dwp: Client) -> None:
    headers = await a_token(dwp)
    outage = {"from": 0.2, "to": 0.6, "retryAfterSeconds": 9}
    await behave(dwp, outages=[outage])
    assert (await call(dwp, headers, a_nino())).status == 200
    await asyncio.sleep(0.3)
    await behave(dwp, latencyMs=1)  # another change does not begin it anew
    during = await call(dwp, headers, a_nino())
    assert (during.status, during.headers["Retry-After"]) == (503, "9")
    await asyncio.sleep(0.35)
    assert (await call(dwp, headers, a_nino())).status == 200


async def test_outages_are_of_several_kinds(dwp: Client) -> None:
    headers = await a_token(dwp)
    await behave(dwp, outages=[{"from": 0, "to": 60, "kind": "429"}], retryAfterSeconds=4)
    throttled = await call(dwp, headers, a_nino())
    assert (throttled.status, throttled.headers["Retry-After"]) == (429, "4")
    await behave(dwp, outages=[{"from": 0, "to": 60, "kind": "cut"}])
    with pytest.raises(aiohttp.ClientError):
        await call(dwp, headers, a_nino())
    await behave(dwp, outages=[{"from": 0, "to": 60, "kind": "hang"}])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(dwp.post("/oauth2/token", data=CLIENT), 0.2)
    await behave(dwp, outages=[])
    assert (await call(dwp, headers, a_nino())).status == 200


# -- chance ---------------------------------------------------------------------------------------


def latencies(**changes: Any) -> list[float]:
    control, chance = a_control(**changes), Chance(1)
    return [1000 * chance.latency(control) for _ in range(20_000)]


def test_a_log_normal_latency_has_its_median_and_its_99th_percentile() -> None:
    drawn = latencies(latencyMedianMs=40, latencyP99Ms=800)
    assert median(drawn) == pytest.approx(40, rel=0.05)
    assert quantiles(drawn, n=100)[98] == pytest.approx(800, rel=0.1)


def test_a_latency_follows_its_percentiles() -> None:
    drawn = latencies(latencyMs=5, latencyPercentilesMs=[[10, 10], [50, 20], [90, 100]])
    hundredths = quantiles(drawn, n=100)
    assert min(drawn) == 15
    assert hundredths[49] == pytest.approx(25, rel=0.05)
    assert hundredths[69] == pytest.approx(65, rel=0.05)
    assert max(drawn) == 105


async def test_an_answer_takes_as_long_as_its_latency(dwp: Client) -> None:
    headers = await a_token(dwp)
    await behave(dwp, latencyPercentilesMs=[[0, 150]])
    begin = time.monotonic()
    assert (await call(dwp, headers, a_nino())).status == 200
    assert time.monotonic() - begin >= 0.15


async def outcomes_of(seed: int, **changes: object) -> list[int]:
    async with a_dwp(misfortune_seed=seed) as dwp:
        headers = await a_token(dwp)
        await behave(dwp, errorRate=0.5, **changes)
        return [(await call(dwp, headers, a_nino())).status for _ in range(40)]


async def test_the_same_seed_brings_the_same_misfortunes_whatever_else_is_set() -> None:
    one = await outcomes_of(1)
    assert set(one) == {200, 500}
    assert await outcomes_of(1) == one
    assert await outcomes_of(1, itemErrorRate=0.5, latencyJitterMs=0.1) == one
    assert await outcomes_of(2) != one
