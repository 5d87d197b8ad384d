"""A stack for one run: in a directory and on ports that nobody else uses."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from electoral_local.blueprint import StackOptions
from electoral_local.places import state_directory
from electoral_local.rehearsal import Script
from electoral_local.terminal import console


@contextmanager
def scratch_state(*, keep: bool = False) -> Iterator[Path]:
    """A state directory that is thrown away at the end, with its logs."""
    parent = state_directory().absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix=".electoral-demo-", dir=parent))
    state.chmod(0o755)
    try:
        yield state
    finally:
        if keep:
            console.print(f"Kept: {state}")
        else:
            shutil.rmtree(state, ignore_errors=True)


def scratch_options(state: Path, brokers: int, script: Script) -> StackOptions:
    """The stack for a script: on ports that are free."""
    return StackOptions(
        state=state,
        brokers=brokers,
        free_ports=True,
        seed=script.seed,
        arguments={"councils": script.councils_arguments},
    )
