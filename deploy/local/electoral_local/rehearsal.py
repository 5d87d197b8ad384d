"""One run through the whole system: citizens send, councils acknowledge, a judge compares.

The citizens and the judge are processes of their own, as the world outside is.
"""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from electoral_local.judge import reconcile_command
from electoral_local.readiness import DIRECTLY
from electoral_local.stack import Stack

_LOOK_INTERVAL_SECONDS = 0.2
_STALLED_SECONDS = 90.0
"""Without one more acknowledgement the run goes to the judge as it is."""
_FEW_APPLICATIONS = 2_000
_AWAY_POLLS = 6
"""A system that is off for days in the world is off for so many polls here."""
_CONNECTIONS_OF_MANY_MANNERS = 96
"""Who puts one by one keeps a connection busy for long; well-behaved ones need few."""
_LINE_BYTES_MAX = 1 << 20
_FIGURES = ("sent", "accepted", "refused", "unanswered", "retries")


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is sent in a run."""

    applications: int = 1_000
    first: int = 0
    """Number of the first person."""
    from_file: Path | None = None
    connections: int = 256
    rate: float | None = None
    """Applications a second; as fast as it goes where not given."""
    seed: int = 1
    behaviours: str = ""
    """How councils' systems work, as `simulated councils` reads it; all well-behaved if empty."""
    determining: float = 0.0
    """Share of EROs that also decide on what they took."""

    @property
    def total(self) -> int:
        if self.from_file is None:
            return self.applications
        with self.from_file.open("rb") as file:
            return sum(1 for line in file if line.strip())

    @property
    def councils_poll_seconds(self) -> float:
        """How often each council asks: real ones every 5 minutes, here somebody is watching."""
        return 1.0 if self.total <= _FEW_APPLICATIONS else 4.0

    @property
    def council_pause_seconds(self) -> float:
        """For so long a council may have nothing to say though it is well."""
        polls = 1.5 + _AWAY_POLLS if self.behaviours else 1.5
        return polls * self.councils_poll_seconds

    @property
    def councils_arguments(self) -> tuple[str, ...]:
        """What the councils of this run are told."""
        arguments = [f"--interval={self.councils_poll_seconds}"]
        if self.behaviours:
            arguments += [
                f"--behaviours={self.behaviours}",
                f"--away={_AWAY_POLLS * self.councils_poll_seconds}",
                f"--connections={_CONNECTIONS_OF_MANY_MANNERS}",
                f"--seed={self.seed}",
            ]
        if self.determining:
            arguments.append(f"--determining={self.determining}")
        return tuple(arguments)


@dataclass(frozen=True)
class Refusal:
    """An application that registration did not accept."""

    number: int
    """Of the person, or of the line in the file."""
    reason: str


