"""DWP's client: whatever comes back that cannot be believed is unanswered, never `not found`."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest
from aiohttp import web
from electoral.metrics import Metrics
from electoral.person import Name
from pydantic import SecretStr
from verification.dwp import (
    BODY_BYTES_MAX,
    NOT_FOUND,
    UNAVAILABLE,
    WRONG,
    Answer,
    HttpDwp,
    read_answers,
)
from verification.errors import DwpFailure
from verification.matching import Record

NINO, OTHER_NINO = "AB123456", "CE654321"
NAMES = [{"first": "SIAN", "middle": "", "last": "ONEILL"}]
RECORD = {
    "names": NAMES,
    "dateOfBirth": "1987-03-31",
    "dateOfDeath": None,
}
FOUND = {"id": "0", "nino": NINO, "outcome": "found", "record": RECORD}


def answer_to(result: object, nino: str = NINO) -> Answer:
    return read_answers(json.dumps({"results": [result]}).encode(), [nino])[nino]


def with_record(**changes: object) -> dict[str, object]:
    return {**FOUND, "record": {**RECORD, **changes}}


# -- what an answer may look like -----------------------------------------------------------------


def test_a_record_is_read() -> None:
    record = {
        "names": [
            {"first": "SIAN", "middle": None, "last": "ONEILL"},
            {"first": "SIAN", "middle": "MAI", "last": "JONES", "title": "DR"},
        ],
        "dateOfBirth": "1987-03-31",
        "dateOfDeath": "2020-01-02",
    }
    names = (Name("SIAN", "", "ONEILL"), Name("SIAN", "MAI", "JONES"))
    assert answer_to({**FOUND, "record": record}) == Record(
        names, date(1987, 3, 31), date(2020, 1, 2)
    )


def test_each_look_up_gets_its_own_answer_in_whatever_order_they_come() -> None:
    results = [
        {"id": "2", "nino": "EE000003", "outcome": "unavailable"},
        {"id": "1", "nino": OTHER_NINO, "outcome": "not-found"},
        FOUND,
    ]
    answers = read_answers(
        json.dumps({"results": results}).encode(), [NINO, OTHER_NINO, "EE000003", "EE000004"]
    )
    assert isinstance(answers[NINO], Record)
    assert answers[OTHER_NINO] == NOT_FOUND
    assert answers["EE000003"] == UNAVAILABLE
    assert answers["EE000004"] == WRONG


@pytest.mark.parametrize(
    "result",
    [
        {**FOUND, "nino": OTHER_NINO},
        {**FOUND, "nino": NINO + "C"},
        {"id": "0", "outcome": "not-found"},
        {"id": "0", "nino": OTHER_NINO, "outcome": "not-found"},
        {"id": 0, "nino": NINO, "outcome": "not-found"},
        {"id": "1", "nino": NINO, "outcome": "not-found"},
        {"id": "-1", "nino": NINO, "outcome": "not-found"},
        {"id": "٠", "nino": NINO, "outcome": "not-found"},
        {"id": "9" * 5000, "nino": NINO, "outcome": "not-found"},
        {"nino": NINO, "outcome": "not-found"},
        {**FOUND, "outcome": "NOT-FOUND"},
        {**FOUND, "outcome": "not-found"},
        {**FOUND, "outcome": ["found"]},
        {**FOUND, "outcome": None},
        {"id": "0", "nino": NINO, "outcome": "found"},
        {**FOUND, "record": []},
        with_record(names=[]),
        with_record(names={}),
        with_record(names=["SIAN"]),
        with_record(names=[{"first": "SIAN", "middle": ""}]),
        with_record(names=[{"first": "SIAN", "middle": 1, "last": "ONEILL"}]),
        with_record(names=[{"first": "", "middle": "", "last": ""}]),
        with_record(names=NAMES * 51),
        with_record(dateOfBirth=None),
        with_record(dateOfBirth="1987-02-31"),
        with_record(dateOfBirth="19870331"),
        with_record(dateOfBirth=19870331),
        with_record(dateOfDeath="soon"),
        with_record(dateOfDeath=""),
        with_record(dateOfDeath=False),
        {**FOUND, "record": {k: v for k, v in RECORD.items() if k != "dateOfDeath"}},
        None,
        "not-found",
    ],
)
def test_an_answer_that_cannot_be_believed_is_no_answer(result: object) -> None:
    assert answer_to(result) == WRONG


def test_two_answers_for_one_look_up_are_no_answer() -> None:
    results = [{"id": "0", "nino": NINO, "outcome": "not-found"}, FOUND]
    assert read_answers(json.dumps({"results": results}).encode(), [NINO]) == {NINO: WRONG}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><head><title>Service temporarily",
        b'{"results": [',
        b"[]",
        b"{}",
        b'{"results": {}}',
        b'{"results": null}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_answer_is_a_failure_of_the_whole_call(body: bytes) -> None:
    with pytest.raises(DwpFailure) as failure:
        read_answers(body, [NINO])
    assert failure.value.reason == "garbage"


# -- over HTTP ------------------------------------------------------------------------------------

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def answer_found(request: web.Request) -> web.StreamResponse:
    return web.json_response({"results": [FOUND]})


@dataclass
class Server:
    """A DWP that does what a test says, and remembers what it was asked."""

    respond: Respond = answer_found
    expires_in: float = 300.0
    token_status: int = 200
    tokens: list[str] = field(default_factory=list)
    forms: list[dict[str, object]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # tokens of look-ups
    bodies: list[object] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def give_token(self, request: web.Request) -> web.StreamResponse:
        self.forms.append(dict(await request.post()))
        await asyncio.sleep(0.02)
        self.tokens.append(f"token-{len(self.tokens)}")
        return web.json_response(
            {
                "access_token": self.tokens[-1],
                "token_type": "Bearer",
                "expires_in": self.expires_in,
            },
            status=self.token_status,
        )

    async def look_up(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.headers["Authorization"].removeprefix("Bearer "))
        self.bodies.append(await request.json())
        self.paths.append(str(request.rel_url))
        return await self.respond(request)


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def dwp(server: Server) -> AsyncIterator[HttpDwp]:
    app = web.Application()
    app.add_routes(
        [web.post("/oauth2/token", server.give_token), web.post("/v1/lookups", server.look_up)]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = HttpDwp(
        url=f"http://127.0.0.1:{runner.addresses[0][1]}/",
        client_id="hub",
        client_secret=SecretStr("secret"),
        calls_max=4,
        metrics=Metrics(),
    )
    async with client:
        yield client
    await runner.cleanup()


async def failure_of(dwp: HttpDwp, ninos: Sequence[str] = (NINO,)) -> str:
    with pytest.raises(DwpFailure) as failure:
        await dwp.look_up(ninos)
    assert NINO not in repr(failure.value)
    return failure.value.reason


def always(response: Callable[[], web.Response]) -> Respond:
    async def respond(request: web.Request) -> web.StreamResponse:
        return response()

    return respond


async def test_the_nino_goes_in_the_body_and_the_credentials_get_a_token(
    server: Server, dwp: HttpDwp
) -> None:
    answers = await dwp.look_up([NINO])
    assert isinstance(answers[NINO], Record)
    assert server.bodies == [{"lookups": [{"id": "0", "nino": NINO}]}]
    assert server.paths == ["/v1/lookups"]
    assert server.forms == [
        {"grant_type": "client_credentials", "client_id": "hub", "client_secret": "secret"}
    ]


async def test_many_calls_at_once_share_one_token(server: Server, dwp: HttpDwp) -> None:
    await asyncio.gather(*[dwp.look_up([NINO]) for _ in range(8)])
    assert len(server.tokens) == 1
    assert server.seen == ["token-0"] * 8


async def test_a_token_is_renewed_before_its_end(server: Server, dwp: HttpDwp) -> None:
    server.expires_in = 0.2
    await dwp.look_up([NINO])
    await asyncio.sleep(0.17)  # still valid, but not for long
    await dwp.look_up([NINO])
    assert server.seen == ["token-0", "token-1"]


async def test_a_refused_token_is_renewed_once(server: Server, dwp: HttpDwp) -> None:
    async def refuse_first(request: web.Request) -> web.StreamResponse:
        refused = server.seen[-1] == "token-0"
        return web.Response(status=401) if refused else await answer_found(request)

    server.respond = refuse_first
    answers = await dwp.look_up([NINO])
    assert isinstance(answers[NINO], Record)
    assert server.seen == ["token-0", "token-1"]


async def test_a_client_that_is_refused_for_good_gives_up(server: Server, dwp: HttpDwp) -> None:
    server.respond = always(lambda: web.Response(status=401))
    assert await failure_of(dwp) == "unauthorized"
    assert len(server.seen) == 2


async def test_without_a_token_nothing_is_looked_up(server: Server, dwp: HttpDwp) -> None:
    server.token_status = 401
    assert await failure_of(dwp) == "unauthorized"
    assert server.bodies == []


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (lambda: web.Response(status=500, text="no"), "server-error"),
        (lambda: web.Response(status=503), "server-error"),
        (lambda: web.Response(status=429), "throttled"),
        (lambda: web.Response(status=400), "refused"),
        (lambda: web.Response(status=404), "refused"),
        (lambda: web.Response(status=204), "refused"),
        (lambda: web.Response(status=302, headers={"Location": "/v1/lookups"}), "refused"),
        (lambda: web.Response(text="<html>", content_type="text/html"), "garbage"),
        (lambda: web.Response(text='{"results": []}', content_type="text/plain"), "garbage"),
        (lambda: web.Response(text="<html>", content_type="application/json"), "garbage"),
        (lambda: web.json_response({"results": "x" * BODY_BYTES_MAX}), "garbage"),
    ],
)
async def test_a_response_that_is_no_answer_fails_the_call(
    server: Server, dwp: HttpDwp, response: Callable[[], web.Response], reason: str
) -> None:
    server.respond = always(response)
    assert await failure_of(dwp) == reason


async def test_a_body_that_breaks_off_fails_the_call(server: Server, dwp: HttpDwp) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b'{"results": [')
        assert request.transport is not None
        request.transport.abort()
        return response

    server.respond = break_off
    assert await failure_of(dwp) == "unreachable"


async def test_nobody_there_fails_the_call() -> None:
    client = HttpDwp(
        url="http://127.0.0.1:1",
        client_id="hub",
        client_secret=SecretStr("secret"),
        calls_max=1,
        metrics=Metrics(),
    )
    async with client:
        assert await failure_of(client) == "unreachable"


async def test_a_call_that_was_given_up_does_not_spoil_the_next(
    server: Server, dwp: HttpDwp
) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    server.respond = hang
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await dwp.look_up([NINO])
    server.respond = answer_found
    assert isinstance((await dwp.look_up([NINO]))[NINO], Record)
