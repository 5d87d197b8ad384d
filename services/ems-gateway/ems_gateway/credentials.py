"""Who is calling: a bearer token per ERO, known here by its SHA-256 only.

The file is JSON: [{"ero": "<code>", "tokenSha256": ["<hex>", ...]}, ...]; several tokens of one
ERO are valid at once, so that they can be exchanged. A changed file is read within two seconds; one
that cannot be used leaves the credentials as they were, and `/readyz` says so.
"""

import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import structlog
from electoral.authorities import Authorities, UnknownAuthority
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from ems_gateway.errors import CredentialsUnusable

LOOK_INTERVAL = 2.0  # seconds between looks at the file's time of change

log = structlog.get_logger()


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    ero: str
    token_sha256: tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...] = Field(min_length=1)


_ENTRIES = TypeAdapter(tuple[_Entry, ...])


class Credentials:
    """The EROs' tokens, read anew when their file changes."""

    def __init__(self, file: Path, authorities: Authorities) -> None:
        self._file = file
        self._authorities = authorities
        self._looked_at = time.monotonic()
        self._changed_at = _changed_at(file)
        self._ero_by_digest = _read(file, authorities)
        self.wrong: str | None = None  # a sentence, while the file cannot be used

    def ero_of(self, token: str) -> str | None:
        """Return whose token it is. The look-up is of a digest: its time tells nothing of ours."""
        self.look()
        return self._ero_by_digest.get(sha256(token.encode("utf-8", "replace")).digest())

    def look(self) -> None:
        """Read the file if it has changed, at most every two seconds."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_INTERVAL:
            return
        self._looked_at = now
        try:
            changed_at = _changed_at(self._file)
            if changed_at != self._changed_at or self.wrong is not None:
                self._ero_by_digest = _read(self._file, self._authorities)
                self._changed_at = changed_at
                self.wrong = None
                log.info("credentials read", count=len(self._ero_by_digest))
        except CredentialsUnusable as error:
            if self.wrong is None:
                log.error("credentials unusable", error_class=type(error).__name__)
            self.wrong = str(error)


def _changed_at(file: Path) -> tuple[int, int, int]:
    """Tell one state of the file from another, a file renamed over it included."""
    try:
        found = file.stat()
    except OSError:
        raise CredentialsUnusable("The file of the EROs' credentials cannot be read.") from None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(file: Path, authorities: Authorities) -> Mapping[bytes, str]:
    try:
        entries = _ENTRIES.validate_json(file.read_bytes())
    except OSError:
        raise CredentialsUnusable("The file of the EROs' credentials cannot be read.") from None
    except ValidationError as error:
        where = error.errors(include_input=False, include_url=False)[0]["loc"]
        raise CredentialsUnusable(
            f"The file of the EROs' credentials is not as it should be at {where}: it is a list"
            ' of {"ero": code, "tokenSha256": [64 hexadecimal digits, ...]}.'
        ) from None
    ero_by_digest: dict[bytes, str] = {}
    for entry in entries:
        _check_ero(entry.ero, authorities)
        for digest in entry.token_sha256:
            if ero_by_digest.setdefault(bytes.fromhex(digest), entry.ero) != entry.ero:
                raise CredentialsUnusable(f"A token of {entry.ero} is another ERO's too.")
    return ero_by_digest


def _check_ero(code: str, authorities: Authorities) -> None:
    try:
        authorities.ero_by_code(code)
    except UnknownAuthority:
        raise CredentialsUnusable(
            f"The file of the EROs' credentials names {code!r}, which is no ERO's code."
        ) from None
