"""Arrival tokens: our signed word for when somebody first came, who has to wait before they send.

`receivedAt` is the truth and stays it. What a token adds is `arrivedAt`: an electoral registration
officer decides about who came in time and was kept waiting. A token is `<key id>.<milliseconds
since 1970>.<HMAC-SHA-256>`. Signed with the time is who was given it, a partner or the form, so
that nobody else's is one's own. It holds nothing about a person, and nothing is stored of it.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hmac import compare_digest

from electoral.blind_index import BlindIndex
from electoral.sealing import SealingError, utc_now

TOKEN_LENGTH_MAX = 200
CLOCKS_APART = timedelta(seconds=5)  # at most, of the processes that sign and read
FORM_HOLDER = "form"

_KEY_ID = re.compile(r"arrival-[0-9]{4}q[1-4]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Signer:
    """Signs short texts under this quarter's key; reads what it signed under any that is left."""

    def __init__(self, index: BlindIndex) -> None:
        self._index = index

    def sign(self, purpose: str, text: str) -> str:
        """Return a text with its signature; raises `UnknownKey`."""
        key_id, signature = self._index.current("arrival", _message(purpose, text))
        return f"{key_id}.{text}.{_written(signature)}"

    def read(self, purpose: str, signed: str) -> str | None:
        """Return the text that was signed for a purpose; None if we did not sign it."""
        key_id, _, rest = signed.partition(".")
        text, _, signature = rest.rpartition(".")
        if len(signed) > TOKEN_LENGTH_MAX or not _KEY_ID.fullmatch(key_id):
            return None
        try:
            expected = self._index.under(key_id, _message(purpose, text))
        except SealingError:
            return None
        ours = compare_digest(_written(expected).encode(), _bytes_of(signature))
        return text if ours else None


class ArrivalTokens:
    """Gives tokens, and reads what came back of them."""

    def __init__(
        self, signer: Signer, age_max: timedelta, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.age_max = age_max
        self._signer = signer
        self._now = now

    def give(self, holder: str, came_at: datetime) -> str:
        """Return the token of who came at a time; raises `UnknownKey`."""
        return self._signer.sign(_purpose_of(holder), str(milliseconds(came_at)))

    def came_at(self, holder: str, token: str) -> datetime | None:
        """Return when the holder of a token came; None for one that is not theirs, is too old, or
        of a time to come.
        """
        text = self._signer.read(_purpose_of(holder), token)
        return None if text is None else self.believed(moment(int(text)))

    def believed(self, came_at: datetime) -> datetime | None:
        """Return a time that we noted, if it still counts; never one to come."""
        now = self._now()
        if not now - self.age_max <= came_at <= now + CLOCKS_APART:
            return None
        return min(came_at, now)


def milliseconds(when: datetime) -> int:
    """Write a time as a token does."""
    return (when - _EPOCH) // _MILLISECOND


def moment(number: int) -> datetime:
    """Read a time that a token holds."""
    return _EPOCH + number * _MILLISECOND


def _purpose_of(holder: str) -> str:
    return f"arrival of {holder}"


def _message(purpose: str, text: str) -> bytes:
    return _bytes_of(f"{text}\n{purpose}")


def _bytes_of(text: str) -> bytes:
    """Take whatever a header or a cookie holds, broken characters too."""
    return text.encode("utf-8", "surrogateescape")


def _written(signature: bytes) -> str:
    return urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")
