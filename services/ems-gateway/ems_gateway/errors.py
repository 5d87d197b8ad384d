"""What can be wrong in the gateway.

GatewayError
|-- CredentialsUnusable    the file of the EROs' credentials
`-- CannotAssign           what an operator asked of `assign`
"""

from electoral.problems import FieldError, Problem


class GatewayError(Exception):
    """Something is wrong; the message is a sentence that says what to do."""


class CredentialsUnusable(GatewayError):
    """The file of the EROs' credentials cannot be used as it is."""


class CannotAssign(GatewayError):
    """A record cannot be sent to the authority that the operator named."""


def invalid_answer(pointer: str, code: str, detail: str) -> Problem:
    """Refuse a request whose JSON is well-formed but not what is asked for."""
    return Problem(
        400,
        "invalid-request",
        "The request is not as it should be",
        "See `errors`: each entry names a field and says what to do.",
        errors=(FieldError(pointer, code, detail),),
    )
