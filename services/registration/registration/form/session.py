"""The session of somebody who fills the form in: what was typed, page by page, and its secrets.

The token is random and stands only in the cookie. Whatever else belongs to the session is derived
from it: the id that it is stored under, the token of its forms, the idempotency key of what it
sends. So all tabs of one session send under one key, whatever process dies between two requests.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b, sha256
from typing import Any

from pydantic_core import from_json, to_json

from registration.form.page import Typed

TOKEN_BYTES = 32
TOKEN_LENGTH = 43  # of 32 bytes as base64url without padding


@dataclass(frozen=True, slots=True)
class FormReceipt:
    """What stays of an application that was sent, until the session ends."""

    reference: str
    gss_code: str
    received_at: datetime
    email: str | None = None  # the contact given, for a copy of the receipt
    phone: str | None = None
    repeated: bool = False  # found under the session's key: later changes are not in it


@dataclass(frozen=True)
class FormSession:
    """One person's way through the form."""

    token: str = field(repr=False)
    typed: Mapping[str, Typed] = field(default_factory=dict, repr=False)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    helper: str | None = None  # the helper's account; None on the web
    came_at: datetime | None = None  # when they first came, if not with the first answer
    receipt: FormReceipt | None = field(default=None, repr=False)
    feedback_given: bool = False
    version: int = 0  # of what is stored; 0: nothing yet

    @cached_property
    def id(self) -> bytes:
        """Name the row: who reads it does not know the token."""
        return session_id(self.token)

    @cached_property
    def csrf(self) -> str:
        """Return the token that the session's own forms send back."""
        return self._derived("csrf")[:32]

    @cached_property
    def idempotency_key(self) -> str:
        """Return the key that this person's application is sent under, the same in every tab."""
        return self._derived("application")

    def with_typed(self, typed: Mapping[str, Typed]) -> "FormSession":
        """Take answers in; once sent, a tab left open brings none back."""
        return self if self.receipt is not None else replace(self, typed=typed)

    def sent(self, receipt: FormReceipt) -> "FormSession":
        """Keep the receipt and forget the answers; the first receipt stays."""
        if self.receipt is not None:
            return self
        return replace(self, typed={}, receipt=receipt)

    def with_feedback(self) -> "FormSession":
        """Note that the question after the receipt was answered."""
        return replace(self, feedback_given=True)

    def as_json(self) -> bytes:
        """Write what is sealed."""
        document: dict[str, Any] = {"typed": dict(self.typed), "at": self.started_at.isoformat()}
        if self.came_at is not None:
            document["came"] = self.came_at.isoformat()
        if self.helper is not None:
            document["helper"] = self.helper
        if self.receipt is not None:
            document["receipt"] = _receipt_json(self.receipt)
        if self.feedback_given:
            document["feedback"] = True
        return to_json(document)

    @property
    def first_came_at(self) -> datetime:
        """When this person came: to the queue, to the first question, or with its answer."""
        return self.came_at or self.started_at

    def _derived(self, what: str) -> str:
        return blake2b(what.encode(), key=self.token.encode(), digest_size=32).hexdigest()


def new_session(*, helper: str | None = None, came_at: datetime | None = None) -> FormSession:
    """Begin the way of one person; nothing is stored yet."""
    return FormSession(secrets.token_urlsafe(TOKEN_BYTES), helper=helper, came_at=came_at)


def session_id(token: str) -> bytes:
    """Return the id that a token's session is stored under."""
    return sha256(bytes_of(token)).digest()


def bytes_of(token: str) -> bytes:
    """Take whatever a cookie holds, broken characters too."""
    return token.encode("utf-8", "surrogateescape")


def read_session(token: str, version: int, opened: bytes) -> FormSession:
    """Read what was sealed."""
    document = from_json(opened, cache_strings="keys")
    receipt, came = document.get("receipt"), document.get("came")
    return FormSession(
        token,
        typed=document["typed"],
        started_at=datetime.fromisoformat(document["at"]),
        helper=document.get("helper"),
        came_at=None if came is None else datetime.fromisoformat(came),
        receipt=None if receipt is None else _read_receipt(receipt),
        feedback_given=document.get("feedback", False),
        version=version,
    )


def _receipt_json(receipt: FormReceipt) -> dict[str, object]:
    return {
        "reference": receipt.reference,
        "gssCode": receipt.gss_code,
        "at": receipt.received_at.isoformat(),
        "email": receipt.email,
        "phone": receipt.phone,
        "repeated": receipt.repeated,
    }


def _read_receipt(document: Mapping[str, Any]) -> FormReceipt:
    return FormReceipt(
        reference=document["reference"],
        gss_code=document["gssCode"],
        received_at=datetime.fromisoformat(document["at"]),
        email=document["email"],
        phone=document["phone"],
        repeated=document["repeated"],
    )
