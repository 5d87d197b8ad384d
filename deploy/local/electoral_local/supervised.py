"""One process under supervision: started, watched until ready, started again when it dies."""

import asyncio
import contextlib
import math
import os
import signal
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from electoral_local.alone import last_lines
from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.processes import ProcessSpec
from electoral_local.usage import Meter, Usage, descendants_of

_POLL_SECONDS = 0.05
_BACKOFF_SECONDS_FIRST = 0.2
_BACKOFF_SECONDS_MAX = 5.0
_HEALTHY_SECONDS = 30.0
"""After as much health a death is a new story: the delay begins small again."""
_EARLY_DEATHS_MAX = 5
_STOP_SECONDS = 10.0
_WEIGHING_TRIES, _WEIGHING_PAUSE_SECONDS = 20, 0.1
_EX_CONFIG = 78


class State(StrEnum):
    WAITING = "waiting"
    PREPARING = "preparing"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class SupervisedProcess:
    """`ready` is set while it is ready, as far as known: a paused process still counts as ready."""

    def __init__(
        self,
        spec: ProcessSpec,
        log: Path,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.spec = spec
        self.log = log
        self.state = State.WAITING
        self.restarts = 0
        self.ready = asyncio.Event()
        self.meter = Meter()
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None
        self._wanted = False

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pid(self) -> int | None:
        """None while it is not running: between a death and the next start too."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def usage(self) -> Usage:
        """Over all its lives, as of the last sample."""
        return self.meter.usage

    def sample(self) -> None:
        """Take the meter's reading now; the supervisor does for all, every second."""
        if (pid := self.pid) is not None:
            self.meter.sample(pid, descendants_of([pid])[pid])

    async def start(self) -> None:
        """Return when it is ready (a step: when it has ended well); raise LocalError if it fails.

        From then on it is kept alive until `stop`.
        """
        self._wanted = True
        if self.spec.once:
            await self._run_step()
            return
        first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live(first_ready), name=f"supervise {self.name}")
        try:
            async with asyncio.timeout(self.spec.ready_within_seconds):
                await first_ready
        except TimeoutError:
            await self.stop()
            raise LocalError(
                f"{self.name} was not ready within {self.spec.ready_within_seconds:.0f} s:"
                f" {last_lines(self.log)}"
            ) from None

    async def wait_ready(self, within_seconds: float = 60.0) -> None:
        """Raise LocalError if it is not ready in time."""
        try:
            async with asyncio.timeout(within_seconds):
                await self.ready.wait()
        except TimeoutError:
            raise LocalError(
                f"{self.name} did not become ready again: {last_lines(self.log)}"
            ) from None

    def kill(self) -> int:
        """`kill -9`, as a crash would; it is then started again. The pid that died."""
        pid = self._running_pid()
        self.sample()
        self.ready.clear()
        os.kill(pid, signal.SIGKILL)
        return pid

    def pause(self) -> None:
        os.kill(self._running_pid(), signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._running_pid(), signal.SIGCONT)

    async def stop(self) -> None:
        """End it in order, by force after 10 s, and do not start it again."""
        self._wanted = False
        self.ready.clear()
        process = self._process
        if process is not None and process.returncode is None:
            self.sample()
            self._enter(State.STOPPING)
            await self._end(process)
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
            self._life = None
        if self.state not in (State.FAILED, State.DONE):
            self._enter(State.STOPPED)

    def _running_pid(self) -> int:
        if self.pid is None:
            raise LocalError(f"{self.name} is not running now.")
        return self.pid

    def _enter(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._on_change()

    async def _run_step(self) -> None:
        self._enter(State.PREPARING)
        await asyncio.to_thread(self.spec.prepare)
        if self.spec.command:
            self._enter(State.STARTING)
            process = await self._spawn()
            await self._check_step(process)
        await asyncio.to_thread(self.spec.finish)
        self.ready.set()
        self._enter(State.DONE)

    async def _check_step(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(self.spec.ready_within_seconds):
                code = await process.wait()
        except TimeoutError:
            await self._end(process)
            code = None
        except asyncio.CancelledError:
            await self._end(process)
            raise
        if code != 0:
            self._enter(State.FAILED)
            raise self._failure(code)

    def _failure(self, code: int | None) -> LocalError:
        how = f"ended with code {code}" if code is not None else "took too long"
        kind = ConfigurationError if code == _EX_CONFIG else LocalError
        return kind(f"{self.name} {how}: {last_lines(self.log)}")

    async def _live(self, first_ready: asyncio.Future[None]) -> None:
        """Start it, again and again, until it is not wanted any more or never came up at all."""
        backoff_seconds, early_deaths = _BACKOFF_SECONDS_FIRST, 0
        while True:
            try:
                code, healthy_seconds = await self._live_once(first_ready)
                if not self._wanted:
                    return
                if not first_ready.done():
                    early_deaths += 1
                    self._give_up_if_hopeless(code, early_deaths)
            except (LocalError, OSError) as error:
                healthy_seconds = 0.0
                if not first_ready.done():
                    self._enter(State.FAILED)
                    first_ready.set_exception(_as_local(error, self.name))
                    return
            if healthy_seconds >= _HEALTHY_SECONDS:
                backoff_seconds = _BACKOFF_SECONDS_FIRST
            self.restarts += 1
            self._enter(State.RESTARTING)
            await asyncio.sleep(backoff_seconds)
            backoff_seconds = min(2 * backoff_seconds, _BACKOFF_SECONDS_MAX)

    def _give_up_if_hopeless(self, code: int, early_deaths: int) -> None:
        if code == _EX_CONFIG or early_deaths >= _EARLY_DEATHS_MAX:
            raise self._failure(code)

    async def _live_once(self, first_ready: asyncio.Future[None]) -> tuple[int, float]:
        """Its exit code, and for how many seconds it was ready."""
        self._enter(State.PREPARING)
        await asyncio.to_thread(self.spec.prepare)
        self._enter(State.STARTING)
        process = await self._spawn()
        exited = asyncio.create_task(process.wait())
        ready_at = math.inf
        try:
            if await self._became_ready(exited):
                ready_at = time.monotonic()
                self._announce_ready(first_ready)
                if self.spec.niceness:
                    await self._step_back(process.pid)
            code = await exited
        except LocalError:
            await self._end(process)
            raise
        finally:
            exited.cancel()
            self.ready.clear()
            self.meter.next_life()
        return code, max(0.0, time.monotonic() - ready_at)

    async def _became_ready(self, exited: asyncio.Task[int]) -> bool:
        while not exited.done():
            if await asyncio.to_thread(self.spec.ready):
                await asyncio.to_thread(self.spec.finish)
                return not exited.done()
            await asyncio.sleep(_POLL_SECONDS)
        return False

    def _announce_ready(self, first_ready: asyncio.Future[None]) -> None:
        self._enter(State.READY)
        self.ready.set()
        if not first_ready.done():
            first_ready.set_result(None)

    async def _step_back(self, pid: int) -> None:
        """Only now: who starts, again after a death too, goes like all others."""
        for _ in range(_WEIGHING_TRIES):
            try:
                _weigh(pid, self.spec.niceness)
            except BlockingIOError:  # who is not root may change one in a tenth of a second
                await asyncio.sleep(_WEIGHING_PAUSE_SECONDS)
            except OSError:
                return  # it has died, or this system weighs no sessions
            else:
                return

    async def _spawn(self) -> asyncio.subprocess.Process:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self.spec.argv,
                env=self.spec.full_environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                # Its own group: a Ctrl-C in the terminal is ours to pass on, in order.
                start_new_session=True,
            )
        self._on_change()
        return self._process

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        _signal(process.pid, self.spec.stop_signal)
        _signal(process.pid, signal.SIGCONT)  # a paused one could not hear
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _weigh(pid: int, niceness: int) -> None:
    """Among the other sessions as well, where Linux weighs each as a whole (sched(7))."""
    os.setpriority(os.PRIO_PROCESS, pid, os.nice(0) + niceness)
    Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _as_local(error: LocalError | OSError, name: str) -> LocalError:
    if isinstance(error, LocalError):
        return error
    return LocalError(f"{name} could not be started: {error.strerror}.")
