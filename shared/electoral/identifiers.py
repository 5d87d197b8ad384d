"""Identifiers: application ids, references, record ids, and digests that compare sets of them."""

import os
import secrets
import struct
import time
from hashlib import sha256
from uuid import UUID

# The UUIDs of asyncpg's rows: equal to others, and made and written in a fifth of their time.
from asyncpg.pgproto import pgproto
from stdnum.iso7064 import mod_37_36

REFERENCE_ALPHABET = "123456789BCDFGHJKLMNPQRSTVWXYZ"
REFERENCE_LENGTH = 10
DIGEST_MODULUS = 1 << 128

_REFERENCES = len(REFERENCE_ALPHABET) ** (REFERENCE_LENGTH - 1)
_UUID_VERSION_7 = 0x7 << 76 | 0x2 << 62  # version and variant
_UUID_RANDOM = ~(0xF << 76 | 0x3 << 62) & (1 << 80) - 1


def new_application_id() -> UUID:
    """Draw a time-ordered id (RFC 9562, version 7), so that new rows meet the same index pages."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big") & _UUID_RANDOM
    return pgproto.UUID((milliseconds << 80 | _UUID_VERSION_7 | random).to_bytes(16, "big"))


def new_event_id() -> UUID:
    """Draw a random id (RFC 9562, version 4)."""
    drawn = bytearray(os.urandom(16))
    drawn[6] = drawn[6] & 0x0F | 0x40
    drawn[8] = drawn[8] & 0x3F | 0x80
    return pgproto.UUID(bytes(drawn))


def draw_reference() -> str:
    """Draw a reference: nine random characters and an ISO 7064 hybrid check character.

    Any one wrong character is found, and any two neighbours swapped but for one pair in 435.
    """
    number = secrets.randbelow(_REFERENCES)  # one draw: each is a call to the kernel
    body = ""
    for _ in range(REFERENCE_LENGTH - 1):
        number, digit = divmod(number, len(REFERENCE_ALPHABET))
        body += REFERENCE_ALPHABET[digit]
    return body + _check_character(body)


def is_reference(text: str) -> bool:
    """Say whether the text is a well-formed reference (normalised, check character right)."""
    if len(text) != REFERENCE_LENGTH or any(c not in REFERENCE_ALPHABET for c in text):
        return False
    return _check_character(text[:-1]) == text[-1]


def normalise_reference(text: str) -> str:
    """Strip what people type around a reference: spaces, hyphens, lower case."""
    return text.replace(" ", "").replace("-", "").upper()


def show_reference(reference: str) -> str:
    """Show a reference 5+5, as people read it aloud."""
    return f"{reference[:5]} {reference[5:]}"


def _check_character(body: str) -> str:
    check: str = mod_37_36.calc_check_digit(body, alphabet=REFERENCE_ALPHABET)
    return check


def record_id(application_id: UUID, attempt: int, revision: int) -> str:
    """Name a record at an EMS: 24 hexadecimal characters, the same after any replay."""
    numbers = struct.pack(">II", attempt, revision)
    return sha256(b"registration" + application_id.bytes + numbers).hexdigest()[:24]


def attempt_digest(application_id: UUID, attempt: int) -> int:
    """Digest one attempt for the ledger: the first 16 bytes, big-endian, of a SHA-256."""
    packed = application_id.bytes + struct.pack(">I", attempt)
    return int.from_bytes(sha256(packed).digest()[:16], "big")


def revision_digest(application_id: UUID, attempt: int, revision: int) -> int:
    """Digest one attempt with its newest revision, so that a lost final outcome shows."""
    packed = application_id.bytes + struct.pack(">II", attempt, revision)
    return int.from_bytes(sha256(packed).digest()[:16], "big")
