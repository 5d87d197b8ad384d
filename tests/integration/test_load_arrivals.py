"""Open arrivals against a small registration that can be slow, refuse and cut."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from simulated.expectation import digest_of
from simulated.load.arrivals import Arrivals
from simulated.load.crowd import Coming, Crowd, Shares
from simulated.load.latency import decoded
from simulated.load.lines import Lines
from simulated.load.schedule import WHOLE, Part, Schedule
from simulated.load.shapes import Point, Shape
from simulated.load.visiting import Manner
from simulated.places import Places
from simulated.population import Population
from simulated.receipts import Receipt, ReceiptBook, Run, read_receipts

TODAY = date(2026, 11, 22)
RUN = Run(7, {}, TODAY.isoformat())
POPULATION = Population(
    7, places=Places({"E06000001": ["TS24 8AA"]}, {"E06000001": 1}, ["TS24 9ZZ"])
)
STEADY = Shape("steady", "", "", 1.0, (Point(0, 1), Point(1, 1)))
PLAIN = Shares(duplicates=0.0, invalid=0.0)
QUICK = Manner(reload_after=30.0, patience=6.0)
RELOADING = replace(QUICK, reload_after=0.3)
BUSY = {"title": "Too busy", "detail": "Come back later."}

Trouble = Callable[["Registration", str, int], Awaitable[web.StreamResponse | None]]


async def no_trouble(registration: "Registration", key: str, before: int) -> None:
    return None


class Registration:
    """Gives each key one application; `trouble` may answer instead, told how often it came."""

    def __init__(self, trouble: Trouble = no_trouble) -> None:
        self.tries: defaultdict[str, list[float]] = defaultdict(list)  # key -> times
        self.bodies: dict[str, Any] = {}
        self.ids: dict[str, int] = {}
        self.open = self.open_max = 0
        self.peers: defaultdict[str, set[object]] = defaultdict(set)
        self._numbers = count(1)
        self._trouble = trouble

    async def post(self, request: web.Request) -> web.StreamResponse:
        self.open += 1
        self.open_max = max(self.open_max, self.open)
        try:
            return await self._post(request, request.headers["Idempotency-Key"])
        finally:
            self.open -= 1

    async def _post(self, request: web.Request, key: str) -> web.StreamResponse:
        body = await request.json()
        assert self.bodies.setdefault(key, body) == body
        before = len(self.tries[key])
        self.tries[key].append(time.monotonic())
        assert request.transport is not None
        self.peers[key].add(request.transport.get_extra_info("peername"))
        troubled = await self._trouble(self, key, before)
        if troubled is not None:
            return troubled
        status, stated = self.answer(key, body)
        return web.json_response(stated, status=status)

    async def post_batch(self, request: web.Request) -> web.StreamResponse:
        items = (await request.json())["applications"]
        results = []
        for item in items:
            key = item["idempotencyKey"]
            self.tries[key].append(time.monotonic())
            self.bodies[key] = item["application"]
            status, stated = self.answer(key, item["application"])
            part = "receipt" if status < 300 else "problem"
            results.append({"idempotencyKey": key, "status": status, part: stated})
        return web.json_response({"results": results})

    def answer(self, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not is_valid(body):
            return 422, {"title": "Not valid", "errors": [{"pointer": "/x", "detail": "Wrong"}]}
        status = 200 if key in self.ids else 201
        number = self.ids.setdefault(key, next(self._numbers))
        return status, {
            "applicationId": f"application {number}",
            "reference": f"R{number:09d}",
            "arrivedAt": "2026-11-22T10:00:00.000000Z",
            "receivedAt": "2026-11-22T10:00:01.000000Z",
            "authority": {"gssCode": "E06000001"},
        }


def is_valid(body: dict[str, Any]) -> bool:
    """As far as the crowd's mistakes go."""
    return (
        body.get("lastName") is not None
        and body.get("dateOfBirth", "1980-01-01") not in {"2199-02-28", "1990-02-30"}
        and body["declaration"] is True
        and body["address"]["postcode"] != "NOT A CODE"
        and body.get("nino") != "QQ 12 34"
        and body.get("nationalities") != []
        and "favouriteColour" not in body
    )


