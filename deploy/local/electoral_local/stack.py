"""The whole system up on one machine, for as long as a `with` block, or until it is told to end."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from electoral_local.blueprint import SERVICES, Blueprint, StackOptions
from electoral_local.credentials import Credentials
from electoral_local.kafka import EmbeddedKafka
from electoral_local.postgres import EmbeddedPostgres
from electoral_local.stack_ports import any_ports, usual_ports
from electoral_local.state_lock import state_lock
from electoral_local.status import ProcessStatus, StackStatus, forget_status, write_status
from electoral_local.supervised import State, SupervisedProcess
from electoral_local.supervisor import Supervisor

_KEYS_EVERY_SECONDS = 24 * 3600


class Stack:
    """`async with Stack(options) as stack:` all is ready inside, and nothing is left running after.

    SIGTERM inside the block cancels it, as Ctrl-C does. `on_change` is called whenever a process
    changes its state, first with all of them waiting.
    """

    def __init__(
        self,
        options: StackOptions,
        on_change: Callable[["Stack"], None] = lambda stack: None,
    ) -> None:
        self.options = options
        ports = any_ports if options.free_ports else usual_ports
        self.ports = ports(options.instances, options.brokers)
        self.postgres = EmbeddedPostgres(options.state / "postgres", port=self.ports["postgres"])
        self.kafka = EmbeddedKafka(options.state / "kafka", ports=self.ports.kafka)
        self.credentials = Credentials(options.state / "secrets")
        self.blueprint = Blueprint(options, self.ports, self.postgres, self.kafka, self.credentials)
        self._on_change = on_change
        self._supervisor: Supervisor | None = None
        self._cleanup = AsyncExitStack()

    @property
    def logs(self) -> Path:
        return self.options.state / "logs"

    @property
    def processes(self) -> dict[str, SupervisedProcess]:
        """By name, in no order; empty before the block is entered."""
        return self._supervisor.processes if self._supervisor is not None else {}

    @property
    def addresses(self) -> dict[str, str]:
        """For people and for the status file: no passwords, no tokens."""
        addresses = {
            "registration": self.blueprint.registration_url,
            "ems-gateway": self.blueprint.gateway_url,
            "Postgres": f"127.0.0.1:{self.ports['postgres']}",
            "Kafka": self.kafka.bootstrap_servers,
        }
        for service in SERVICES:
            addresses[f"{service} (admin)"] = self.blueprint.admin_url(service)
        if self.options.simulators:
            addresses["DWP (simulated)"] = self.blueprint.dwp_url
        return addresses

    @property
    def status(self) -> StackStatus:
        processes = self.processes.values()
        return StackStatus(
            ready=all(p.state in (State.READY, State.DONE) for p in processes),
            addresses=self.addresses,
            processes=tuple(ProcessStatus(p.name, p.state, p.pid, p.restarts) for p in processes),
        )

    def process(self, name: str) -> SupervisedProcess:
        """Raises ConfigurationError for an unknown name."""
        return self._running.process(name)

    def sample(self) -> None:
        """Bring every process's `usage` up to date."""
        self._running.sample()

    async def forever(self) -> None:
        """Until cancelled; makes the keys of the days ahead once a day."""
        while True:
            await asyncio.sleep(_KEYS_EVERY_SECONDS)
            await self._running.repeat("keys")

    async def start(self) -> None:
        """What entering the block does; `stop` must follow."""
        async with AsyncExitStack() as cleanup:
            cleanup.enter_context(state_lock(self.options.state))
            cleanup.enter_context(_sigterm_cancels())
            cleanup.callback(forget_status, self.options.state)
            await asyncio.to_thread(self.kafka.prepare)
            await asyncio.to_thread(self.postgres.make_passwords)
            self._supervisor = Supervisor(self.blueprint.specs(), self.logs, self._changed)
            self._changed()
            await self._supervisor.start()
            cleanup.push_async_callback(self._supervisor.stop)
            self._cleanup = cleanup.pop_all()

    async def stop(self) -> None:
        await self._cleanup.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def _running(self) -> Supervisor:
        if self._supervisor is None:
            raise RuntimeError("the stack has not been entered")
        return self._supervisor

    def _changed(self) -> None:
        write_status(self.options.state, self.status)
        self._on_change(self)


@contextmanager
def _sigterm_cancels() -> Iterator[None]:
    """As Ctrl-C does in `asyncio.run`: so that the block is left in order."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None:
        raise RuntimeError("the stack can only be entered within a task")
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
