"""The file in which a running stack says how it is, for `electoral status` and `up --detach`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from electoral_local.places import write_private

_FILE = "status.json"


@dataclass(frozen=True)
class ProcessStatus:
    name: str
    state: str
    pid: int | None
    restarts: int


@dataclass(frozen=True)
class StackStatus:
    """`addresses` hold no password and no token."""

    ready: bool
    addresses: Mapping[str, str]
    processes: tuple[ProcessStatus, ...]

    @property
    def summary(self) -> str:
        """What is still being waited for, as one line."""
        busy = [p.name for p in self.processes if p.state in ("preparing", "starting")]
        done = sum(p.state in ("ready", "done") for p in self.processes)
        return f"Starting ({done} of {len(self.processes)}): {', '.join(busy)}"


def write_status(state: Path, status: StackStatus) -> None:
    write_private(state / _FILE, json.dumps(asdict(status), indent=1), durable=False)


def read_status(state: Path) -> StackStatus | None:
    """None when nothing has been started there."""
    try:
        found = json.loads((state / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    processes = tuple(ProcessStatus(**process) for process in found["processes"])
    return StackStatus(found["ready"], found["addresses"], processes)


def forget_status(state: Path) -> None:
    (state / _FILE).unlink(missing_ok=True)
