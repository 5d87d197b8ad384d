"""What the world outside says of a run: its schedule before it begins, the verdict at its end."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from electoral_local.errors import ConfigurationError
from electoral_local.load_generators import Load


@dataclass(frozen=True)
class Plan:
    seconds: float
    """Length of the schedule."""
    peak_rate: float
    peak_at: float
    """Seconds from the start."""


def plan_of(load: Load, limits: Sequence[str] = ()) -> Plan:
    """Raises ConfigurationError for an unknown shape or limit; limits as `intake_p99_ms=300`."""
    command = (
        *(sys.executable, "-m", "simulated", "load-schedule", "--shape", load.shape),
        *("--total", str(load.total), "--compress", str(load.compress)),
        *("--seed", str(load.seed), *_changed(limits)),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ConfigurationError(done.stderr.strip().removeprefix("simulated: "))
    told = json.loads(done.stdout)
    return Plan(told["seconds"], told["peak_rate"], told["peak_at"])


def passes(left: Path, out: Path, limits: Sequence[str] = ()) -> bool:
    """It prints its table, and writes verdict.json and report.html; `left`: by the run."""
    command = (
        *(sys.executable, "-m", "simulated", "load-verdict"),
        *("--run", str(left), "--out", str(out), *_changed(limits)),
    )
    return subprocess.run(command, check=False).returncode == 0


def _changed(limits: Sequence[str]) -> tuple[str, ...]:
    return tuple(part for limit in limits for part in ("--limit", limit))