@dataclass
class Progress:
    """How far a run is; times are of the monotonic clock, in seconds."""

    total: int
    sent: int = 0
    """First tries that have begun."""
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    retries: int = 0
    acknowledged: int = 0
    sent_all: bool = False
    began: float = 0.0
    last_acknowledged: float = 0.0
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    """By process, during the run alone: neither starting nor waiting for rest counts."""
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of all applications, how many have been accepted: 0 to 1."""
        return self.accepted / max(1, self.total)

    @property
    def under_way(self) -> int:
        """Sent, and not answered yet."""
        return self.sent - self.accepted - self.refused - self.unanswered

    @property
    def outstanding(self) -> int:
        """Accepted, and not acknowledged by a council yet."""
        return self.accepted - self.acknowledged

    @property
    def rate(self) -> float:
        """Applications a second, from the first one sent to the last one acknowledged."""
        seconds = self.last_acknowledged - self.began
        return self.acknowledged / seconds if seconds > 0 else 0.0

    def note(self, said: Mapping[str, Any], at: float) -> None:
        """Take what citizens said in one line; the first one comes when the sending begins."""
        self.began = self.began or at
        if refused := said.get("refused_one"):
            self.refusals.append(Refusal(refused["number"], refused["reason"]))
        for name in _FIGURES:
            setattr(self, name, said.get(name, getattr(self, name)))
        if "cpu_seconds" in said:
            self.cpu_seconds["citizens"] = said["cpu_seconds"]


class Rehearsal:
    """Plays a script on a running stack."""

    def __init__(self, stack: Stack, script: Script) -> None:
        self._stack = stack
        self._script = script
        self.receipts = stack.options.state / f"receipts-{script.first}.jsonl"
        self.progress = Progress(script.total)
        self._sent_all = asyncio.Event()
        self._acknowledged_before = 0  # of earlier runs on the same stack

    async def play(self, show: Callable[[Progress], None] = lambda progress: None) -> Progress:
        """Send everything and wait until the councils have answered for it, or nothing moves."""
        before, self._acknowledged_before = self._cpu_seconds(), self._acknowledged()
        citizens = await self._start_citizens()
        watching = asyncio.create_task(self._watch(show))
        try:
            await self._read_progress(citizens)
            await citizens.wait()
            self.progress.sent_all = True
            self._sent_all.set()
            await watching
            after = self._cpu_seconds()
            self.progress.cpu_seconds |= {name: after[name] - before[name] for name in after}
        finally:
            watching.cancel()
            if citizens.returncode is None:
                citizens.terminate()
                await citizens.wait()
        return self.progress

    async def judge(self, *, quiet_seconds: float, earlier: Sequence[Path] = ()) -> bool:
        """Once all is sent, let the judge wait for rest and compare the three records.

        He prints his table. `earlier` are the receipts of what was sent to the same stack before
        this run.
        """
        question = reconcile_command(
            self._stack, [self.receipts, *earlier], quiet_seconds=quiet_seconds
        )
        await self._sent_all.wait()
        judge = await asyncio.create_subprocess_exec(*question)
        try:
            return await judge.wait() == 0
        finally:
            if judge.returncode is None:
                judge.terminate()
                await judge.wait()

    async def _start_citizens(self) -> Process:
        script = self._script
        arguments = [
            *("--url", self._stack.blueprint.registration_url),
            *("--journal", str(self.receipts)),
            *("--seed", str(script.seed)),
            *("--first", str(script.first)),
            *("--count", str(script.applications)),
            *("--connections", str(script.connections)),
        ]
        if script.rate is not None:
            arguments += ["--rate", str(script.rate)]
        if script.from_file is not None:
            arguments += ["--from", str(script.from_file)]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulated", "citizens", *arguments),
            env={**os.environ, "SIMULATED_PARTNER_TOKEN": self._stack.credentials.partner_token()},
            stdout=PIPE,
            limit=_LINE_BYTES_MAX,
        )

    async def _read_progress(self, citizens: Process) -> None:
        assert citizens.stdout is not None
        async for line in citizens.stdout:
            self.progress.note(json.loads(line), time.monotonic())

    async def _watch(self, show: Callable[[Progress], None]) -> None:
        """Until all is acknowledged that can be, or nothing was for a long time."""
        moved = time.monotonic()
        while not (self.progress.sent_all and self.progress.outstanding <= 0):
            await asyncio.sleep(_LOOK_INTERVAL_SECONDS)
            in_all = await asyncio.to_thread(self._acknowledged)
            acknowledged = in_all - self._acknowledged_before
            if acknowledged > self.progress.acknowledged:
                self.progress.acknowledged = acknowledged
                self.progress.last_acknowledged = moved = time.monotonic()
            show(self.progress)
            waited = time.monotonic() - moved
            if self.progress.sent_all and waited > self._patience_seconds():
                return

    def _cpu_seconds(self) -> dict[str, float]:
        self._stack.sample()
        lasting = (p for p in self._stack.processes.values() if not p.spec.once)
        return {process.name: process.usage.cpu_seconds for process in lasting}

    def _patience_seconds(self) -> float:
        """What can never be acknowledged, an address nobody can place, is a small share."""
        few = self.progress.outstanding <= max(20, 0.02 * self.progress.accepted)
        return self._script.council_pause_seconds if few else _STALLED_SECONDS

    def _acknowledged(self) -> int:
        url = f"{self._stack.blueprint.admin_url('councils')}/statistics"
        try:
            with DIRECTLY.open(url, timeout=2) as answer:
                return int(json.load(answer)["acknowledged"])
        except (OSError, ValueError):
            return self.progress.acknowledged + self._acknowledged_before
