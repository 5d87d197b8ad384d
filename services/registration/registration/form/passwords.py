"""Passwords: Argon2id in a thread of its own, so that the form goes on answering meanwhile."""

import asyncio
import os
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from registration.form.assisted import PASSWORD_LENGTH_MAX, normal_password

# Of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane. About 30 ms here.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
# One at a time, and yielding: whoever tries passwords takes what the form leaves.
THREADS = 1
NICENESS = 10

_HASHER = PasswordHasher(PASSES, MEMORY_KIB, LANES, type=Type.ID)


def hash_password(password: str) -> str:
    """Hash a new password; takes its time."""
    return _HASHER.hash(normal_password(password))


class Passwords:
    """Compares passwords; one of an account that does not exist costs the same."""

    def __init__(self) -> None:
        self._decoy = hash_password(secrets.token_urlsafe())
        # On Linux a thread has a niceness of its own.
        self._threads = ThreadPoolExecutor(THREADS, "passwords", os.nice, (NICENESS,))

    async def match(self, password_hash: str | None, password: str) -> bool:
        """Say whether a password is that of a hash; None is nobody's."""
        compared = password_hash or self._decoy
        loop = asyncio.get_running_loop()
        same = await loop.run_in_executor(self._threads, _matches, compared, password)
        return same and password_hash is not None


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, normal_password(password)[: PASSWORD_LENGTH_MAX + 1])
    except (VerificationError, InvalidHashError):
        return False
