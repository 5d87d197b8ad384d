"""DWP's customer records: the port. Their HTTP API stands behind it in `dwp_http`.

A look-up sends the first eight characters of a NINO, in a body and never in an address. Whatever
comes back is checked piece by piece: what cannot be believed is *unanswered*, never "not found".
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from verification.errors import ParkReason
from verification.matching import Record

LOOKUPS_MAX = 100  # of one call


class NotFound(Enum):
    """DWP has no record under this NINO."""

    NOT_FOUND = "not-found"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There is no answer for this NINO yet."""

    reason: ParkReason


Answer = Record | NotFound | Unanswered
Answers = Mapping[str, Answer]

NOT_FOUND = NotFound.NOT_FOUND
WRONG = Unanswered("dwp-answer-wrong")
UNAVAILABLE = Unanswered("dwp-unavailable")

Turn = Callable[[], Awaitable[None]]
"""Waits until a call may be sent, which is done at once then; raises `NoTurn`."""


class Dwp(Protocol):
    """Whoever knows DWP's records."""

    async def look_up(self, ninos: Sequence[str], turn: Turn) -> Answers:
        """Answer for each of up to 100 NINOs (eight characters); raises `DwpFailure`.

        Whatever carries them waits for a turn right before it is sent. The caller sets how long it
        may take, by a time-out around it.
        """
        ...
