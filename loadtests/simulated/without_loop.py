"""Coroutines without an event loop: where whatever they wait for comes back at once.

What people and councils do is written once, as coroutines over a connection. Under gevent the
connection itself waits, in the middle of a plain call, and no coroutine is ever suspended.
"""

from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class WaitedElsewhere(RuntimeError):
    """A coroutine waited for an event loop, and there is none."""


def finished(work: Awaitable[T]) -> T:
    """What a coroutine returns, or what it raises. Raises WaitedElsewhere if it is suspended."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as done:
        returned: T = done.value
        return returned
    steps.close()
    raise WaitedElsewhere("only its connection may wait")
