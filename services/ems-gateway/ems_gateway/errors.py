"""What can be wrong in the gateway, and what is done about it.

GatewayError
`-- CannotAssign           what an operator asked of `assign`

hold: the message is held by itself; one whose key is not there is tried again for a day. What is
not in the table is unknown: the consumer engine finds the message that is to blame. Problem
documents are made where a request is read (`reading`, `routes`), from `electoral.problems`.
"""

from collections.abc import Mapping

from electoral.person import UnreadablePerson
from electoral.sealing import ERROR_CLASSES


class GatewayError(Exception):
    """Something is wrong; the message is a sentence that says what to do."""


class CannotAssign(GatewayError):
    """A record cannot be sent to the authority that the operator named."""


HOLD: Mapping[type[Exception], str] = {**ERROR_CLASSES, UnreadablePerson: "unreadable-person"}
