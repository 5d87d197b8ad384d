"""`electoral up`, `down`, `status` and `logs`: the whole stack, kept running until told to end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status
from rich.table import Table

from electoral_local.blueprint import StackOptions
from electoral_local.errors import ConfigurationError, LocalError
from electoral_local.options import BrokersOption, StateOption, chosen_state
from electoral_local.stack import Stack
from electoral_local.state_lock import supervisor_pid
from electoral_local.status import StackStatus, read_status
from electoral_local.terminal import console

_POLL_SECONDS = 0.1
_UP_SECONDS = 300.0
_DOWN_SECONDS = 60.0


def up(
    brokers: BrokersOption = 1,
    state: StateOption = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when all is ready, and leave it running.")
    ] = False,
) -> None:
    """Start the whole system, and keep it running."""
    options = StackOptions(state=chosen_state(state), brokers=brokers)
    if detach:
        _start_detached(options)
    else:
        asyncio.run(_stay_up(options))


def down(state: StateOption = None) -> None:
    """End what `up` started; what it stored is kept."""
    directory = chosen_state(state)
    pid = supervisor_pid(directory)
    if pid is None:
        console.print(f"Nothing is running in {directory}.")
        return
    os.kill(pid, signal.SIGTERM)
    with console.status("Ending"):
        _wait_ended(directory, pid)
    console.print("All ended.")


def status(state: StateOption = None) -> None:
    """Show what is running, and where. Exit code 1 when not all is ready."""
    directory = chosen_state(state)
    found = read_status(directory)
    if found is None or supervisor_pid(directory) is None:
        raise LocalError(f"Nothing is running in {directory}: start it with `electoral up`.")
    table = Table("process", "state", "pid", "restarts")
    for process in found.processes:
        table.add_row(process.name, process.state, str(process.pid or ""), str(process.restarts))
    console.print(table)
    _print_addresses(found.addresses)
    if not found.ready:
        raise typer.Exit(1)


def logs(
    name: Annotated[str, typer.Argument(help="A process, as `electoral status` names it.")],
    state: StateOption = None,
    lines: Annotated[int, typer.Option("-n", min=1, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("-f", help="Go on with what is added.")] = False,
) -> None:
    """Print the end of a process's log."""
    path = _log_of(name, chosen_state(state) / "logs")
    with path.open(encoding="utf-8", errors="replace") as file:
        sys.stdout.writelines(deque(file, maxlen=lines))
        while follow:
            sys.stdout.writelines(file)
            sys.stdout.flush()
            time.sleep(_POLL_SECONDS)


def _log_of(name: str, directory: Path) -> Path:
    there = {path.stem: path for path in sorted(directory.glob("*.log"))}
    if name not in there:
        names = ", ".join(there) or "none yet"
        raise ConfigurationError(f"There is no log of {name}: there are {names}.")
    return there[name]


async def _stay_up(options: StackOptions) -> None:
    began = time.monotonic()
    spinner = console.status("Preparing")
    try:
        with spinner:
            stack = Stack(options, lambda stack: spinner.update(stack.status.summary))
            await stack.start()
        console.print(f"All is ready after {time.monotonic() - began:.1f} s. Ctrl-C ends it.")
        _print_addresses(stack.addresses)
        await _until_ended(stack)
    except asyncio.CancelledError:
        console.print("All ended.")


async def _until_ended(stack: Stack) -> None:
    try:
        await stack.forever()
    finally:
        with console.status("Ending"):
            await stack.stop()


def _start_detached(options: StackOptions) -> None:
    """By another `up` in a session of its own, whose status file says how far it is."""
    log = options.state / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = ("up", f"--state={options.state}", f"--brokers={options.brokers}")
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "electoral_local", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,
        )
    try:
        with console.status("Preparing") as spinner:
            found = _wait_ready(supervisor, options.state, spinner, log)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait()
        raise
    console.print("All is ready, and stays so until `electoral down`.")
    _print_addresses(found.addresses)
    console.print(f"Tokens for callers are in {options.state / 'secrets'}.", soft_wrap=True)


def _wait_ready(
    supervisor: subprocess.Popen[bytes], state: Path, spinner: Status, log: Path
) -> StackStatus:
    end = time.monotonic() + _UP_SECONDS
    while time.monotonic() < end:
        if supervisor.poll() is not None:
            # It has said in one sentence what is wrong: hand that on.
            message = log.read_text(encoding="utf-8", errors="replace").strip()
            sys.stderr.write(f"{message}\n")
            raise typer.Exit(supervisor.returncode or 1)
        found = read_status(state) if supervisor_pid(state) == supervisor.pid else None
        if found is not None:
            spinner.update(found.summary)
            if found.ready:
                return found
        time.sleep(_POLL_SECONDS)
    supervisor.terminate()
    raise LocalError(f"It was not ready within {_UP_SECONDS:.0f} s: look into {log.parent}.")


def _wait_ended(directory: Path, pid: int) -> None:
    end = time.monotonic() + _DOWN_SECONDS
    while supervisor_pid(directory) is not None:
        if time.monotonic() > end:
            raise LocalError(f"Process {pid} has not ended: look into {directory / 'logs'}.")
        time.sleep(_POLL_SECONDS)


def _print_addresses(addresses: Mapping[str, str]) -> None:
    width = max(map(len, addresses))
    for name, address in addresses.items():
        console.print(f"  {name:{width}}  {address}", highlight=False, soft_wrap=True)
