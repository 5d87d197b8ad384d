"""Which ports are used for what, and refusing to start when one is taken."""

import errno
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import psutil

from electoral_local.errors import ConfigurationError
from electoral_local.processes import Port

LOOPBACK = "127.0.0.1"
FREE = range(20_000, 32_768)
"""Below those that the kernel gives to whoever connects: none is taken before it is used."""
_TURN_BYTES_MAX = 16


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, none of those that any process here was given lately.

    Raises ConfigurationError when there are not as many, or when it cannot be noted which.
    """
    numbers: list[int] = []
    try:
        with _turn() as file:
            turn = first = _number(file.read(_TURN_BYTES_MAX))
            while len(numbers) < count and turn < first + len(FREE):
                number = FREE[turn % len(FREE)]
                if not _is_taken(number):
                    numbers.append(number)
                turn += 1
            file.seek(0)
            file.truncate()
            file.write(b"%d\n" % (turn % len(FREE)))
    except OSError as error:
        raise ConfigurationError(
            f"Which ports are given next is noted in the temporary directory, which failed"
            f" ({error}): mend that, or set TMPDIR to another directory."
        ) from error
    if len(numbers) < count:
        raise ConfigurationError(
            f"{count} free ports are needed between {FREE[0]} and {FREE[-1]}, and only"
            f" {len(numbers)} are: end what listens there."
        )
    return numbers


@contextmanager
def _turn() -> Iterator[BinaryIO]:
    """Which port is next, for all processes of this user: nobody else has the file meanwhile."""
    path = Path(tempfile.gettempdir()) / f"electoral-ports-{os.getuid()}"
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
        yield file


def _number(text: bytes) -> int:
    """Return the turn; of nothing, or of what is no number, one that others hardly have too."""
    return int(text) if text.strip().isdigit() else os.getpid() * 64


def refuse_taken(ports: Iterable[Port]) -> None:
    """Raise ConfigurationError naming the first port that somebody else listens on."""
    for port in ports:
        if not 0 < port.number < 65536:
            raise ConfigurationError(
                f"{port.number}, meant for {port.use}, is no port number: choose 1 to 65535"
                f"{_by(port)}."
            )
        if _is_taken(port.number):
            raise ConfigurationError(
                f"Port {port.number}, which {port.use} would use, is taken by"
                f" {_holder(port.number)}: end that, or choose another port{_by(port)}."
            )


def _by(port: Port) -> str:
    return f" with {port.setting}" if port.setting else ""


def _is_taken(number: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections that only linger after a close are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise ConfigurationError(
                f"Port {number} cannot be opened ({error.strerror}): choose one above 1023."
            ) from error
    return False


def _holder(number: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another program"
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN
        if listens and connection.laddr and connection.laddr.port == number and connection.pid:
            return _named(connection.pid)
    return "another program"


def _named(pid: int) -> str:
    try:
        return f"process {pid} ({psutil.Process(pid).name()})"
    except psutil.Error:
        return f"process {pid}"
