"""Bearer tokens: who a token belongs to, from a file of hashes that may change while we run.

The file is a JSON list; each entry holds `tokenSha256`, a list of SHA-256 sums in hexadecimal (two
at once while a token is rotated). Tokens are long and random, so a plain hash keeps them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

from electoral.unusable import Unusable
from electoral.watched_file import WatchedFile

Caller = TypeVar("Caller")


class CredentialsUnusable(Unusable):
    """The file of credentials cannot be read: a JSON list of entries with `tokenSha256`."""


class Credentials(Generic[Caller]):
    """Answers who calls; keeps the last good file when a new one cannot be read."""

    def __init__(self, path: Path, read_entry: Callable[[Mapping[str, object]], Caller]) -> None:
        self._read_entry = read_entry
        self.file = WatchedFile(path, self._read_file)

    def caller(self, token: str) -> Caller | None:
        """Return who the token belongs to; None when it is nobody's."""
        return self.file.content.get(sha256(token.encode("utf-8", "replace")).digest())

    def _read_file(self, path: Path) -> dict[bytes, Caller]:
        try:
            return self._read(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CredentialsUnusable(
                f"{path.name} cannot be used ({type(error).__name__}): it must be a JSON "
                "list of entries with `tokenSha256`.",
                path,
            ) from None

    def _read(self, entries: Sequence[Mapping[str, Any]]) -> dict[bytes, Caller]:
        """Refuse a token of two callers: one would see what is the other's."""
        callers: dict[bytes, Caller] = {}
        for entry in entries:
            caller = self._read_entry(entry)
            for text in entry["tokenSha256"]:
                digest = bytes.fromhex(text)
                if len(digest) != sha256().digest_size or callers.get(digest, caller) != caller:
                    raise ValueError("not a SHA-256 sum, or another caller's too")
                callers[digest] = caller
        return callers

    async def keep_reading(self) -> None:
        """Look for a changed file every 5 s until cancelled."""
        await self.file.keep_reading()

    def load(self) -> None:
        """Read the file if it has changed; raises `CredentialsUnusable`."""
        self.file.load()
