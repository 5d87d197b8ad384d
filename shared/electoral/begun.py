"""What is answered at once is not waited for: it needs no timer, and nobody is told of a wait."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that has run up to its first wait, or to its end; raises what it raises there.

    Who finds it not done awaits it, once.
    """

    __slots__ = ("_coroutine", "_first_wait", "is_done", "value")

    value: T  # once it is done

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self.is_done = False
        self._coroutine = coroutine
        self._first_wait = self._go_on(coroutine.send, None)

    def __await__(self) -> Generator[Any, Any, T]:
        wait = self._first_wait
        while not self.is_done:
            try:
                came = yield wait
            except BaseException as error:
                wait = self._go_on(self._coroutine.throw, error)
            else:
                wait = self._go_on(self._coroutine.send, came)
        return self.value

    def _go_on(self, how: Callable[[Any], object], what: object) -> object:
        try:
            return how(what)
        except StopIteration as end:
            self.is_done = True
            self.value = end.value
            return None
