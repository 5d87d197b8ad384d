"""Full addresses and their UPRNs, made up as the default address provider makes them up.

The national address files are no open data. The provider publishes its rules instead, so that
others can compute the same from the postcode directory alone; this is written from those rules and
owes nothing to its code. `crc` is the CRC-32 of the postcode as "SW1A 1AA":

- A postcode has `3 + crc // 9 % 28` houses, numbered from 1.
- A house's UPRN is `number * 60 + house`, where `number` is the postcode read as digits: its
  outward part, filled up with spaces to four, in base 37 (space, 0-9, A-Z), then base 10, 26, 26.
- Houses are their postcode's authority's. But where `crc % 9 == 0` the last third (above
  `houses * 2 // 3`) is the authority's that holds the nearest postcode of another one, at most 20
  places away in the directory, the one before rather than the one after.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from zlib import crc32

ALPHABET = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGIT = {character: digit for digit, character in enumerate(ALPHABET)}
FIRST_LETTER = DIGIT["A"]
NEIGHBOUR_PLACES_MAX = 20


def houses_of(postcode: str) -> int:
    """How many houses there are (postcode as "SW1A 1AA")."""
    return 3 + crc32(postcode.encode()) // 9 % 28


def uprn_of(postcode: str, house: int) -> str:
    """The UPRN of a house (postcode as "SW1A 1AA")."""
    outward, inward = postcode.split()
    number = _number_of_outward(outward) * 10 + int(inward[0])
    for letter in inward[1:]:
        number = number * 26 + DIGIT[letter] - FIRST_LETTER
    return str(number * 60 + house)


@cache  # there are 3,000
def _number_of_outward(outward: str) -> int:
    number = 0
    for character in f"{outward:4}":
        number = number * 37 + DIGIT[character]
    return number


def may_straddle(postcode: str) -> bool:
    """Whether some of its houses are another authority's, if one is near enough."""
    return crc32(postcode.encode()) % 9 == 0


def is_over_the_boundary(postcode: str, house: int) -> bool:
    """Whether the house of a straddling postcode is in the part that belongs to the neighbour."""
    return house > houses_of(postcode) * 2 // 3


def neighbour_of(place: int, codes: Sequence[str]) -> str | None:
    """The nearest other code around a place in the directory's order, if one is near enough."""
    for distance in range(1, NEIGHBOUR_PLACES_MAX + 1):
        for at in (place - distance, place + distance):
            if 0 <= at < len(codes) and codes[at] != codes[place]:
                return codes[at]
    return None


def neighbours(placed: Iterable[tuple[str, str]], wanted: Iterable[str]) -> dict[str, str]:
    """The other authority of each wanted postcode that straddles.

    `placed` are all postcodes that the directory places, in its seven characters, with their codes.
    """
    order = sorted(placed)
    codes = [code for _, code in order]
    found = {}
    for postcode in filter(may_straddle, wanted):
        outward, inward = postcode.split()
        other = neighbour_of(bisect_left(order, (f"{outward:4}{inward}", "")), codes)
        if other is not None:
            found[postcode] = other
    return found
