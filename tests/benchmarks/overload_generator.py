"""Open arrivals at registration, from processes of their own, and what they saw."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from benchmarks.form_stack import FormStack
from simulated.load.latency import decoded
from simulated.load.shapes import load_shape

CONNECTIONS = 2_000
STEADY_P99_MS_MAX = 500.0  # of a second that is normal
CORES = frozenset(os.sched_getaffinity(0))
_seeds = count(1)  # everybody comes once


@dataclass(frozen=True)
class Phase:
    """A crowd that comes at one rate."""

    name: str
    rate: float  # arrivals a second
    seconds: float


@dataclass(frozen=True)
class Seen:
    """What the arrivals of a phase saw."""

    seconds: float
    summary: dict[str, Any]

    @property
    def accepted(self) -> int:
        return int(self.summary["accepted"])

    @property
    def refused(self) -> int:
        return int(self.summary["refused"])

    @property
    def failed(self) -> int:
        return int(self.summary["failed"])

    @property
    def answers(self) -> dict[str, int]:
        return dict(self.summary["answers"])

    @property
    def resets(self) -> int:
        return int(self.summary["resets"])

    @property
    def timeouts(self) -> int:
        return int(self.summary["timeouts"])

    @property
    def valid(self) -> bool:
        return bool(self.summary["valid"])

    @property
    def why_invalid(self) -> str:
        return str(self.summary["why_invalid"])

    @property
    def offered_per_second(self) -> float:
        return float(sum(self.summary["offered"])) / self.seconds

    @property
    def accepted_per_second(self) -> float:
        """While they came: what is accepted later was kept waiting."""
        by_then = [line["accepted"] for line in self._lines if line["second"] <= self.seconds]
        return max(by_then, default=0.0) / self.seconds

    @property
    def refused_p50_ms(self) -> float:
        return _percentile_ms(self.summary["refused_histogram"], 50)

    def percentile_ms(self, percent: float) -> float:
        """From the intended start to the receipt."""
        return _percentile_ms(self.summary["histogram"], percent)

    def all_in_time(self, p99_ms_max: float) -> bool:
        """Whether the rate is sustained."""
        return (
            self.valid
            and self.refused + self.failed + self.resets == 0
            and self.percentile_ms(99) <= p99_ms_max
        )

    def normal_after(self) -> int | None:
        """Return after how many seconds nobody was refused or kept waiting any more."""
        last = max([*self.seconds_refusing(), *self.seconds_slow()], default=0)
        return None if last >= int(self.seconds) else last

    def seconds_refusing(self) -> list[int]:
        """Return the seconds in which somebody was refused, or gave up."""
        nothing: dict[str, float] = {"refused": 0, "failed": 0}
        return [
            int(line["second"])
            for line, earlier in zip(self._while_they_came, [nothing, *self._lines], strict=False)
            if line["refused"] + line["failed"] > earlier["refused"] + earlier["failed"]
        ]

    def seconds_slow(self) -> list[int]:
        """Return the seconds in which who was accepted had waited too long."""
        slow = (line for line in self._while_they_came if line["p99_ms"] > STEADY_P99_MS_MAX)
        return [int(line["second"]) for line in slow]

    @property
    def _while_they_came(self) -> list[dict[str, float]]:
        return self._lines[: int(self.seconds)]

    @cached_property
    def _lines(self) -> list[dict[str, float]]:
        return list(self.summary["by_second"])


def product_alone() -> None:
    """Keep this process and all that it starts from now on to one core, where there are more: the
    generators have the others, so that what is measured is not how well they share.
    """
    os.sched_setaffinity(0, {min(CORES)})


def _beside_the_product() -> None:
    os.sched_setaffinity(0, CORES - {min(CORES)} or CORES)


async def arrive(stack: FormStack, phases: Sequence[Phase], start: float) -> list[Seen]:
    """Let crowds come one after the other, the first at a time in seconds since 1970."""
    coming = []
    for phase in phases:
        coming.append(asyncio.create_task(_arrive(stack, phase, start)))
        start += phase.seconds
    return list(await asyncio.gather(*coming))


async def _arrive(stack: FormStack, phase: Phase, start: float) -> Seen:
    seed = next(_seeds)
    folder = stack.blueprint.options.state
    summary = folder / f"arrivals-{seed}.json"
    options = {
        "--url": stack.blueprint.registration_url,
        "--book": folder / f"arrivals-{seed}.book",
        "--summary": summary,
        "--shape": "steady",
        "--total": max(1, round(phase.rate * phase.seconds)),
        "--compress": load_shape("steady").seconds / phase.seconds,
        "--seed": seed,
        "--start": start,
        "--connections": CONNECTIONS,
        "--invalid": 0,
        "--returns": 0,
    }
    token = stack.blueprint.credentials.partner_token()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulated", "arrivals"),
        *(str(word) for option in options.items() for word in option),
        env={**os.environ, "SIMULATED_PARTNER_TOKEN": token},
        stdout=DEVNULL,
        stderr=PIPE,
        preexec_fn=_beside_the_product,
    )
    _, errors = await process.communicate()
    if not summary.exists():
        raise SystemExit(errors.decode())
    return Seen(phase.seconds, json.loads(summary.read_text()))


def _percentile_ms(histogram: str, percent: float) -> float:
    return float(decoded(histogram).get_value_at_percentile(percent)) / 1000
