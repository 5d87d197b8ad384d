"""Blind indexes: what is sealed is searched by keyed hashes, and never read.

A plain hash of a NINO, or one under a key that is kept for ever, can be enumerated. So there is a
key per quarter and purpose, destroyed 13 months after it; what is no personal datum has a permanent
one.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from electoral.sealing import DestroyedKey, Keyring, SealingError, UnknownKey, utc_now
from electoral.today import LONDON, Today

# `arrival` signs the times at which people first came, and hashes nothing.
IndexPurpose = Literal["body", "status", "nino-index", "person-index", "arrival"]
PermanentPurpose = Literal["idempotency", "history"]  # `history` signs, and hashes nothing

LIVE_KEYS_KNOWN = timedelta(minutes=1)  # before they are looked up again


@lru_cache(maxsize=256)
def quarterly_key_id(purpose: IndexPurpose, day: date) -> str:
    """Name the key that indexes in a quarter."""
    return f"{purpose}-{day.year}q{(day.month + 2) // 3}"


def permanent_key_id(purpose: PermanentPurpose) -> str:
    """Name a key that is never destroyed: what it is used on is no personal datum."""
    return f"{purpose}-permanent"


class IndexKey:
    """A key of an index, made ready: hashing many texts under it costs next to nothing."""

    __slots__ = ("_begun", "key_id")

    def __init__(self, key_id: str, key: bytes) -> None:
        self.key_id = key_id
        self._begun = HMAC(key, SHA256())

    def hash(self, text: bytes) -> bytes:
        """Hash a text (HMAC-SHA-256)."""
        begun = self._begun.copy()
        begun.update(text)
        return begun.finalize()


class BlindIndex:
    """Keyed hashes for searching without reading; one key per quarter, or a permanent one."""

    def __init__(self, keyring: Keyring, now: Callable[[], datetime] = utc_now) -> None:
        self._keyring = keyring
        self._now = now
        self._today = Today(now)
        self._ready: dict[str, IndexKey] = {}
        self._live: dict[IndexPurpose, tuple[datetime, tuple[IndexKey, ...]]] = {}

    def current(self, purpose: IndexPurpose, text: bytes) -> tuple[str, bytes]:
        """Hash under this quarter's key: (key id, 32 bytes)."""
        key_id = self.quarter(purpose)
        return key_id, self.under(key_id, text)

    def permanent(self, purpose: PermanentPurpose, text: bytes) -> bytes:
        """Hash under the purpose's permanent key."""
        return self.under(permanent_key_id(purpose), text)

    def under(self, key_id: str, text: bytes) -> bytes:
        """Hash under a named key (HMAC-SHA-256); raises `UnknownKey` or `DestroyedKey`."""
        key = self._keyring.key(key_id)  # asked each time: it may have been destroyed
        ready = self._ready.get(key_id)
        if ready is None:
            ready = self._ready[key_id] = IndexKey(key_id, key)
        return ready.hash(text)

    def live(self, purpose: IndexPurpose, text: bytes) -> tuple[tuple[str, bytes], ...]:
        """Hash under every live key of the purpose, for a look-up across quarters."""
        return tuple((key.key_id, key.hash(text)) for key in self.live_keys(purpose))

    def live_keys(self, purpose: IndexPurpose) -> tuple[IndexKey, ...]:
        """Return the live keys of a purpose, oldest first; they are looked up once a minute."""
        now = self._now()
        looked_up_at, keys = self._live.get(purpose, (None, ()))
        if looked_up_at is None or now - looked_up_at >= LIVE_KEYS_KNOWN or not keys:
            keys = tuple(self._read_live_keys(purpose))
            self._live[purpose] = (now, keys)
        return keys

    def quarter(self, purpose: IndexPurpose, *, later: timedelta = timedelta()) -> str:
        """Name the key of this quarter, or of the one so much later (London)."""
        day = (self._now() + later).astimezone(LONDON).date() if later else self._today()
        return quarterly_key_id(purpose, day)

    def is_destroyed(self, key_id: str) -> bool:
        """Say whether a key was destroyed; one that is only missing may be restored."""
        try:
            self._keyring.key(key_id)
        except DestroyedKey:
            return True
        except UnknownKey:
            return False
        return False

    def _read_live_keys(self, purpose: IndexPurpose) -> Iterator[IndexKey]:
        for key_id in self._keyring.key_ids(purpose):
            with suppress(SealingError):  # destroyed at this moment
                yield IndexKey(key_id, self._keyring.key(key_id))
