"""What can be wrong in the gateway, and what is done about it.

GatewayError
|-- CannotIssue            what an operator asked of `tokens` or `certificates`
|-- CannotDeliver          what an operator asked of `offer`, `hold` or `resume`
`-- CannotAssign           what an operator asked of `assign`

Unavailable
`-- KeysMissing            a key to seal or hash with is not there: 503

hold: the message is held by itself; one whose key is not there is tried again for a day. What is
not in the table is unknown: the consumer engine finds the message that is to blame. Problem
documents are made where a request is read (`reading`, `routes`), from `electoral.problems`.
"""

from collections.abc import Mapping

from electoral.group_commit import Unavailable
from electoral.person import UnreadablePerson
from electoral.postgres import is_away
from electoral.sealing import ERROR_CLASSES, UnknownKey


class GatewayError(Exception):
    """Something is wrong; the message is a sentence that says what to do."""


class CannotIssue(GatewayError):
    """A credential cannot be added or revoked as the operator asked."""


class CannotDeliver(GatewayError):
    """A record cannot be offered, or an ERO put on hold or resumed, as the operator asked."""


class CannotAssign(GatewayError):
    """A record cannot be sent to the authority that the operator named."""


class KeysMissing(Unavailable):
    """A key to seal or hash with is not there: `/readyz` names it."""


def will_pass(error: Exception) -> bool:
    """Say whether to try the same again later: Postgres is away, or a key is not there."""
    return is_away(error) or isinstance(error, UnknownKey)


HOLD: Mapping[type[Exception], str] = {**ERROR_CLASSES, UnreadablePerson: "unreadable-person"}