@asynccontextmanager
async def served(registration: Registration) -> AsyncIterator[str]:
    app = web.Application(client_max_size=2**24)
    app.add_routes(
        [
            web.post("/v1/applications", registration.post),
            web.post("/v1/applications:batch", registration.post_batch),
        ]
    )
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


class Sent:
    """What a run left."""

    def __init__(self, sender: Arrivals, book: Path, scheduled: list[int]) -> None:
        self.figures = sender.figures
        run, receipts = read_receipts(book)
        assert run == RUN
        self.receipts: list[Receipt] = list(receipts)
        self.summary: dict[str, Any] = json.loads(
            json.dumps(sender.figures.summary(scheduled, whole=sender.came_to_end))
        )


async def send(
    registration: Registration,
    tmp_path: Path,
    total: int = 50,
    seconds: float = 0.5,
    *,
    shares: Shares = PLAIN,
    manner: Manner = QUICK,
    connections: int = 200,
    part: Part = WHOLE,
    batch_size: int = 10,
) -> Sent:
    schedule = Schedule(STEADY, total, compress=1 / seconds)
    book = tmp_path / "book.jsonl"
    async with served(registration) as url:
        sender = Arrivals(
            Coming(schedule, Crowd(POPULATION, TODAY, shares), part),
            Lines(url, "hush", connections),
            ReceiptBook(book, RUN),
            time.time() + 0.3,
            manner,
            batch_size,
        )
        await asyncio.wait_for(sender.run(), 60)
    return Sent(sender, book, schedule.by_minute(part))


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_every_arrival_is_sent_when_it_is_due_and_has_its_receipt(tmp_path: Path) -> None:
    registration = Registration()
    sent = await send(registration, tmp_path, total=200, seconds=1.0)
    assert sorted(r.number for r in sent.receipts) == list(range(200))
    assert all(r.status == 201 and r.tries == 1 and r.accepted for r in sent.receipts)
    assert all(-0.001 < at(r.sent_at) - at(r.due_at) < 0.5 for r in sent.receipts)
    dues = sorted(at(r.due_at) for r in sent.receipts)
    assert dues[-1] - dues[0] == pytest.approx(1.0, abs=0.02)
    for receipt in sent.receipts:
        application = POPULATION.person(receipt.number, TODAY).application
        assert registration.bodies[receipt.key] == application
        assert receipt.digest == digest_of(application)
    assert sent.summary["offered"] == sent.summary["scheduled"] == [200]
    assert sent.summary["answers"] == {"201": 200}
    assert decoded(sent.summary["histogram"]).get_total_count() == 200
    assert decoded(sent.summary["send_lag"]).get_total_count() == 200


async def test_arrivals_wait_for_nobody(tmp_path: Path) -> None:
    """All of them stand there at once while not one has been answered."""

    async def nobody_yet(registration: Registration, key: str, before: int) -> None:
        while len(registration.tries) < 60:
            await asyncio.sleep(0.01)

    registration = Registration(nobody_yet)
    sent = await send(registration, tmp_path, total=60)
    assert registration.open_max == 60
    assert sent.figures.accepted == 60


async def test_latency_counts_from_when_one_was_due_though_no_connection_was_free(
    tmp_path: Path,
) -> None:
    async def slow(registration: Registration, key: str, before: int) -> None:
        await asyncio.sleep(0.1)

    registration = Registration(slow)
    sent = await send(
        registration,
        tmp_path,
        total=20,
        seconds=0.1,
        connections=2,
    )
    assert registration.open_max == 2
    latencies = decoded(sent.summary["histogram"])
    assert latencies.get_total_count() == 20
    # Ten rounds of 0.1 s each, of which the last ones waited for nine.
    assert latencies.get_max_value() > 850_000
    assert latencies.get_value_at_percentile(50) > 350_000
    assert decoded(sent.summary["held_up"]).get_total_count() == 18


async def test_people_apply_again_with_a_new_key_and_the_same_application(tmp_path: Path) -> None:
    registration = Registration()
    sent = await send(registration, tmp_path, total=500, seconds=1, shares=Shares(0.38, 0.0))
    people = Counter(r.number for r in sent.receipts)
    again = 500 - len(people)
    assert again / 500 == pytest.approx(0.38, abs=0.08)
    assert len({r.key for r in sent.receipts}) == 500
    by_number: dict[int, Any] = {}
    for receipt in sent.receipts:
        body = registration.bodies[receipt.key]
        assert by_number.setdefault(receipt.number, body) == body


