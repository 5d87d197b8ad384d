"""Registration's errors.

Exception
+-- RegistrationError
    +-- KeyReused            same idempotency key, other body: 422
    +-- NoFreeReference      the reference collided again and again: 503
    +-- CannotChangeHelper   an operator's command about a helper's account: its message is printed

Unavailable
+-- KeysMissing              a key to seal or hash with is not there: 503

There is no table of what waits and what is held: of the other services' events nothing is opened
here, and only one of an unexpected kind is held.
"""

from electoral.group_commit import Unavailable


class RegistrationError(Exception):
    """Something that registration itself refuses."""


class KeyReused(RegistrationError):
    """This idempotency key came before with another body."""


class NoFreeReference(RegistrationError):
    """No reference was free in several draws: the generator of random numbers must be broken."""


class CannotChangeHelper(RegistrationError):
    """A command about a helper's account cannot be done: the message says why."""


class KeysMissing(Unavailable):
    """A key to seal or hash with is not there: `/readyz` names it."""
