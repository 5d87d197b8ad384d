"""The chain of an application's history: how its entries are hashed, and its batches signed.

Everything here can be computed again by anybody from what is stored; only signing needs the key.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from electoral.blind_index import permanent_key_id
from electoral.envelope import timestamp
from electoral.sealing import Keyring

KEY_ID = permanent_key_id("history")
BEFORE_THE_FIRST = bytes(32)  # the hash that a first entry names
MARK_BYTES = 16  # of an entry's hash, in the list of its batch

_NUMBERS = struct.Struct(">IIqq")
_LISTED = struct.Struct(f">16sI{MARK_BYTES}s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Link(NamedTuple):
    """One entry as it is stored."""

    application_id: UUID
    number: int  # 1, 2, 3, ... within the application
    attempt: int
    kind: str
    at: datetime
    by: str
    facts: str  # JSON
    previous: bytes  # the hash of the entry before
    hash: bytes
    batch_id: int

    @property
    def is_whole(self) -> bool:
        """Say whether its hash is that of its columns."""
        return self.hash == hash_of(
            self.application_id,
            (self.number, self.attempt, microseconds(self.at), self.batch_id),
            f"{self.kind}\0{self.by}",
            self.facts.encode(),
            self.previous,
        )

    @property
    def listed(self) -> bytes:
        """What its batch's list says of it."""
        return _LISTED.pack(self.application_id.bytes, self.number, self.hash[:MARK_BYTES])


class Listed(NamedTuple):
    """One entry as its batch lists it."""

    application_id: UUID
    number: int
    mark: bytes  # first half of its hash


class Batch(NamedTuple):
    """What one transaction added."""

    batch_id: int
    at: datetime
    day: date  # London's
    size: int  # how many entries
    entries: bytes  # of each: application id, number, mark; in this order
    digest: bytes  # SHA-256 of `entries`
    signature: bytes

    @property
    def is_whole(self) -> bool:
        """Say whether count and digest are those of its list."""
        whole = len(self.entries) == self.size * _LISTED.size
        return whole and self.digest == sha256(self.entries).digest()

    def listed(self) -> Iterable[Listed]:
        """Read its list; what is too short for an entry is left out."""
        readable = len(self.entries) - len(self.entries) % _LISTED.size
        for application_id, number, mark in _LISTED.iter_unpack(self.entries[:readable]):
            yield Listed(UUID(bytes=application_id), number, mark)

    @property
    def signed_text(self) -> bytes:
        parts = ("history batch", str(self.batch_id), timestamp(self.at), self.day.isoformat())
        return "\n".join((*parts, str(self.size), self.digest.hex())).encode()


class Head(NamedTuple):
    """What was added on a day up to a moment, in one digest; signed, an ERO can hold us to it."""

    day: date  # London's
    at: datetime  # all that was added before
    entries: int
    digest: bytes  # SHA-256 of the batches' digests, in the order of their numbers

    @property
    def signed_text(self) -> bytes:
        parts = ("history head", self.day.isoformat(), timestamp(self.at), str(self.entries))
        return "\n".join((*parts, self.digest.hex())).encode()


class DayHead(NamedTuple):
    """What was added on a whole day, and what was said of the day before."""

    day: date  # London's
    entries: int
    digest: bytes  # as in `Head`
    previous: bytes  # the hash of the day before's
    signature: bytes

    @property
    def signed_text(self) -> bytes:
        parts = ("history day", self.day.isoformat(), str(self.entries), self.digest.hex())
        return "\n".join((*parts, self.previous.hex())).encode()

    @property
    def hash(self) -> bytes:
        return sha256(self.signed_text).digest()


def microseconds(at: datetime) -> int:
    """Count the microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def hash_of(
    application_id: UUID,
    numbers: tuple[int, int, int, int],  # the entry's, attempt, microseconds since 1970, batch
    texts: str,  # kind, NUL, by: Postgres has no NUL in a text
    facts: bytes,
    previous: bytes,
) -> bytes:
    """Hash an entry with the hash of the one before it (SHA-256)."""
    fixed = application_id.bytes + _NUMBERS.pack(*numbers) + previous
    return sha256(b"%b%b\0%b" % (fixed, texts.encode(), facts)).digest()


class HistoryKey:
    """Signs, with a key that is never destroyed; raises `UnknownKey` where it is not there."""

    def __init__(self, keyring: Keyring) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(keyring.key(KEY_ID))
        self.public = self._private.public_key().public_bytes_raw()

    def sign(self, text: bytes) -> bytes:
        """Sign a text (Ed25519): 64 bytes."""
        return self._private.sign(text)

    def batch(self, batch_id: int, at: datetime, day: date, links: Sequence[Link]) -> Batch:
        """Make the batch of what one transaction adds."""
        entries = b"".join(sorted(link.listed for link in links))
        batch = Batch(batch_id, at, day, len(links), entries, sha256(entries).digest(), b"")
        return batch._replace(signature=self.sign(batch.signed_text))


def is_signed(text: bytes, signature: bytes, public: bytes) -> bool:
    """Say whether the text was signed with the key that belongs to a public one."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