async def test_invalid_applications_are_refused_as_was_expected(tmp_path: Path) -> None:
    sent = await send(Registration(), tmp_path, total=400, seconds=1, shares=Shares(0.3, 0.1))
    expected = [r for r in sent.receipts if r.expected_refusal]
    assert len(expected) / 400 == pytest.approx(0.1, abs=0.05)
    assert {r.status for r in expected} == {422}
    assert {r.reason for r in expected} == {"/x: Wrong"}
    assert all(r.accepted for r in sent.receipts if not r.expected_refusal)
    assert sent.figures.refused == len(expected)
    assert decoded(sent.summary["refused_histogram"]).get_total_count() == len(expected)


async def test_who_has_no_answer_reloads_over_other_connections_three_tabs_at_most(
    tmp_path: Path,
) -> None:
    async def never_until_three_stand_there(
        registration: Registration, key: str, before: int
    ) -> None:
        while len(registration.tries[key]) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.7)  # time for a fourth, if there were one

    registration = Registration(never_until_three_stand_there)
    sent = await send(registration, tmp_path, total=10, manner=RELOADING)
    assert {len(tries) for tries in registration.tries.values()} == {3}
    assert {len(peers) for peers in registration.peers.values()} == {3}
    for tries in registration.tries.values():
        assert all(b - a > 0.29 for a, b in pairwise(tries))
    assert all(r.accepted and r.tries == 3 for r in sent.receipts)
    assert len(sent.receipts) == len(registration.ids) == 10
    assert decoded(sent.summary["histogram"]).get_min_value() > 1_200_000
    assert sent.summary["contradicted"] == 0


async def test_two_answers_to_one_key_must_name_one_application(tmp_path: Path) -> None:
    async def forgets_what_it_gave(registration: Registration, key: str, before: int) -> None:
        while len(registration.tries[key]) < 2:
            await asyncio.sleep(0.01)
        registration.ids.pop(key, None)

    sent = await send(
        Registration(forgets_what_it_gave), tmp_path, total=5, manner=replace(RELOADING, tabs=2)
    )
    assert sent.figures.accepted == 5
    assert 1 <= sent.summary["contradicted"] <= 5


async def test_a_cut_connection_is_a_reset_and_the_same_key_tries_again(tmp_path: Path) -> None:
    async def cut_twice(registration: Registration, key: str, before: int) -> None:
        if before < 2:
            registration.answer(key, registration.bodies[key])  # it had effect, and nobody knows
            raise ConnectionAbortedError

    registration = Registration(aborting(cut_twice))
    sent = await send(registration, tmp_path, total=10)
    assert sent.summary["resets"] == 20
    assert {(r.status, r.tries) for r in sent.receipts} == {(200, 3)}


def aborting(trouble: Trouble) -> Trouble:
    """Cuts the connection where the trouble says that it was aborted."""

    async def cutting(
        registration: Registration, key: str, before: int
    ) -> web.StreamResponse | None:
        try:
            return await trouble(registration, key, before)
        except ConnectionAbortedError:
            task = asyncio.current_task()
            assert task is not None
            return Cut()

    return cutting


class Cut(web.StreamResponse):
    """An answer that is none."""

    async def prepare(self, request: Any) -> Any:
        request.transport.abort()
        return None


async def test_come_back_later_is_obeyed_and_what_was_waited_is_part_of_the_latency(
    tmp_path: Path,
) -> None:
    async def busy_once(
        registration: Registration, key: str, before: int
    ) -> web.StreamResponse | None:
        if before:
            return None
        return web.json_response(BUSY, status=503, headers={"Retry-After": "1"})

    registration = Registration(busy_once)
    sent = await send(registration, tmp_path, total=20)
    for tries in registration.tries.values():
        assert 0.99 < tries[1] - tries[0] < 3
    assert sent.figures.accepted == 20
    assert (sent.summary["turned_away"], sent.summary["turned_away_again"]) == (20, 0)
    assert sent.summary["answers"] == {"201": 20, "503": 20}
    assert decoded(sent.summary["histogram"]).get_min_value() > 1_000_000
    assert decoded(sent.summary["refused_histogram"]).get_max_value() < 1_000_000
    assert sent.summary["without_wait"] == 0


