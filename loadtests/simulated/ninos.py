"""National insurance numbers of people who do not exist: person n <-> NINO, both ways.

A NINO is a valid prefix and six digits. All of them, numbered, are permuted by a seeded affine
map, so that the person is found from the NINO alone and neighbours have nothing in common.
"""

from hashlib import blake2b
from itertools import product
from math import gcd

FIRST_LETTERS = "ABCEGHJKLMNOPRSTWXYZ"  # never D F I Q U V
SECOND_LETTERS = "ABCEGHJKLMNPRSTWXYZ"  # never D F I O Q U V
NEVER_ISSUED = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
PREFIXES = tuple(
    a + b for a, b in product(FIRST_LETTERS, SECOND_LETTERS) if a + b not in NEVER_ISSUED
)
NUMBERS_OF_PREFIX = 1_000_000
ALL_NINOS = len(PREFIXES) * NUMBERS_OF_PREFIX
_PLACE_OF_PREFIX = {prefix: place for place, prefix in enumerate(PREFIXES)}


class Ninos:
    """The seeded bijection between 0..ALL_NINOS-1 and the NINOs without their suffix."""

    def __init__(self, seed: int) -> None:
        drawn = blake2b(b"ninos %d" % seed, digest_size=32).digest()
        factor = int.from_bytes(drawn[:16], "big") % ALL_NINOS
        while gcd(factor, ALL_NINOS) != 1:
            factor += 1
        self._factor = factor
        self._inverse = pow(factor, -1, ALL_NINOS)
        self._shift = int.from_bytes(drawn[16:], "big") % ALL_NINOS

    def nino(self, number: int) -> str:
        """Eight characters: the NINO that has this number."""
        place = (number * self._factor + self._shift) % ALL_NINOS
        prefix, digits = divmod(place, NUMBERS_OF_PREFIX)
        return f"{PREFIXES[prefix]}{digits:06d}"

    def number(self, nino: str) -> int | None:
        """The number behind the first eight characters; None if no such NINO can be issued."""
        prefix = _PLACE_OF_PREFIX.get(nino[:2])
        digits = nino[2:8]
        if prefix is None or len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
            return None
        place = prefix * NUMBERS_OF_PREFIX + int(digits)
        return (place - self._shift) * self._inverse % ALL_NINOS
