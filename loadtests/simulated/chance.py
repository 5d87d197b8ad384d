"""Repeatable chance: draws that depend on nothing but a key, a number and a purpose."""

from collections.abc import Sequence
from hashlib import blake2b, shake_128
from struct import Struct
from typing import TypeVar

T = TypeVar("T")

MILLION = 1_000_000
WORDS_OF_BLOCK = Struct("<42I")
BYTES_OF_BLOCK = 168  # what one round of SHAKE-128 gives
WORD_BITS = 32


class Draws:
    """Draws of 32 bits each from one keyed block after the other; made for many cheap calls."""

    __slots__ = ("_block", "_subject", "_words")

    def __init__(self, key: bytes, subject: int, purpose: str) -> None:
        self._subject = b"%b %d %b" % (key, subject, purpose.encode())
        self._block = 1
        block = shake_128(b"0 " + self._subject)  # as every later block, without another call
        self._words: list[int] = list(WORDS_OF_BLOCK.unpack(block.digest(BYTES_OF_BLOCK)))

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1; `bound` is far below 2^32."""
        words = self._words
        if not words:
            self._next_block()
        return words.pop() * bound >> WORD_BITS

    def chance(self, share: float) -> bool:
        """True in `share` of all cases."""
        words = self._words  # `below`, without the price of another call
        if not words:
            self._next_block()
        return words.pop() * MILLION >> WORD_BITS < share * MILLION

    def among(self, choices: Sequence[T]) -> T:
        words = self._words  # `below`, without the price of another call
        if not words:
            self._next_block()
        return choices[words.pop() * len(choices) >> WORD_BITS]

    def _next_block(self) -> None:
        block = shake_128(b"%d %b" % (self._block, self._subject))
        self._block += 1
        self._words.extend(WORDS_OF_BLOCK.unpack(block.digest(BYTES_OF_BLOCK)))


def key_of_seed(seed: int) -> bytes:
    """The key under which everything of this seed is drawn."""
    return blake2b(b"population %d" % seed, digest_size=32).digest()
