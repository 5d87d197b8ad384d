"""An ERO that asks for pages on many connections waits for itself, and lets the others go first."""

import asyncio
from collections.abc import Awaitable, Callable

from ems_gateway.pages import OTHERS_FIRST, Turn

PAGE_SECONDS = 0.02


async def seconds_of(work: Callable[[], Awaitable[object]]) -> float:
    begin = asyncio.get_running_loop().time()
    await work()
    return asyncio.get_running_loop().time() - begin


async def a_page(turn: Turn) -> None:
    async with turn.taken():
        await asyncio.sleep(PAGE_SECONDS)


async def test_pages_on_many_connections_leave_most_of_the_time_to_others() -> None:
    turn = Turn()
    taken = await seconds_of(lambda: asyncio.gather(*(a_page(turn) for _ in range(4))))
    assert taken >= (4 + 3 * OTHERS_FIRST) * PAGE_SECONDS


async def test_pages_one_after_another_never_wait() -> None:
    turn = Turn()
    for _ in range(2):
        await a_page(turn)
    begin = asyncio.get_running_loop().time()
    async with turn.taken():
        assert asyncio.get_running_loop().time() - begin < PAGE_SECONDS


async def test_a_page_that_fails_gives_the_turn_on() -> None:
    turn = Turn()
    try:
        async with turn.taken():
            raise ConnectionError
    except ConnectionError:
        pass
    await asyncio.wait_for(a_page(turn), 1.0)
