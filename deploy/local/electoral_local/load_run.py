"""A run of arrivals through a stack: generators send, looks are taken, rest, the judge's word."""

import asyncio
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from electoral_local.blueprint import SERVICES
from electoral_local.errors import LocalError
from electoral_local.judge import judged, reconcile_command
from electoral_local.load_generators import Generators, Load
from electoral_local.load_looks import Look, Looker
from electoral_local.load_outside import Plan
from electoral_local.load_stored import readiness, stored_bytes
from electoral_local.stack import Stack

_KIB = 1024
_LEAD_SECONDS = 5.0
"""Generators are up by then, with the first bodies made."""
_LOOK_SECONDS, _LOOK_OF_A_LONG_RUN_SECONDS = 1.0, 5.0
_LONG_SECONDS = 120.0
"""A longer run is looked at less often while it is sent: each time the gateway writes some 950
figures, 40 ms when it is busy."""
_STALLED_SECONDS = 60.0
"""Without one more acknowledgement after all was sent, the run goes to the judge as it is."""
_REST_SECONDS = 900.0
"""The judge waits so long for rest: whether that is too long is a criterion of its own."""

Show = Callable[[Generators, Look], None]


class LoadRun:
    """One run on a running stack; what it leaves behind is below `directory`."""

    def __init__(self, stack: Stack, load: Load, plan: Plan, directory: Path) -> None:
        self._stack = stack
        self._load = load
        self._plan = plan
        self._directory = directory
        urls = [stack.blueprint.public_url(i) for i in stack.blueprint.instances("registration")]
        token = stack.credentials.partner_token()
        self.generators = Generators(load, urls, token, directory)
        self._looker = Looker(stack, self.generators)
        self._looks: list[Look] = []
        self._stored_before: Mapping[str, int] = {}
        self._start_epoch = 0.0
        self._settled_at = 0.0

    async def play(self, show: Show) -> None:
        """Send everything, and look on until the councils have answered for it."""
        self._stored_before = await asyncio.to_thread(stored_bytes, self._stack)
        self._start_epoch = start_epoch = time.time() + _LEAD_SECONDS
        sending = asyncio.create_task(self.generators.run(start_epoch))
        try:
            await asyncio.sleep(max(0.0, start_epoch - time.time()))
            await asyncio.to_thread(self._looker.begin)
            await self._look_on(start_epoch, sending, show)
            await sending
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def reconcile(self, quiet_seconds: float, journals: Path | None = None) -> None:
        """Wait for rest and let the judge compare the three records.

        `journals`: others than those that the councils wrote.
        """
        question = reconcile_command(
            self._stack,
            self.generators.books,
            journals=journals,
            quiet_seconds=quiet_seconds,
            more=("--json", "--limit", str(_REST_SECONDS)),
        )
        said, _ = await judged(question)
        if not said:
            raise LocalError("The judge could not compare the records.")
        (self._directory / "reconciled.json").write_bytes(said)

    async def measure(self) -> None:
        """Write down what it took, at rest."""
        measured = await asyncio.to_thread(self._measured)
        text = json.dumps(measured)
        (self._directory / "measured.json").write_text(text, encoding="utf-8")

    async def _look_on(self, start_epoch: float, sending: "asyncio.Task[None]", show: Show) -> None:
        """Look, until all that was accepted is done, or nothing moves any more."""
        moved_at, done = 0.0, -1
        seldom = self._plan.seconds > _LONG_SECONDS
        while True:
            second = time.time() - start_epoch
            soon_sent = second + _LOOK_OF_A_LONG_RUN_SECONDS >= self._plan.seconds
            every = _LOOK_OF_A_LONG_RUN_SECONDS if seldom and not soon_sent else _LOOK_SECONDS
            await asyncio.sleep(every - second % every)
            second = time.time() - start_epoch
            look = await asyncio.to_thread(self._looker.look, second)
            self._looks.append(look)
            show(self.generators, look)
            if look.done > done:
                moved_at, done = second, look.done
                self._settled_at = second
            if not sending.done():
                moved_at = second
                continue
            finished = done >= self.generators.counts["accepted"]
            if finished or sending.exception() or second - moved_at > _STALLED_SECONDS:
                return

    def _measured(self) -> Mapping[str, Any]:
        last, before = self._looks[-1], self._stored_before
        stored = {name: size - before[name] for name, size in stored_bytes(self._stack).items()}
        lasting = [p for p in self._stack.processes.values() if not p.spec.once]
        memory = {process.name: process.usage.memory_bytes_max for process in lasting}
        memory |= self.generators.memory_bytes_max
        memory["board"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB
        return {
            "run": self._asked(),
            "delivery": {
                **readiness(self._stack),
                "acknowledged": last.delivered,
                "settled_seconds": max(0.0, self._settled_at - self._plan.seconds),
                "rate": last.delivered / max(self._settled_at, 1.0),
            },
            "costs": {
                "cpu_seconds": last.cpu_seconds,
                "memory_bytes_max": memory,
                "restarts": {process.name: process.restarts for process in lasting},
                "stored_bytes": stored,
            },
            "samples": [
                {**asdict(look), "lag": look.lag, "queued": look.queued} for look in self._looks
            ],
        }

    def _asked(self) -> Mapping[str, Any]:
        load, instances = self._load, self._stack.options.instances
        begun = datetime.fromtimestamp(self._start_epoch, UTC)
        return {
            "shape": load.shape,
            "total": load.total,
            "compress": load.compress,
            "seed": load.seed,
            "seconds": self._plan.seconds,
            "peak_rate": self._plan.peak_rate,
            "started_at": begun.isoformat(timespec="seconds"),
            "processes": {
                "generator": load.generators,
                **{service: instances.get(service, 1) for service in SERVICES},
            },
            "changed": [*(m.removeprefix("--") for m in load.manners), *load.settings],
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, all of it on them",
        }
