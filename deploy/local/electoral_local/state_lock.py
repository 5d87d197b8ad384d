"""One supervisor per state directory, and its pid for whoever wants to end it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from electoral_local.errors import ConfigurationError

_FILE = "supervisor.pid"


@contextmanager
def state_lock(state: Path) -> Iterator[None]:
    """Held by the kernel: it ends with this process, however that ends."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / _FILE).open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ConfigurationError(
                f"{state} is in use by process {file.read().strip()}: end it with"
                " `electoral down`, or choose another directory with --state."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def supervisor_pid(state: Path) -> int | None:
    """None when nobody supervises there."""
    try:
        with (state / _FILE).open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text else None
    except FileNotFoundError:
        pass
    return None
