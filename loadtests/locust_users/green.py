"""What is used of gevent, which ships no types: the only module that imports it."""

from collections.abc import Callable
from typing import Generic, TypeVar

import gevent
from gevent.queue import Empty, SimpleQueue

T = TypeVar("T")


def sleep(seconds: float) -> None:
    """Others work meanwhile."""
    gevent.sleep(seconds)


def start(work: Callable[..., None], *arguments: object) -> Callable[[], None]:
    """Does something beside whatever else there is; returns how to wait for its end."""
    greenlet = gevent.spawn(work, *arguments)

    def wait() -> None:
        greenlet.join()

    return wait


def in_thread(work: Callable[..., None], *arguments: object) -> None:
    """Returns when it is done: the disk makes nobody else wait."""
    gevent.get_hub().threadpool.apply(work, arguments)


class Box(Generic[T]):
    """What comes in, in order."""

    def __init__(self) -> None:
        self._queue = SimpleQueue()

    def put(self, one: T) -> None:
        self._queue.put(one)

    def take(self, within: float | None) -> T | None:
        """The next one; None if there is none within so many seconds."""
        try:
            taken: T = self._queue.get(timeout=within)
        except Empty:
            return None
        return taken
