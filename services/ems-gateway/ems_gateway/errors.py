"""What can be wrong in the gateway, and what is done about it.

GatewayError
|-- CannotAssign           what an operator asked of `assign`
`-- UnreadablePerson       what was sealed is not a person: held by itself

What is not in `HELD_AS` is unknown: the consumer engine finds the message that is to blame. Problem
documents are made where a request is read (`reading`, `routes`), from `electoral.problems`.
"""

from electoral.sealing import DestroyedKey, DoesNotOpen, UnknownKey


class GatewayError(Exception):
    """Something is wrong; the message is a sentence that says what to do."""


class CannotAssign(GatewayError):
    """A record cannot be sent to the authority that the operator named."""


class UnreadablePerson(GatewayError):
    """What was opened is not a person; nothing of it is in this message."""


# A message that fails so can never be delivered as it is: held, under this name.
HELD_AS: dict[type[Exception], str] = {
    UnknownKey: "unknown-key",
    DestroyedKey: "destroyed-key",
    DoesNotOpen: "does-not-open",
    UnreadablePerson: "unreadable-person",
}
