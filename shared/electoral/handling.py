"""What a handler is given and what it answers, and what is done about errors it did not expect."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, Protocol, TypeVar

from electoral.envelope import Undecodable, unwrap
from electoral.events import Event
from electoral.kafka import KafkaError, Message
from electoral.postgres import Connection, is_away
from electoral.sealing import UnknownKey

TRIES_MAX = 3  # of one message by itself, those included that kill the process

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, slots=True)
class Hold:
    """An answer: this message cannot be handled as it is; held by itself under this name.

    The name says why, without personal data: it is a metric's label and what operators read.
    """

    error_class: str


UNEXPECTED_EVENT: Final = Hold("unexpected-event")  # of a kind that its reader does not take
KILLED_THE_PROCESS: Final = Hold("killed-the-process")


class StopConsuming(Exception):
    """The consumer must not go on: its message says what is wrong and what to do."""


class Received(NamedTuple):
    """One decoded message."""

    event: Event
    traceparent: str | None


class Handler(Protocol[Prepared]):
    """What a service does with its messages; it knows nothing of offsets and retries."""

    async def prepare(self, events: Sequence[Received]) -> Sequence[Prepared | Hold]:
        """Do the outside calls and decide: one answer per event, in order. Writes nothing."""
        ...

    async def record(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        """Write the effects in the batch's transaction; absorbs repeats."""
        ...


class Reaction(Enum):
    """What to do about an error."""

    RETRY = "retry"  # something that is needed is away: the same again, later
    STOP = "stop"  # ours: no message is to blame
    ALONE = "alone"  # unknown: find the message that is to blame


def reaction_to(error: Exception) -> Reaction:
    """Say what to do about an error that no handler expected."""
    if isinstance(error, StopConsuming):
        return Reaction.STOP
    # Handlers answer for the keys of what they open. What is left is today's, without which nothing
    # can be sealed, a message to be held least of all.
    away = is_away(error) or isinstance(error, KafkaError | UnknownKey)
    return Reaction.RETRY if away else Reaction.ALONE


def unknown(error: Exception) -> Hold:
    """Answer for a message that failed alone again and again."""
    return Hold(f"unknown:{type(error).__name__}")


def decode(message: Message) -> Received | Hold:
    """Read a message; whatever is wrong with it is this one's fault alone."""
    try:
        traceparent = message.headers.get("traceparent", b"").decode("ascii", "replace")
        return Received(unwrap(message.value, message.headers), traceparent or None)
    except Undecodable as error:
        return Hold(error.reason)
    except Exception as error:
        return Hold(f"undecodable:{type(error).__name__}")
