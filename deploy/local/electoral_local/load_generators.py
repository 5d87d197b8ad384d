"""The generators of a run: processes of the world outside, each with its slice of the arrivals."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from electoral_local.errors import LocalError
from electoral_local.usage import Meter

_LINE_BYTES_MAX = 1 << 20
_COUNTS = ("offered", "accepted", "refused", "turned_away", "failed", "in_flight")


@dataclass(frozen=True)
class Load:
    """What is asked of a run."""

    shape: str
    total: int
    compress: float = 1.0
    seed: int = 1
    generators: int = 1
    manners: tuple[str, ...] = ()
    """Further arguments of each generator: how people behave."""
    settings: tuple[str, ...] = ()
    """Of services, changed for this run."""


@dataclass
class Told:
    """What one generator said last, and what it used."""

    name: str
    counts: Mapping[str, Any]
    meter: Meter


class Generators:
    """Started together for one moment; each writes a book and a summary below `directory`."""

    def __init__(self, load: Load, urls: Sequence[str], token: str, directory: Path) -> None:
        """`urls`: registrations; generators take them in turn."""
        self._load = load
        self._urls = urls
        self._token = token
        self._directory = directory
        names = [f"generator-{n}" for n in range(1, load.generators + 1)]
        self._told = [Told(name, {}, Meter()) for name in names]
        self._processes: list[Process] = []

    @property
    def books(self) -> list[Path]:
        return [self._directory / f"receipts-{n}.jsonl" for n in self._numbers]

    @property
    def summaries(self) -> list[Path]:
        return [self._directory / f"summary-{n}.json" for n in self._numbers]

    @property
    def counts(self) -> dict[str, int]:
        """Of all generators, as they said last."""
        return {name: sum(int(t.counts.get(name, 0)) for t in self._told) for name in _COUNTS}

    @property
    def p99_ms(self) -> float:
        """Of the last second, the worst generator's."""
        return max(float(told.counts.get("p99_ms", 0.0)) for told in self._told)

    @property
    def cpu_seconds(self) -> dict[str, float]:
        """By generator, since it began to send."""
        return {told.name: float(told.counts.get("cpu_seconds", 0.0)) for told in self._told}

    @property
    def memory_bytes_max(self) -> dict[str, int]:
        return {told.name: told.meter.usage.memory_bytes_max for told in self._told}

    async def run(self, start_epoch: float) -> None:
        """Until all arrivals are answered or given up. Raises LocalError for one that died."""
        try:
            for number in self._numbers:
                self._processes.append(await self._start(number, start_epoch))
            await asyncio.gather(*map(self._listen, self._processes, self._told))
        finally:
            for process in self._processes:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()
        for number, summary in zip(self._numbers, self.summaries, strict=True):
            if not summary.exists():
                raise LocalError(f"Generator {number} ended without a summary.")

    @property
    def _numbers(self) -> range:
        return range(1, self._load.generators + 1)

    async def _start(self, number: int, start_epoch: float) -> Process:
        load = self._load
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulated", "arrivals"),
            *("--url", self._urls[(number - 1) % len(self._urls)]),
            *("--book", str(self.books[number - 1])),
            *("--summary", str(self.summaries[number - 1])),
            *("--shape", load.shape),
            *("--total", str(load.total)),
            *("--compress", str(load.compress)),
            *("--seed", str(load.seed)),
            *("--slice", f"{number}/{load.generators}"),
            *("--start", str(start_epoch)),
            *load.manners,
            env={**os.environ, "SIMULATED_PARTNER_TOKEN": self._token},
            stdout=PIPE,
            limit=_LINE_BYTES_MAX,
        )

    async def _listen(self, process: Process, told: Told) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            told.counts = json.loads(line)
            told.meter.sample(process.pid, ())
        await process.wait()