async def test_to_be_sent_away_without_a_time_is_counted(tmp_path: Path) -> None:
    async def busy_once(
        registration: Registration, key: str, before: int
    ) -> web.StreamResponse | None:
        return None if before else web.json_response(BUSY, status=503)

    sent = await send(Registration(busy_once), tmp_path, total=5)
    assert (sent.summary["without_wait"], sent.figures.accepted) == (5, 5)


async def test_who_is_always_told_to_come_back_was_refused_and_says_why(tmp_path: Path) -> None:
    async def busy(registration: Registration, key: str, before: int) -> web.StreamResponse:
        return web.json_response(BUSY, status=503, headers={"Retry-After": "0"})

    registration = Registration(busy)
    sent = await send(registration, tmp_path, total=10, manner=replace(QUICK, returns=1))
    assert {len(tries) for tries in registration.tries.values()} == {2}
    assert (sent.summary["turned_away"], sent.summary["turned_away_again"]) == (20, 10)
    assert sent.figures.refused == 10
    for receipt in sent.receipts:
        assert (receipt.status, receipt.reason) == (503, "Come back later.")
        assert receipt.turned_away
        assert receipt.answered
        assert not receipt.accepted


async def test_a_wait_beyond_anybodys_patience_is_a_refusal_at_once(tmp_path: Path) -> None:
    async def tomorrow(registration: Registration, key: str, before: int) -> web.StreamResponse:
        return web.json_response(BUSY, status=503, headers={"Retry-After": "86400"})

    registration = Registration(tomorrow)
    sent = await send(registration, tmp_path, total=5)
    assert {len(tries) for tries in registration.tries.values()} == {1}
    assert all(r.turned_away for r in sent.receipts)


async def test_who_was_cut_before_being_refused_may_be_in_and_counts_as_failed(
    tmp_path: Path,
) -> None:
    async def cut_then_busy(
        registration: Registration, key: str, before: int
    ) -> web.StreamResponse | None:
        if not before:
            raise ConnectionAbortedError
        return web.json_response(BUSY, status=503, headers={"Retry-After": "86400"})

    sent = await send(Registration(aborting(cut_then_busy)), tmp_path, total=5)
    assert sent.figures.failed == 5
    assert all(r.status == 0 and not r.answered and not r.turned_away for r in sent.receipts)


async def test_trouble_of_the_services_is_tried_again_until_patience_ends(tmp_path: Path) -> None:
    async def broken(registration: Registration, key: str, before: int) -> web.StreamResponse:
        return web.json_response({"title": "Oh"}, status=500)

    registration = Registration(broken)
    sent = await send(registration, tmp_path, total=5, manner=replace(QUICK, patience=2.5))
    assert sent.figures.failed == 5
    assert sent.summary["answers"]["500"] == sum(map(len, registration.tries.values())) > 5
    assert not any(r.answered for r in sent.receipts)


async def test_partners_send_batches_and_each_item_has_its_own_receipt(tmp_path: Path) -> None:
    registration = Registration()
    shares = Shares(duplicates=0.2, invalid=0.1, batched=0.5)
    sent = await send(registration, tmp_path, total=205, seconds=1, shares=shares)
    assert sorted(r.key for r in sent.receipts) == sorted(registration.tries)
    assert len(sent.receipts) == sent.figures.offered == 205
    assert sum(r.accepted for r in sent.receipts) == len(registration.ids)
    assert {r.status for r in sent.receipts if r.expected_refusal} == {422}
    assert all(r.application_id for r in sent.receipts if r.accepted)
    assert sum(sent.summary["answers"].values()) < 150


async def test_a_part_sends_its_own_arrivals_only(tmp_path: Path) -> None:
    sent = await send(Registration(), tmp_path, total=51, part=Part(1, 3))
    assert sorted(r.number for r in sent.receipts) == list(range(1, 51, 3))
    assert sent.summary["scheduled"] == sent.summary["offered"] == [17]


