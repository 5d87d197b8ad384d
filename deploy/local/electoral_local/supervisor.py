"""Starts processes in the order of their needs, keeps them alive, ends them in reverse order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from electoral_local.errors import ConfigurationError
from electoral_local.ports import refuse_taken
from electoral_local.processes import ProcessSpec
from electoral_local.supervised import SupervisedProcess
from electoral_local.usage import descendants_of

_SAMPLE_SECONDS = 1.0


class Supervisor:
    """Of `specs`, whose `needs` name each other; logs go to `logs`/NAME.log.

    `on_change` is called, in the event loop, whenever a process changes its state.
    """

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        logs: Path,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        _check_needs(specs)
        self.processes = {
            spec.name: SupervisedProcess(spec, logs / f"{spec.name}.log", on_change)
            for spec in specs
        }
        self._sampler: asyncio.Task[None] | None = None

    def process(self, name: str) -> SupervisedProcess:
        try:
            return self.processes[name]
        except KeyError:
            names = ", ".join(self.processes)
            raise ConfigurationError(f"There is no process {name}: choose from {names}.") from None

    async def start(self) -> None:
        """All ready on return; on LocalError, and when cancelled, nothing is left running."""
        refuse_taken(port for process in self.processes.values() for port in process.spec.ports)
        self._sampler = asyncio.create_task(self._sample())
        try:
            await self._in_order(self.processes.values(), _needs, lambda process: process.start())
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Each after those that need it, at most 10 s for each."""
        if self._sampler is not None:
            self._sampler.cancel()
        await self._in_order(self.processes.values(), self._users, lambda process: process.stop())

    async def repeat(self, step: str) -> None:
        """Run a step once more while all is up."""
        process = self.process(step)
        process.ready.clear()
        await process.start()

    async def _in_order(
        self,
        processes: Iterable[SupervisedProcess],
        before: Callable[[SupervisedProcess], Iterable[str]],
        act: Callable[[SupervisedProcess], Awaitable[None]],
    ) -> None:
        """Act on each as soon as all that come `before` it are done; stop at the first failure."""
        chosen = {process.name: process for process in processes}
        done = {name: asyncio.Event() for name in chosen}

        async def in_turn(process: SupervisedProcess) -> None:
            for name in before(process):
                if name in done:
                    await done[name].wait()
            await act(process)
            done[process.name].set()

        tasks = [asyncio.create_task(in_turn(process)) for process in chosen.values()]
        try:
            await asyncio.gather(*tasks)
        finally:
            await _cancel(tasks)

    def _users(self, process: SupervisedProcess) -> Iterable[str]:
        others = self.processes.values()
        return {other.name for other in others if process.name in other.spec.needs}

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(_SAMPLE_SECONDS)
            self.sample()

    def sample(self) -> None:
        """Read every meter now."""
        running = {p.pid: p for p in self.processes.values() if p.pid is not None}
        for pid, descendants in descendants_of(list(running)).items():
            running[pid].meter.sample(pid, descendants)


def _needs(process: SupervisedProcess) -> Iterable[str]:
    return process.spec.needs


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _check_needs(specs: Sequence[ProcessSpec]) -> None:
    names = {spec.name for spec in specs}
    for spec in specs:
        if unknown := set(spec.needs) - names:
            raise ConfigurationError(f"{spec.name} needs {unknown.pop()}, which is not there.")
    try:
        TopologicalSorter({spec.name: spec.needs for spec in specs}).prepare()
    except CycleError as error:
        raise ConfigurationError(
            f"Processes need each other in a circle: {error.args[1]}"
        ) from None
