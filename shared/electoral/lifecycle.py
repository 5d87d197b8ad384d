"""A service's life: start, serve until told to end, drain, close; all within 10 s of SIGTERM."""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog
import uvloop

DRAIN_TIMEOUT = 8.0  # seconds from SIGTERM until what is still running is cancelled
EX_SOFTWARE = 70
COLLECTOR_THRESHOLDS = (50_000, 20, 20)

log = structlog.get_logger()


@dataclass(slots=True)
class Lifecycle:
    """Whether the process is to go on, and what must not die quietly."""

    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    failure: BaseException | None = None

    def stop(self) -> None:
        """Begin to end: `/readyz` says no from now on."""
        self.stopping.set()

    def fail(self, error: BaseException) -> None:
        """End because a task that must run has died."""
        self.failure = self.failure or error
        self.stopping.set()

    @asynccontextmanager
    async def task(
        self, work: Coroutine[None, None, None], *, finish: Callable[[], None] | None = None
    ) -> AsyncIterator[None]:
        """Run `work` beside the rest. At the end call `finish` and wait, or cancel it."""
        running = asyncio.create_task(work)
        running.add_done_callback(self._notice)
        try:
            yield
        finally:
            if finish is None:
                running.cancel()
            else:
                finish()
            with suppress(asyncio.CancelledError, TimeoutError, Exception):
                async with asyncio.timeout(DRAIN_TIMEOUT):
                    await running

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
    lifecycle = Lifecycle()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lifecycle.stop)
    async with serve(lifecycle):
        _calm_collector()
        log.info("ready")
        await lifecycle.stopping.wait()
        log.info("ending", reason="failure" if lifecycle.failure else "signal")
    if lifecycle.failure is None:
        return 0
    report_failure(lifecycle.failure)
    return EX_SOFTWARE


def _calm_collector() -> None:
    """Collect rarely: batches make many objects that die by their reference counts alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def report_failure(error: BaseException) -> None:
    """Say why the process ends: our own sentences in full, others by their class."""
    log.error("stopped", exc_info=error)
    ours = type(error).__module__.partition(".")[0] in {
        "electoral",
        "registration",
        "verification",
        "ems_gateway",
    }
    print(str(error) if ours else type(error).__name__, file=sys.stderr)
