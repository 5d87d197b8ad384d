"""What is answered at once is not waited for; what waits goes on from where it waits."""

import asyncio

import pytest
from electoral.begun import Begun


async def _say(word: str) -> str:
    return word


async def _refuse() -> str:
    raise LookupError


async def _say_after(*waits: asyncio.Future[str]) -> str:
    return " ".join([await wait for wait in waits])


async def test_what_does_not_wait_is_done() -> None:
    begun = Begun(_say("here"))
    assert begun.is_done
    assert begun.value == "here"


async def test_an_error_before_the_first_wait_is_raised_at_once() -> None:
    with pytest.raises(LookupError):
        Begun(_refuse())


async def test_what_waits_gives_its_value_to_who_awaits_it() -> None:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()
    begun = Begun(_say_after(first, second))
    assert not begun.is_done
    loop.call_soon(first.set_result, "after")
    loop.call_later(0.001, second.set_result, "all")
    assert await begun == "after all"


async def test_an_error_that_comes_while_waiting_is_raised() -> None:
    loop = asyncio.get_running_loop()
    wait: asyncio.Future[str] = loop.create_future()
    begun = Begun(_say_after(wait))
    loop.call_soon(wait.set_exception, LookupError())
    with pytest.raises(LookupError):
        await begun


async def test_who_waits_too_long_is_cancelled_within() -> None:
    cancelled = asyncio.Event()

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    begun = Begun(wait_for_ever())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await begun
    assert cancelled.is_set()


async def test_a_wait_that_is_cancelled_may_still_be_answered() -> None:
    async def wait_a_little() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return await _say_after(_answered("enough"))
        return "never"

    task = asyncio.create_task(_await(Begun(wait_a_little())))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "enough"


def _answered(word: str) -> asyncio.Future[str]:
    wait: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(wait.set_result, word)
    return wait


async def _await(begun: Begun[str]) -> str:
    return await begun
