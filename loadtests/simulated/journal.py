"""Append-only journals of JSON lines, on disk before anybody is told so."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

FLUSH_INTERVAL = 0.05  # seconds: a thread and an fsync cost more than the lines that they write


class Appends(Protocol):
    """What a council's system needs of its journal."""

    def note(self, line: bytes) -> None:
        """Adds a line that goes to disk soon; nobody waits for it."""

    async def append(self, line: bytes) -> None:
        """Adds a line and returns when it is on disk. Raises OSError when it cannot be."""


class Journal:
    """One file. Whatever waits is written and fsynced together; callers wait for their part."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab")
        end_torn_line(path, self._file)
        self._waiting: list[bytes] = []
        self._on_disk: asyncio.Future[None] | None = None  # of what waits now
        self._arrived = asyncio.Event()
        self._closing = False
        self._flusher = asyncio.create_task(self._flush_until_closed())

    def note(self, line: bytes) -> None:
        """Adds a line that goes to disk with the next flush; nobody waits for it."""
        self._waiting.append(line)
        self._arrived.set()

    async def append(self, line: bytes) -> None:
        """Adds a line and returns when it is on disk. Raises OSError when it cannot be."""
        self.note(line)
        if self._on_disk is None:
            self._on_disk = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._on_disk)

    async def close(self) -> None:
        """Returns when every line is on disk."""
        self._closing = True
        self._arrived.set()
        await self._flusher
        self._file.close()

    async def _flush_until_closed(self) -> None:
        while not self._closing or self._waiting:
            await self._arrived.wait()
            if not self._closing:
                await asyncio.sleep(FLUSH_INTERVAL)
                self._arrived.clear()
            if self._waiting:
                await self._flush()

    async def _flush(self) -> None:
        lines, self._waiting = self._waiting, []
        waiter, self._on_disk = self._on_disk, None
        try:
            await asyncio.to_thread(write_lines, self._file, lines)
        except OSError as error:
            if waiter is not None:
                waiter.set_exception(error)
            elif self._closing:
                raise
            else:
                self._waiting = lines + self._waiting  # for the next flush
        else:
            if waiter is not None:
                waiter.set_result(None)


def write_lines(file: BinaryIO, lines: list[bytes]) -> None:
    file.write(b"".join(line + b"\n" for line in lines))
    file.flush()
    os.fsync(file.fileno())


def end_torn_line(path: Path, file: BinaryIO) -> None:
    """A process killed while it wrote leaves half a line; what follows begins on its own."""
    size = path.stat().st_size
    if not size:
        return
    with path.open("rb") as written:
        written.seek(size - 1)
        if written.read(1) != b"\n":
            file.write(b"\n")


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal. Half a line was never on disk for anybody: left out."""
    with path.open("rb") as lines:
        for line in lines:
            with suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry
