"""Taking something from a council under its own id, so that a repeat is recognised.

The ERO's ids and bodies are kept as keyed hashes only: either may hold a name. The id's key is
permanent; the body's ends with its quarter's retention. Nobody can compare after that, and nobody
repeats a call of a year ago: whatever comes then under a known id is something else.
"""

import hmac
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeGuard
from uuid import UUID

from electoral.blind_index import BlindIndex
from electoral.events import IdempotencyProof
from electoral.json_body import canonical_json
from electoral.sealing import DestroyedKey

OWN_ID_LENGTH_MAX = 255
REPEATED_WITHIN = timedelta(days=1)  # where bodies cannot be compared


class Proof(NamedTuple):
    """What a repeat of something is recognised by."""

    key_hash: bytes  # of the ERO's code and the id that it chose
    body_hash: bytes
    body_key_id: str

    @property
    def in_event(self) -> IdempotencyProof:
        return IdempotencyProof(
            key_hash=self.key_hash.hex(),
            body_hash=self.body_hash.hex(),
            body_key_id=self.body_key_id,
        )


class Taken(NamedTuple):
    """What was taken before, or is now."""

    application_id: UUID
    attempt: int
    received_at: datetime  # the attempt's
    body_hash: bytes
    body_key_id: str


class Receipt(NamedTuple):
    """The answer to what is safe with us."""

    taken: Taken
    replayed: bool

    @property
    def status(self) -> int:
        return 200 if self.replayed else 201


class Proofs:
    """Hashes what councils send, and compares."""

    def __init__(self, index: BlindIndex) -> None:
        self._index = index

    def of(self, what: str, ero: str, own_id: str, body: object) -> Proof:
        """Hash an id within its ERO's scope, and a body as it was parsed, before any trimming.

        Raises a `SealingError` when a key is not there.
        """
        scoped = canonical_json([what, ero, own_id])
        key_id, body_hash = self._index.current("body", canonical_json(body))
        return Proof(self._index.permanent("idempotency", scoped), body_hash, key_id)

    def is_repeat(self, taken: Taken, body: object) -> bool:
        """Say whether a body is the one that was taken; raises `UnknownKey`."""
        try:
            body_hash = self._index.under(taken.body_key_id, canonical_json(body))
        except DestroyedKey:
            return datetime.now(UTC) - taken.received_at < REPEATED_WITHIN
        return hmac.compare_digest(taken.body_hash, body_hash)


def is_own_id(text: object) -> TypeGuard[str]:
    """Say whether this can be an id of a council's: visible ASCII, neither empty nor too long."""
    if not isinstance(text, str) or not 0 < len(text) <= OWN_ID_LENGTH_MAX:
        return False
    return text.isascii() and text.isprintable() and " " not in text
