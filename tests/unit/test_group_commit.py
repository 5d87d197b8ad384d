"""Group commit: one commit for all that wait, and an answer for each."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest
from electoral.group_commit import GroupCommit, TooManyWaiting, Unavailable


class Store:
    """Commits numbers, or fails as it was told; remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.errors: dict[int, Exception] = {}  # by the number that brings it
        self.open = asyncio.Event()
        self.open.set()

    async def commit(self, items: Sequence[int]) -> list[str]:
        self.batches.append(list(items))
        await self.open.wait()
        for item in items:
            if item in self.errors:
                raise self.errors[item]
        return [f"stored {item}" for item in items]


@pytest.fixture
def store() -> Store:
    return Store()


async def submit_all(committer: GroupCommit[int, str], count: int) -> list[str | BaseException]:
    return await asyncio.gather(
        *(committer.submit(number) for number in range(count)), return_exceptions=True
    )


async def test_all_that_wait_are_committed_together_and_answered_each(store: Store) -> None:
    async with GroupCommit(store.commit, writers=1) as committer:
        answers = await submit_all(committer, 100)
    assert answers == [f"stored {number}" for number in range(100)]
    assert len(store.batches) < 10


async def test_a_batch_is_no_larger_than_its_bound(store: Store) -> None:
    async with GroupCommit(store.commit, writers=1, batch_items_max=7) as committer:
        await submit_all(committer, 50)
    assert max(map(len, store.batches)) == 7
    assert sorted(item for batch in store.batches for item in batch) == [*range(50)]


async def test_one_bad_item_is_refused_alone(store: Store) -> None:
    store.errors[13] = asyncpg.DataError("wrong")
    async with GroupCommit(store.commit, writers=1) as committer:
        answers = await submit_all(committer, 40)
    assert isinstance(answers[13], asyncpg.DataError)
    assert [answer for n, answer in enumerate(answers) if n != 13] == [
        f"stored {n}" for n in range(40) if n != 13
    ]


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), asyncpg.AdminShutdownError("x"), KeyError()]
)
async def test_when_a_commit_fails_all_of_it_are_unavailable_and_the_next_is_tried(
    store: Store, error: Exception
) -> None:
    store.errors[0] = error
    async with GroupCommit(store.commit, writers=1) as committer:
        answers = await submit_all(committer, 5)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert await committer.submit(6) == "stored 6"


async def test_beyond_the_bound_it_is_refused_at_once(store: Store) -> None:
    store.open.clear()
    async with GroupCommit(
        store.commit, writers=1, batch_items_max=1, waiting_items_max=3
    ) as committer:
        sent = [asyncio.create_task(committer.submit(0))]
        await asyncio.sleep(0.01)  # the writer has taken it
        sent += [asyncio.create_task(committer.submit(number)) for number in range(1, 4)]
        await asyncio.sleep(0.01)
        assert committer.waiting == 3
        with pytest.raises(TooManyWaiting):
            await committer.submit(9)
        store.open.set()
        assert await asyncio.gather(*sent) == [f"stored {number}" for number in range(4)]


async def test_a_request_that_was_given_up_is_not_committed(store: Store) -> None:
    store.open.clear()
    async with GroupCommit(store.commit, writers=1, batch_items_max=1) as committer:
        sent = [asyncio.create_task(committer.submit(number)) for number in range(3)]
        await asyncio.sleep(0.01)
        sent[1].cancel()
        await asyncio.sleep(0)
        store.open.set()
        await asyncio.gather(sent[0], sent[2])
    assert store.batches == [[0], [2]]


async def test_at_the_end_what_waits_is_committed_and_nothing_more_is_taken(store: Store) -> None:
    store.open.clear()
    committer = GroupCommit(store.commit, writers=1, batch_items_max=2)
    async with committer:
        sent = [asyncio.create_task(committer.submit(number)) for number in range(9)]
        await asyncio.sleep(0.01)
        store.open.set()
    assert await asyncio.gather(*sent) == [f"stored {number}" for number in range(9)]
    with pytest.raises(TooManyWaiting):
        await committer.submit(10)


async def test_with_a_pace_what_comes_meanwhile_shares_the_next_commit(store: Store) -> None:
    async with GroupCommit(store.commit, writers=1, pace=0.5) as committer:
        await committer.submit(0)
        sent = []
        for number in range(1, 6):
            sent.append(asyncio.create_task(committer.submit(number)))
            await asyncio.sleep(0.002)
        await asyncio.gather(*sent)
    assert store.batches == [[0], [1, 2, 3, 4, 5]]
