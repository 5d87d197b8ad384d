"""DWP's client over HTTP: what is no answer fails the call, whatever it looks like."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from electoral.metrics import Metrics
from gateway_calls import Clock
from pydantic import SecretStr
from structlog.testing import capture_logs
from verification.dwp import Turn
from verification.dwp_http import BODY_BYTES_MAX, HttpDwp, surprises_as_garbage
from verification.errors import DwpFailure, NoTurn
from verification.matching import Record

NINO = "AB123456"
FOUND = {
    "id": "0",
    "nino": NINO,
    "outcome": "found",
    "record": {
        "names": [{"first": "SIAN", "middle": "", "last": "ONEILL"}],
        "dateOfBirth": "1987-03-31",
        "dateOfDeath": None,
    },
}

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


async def at_once() -> None:
    """Stands for a rate that always has a turn."""


async def failure_of(dwp: HttpDwp, ninos: Sequence[str] = (NINO,)) -> str:
    with pytest.raises(DwpFailure) as failure:
        await dwp.look_up(ninos, at_once)
    assert NINO not in repr(failure.value)
    return failure.value.reason


def always(response: Callable[[], web.Response]) -> Respond:
    async def respond(request: web.Request) -> web.StreamResponse:
        return response()

    return respond


async def test_the_nino_goes_in_the_body_and_the_credentials_get_a_token(
    server: Server, dwp: HttpDwp
) -> None:
    answers = await dwp.look_up([NINO], at_once)
    assert isinstance(answers[NINO], Record)
    assert server.bodies == [{"lookups": [{"id": "0", "nino": NINO}]}]
    assert server.paths == ["/v1/lookups"]
    assert server.forms == [
        {"grant_type": "client_credentials", "client_id": "hub", "client_secret": "secret"}
    ]


async def test_many_calls_at_once_share_one_token(server: Server, dwp: HttpDwp) -> None:
    await asyncio.gather(*[dwp.look_up([NINO], at_once) for _ in range(8)])
    assert len(server.tokens) == 1
    assert server.seen == ["token-0"] * 8


async def test_a_token_is_renewed_before_its_end(
    server: Server, dwp: HttpDwp, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("verification.dwp_token.monotonic", clock)
    server.expires_in = 2.0
    await dwp.look_up([NINO], at_once)
    clock.now += 1.7  # still valid, but not for long
    await dwp.look_up([NINO], at_once)
    async with asyncio.timeout(10):
        while await dwp._token.valid() == "token-0":
            await asyncio.sleep(0.01)
    await dwp.look_up([NINO], at_once)
    assert server.seen == ["token-0", "token-0", "token-1"]  # nobody waited for the new one


async def test_a_refused_token_is_renewed_once(server: Server, dwp: HttpDwp) -> None:
    async def refuse_first(request: web.Request) -> web.StreamResponse:
        refused = server.seen[-1] == "token-0"
        return web.Response(status=401) if refused else await answer_found(request)

    server.respond = refuse_first
    answers = await dwp.look_up([NINO], at_once)
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


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7.0),
        (429, None, 1.0),
        (429, "soon", 1.0),
        (429, "0", 1.0),
        (429, "Sun, 22 Nov 2020 12:00:30 GMT", 1.0),
        (429, f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", 1.0),
        (503, "7", 7.0),
        (503, "0", 0.0),
        (503, None, None),
        (500, "7", None),
    ],
)
async def test_dwp_may_say_for_how_long_it_wants_to_be_left_alone(
    server: Server, dwp: HttpDwp, status: int, header: str | None, seconds: float | None
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    server.respond = always(lambda: web.Response(status=status, headers=headers))
    with pytest.raises(DwpFailure) as failure:
        await dwp.look_up([NINO], at_once)
    assert failure.value.retry_after == seconds


@pytest.mark.parametrize("error", [ValueError, OverflowError, KeyError, TypeError, RecursionError])
def test_whatever_else_goes_wrong_with_an_answer_is_a_failure_of_dwp(
    error: type[Exception],
) -> None:
    with capture_logs() as lines, pytest.raises(DwpFailure) as failure, surprises_as_garbage():
        raise error(NINO)
    assert failure.value.reason == "garbage"
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__
    assert lines[0]["error_class"] == error.__name__
    assert NINO not in repr(lines)


async def test_a_token_of_a_freak_life_fails_the_call(server: Server, dwp: HttpDwp) -> None:
    server.expires_in = 10**400  # of 401 digits
    assert await failure_of(dwp) == "garbage"


async def test_each_time_look_ups_are_sent_they_wait_for_a_turn(
    server: Server, dwp: HttpDwp
) -> None:
    turns: list[int] = []

    async def turn() -> None:
        assert server.tokens  # whoever has a turn sends at once, and has a token
        turns.append(len(server.bodies))

    server.respond = always(lambda: web.Response(status=401))
    with pytest.raises(DwpFailure):
        await dwp.look_up([NINO], turn)
    assert turns == [0, 1]


def turns(count: int) -> Turn:
    """Stand for a rate that has so many turns."""
    left = iter(range(count))

    async def turn() -> None:
        if next(left, None) is None:
            raise NoTurn

    return turn


async def test_a_refusal_counts_even_if_there_is_no_turn_to_ask_once_more(
    server: Server, dwp: HttpDwp
) -> None:
    server.respond = always(lambda: web.Response(status=401))
    for asked in (1, 2):
        with pytest.raises(DwpFailure) as failure:
            await dwp.look_up([NINO], turns(1))
        assert failure.value.reason == "unauthorized"
        assert len(server.seen) == asked


async def test_a_token_that_was_revoked_is_one_failure_at_most_whoever_had_it(
    server: Server, dwp: HttpDwp
) -> None:
    await dwp.look_up([NINO], at_once)
    server.respond = always(lambda: web.Response(status=401))
    calls = [dwp.look_up([NINO], turns(1)) for _ in range(4)]
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["DwpFailure"] + ["NoTurn"] * 3


async def test_without_a_turn_nothing_is_sent(server: Server, dwp: HttpDwp) -> None:
    async def turn() -> None:
        raise NoTurn

    with pytest.raises(NoTurn):
        await dwp.look_up([NINO], turn)
    assert server.bodies == []


async def test_a_body_that_trickles_in_ends_with_the_callers_patience(
    server: Server, dwp: HttpDwp
) -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for letter in json.dumps({"results": [FOUND]}):
            await response.write(letter.encode())
            await asyncio.sleep(0.02)
        return response

    server.respond = trickle
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await dwp.look_up([NINO], at_once)


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
            await dwp.look_up([NINO], at_once)
    server.respond = answer_found
    assert isinstance((await dwp.look_up([NINO], at_once))[NINO], Record)
