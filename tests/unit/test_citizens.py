"""Citizens against a registration of their own making: one key each, repeated until answered."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from simulated.citizens import Citizens, Manner, lines_of_file, people
from simulated.http_client import Connection, ConnectionBroken, Server
from simulated.places import Places
from simulated.population import Population
from simulated.receipts import Receipt, ReceiptBook, Run, read_receipts

POPULATION = Population(
    7, places=Places({"E06000001": ["TS24 8AA"]}, {"E06000001": 1}, ["TS24 9ZZ"])
)
TODAY = date(2026, 11, 22)
RUN = Run(7, {}, TODAY.isoformat())
PROBLEM = {
    "title": "Some answers need to be corrected",
    "errors": [{"pointer": "/dateOfBirth", "code": "past", "detail": "It must be in the past"}],
}

Answering = Callable[[web.Request], web.StreamResponse]
Trouble = Callable[[web.Request, int], web.StreamResponse | None]


class Registration:
    """Gives receipts; `trouble` may answer instead, told how often this key came before."""

    def __init__(self, trouble: Trouble = lambda request, before: None) -> None:
        self.seen: Counter[str] = Counter()
        self.bodies: dict[str, bytes] = {}
        self.tokens: set[str | None] = set()
        self._trouble = trouble

    async def submit(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Idempotency-Key"]
        before = self.seen[key]
        self.seen[key] += 1
        body = await request.read()
        assert self.bodies.setdefault(key, body) == body
        self.tokens.add(request.headers.get("Authorization"))
        return self._trouble(request, before) or self._receipt(key)

    def _receipt(self, key: str) -> web.Response:
        stated = {
            "applicationId": f"id of {key}",
            "reference": "ABCDEFGHJK",
            "arrivedAt": "2026-11-22T10:00:00.000000Z",
            "receivedAt": "2026-11-22T10:00:01.000000Z",
            "authority": {"gssCode": "E06000001"},
        }
        return web.json_response(stated, status=200 if self.seen[key] > 1 else 201)


@asynccontextmanager
async def served(registration: Registration) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.post("/v1/applications", registration.submit)])
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def send(
    registration: Registration, book: Path, count: int = 20, deadline: float = 20.0
) -> tuple[Citizens, list[Receipt]]:
    async with served(registration) as url:
        manner = Manner(url, "hush", connections=4, deadline=deadline)
        citizens = Citizens(manner, ReceiptBook(book, RUN))
        await citizens.send(people(POPULATION, 0, count, TODAY))
    run, receipts = read_receipts(book)
    assert run == RUN
    return citizens, list(receipts)


async def test_every_person_is_sent_once_and_has_a_receipt_in_the_book(tmp_path: Path) -> None:
    registration = Registration()
    citizens, receipts = await send(registration, tmp_path / "book.jsonl")
    assert sorted(r.number for r in receipts) == list(range(20))
    assert set(registration.seen.values()) == {1}
    assert registration.tokens == {"Bearer hush"}
    assert citizens.progress.accepted == citizens.progress.sent == 20
    for receipt in receipts:
        assert receipt.application_id == f"id of {receipt.key}"
        assert receipt.gss_code == "E06000001"
        sent = json.loads(registration.bodies[receipt.key])
        assert sent == POPULATION.person(receipt.number, TODAY).application


async def test_a_key_is_the_same_whenever_the_person_is_sent() -> None:
    first = [s.key for s in people(POPULATION, 3, 4, TODAY)]
    again = [s.key for s in people(POPULATION, 3, 4, TODAY)]
    assert first == again
    assert len(set(first)) == 4


def busy_first(request: web.Request, before: int) -> web.StreamResponse | None:
    return web.Response(status=503, headers={"Retry-After": "0"}) if before < 2 else None


def cut_first(request: web.Request, before: int) -> web.StreamResponse | None:
    if before == 0:
        assert request.transport is not None
        request.transport.abort()
    return None


@pytest.mark.parametrize(("trouble", "tries"), [(busy_first, 3), (cut_first, 2)])
async def test_the_same_key_and_body_are_sent_until_there_is_an_answer(
    tmp_path: Path, trouble: Trouble, tries: int
) -> None:
    registration = Registration(trouble)
    _, receipts = await send(registration, tmp_path / "book.jsonl", count=5)
    assert set(registration.seen.values()) == {tries}
    assert all(r.accepted and r.status == 200 and r.tries == tries for r in receipts)


async def test_retry_after_is_obeyed(tmp_path: Path) -> None:
    def wait_a_second(request: web.Request, before: int) -> web.StreamResponse | None:
        return web.Response(status=503, headers={"Retry-After": "1"}) if before == 0 else None

    _, [receipt] = await send(Registration(wait_a_second), tmp_path / "book.jsonl", count=1)
    assert receipt.answered_at[:19] > receipt.sent_at[:19]


async def test_who_gets_no_answer_until_the_deadline_is_noted_as_unanswered(
    tmp_path: Path,
) -> None:
    registration = Registration(lambda request, before: web.Response(status=503))
    citizens, receipts = await send(registration, tmp_path / "b.jsonl", count=3, deadline=0.3)
    assert citizens.progress.unanswered == 3
    assert not any(r.answered or r.accepted for r in receipts)


async def test_a_refusal_is_final_and_its_reason_is_kept(tmp_path: Path) -> None:
    registration = Registration(lambda request, before: web.json_response(PROBLEM, status=422))
    citizens, receipts = await send(registration, tmp_path / "book.jsonl", count=2)
    assert set(registration.seen.values()) == {1}
    assert citizens.progress.refused == 2
    assert {r.reason for r in receipts} == {"/dateOfBirth: It must be in the past"}


async def test_lines_of_a_file_are_sent_as_they_stand_and_refused_ones_are_reported(
    tmp_path: Path,
) -> None:
    def refuse_the_senseless(request: web.Request, before: int) -> web.StreamResponse | None:
        senseless = b"not json" in next(reversed(registration.bodies.values()))
        return web.json_response({"title": "Not JSON"}, status=400) if senseless else None

    registration = Registration(refuse_the_senseless)
    file, book = tmp_path / "applications.jsonl", tmp_path / "book.jsonl"
    file.write_text('{"firstName": "Å"}\n\nnot json\n{"firstName": "B"}', encoding="utf-8")
    refused: list[Receipt] = []
    async with served(registration) as url:
        manner = Manner(url, "hush", connections=1)
        await Citizens(manner, ReceiptBook(book, RUN), refused.append).send(lines_of_file(file))
    _, receipts = read_receipts(book)
    assert [(r.number, r.reason) for r in refused] == [(3, "Not JSON")]
    accepted = {r.number: r.application for r in receipts if r.accepted}
    assert accepted == {1: {"firstName": "Å"}, 4: {"firstName": "B"}}


async def test_a_rate_is_kept_to(tmp_path: Path) -> None:
    registration = Registration()
    async with served(registration) as url:
        manner = Manner(url, "hush", connections=4, rate=50.0)
        citizens = Citizens(manner, ReceiptBook(tmp_path / "book.jsonl", RUN))
        await citizens.send(people(POPULATION, 0, 26, TODAY))
    _, receipts = read_receipts(tmp_path / "book.jsonl")
    times = sorted(r.sent_at for r in receipts)
    seconds = [float(time[17:-1]) + 60 * int(time[14:16]) for time in times]
    assert (seconds[-1] - seconds[0]) % 3600 >= 0.45


async def test_the_command_says_how_far_it_is_and_at_the_end_what_it_cost(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"firstName": "A"}\n{"firstName": "B"}\n')
    async with served(Registration()) as url:
        options = [
            f"--url={url}",
            "--token=hush",
            f"--journal={tmp_path / 'book'}",
            f"--from={file}",
        ]
        citizens = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulated", "citizens", *options),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await citizens.communicate()
    first, *_, last = (json.loads(line) for line in output.splitlines())
    assert citizens.returncode == 0
    assert first == {"sent": 0, "accepted": 0, "refused": 0, "unanswered": 0, "retries": 0}
    assert (last["sent"], last["accepted"], last["done"]) == (2, 2, True)
    assert 0 < last["cpu_seconds"] < 5


def test_a_file_that_is_no_book_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text('{"number": 1}\n')
    with pytest.raises(ValueError, match="names no run"):
        read_receipts(path)


@asynccontextmanager
async def answering(
    handler: Callable[[web.Request], web.StreamResponse],
) -> AsyncIterator[Connection]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return handler(request)

    app = web.Application()
    app.add_routes([web.get("/{anything}", handle)])
    async with TestServer(app) as server:
        connection = Connection(Server.of_url(str(server.make_url("/"))), {"X-Fixed": "1"})
        yield connection
        connection.close()


async def test_the_client_reads_chunked_and_empty_answers_on_one_connection() -> None:
    ports = set()

    def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        assert request.headers["X-Fixed"] == "1"
        if request.path == "/empty":
            return web.Response(status=204)
        response = web.Response(body=b"x" * 100_000)
        if request.path == "/chunked":
            response.enable_chunked_encoding()
        return response

    async with answering(answer) as connection:
        for path, length in (("/chunked", 100_000), ("/empty", 0), ("/whole", 100_000)):
            got = await connection.request("GET", path)
            assert len(got.body) == length
    assert len(ports) == 1


async def test_the_client_says_when_a_connection_breaks_and_then_connects_anew() -> None:
    broken: list[str] = []

    def answer(request: web.Request) -> web.StreamResponse:
        if not broken:
            broken.append(request.path)
            assert request.transport is not None
            request.transport.abort()
        return web.Response(text="well")

    async with answering(answer) as connection:
        with pytest.raises(ConnectionBroken):
            await connection.request("GET", "/first")
        assert (await connection.request("GET", "/second")).body == b"well"
