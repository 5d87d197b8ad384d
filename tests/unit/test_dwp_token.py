"""DWP's token: one for all, renewed before its end, and nobody waits who has one that lasts."""

import asyncio

import pytest
from gateway_calls import Clock
from verification.dwp_token import Token
from verification.errors import DwpFailure


class Issuer:
    """Gives out tokens as a test says."""

    def __init__(self, seconds: float = 300.0) -> None:
        self.seconds = seconds
        self.fetched = 0
        self.failing = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def fetch(self) -> tuple[str, float]:
        self.fetched += 1
        number = self.fetched
        await self.may_answer.wait()
        if self.failing:
            raise DwpFailure("unreachable")
        return f"token-{number}", self.seconds


async def test_those_who_wait_for_a_token_share_it() -> None:
    issuer = Issuer()
    token = Token(issuer.fetch)
    assert await asyncio.gather(*[token.valid() for _ in range(5)]) == ["token-1"] * 5


async def test_who_gives_up_waiting_does_not_end_it_for_others() -> None:
    issuer = Issuer()
    issuer.may_answer.clear()
    token = Token(issuer.fetch)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await token.valid()
    issuer.may_answer.set()
    assert await token.valid() == "token-1"


async def test_a_token_that_lasts_is_used_while_the_next_is_fetched_and_may_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("verification.dwp_token.monotonic", clock)
    issuer = Issuer(seconds=2.0)
    token = Token(issuer.fetch)
    await token.valid()
    issuer.failing = True
    clock.now += 1.65
    assert [await token.valid() for _ in range(3)] == ["token-1"] * 3
    await asyncio.sleep(0.01)
    assert await token.valid() == "token-1"
    assert issuer.fetched == 2  # and not again at once
    clock.now += 0.3  # now it does not last any more
    with pytest.raises(DwpFailure):
        await token.valid()


async def test_a_token_that_was_refused_is_not_used_again() -> None:
    token = Token(Issuer().fetch)
    token.forget(await token.valid())
    assert await token.valid() == "token-2"
    token.forget("token-1")  # somebody else's, late
    assert await token.valid() == "token-2"


async def test_every_caller_learns_that_there_is_no_token() -> None:
    issuer = Issuer()
    issuer.failing = True
    token = Token(issuer.fetch)
    failures = await asyncio.gather(*[token.valid() for _ in range(3)], return_exceptions=True)
    assert [type(failure) for failure in failures] == [DwpFailure] * 3
    issuer.failing = False
    assert await token.valid() == "token-2"


async def test_what_is_being_fetched_ends_with_the_client() -> None:
    issuer = Issuer()
    issuer.may_answer.clear()
    token = Token(issuer.fetch)
    waiting = asyncio.create_task(token.valid())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.wait_for(token.close(), 1.0)
    with pytest.raises(asyncio.CancelledError):
        await waiting
