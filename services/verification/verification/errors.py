"""What can go wrong here, and what is done about it.

Exception
+-- VerificationError
    +-- CannotBeDecided          this message can never work
    |   +-- NinoUnexplained
    |   +-- NinoMalformed
    |   +-- UnknownApplication
    +-- DwpFailure               a whole call to DWP came to nothing; its `reason` says how
    +-- NoTurn                   the rate had no turn for a call in time: nothing was sent

retry: the attempt is parked and tried again. hold: the message is held by itself. stop: whatever
else is raised; the consumer engine first finds out whether one message is to blame.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from electoral.held import UNKNOWN_APPLICATION
from electoral.person import UnreadablePerson
from electoral.sealing import ERROR_CLASSES, UnknownKey

ParkReason = Literal[
    "unknown-key",  # sealed under a key that is not there (yet)
    "dwp-unavailable",  # DWP says that it cannot answer for this person now
    "dwp-answer-wrong",  # DWP's answer for this person cannot be believed
    "dwp-unanswered",  # the call failed or took too long
    "dwp-throttled",  # there was no turn in time, or DWP said 429: there were too many
    "dwp-down",  # the breaker is open, or DWP wants to be left alone: it was not asked
    "released",  # it was held when it had gone on as pending, and is tried again
]

PARK_REASONS: tuple[ParkReason, ...] = get_args(ParkReason)

CallFailure = Literal[
    "timeout", "unreachable", "server-error", "throttled", "refused", "unauthorized", "garbage"
]


class VerificationError(Exception):
    """Something of this service; never says anything of a person."""


class CannotBeDecided(VerificationError):
    """This message can never work."""


class NinoUnexplained(CannotBeDecided):
    """There is neither a NINO nor a reason for its absence."""


class NinoMalformed(CannotBeDecided):
    """What was sealed as a NINO does not have the form of one."""


class UnknownApplication(CannotBeDecided):
    """A resubmission of an application that is not known here: there is nothing to merge with."""


class DwpFailure(VerificationError):
    """A whole call to DWP came to nothing."""

    def __init__(self, reason: CallFailure, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after  # seconds that DWP asked to be left alone


class NoTurn(VerificationError):
    """The rate had no turn for a call in time: nothing was sent."""


RETRY: Mapping[type[Exception], ParkReason] = {UnknownKey: "unknown-key"}
HOLD: Mapping[type[Exception], str] = {
    **ERROR_CLASSES,
    UnreadablePerson: "unreadable-person",
    NinoUnexplained: "nino-unexplained",
    NinoMalformed: "nino-malformed",
    UnknownApplication: UNKNOWN_APPLICATION,
}
