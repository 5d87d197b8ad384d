"""What a process is before it runs: its command, what it needs, and how to see that it is ready."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launch.py")

NOBODY = 65534
"""The unprivileged user's id, the same on every Unix we know."""


@dataclass(frozen=True)
class Port:
    number: int
    use: str
    setting: str = ""
    """The environment variable that chooses another number, for the error message."""


def _always() -> bool:
    return True


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class ProcessSpec:
    """A process to keep alive, or with `once`, a step that must end well before others start."""

    name: str
    command: tuple[str, ...] = ()
    """Empty for a step that is done by `prepare` alone."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to this process's own environment."""
    needs: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    prepare: Callable[[], None] = _nothing
    """Done in a thread before each start."""
    ready: Callable[[], bool] = _always
    """Asked in a thread, again and again; must answer within a second or two."""
    finish: Callable[[], None] = _nothing
    """Done in a thread once it is ready, before others learn of it."""
    once: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """Sent by the kernel when the supervisor itself dies."""
    without_root: bool = False
    niceness: int = 0
    """How far it steps back, once it is ready, where all want more than there is: 0 to 19."""
    ready_within_seconds: float = 60.0

    @property
    def argv(self) -> list[str]:
        return launched(
            self.command, death_signal=self.death_signal, without_root=self.without_root
        )

    @property
    def full_environment(self) -> dict[str, str]:
        """Bytecode is kept, whatever the shell says: it makes each start but the first faster."""
        outer = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
        return {**outer, **self.environment}


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def launched(
    command: tuple[str, ...],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    without_root: bool = False,
) -> list[str]:
    """The command behind the launcher, which ties it to this process's life."""
    user_id = NOBODY if without_root and is_root() else 0
    settings = [str(os.getpid()), str(int(death_signal)), str(user_id)]
    return [sys.executable, "-I", "-S", str(_LAUNCHER), *settings, *command]
