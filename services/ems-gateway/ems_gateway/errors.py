"""What can be wrong in the gateway.

GatewayError
`-- CannotAssign           what an operator asked of `assign`
"""


class GatewayError(Exception):
    """Something is wrong; the message is a sentence that says what to do."""


class CannotAssign(GatewayError):
    """A record cannot be sent to the authority that the operator named."""
