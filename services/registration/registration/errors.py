"""Registration's errors.

Exception
+-- RegistrationError
    +-- KeyReused            same idempotency key, other body: 422
    +-- NoFreeReference      the reference collided again and again: 503
"""


class RegistrationError(Exception):
    """Something that registration itself refuses."""


class KeyReused(RegistrationError):
    """This idempotency key came before with another body."""


class NoFreeReference(RegistrationError):
    """No reference was free in several draws: the generator of random numbers must be broken."""
