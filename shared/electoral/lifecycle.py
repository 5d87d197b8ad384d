"""A service's life: start, serve until told to end, drain, close; all within 10 s of SIGTERM.

The end has one deadline for everything that closes. What is not done by then is given up: nothing
that was acknowledged is lost by it, and the next start goes on where this one was.
"""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
import uvloop

END_TIMEOUT = 8.0  # seconds from SIGTERM until what is still open is given up
LAST_CHANCE = 0.1  # seconds that each closing still gets after that
FORCE_TIMEOUT = 9.5  # seconds from SIGTERM until the process ends whatever hangs
EX_SOFTWARE = 70
COLLECTOR_THRESHOLDS = (50_000, 20, 20)

log = structlog.get_logger()

T = TypeVar("T")


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Wait for `work` no longer than this; raises TimeoutError.

    `asyncio.timeout` waits until the cancelled has ended, and what talks to a frozen Postgres takes
    half a minute to end: here it ends by itself, later.
    """
    running = asyncio.ensure_future(work)
    running.add_done_callback(_forget)
    try:
        await asyncio.wait({running}, timeout=max(0.0, seconds))
    finally:
        late = not running.done()
        running.cancel()
    if late:
        raise TimeoutError
    return running.result()


def _forget(running: asyncio.Future[T]) -> None:
    """Look at an error that nobody waits for any more, or asyncio complains."""
    if not running.cancelled():
        running.exception()


@dataclass(slots=True)
class Lifecycle:
    """Whether the process is to go on, what must not die quietly, and how long the end may take."""

    started: bool = False  # all that serves is open
    gave_up: bool = False  # something had not closed when its time was over
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    failure: BaseException | None = None
    end_timeout: float = END_TIMEOUT
    when_ending: Callable[[], None] = lambda: None  # called once, when the end begins
    _deadline: float | None = field(default=None, init=False)  # on the loop's clock

    def stop(self) -> None:
        """Begin to end: `/readyz` says no from now on."""
        self.remaining()
        if not self.stopping.is_set():
            self.stopping.set()
            self.when_ending()

    def fail(self, error: BaseException) -> None:
        """End because a task that must run has died."""
        self.failure = self.failure or error
        self.stop()

    def remaining(self) -> float:
        """Return the seconds that the end may still take; the first who asks begins it."""
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            self._deadline = now + self.end_timeout
        return max(0.0, self._deadline - now)

    @asynccontextmanager
    async def closing(self, name: str, context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        """Use a context whose closing is given up at the deadline of the end."""
        opened = await context.__aenter__()
        try:
            yield opened
        finally:
            await self.finish(name, context.__aexit__(None, None, None))

    @asynccontextmanager
    async def task(
        self, work: Coroutine[None, None, None], *, finish: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """Run `work` beside the rest. At the end call `finish` and wait, or cancel it."""
        running = asyncio.create_task(work, name=getattr(work, "__qualname__", None))
        running.add_done_callback(self._notice)
        try:
            yield
        finally:
            if finish is None:
                running.cancel()
            else:
                finish()
            await self.finish(running.get_name(), asyncio.wait({running}))
            running.cancel()

    async def finish(self, name: str, work: Awaitable[object], limit: float = END_TIMEOUT) -> None:
        """Wait for an act of the end, for `limit` seconds at most and never past the deadline."""
        try:
            await within(min(limit, max(LAST_CHANCE, self.remaining())), work)
        except TimeoutError:
            self.gave_up = True
            log.warning("not finished in time", reason=name)

    def _notice(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.fail(error)


Serve = Callable[[Lifecycle], AbstractAsyncContextManager[None]]


def run(serve: Serve) -> int:
    """Run a service until SIGTERM or SIGINT; returns the exit status."""
    return uvloop.run(_run(serve))


async def _run(serve: Serve) -> int:
    lifecycle = Lifecycle(when_ending=_limit_the_end)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lifecycle.stop)
    async with serve(lifecycle):
        _calm_collector()
        lifecycle.started = True
        log.info("ready")
        await lifecycle.stopping.wait()
        log.info("ending", reason="failure" if lifecycle.failure else "signal")
    if lifecycle.failure is not None:
        report_failure(lifecycle.failure)
    status = 0 if lifecycle.failure is None else EX_SOFTWARE
    if lifecycle.gave_up:  # asyncio would wait for it again, and without a limit
        sys.stderr.flush()
        os._exit(status)
    return status


def _limit_the_end() -> None:
    """End the process by force when its end takes too long: a thread, for the loop may hang too."""
    timer = threading.Timer(FORCE_TIMEOUT, _end_by_force)
    timer.daemon = True
    timer.start()


def _end_by_force() -> None:
    log.error("ended by force")
    os._exit(EX_SOFTWARE)


def _calm_collector() -> None:
    """Collect rarely: batches make many objects that die by their reference counts alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def report_failure(error: BaseException, what: str = "stopped") -> None:
    """Say what has ended and why: our own sentences in full, others by their class."""
    log.error(what, exc_info=error)
    ours = type(error).__module__.partition(".")[0] in {
        "electoral",
        "registration",
        "verification",
        "ems_gateway",
    }
    print(str(error) if ours else type(error).__name__, file=sys.stderr)
