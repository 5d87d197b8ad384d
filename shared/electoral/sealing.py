"""Sealing: personal data travels and rests as ciphertext (searched by `blind_index` alone).

A sealed text is `<key id>.<base64url of nonce and ciphertext>`: AES-256-GCM, a data key per day
and purpose, a fresh nonce, associated data = application id + purpose + key id.
"""

import base64
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol, get_args
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from electoral.today import Today

SealPurpose = Literal["person", "nino-online", "nino-council", "form-session"]

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID = re.compile(r"[a-z-]+-(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}q[1-4]|permanent)")
DESTROYED_SUFFIX = ".destroyed"
SEAL_PURPOSE_NAMES: tuple[SealPurpose, ...] = get_args(SealPurpose)
# A sealed text wherever it stands, in an event's JSON for example.
SEALED_TEXT = re.compile(
    rf"(?:{'|'.join(SEAL_PURPOSE_NAMES)})-[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\.[A-Za-z0-9_-]+={{0,2}}".encode()
)


class SealingError(Exception):
    """A sealed text cannot be used."""


class UnknownKey(SealingError):
    """No key of this id is in the key ring: run `python -m electoral.keys make`, or restore it."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id


class DestroyedKey(SealingError):
    """The key was destroyed when its retention ended; what it sealed is gone for good."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id


class DoesNotOpen(SealingError):
    """The text was altered, or belongs to another application or purpose."""


# What a message that cannot be opened is held under, in every service.
ERROR_CLASSES: Mapping[type[Exception], str] = {
    UnknownKey: "unknown-key",
    DestroyedKey: "destroyed-key",
    DoesNotOpen: "does-not-open",
}


class Keyring(Protocol):
    """Where keys come from."""

    def key(self, key_id: str) -> bytes:
        """Return the key; raises `UnknownKey` or `DestroyedKey`."""
        ...

    def key_ids(self, purpose: str) -> tuple[str, ...]:
        """Return the ids of the live keys of a purpose, oldest first."""
        ...

    def forget_destroyed(self) -> tuple[str, ...]:
        """Drop from memory the keys that were destroyed meanwhile; returns their ids."""
        ...


class DirectoryKeyring:
    """Keys as files `<key id>.key` in one directory, 0600, read anew when an id is not known."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._keys: dict[str, bytes] = {}

    def key(self, key_id: str) -> bytes:
        found = self._keys.get(key_id)
        return found if found is not None else self._read(key_id)

    def key_ids(self, purpose: str) -> tuple[str, ...]:
        names = (path.name.removesuffix(".key") for path in self._directory.glob("*.key"))
        return tuple(sorted(name for name in names if _purpose_of(name) == purpose))

    def forget_destroyed(self) -> tuple[str, ...]:
        destroyed = tuple(key_id for key_id in self._keys if self._is_destroyed(key_id))
        for key_id in destroyed:
            del self._keys[key_id]
        return destroyed

    def _is_destroyed(self, key_id: str) -> bool:
        return (self._directory / f"{key_id}{DESTROYED_SUFFIX}").exists()

    def _read(self, key_id: str) -> bytes:
        if not KEY_ID.fullmatch(key_id):  # never let a message name a path
            raise UnknownKey("malformed")
        try:
            key = (self._directory / f"{key_id}.key").read_bytes()
        except FileNotFoundError:
            if self._is_destroyed(key_id):
                raise DestroyedKey(key_id) from None
            raise UnknownKey(key_id) from None
        if len(key) != KEY_BYTES:
            raise UnknownKey(key_id)
        self._keys[key_id] = key
        return key


def make_lasting(directory: Path) -> None:
    """Wait until a directory's new and renamed files would survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@lru_cache(maxsize=256)
def daily_key_id(purpose: SealPurpose, day: date) -> str:
    """Name the key that seals on a London day."""
    return f"{purpose}-{day.isoformat()}"


def key_id_of(sealed: str) -> str:
    """Return the id of the key that a text is sealed under."""
    return sealed.partition(".")[0]


def seal_purpose_of(key_id: str) -> SealPurpose | None:
    """Return what a key seals; None when it is not a sealing key's id."""
    return next((p for p in SEAL_PURPOSE_NAMES if p == _purpose_of(key_id)), None)


@lru_cache(maxsize=256)
def _purpose_of(key_id: str) -> str:
    return re.sub(r"-(?:\d{4}-\d{2}-\d{2}|\d{4}q[1-4]|permanent)$", "", key_id)


def utc_now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


class Sealer:
    """Seals and opens under the keys of one key ring."""

    def __init__(self, keyring: Keyring, now: Callable[[], datetime] = utc_now) -> None:
        self._keyring = keyring
        self._today = Today(now)
        self._ciphers: dict[str, AESGCM] = {}

    def seal(self, purpose: SealPurpose, application_id: UUID, plain: bytes) -> str:
        """Seal under today's key; raises `UnknownKey` when nobody has made it."""
        key_id = daily_key_id(purpose, self._today())
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._cipher(key_id)
        sealed = nonce + cipher.encrypt(nonce, plain, _bound_to(application_id, purpose, key_id))
        return f"{key_id}.{base64.urlsafe_b64encode(sealed).decode('ascii')}"

    def open(self, purpose: SealPurpose, application_id: UUID, sealed: str) -> bytes:
        """Open what was sealed for this application and purpose; raises a `SealingError`."""
        key_id, _, text = sealed.partition(".")
        if _purpose_of(key_id) != purpose:
            raise DoesNotOpen("purpose")
        cipher = self._cipher(key_id)
        try:
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            return cipher.decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(application_id, purpose, key_id)
            )
        except (InvalidTag, ValueError):
            raise DoesNotOpen("altered or of another application") from None

    def seal_again(self, application_id: UUID, sealed: str) -> str:
        """Seal under today's key what was sealed under an older one; raises a `SealingError`."""
        purpose = seal_purpose_of(key_id_of(sealed))
        if purpose is None:
            raise DoesNotOpen("purpose")
        return self.seal(purpose, application_id, self.open(purpose, application_id, sealed))

    def live_keys(self) -> tuple[str, ...]:
        """Name the keys that can seal or open."""
        return tuple(key_id for p in SEAL_PURPOSE_NAMES for key_id in self._keyring.key_ids(p))

    def forget_destroyed(self) -> None:
        """Drop from memory the keys that were destroyed meanwhile."""
        for key_id in self._keyring.forget_destroyed():
            self._ciphers.pop(key_id, None)

    def missing_keys(self, purposes: tuple[SealPurpose, ...]) -> tuple[str, ...]:
        """Name today's keys that are not there; `/readyz` shows them."""
        today = self._today()
        return tuple(key_id for p in purposes if not self._has(key_id := daily_key_id(p, today)))

    def _has(self, key_id: str) -> bool:
        try:
            self._keyring.key(key_id)
        except SealingError:
            return False
        return True

    def _cipher(self, key_id: str) -> AESGCM:
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            cipher = self._ciphers[key_id] = AESGCM(self._keyring.key(key_id))
        return cipher


def _bound_to(application_id: UUID, purpose: str, key_id: str) -> bytes:
    return application_id.bytes + f"{purpose}:{key_id}".encode("ascii")
