"""Idempotency keys: what a partner sends with each application, so that a repeat is recognised."""

from electoral import problems
from electoral.problems import Problem

IDEMPOTENCY_KEY_LENGTH_MAX = 255
KEY_REUSED = "idempotency-key-reused"


def check_idempotency_key(key: str | None) -> str:
    """Return the key; 400 when it is missing, too long or not visible ASCII."""
    if not key or len(key) > IDEMPOTENCY_KEY_LENGTH_MAX or not _is_visible_ascii(key):
        raise problems.malformed(
            "Send a key of your own for each application in the header `Idempotency-Key`: "
            f"1 to {IDEMPOTENCY_KEY_LENGTH_MAX} visible ASCII characters."
        )
    return key


def _is_visible_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def key_reused() -> Problem:
    """Say that a key came again with another body."""
    return Problem(
        422,
        KEY_REUSED,
        "This key was used for another application",
        "Send another application under a key of its own. "
        "To repeat the first one, send exactly the same body.",
    )
