"""Which numbers of authorities may be published for one day and nation; no I/O.

Numbers below 5 are withheld. The nation's total is published too, and would give a single withheld
number away. So authorities are withheld in the order of their numbers, least first, until the sum
of what is withheld says too little about each: it is at least 5, and less than what the others
withheld could make up by themselves, each of them being at most the least number published. Nobody
can tell which were withheld for being small, and which beside them. A test goes through all days
of small nations and shows that no withheld number can be worked out by one who knows this rule.
What can be told is that nobody applied in a whole nation, if so it was.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

LEAST_PUBLISHED: Final = 5


class Published(NamedTuple):
    """What may be told of one day and nation."""

    numbers: Mapping[str, int]  # by authority
    others: int  # what all the others have together


def publishable(numbers: Mapping[str, int]) -> Published:
    """Withhold what must not be told of one day; every authority of the nation has its number."""
    ordered = sorted(numbers, key=lambda code: (numbers[code], code))
    withheld = _how_many_to_withhold([numbers[code] for code in ordered])
    shown = {code: numbers[code] for code in sorted(ordered[withheld:])}
    return Published(shown, sum(numbers.values()) - sum(shown.values()))


def _how_many_to_withhold(ordered: list[int]) -> int:
    """Say how many of the least numbers are withheld."""
    count = sum(number < LEAST_PUBLISHED for number in ordered)
    total = sum(ordered[:count])
    while 0 < count < len(ordered):
        at_most = ordered[count]  # the least published number: no withheld one is more
        if LEAST_PUBLISHED <= total < (count - 1) * at_most:
            break
        total += ordered[count]
        count += 1
    return count
