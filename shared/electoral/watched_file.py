"""A file that may change while we run: what it says is read anew within seconds."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from electoral.unusable import Unusable

REREAD_INTERVAL = 5.0  # seconds

Content = TypeVar("Content")

log = structlog.get_logger()


class WatchedFile(Generic[Content]):
    """Keeps what a file says; when it can no longer be read, what it said last."""

    content: Content

    def __init__(self, path: Path, read: Callable[[Path], Content]) -> None:
        self._path = path
        self._read = read  # raises `Unusable`
        self._seen: object = None
        self.load()

    def load(self) -> None:
        """Read the file if it has changed; raises `Unusable`."""
        found = self._look()
        if found is None or found != self._seen:
            self.content = self._read(self._path)
            self._seen = found

    def _look(self) -> object:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def what_is_wrong(self) -> str | None:
        """Say in a sentence what is wrong with the file as it is now."""
        try:
            self.load()
        except Unusable as error:
            return str(error)
        return None

    async def keep_reading(self) -> None:
        """Look for a changed file every 5 s until cancelled."""
        while True:
            await asyncio.sleep(REREAD_INTERVAL)
            try:
                self.load()
            except Unusable as error:
                log.warning("file not read again", file=self._path.name, reason=str(error))
