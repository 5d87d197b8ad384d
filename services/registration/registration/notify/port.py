"""Notify: the port to whoever sends e-mails and texts, and how a call to it can end."""

from dataclasses import dataclass
from typing import Literal, Protocol, get_args
from uuid import UUID

Kind = Literal["email", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Reason = Literal[
    "unreachable",  # no connection, or one that broke
    "timeout",
    "server-error",
    "throttled",
    "unauthorized",  # our token is wrong: an operator's to mend
    "garbage",  # an answer that cannot be believed
    "refused",  # this message can never be sent: no such address, for example
]


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person; sent again under its id, it is still one."""

    message_id: UUID
    kind: Kind
    to: str  # an e-mail address, or a phone number
    subject: str  # of an e-mail
    body: str  # plain text


class NotifyFailure(Exception):
    """A message was not taken, or nobody knows; never says anything of it."""

    def __init__(self, reason: Reason, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after  # seconds that Notify asked to be left alone

    @property
    def is_final(self) -> bool:
        """Say whether trying again is of no use."""
        return self.reason == "refused"


class Notify(Protocol):
    """Sends messages; raises NotifyFailure."""

    async def send(self, message: Message) -> None:
        """Return when Notify has taken the message, now or before."""
