"""What locust's users stand on: coroutines that nobody suspends, counts that processes share."""

import asyncio
import os
import time
from collections import Counter

import pytest
from simulated.load.shared_counts import SharedCounts
from simulated.load.ways import WAYS, Way, Ways
from simulated.without_loop import WaitedElsewhere, finished

SHARES: dict[Way, float] = {"api": 6, "form": 3, "batch": 1}
TOTAL = 2_000


async def _twice(number: int) -> int:
    return 2 * number


async def _through_another(number: int) -> int:
    return await _twice(number) + await _twice(1)


def test_a_coroutine_that_never_waits_runs_to_its_end() -> None:
    assert finished(_through_another(20)) == 42


def test_what_a_coroutine_raises_is_raised() -> None:
    async def refusing() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        finished(refusing())


def test_a_coroutine_that_waits_for_a_loop_is_told_apart() -> None:
    with pytest.raises(WaitedElsewhere):
        finished(asyncio.sleep(0))


def test_the_ways_come_in_their_shares_and_the_same_for_the_same_seed() -> None:
    ways = Ways(1, SHARES)
    come = Counter(ways.of(n) for n in range(TOTAL))
    assert [round(come[way] / TOTAL, 1) for way in WAYS] == [0.6, 0.3, 0.1]
    again, other = Ways(1, SHARES), Ways(2, SHARES)
    assert all(again.of(n) == ways.of(n) for n in range(TOTAL))
    assert any(other.of(n) != ways.of(n) for n in range(TOTAL))


def test_a_way_without_a_share_is_never_taken() -> None:
    assert Ways(1, {"api": 0, "form": 1}).next_of("api", 0, TOTAL) == TOTAL


def test_nobody_at_all_is_no_crowd() -> None:
    with pytest.raises(ValueError, match="somebody"):
        Ways(1, {"api": 0.0})


def test_every_arrival_is_taken_once_whatever_process_takes_it() -> None:
    counts, ways = SharedCounts(), Ways(1, SHARES)
    counts.begin(time.time())
    read, write = os.pipe()
    children = [os.fork() for _ in range(2)]
    if 0 in children:
        _take_all(counts, ways, write)
    os.close(write)
    with os.fdopen(read, "rb") as taken:
        numbers = [int(line) for line in taken]
    for child in children:
        os.waitpid(child, 0)
    assert sorted(numbers) == list(range(TOTAL))


def _take_all(counts: SharedCounts, ways: Ways, pipe: int) -> None:
    """In a child, which ends here."""
    for way in WAYS:
        while taken := counts.take(ways, way, TOTAL, at_most=7):
            os.write(pipe, "".join(f"{n}\n" for n in taken).encode())
    os._exit(0)


def test_nobody_comes_to_a_queue_at_which_somebody_is() -> None:
    counts = SharedCounts()
    assert counts.occupy(3)
    assert not counts.occupy(3)
    assert counts.occupy(4)
    counts.leave(3)
    assert counts.occupy(3)


def test_a_run_begins_with_all_counts_at_none() -> None:
    counts = SharedCounts()
    counts.add("answered", 5)
    assert counts["answered"] == 5
    counts.occupy(1)
    counts.begin(time.time() + 60)
    assert counts["answered"] == 0
    assert counts.occupy(1)
    assert -60 <= counts.elapsed < -59