async def test_a_generator_that_is_held_up_by_itself_says_that_it_was_no_measurement(
    tmp_path: Path,
) -> None:
    async def halt_the_loop(registration: Registration, key: str, before: int) -> None:
        if len(registration.tries) == 20:
            time.sleep(0.4)  # noqa: ASYNC251 - it and the generator share a thread

    sent = await send(Registration(halt_the_loop), tmp_path, total=100)
    assert not sent.summary["valid"]
    assert "late by itself" in sent.summary["why_invalid"]


@asynccontextmanager
async def the_command(url: str, tmp_path: Path, *options: str) -> AsyncIterator[Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulated", "arrivals", "--url", url),
        *("--book", str(tmp_path / "book"), "--summary", str(tmp_path / "summary"), *options),
        env={**os.environ, "SIMULATED_PARTNER_TOKEN": "hush"},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_command_tells_each_second_and_sums_up(tmp_path: Path) -> None:
    start = time.time() + 6
    async with (
        served(Registration()) as url,
        the_command(
            url,
            tmp_path,
            *("--shape", "steady", "--total", "300", "--compress", "200", "--invalid", "0"),
            *("--start", str(start)),
        ) as process,
    ):
        output, _ = await process.communicate()
    lines = [json.loads(line) for line in output.splitlines()]
    summary = json.loads((tmp_path / "summary").read_bytes())
    assert process.returncode == (0 if summary["valid"] else 1), summary["why_invalid"]
    assert [line["second"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0]["offered"] == pytest.approx(100, abs=30)
    assert summary["by_second"] == lines
    last = lines[-1]
    assert (last["offered"], last["accepted"], last["in_flight"]) == (300, 300, 0)
    told = {"second", "offered", "accepted", "refused", "failed", "in_flight"}
    assert told | {"late_ms_max", "p50_ms", "p99_ms", "cpu_seconds"} <= last.keys()
    _, receipts = read_receipts(tmp_path / "book")
    sent = list(receipts)
    assert len(sent) == 300
    assert min(at(r.due_at) for r in sent) == pytest.approx(start, abs=0.1)


async def test_who_is_stopped_keeps_the_book_of_what_was_sent_and_is_no_measurement(
    tmp_path: Path,
) -> None:
    async def never(registration: Registration, key: str, before: int) -> None:
        if len(registration.tries) > 50:
            await asyncio.sleep(60)

    registration = Registration(never)
    async with (
        served(registration) as url,
        the_command(url, tmp_path, "--total", "10000", "--compress", "6") as process,
    ):
        while len(registration.tries) < 80:
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    summary = json.loads((tmp_path / "summary").read_bytes())
    assert "stopped" in summary["why_invalid"]
    _, receipts = read_receipts(tmp_path / "book")
    keys = Counter(r.status for r in receipts)
    assert keys[0] == summary["failed"] > 0
    assert keys.total() == sum(summary["offered"]) >= len(registration.tries)


async def test_nobody_goes_on_sending_when_whoever_listened_is_gone(tmp_path: Path) -> None:
    registration = Registration()
    async with (
        served(registration) as url,
        the_command(url, tmp_path, "--total", "100000", "--compress", "1") as process,
    ):
        await process.stdout.readline()
        process._transport.get_pipe_transport(1).close()
        await asyncio.wait_for(process.wait(), 20)
    assert process.returncode == 1
    assert "stopped" in json.loads((tmp_path / "summary").read_bytes())["why_invalid"]


async def test_a_book_that_cannot_be_written_ends_in_an_error(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.fail("this system has no /dev/full")
    schedule = Schedule(STEADY, 50, compress=0.5)
    async with served(Registration()) as url:
        sender = Arrivals(
            Coming(schedule, Crowd(POPULATION, TODAY, PLAIN)),
            Lines(url, "hush", 50),
            ReceiptBook(full, RUN),
            time.time() + 0.3,
        )
        with pytest.raises(OSError, match="No space left"):
            await sender.run()


@pytest.mark.parametrize(
    "options",
    [("--shape", "flood"), ("--slice", "3/2"), ("--slice", "0/1"), ("--compress", "0")],
)
async def test_what_makes_no_sense_is_refused_at_once(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    async with the_command("http://127.0.0.1:1", tmp_path, *options) as process:
        await process.communicate()
    assert process.returncode == 2
    assert not (tmp_path / "summary").exists()
