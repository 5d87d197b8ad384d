"""Whether an answer takes longer for an id that is another ERO's than for one that is nobody's."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from gateway_builders import LOTHIAN
from gateway_operations import UNKNOWN, Operation
from gateway_world import World, authorized

IDS = 20
DIFFERENCE_MAX = 0.05


class Medians(NamedTuple):
    """Seconds that an answer takes, in the middle."""

    others: float
    unknown: float

    @property
    def difference(self) -> float:
        return abs(self.others - self.unknown) / min(self.others, self.unknown)


async def compare(
    world: World,
    operation: Operation,
    calls: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Medians:
    """Send so many calls of each kind, in turn, each kind as often before the other as after."""
    others = [await operation.prepared(world) for _ in range(IDS)]
    unknown = [f"{number:04x}{UNKNOWN[4:]}" for number in range(IDS)]
    seconds: dict[str, list[float]] = {"others": [], "unknown": []}
    for number in range(calls):
        pair = [("others", others[number % IDS]), ("unknown", unknown[number % IDS])]
        for kind, name in pair if number % 2 else pair[::-1]:
            seconds[kind].append(await seconds_of(world, operation, name))
        progress(number + 1)
    return Medians(median(seconds["others"]), median(seconds["unknown"]))


async def seconds_of(world: World, operation: Operation, name: str) -> float:
    begin = time.perf_counter()
    response = await operation.send(world, name, authorized(LOTHIAN))
    await response.read()
    return time.perf_counter() - begin


def with_ids(operations: Sequence[Operation]) -> list[Operation]:
    return [operation for operation in operations if operation.kind is not None]
