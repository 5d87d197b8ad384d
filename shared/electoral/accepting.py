"""Accepting: all who wait at the door come in at once, not one in each turn of the event loop.

libuv accepts one connection a turn (libuv/libuv#3696, since 1.45). That is enough while turns are
short. When the loop is busy a turn takes a tenth of a second, and then new callers wait for minutes
in the kernel's queue, where nobody can even tell them to come again.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EAGAIN, ECONNABORTED, EINTR

import structlog

ACCEPTED_AT_ONCE = 200  # connections; the others come in the next turn
PAUSE = 1.0  # seconds without trying when no more can be open; who waits would be tried for ever
NOT_NOW = frozenset({EAGAIN, EINTR, ECONNABORTED})

log = structlog.get_logger()


@contextmanager
def accepting_all(
    listening: socket.socket,
    connection: Callable[[], asyncio.Protocol],
    tls: ssl.SSLContext | None,
    tls_handshake_timeout: float | None,
) -> Iterator[None]:
    """Accept, beside the server whose socket this is, whoever else waits."""
    loop = asyncio.get_running_loop()
    coming: set[asyncio.Task[None]] = set()
    door = socket.socket(fileno=socket.dup(listening.fileno()))
    door.setblocking(False)
    resuming: asyncio.TimerHandle | None = None

    def pause() -> None:
        nonlocal resuming
        loop.remove_reader(door.fileno())
        resuming = loop.call_later(PAUSE, loop.add_reader, door.fileno(), accept)

    def accept() -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                caller, _ = door.accept()
            except OSError as error:
                if error.errno not in NOT_NOW:
                    log.warning("connection not accepted", error_class=type(error).__name__)
                    pause()
                return
            caller.setblocking(False)
            task = loop.create_task(come_in(caller))
            coming.add(task)
            task.add_done_callback(coming.discard)

    async def come_in(caller: socket.socket) -> None:
        try:
            await loop.connect_accepted_socket(
                connection, caller, ssl=tls, ssl_handshake_timeout=tls_handshake_timeout
            )
        except (OSError, TimeoutError):  # gone before it began, or it speaks no TLS
            caller.close()

    loop.add_reader(door.fileno(), accept)
    try:
        yield
    finally:
        if resuming is not None:
            resuming.cancel()
        loop.remove_reader(door.fileno())
        door.close()
