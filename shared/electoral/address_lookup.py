"""Full addresses, by postcode or UPRN: the port, and a synthetic provider.

The national address files (PAF, AddressBase) are not open data, so the default provider makes
addresses up: for each real postcode the same ones at any time and anywhere, without storing any.
Others can reproduce them from the postcode directory alone. The rules; `crc` is the CRC-32 (zlib's)
of the postcode as "SW1A 1AA" in ASCII, and divisions (//) and remainders (%) are whole:

- A postcode has `3 + crc // 9 % 28` houses, numbered from 1.
- The UPRN of a house is `number * 60 + house`, without leading zeros. `number` reads the postcode
  as digits of several bases: the outward part, padded on the right with spaces to four characters,
  in base 37 (space 0, digits 1 to 10, letters 11 to 36); then the inward digit in base 10; then its
  two letters in base 26 (A is 0). House 7 of "SW1A 1AA" has the UPRN 614159154967.
- Houses belong to their postcode's authority. But where `crc % 9 == 0` the postcode may straddle a
  boundary: of the placed postcodes (those with a code of England, Scotland or Wales; NPT 0VA is not
  one), in the order of the directory's seven-character form, take the nearest within 20 places that
  has another code, the one before rather than the one after. If there is one, the houses above
  `houses * 2 // 3` belong to that code. 2% of all postcodes straddle.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, zip_longest
from typing import NamedTuple, Protocol
from zlib import crc32

from electoral.postcodes import PostcodeIndex, normalise_postcode

HOUSES_MIN = 3
HOUSES_RANGE = 28
UPRN_HOUSES = 60  # UPRNs reserved for a postcode; with more than 78 they would outgrow 12 digits
UPRN_DIGITS_MAX = 12
STRADDLING_ONE_IN = 9
NEIGHBOUR_PLACES_MAX = 20

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OUTWARD_DIGITS = " 0123456789" + _LETTERS
_OUTWARD_LENGTH = 4
_OUTWARDS_KEPT = 4096  # there are 3,000
_INWARDS = 10 * 26 * 26

_STREETS = tuple(
    f"{name} {kind}"
    for kind in ("Street", "Road", "Lane", "Close", "Avenue")
    for name in ("Sample", "Orchard", "Mill", "Station", "Chapel", "Meadow", "Example")
)
_TOWNS = ("Sampleton", "Exampleby", "Market Sample", "Nether Example", "Great Sample", "Exampleham")


class AddressLookupUnavailable(Exception):
    """The address look-up did not answer: place the address by its postcode, as approximate."""


class Address(NamedTuple):
    """A full address with the authority responsible for it, under the provider's GSS code: it may
    have ended since, `Authorities.current` knows.
    """

    uprn: str
    property: str
    street: str
    locality: str | None
    town: str
    area: str | None
    postcode: str  # as the Royal Mail writes it, "SW1A 1AA"
    gss_code: str


class AddressLookup(Protocol):
    """Finds full addresses; raises AddressLookupUnavailable when it cannot answer."""

    async def by_uprn(self, uprn: str) -> Address | None:
        """Return the address of a UPRN, or None."""

    async def by_postcode(self, postcode: str) -> tuple[Address, ...]:
        """List the addresses of a postcode, none for an unknown one."""


class SyntheticAddressLookup:
    """Deterministic addresses for real postcodes."""

    def __init__(self, index: PostcodeIndex) -> None:
        self._index = index

    async def by_uprn(self, uprn: str) -> Address | None:
        found = read_uprn(uprn)
        if found is None:
            return None
        postcode, house = found
        gss_code = self._index.gss_code(postcode)
        if gss_code is None:
            return None
        return self._address(uprn.lstrip("0"), postcode, house, gss_code)

    async def by_postcode(self, postcode: str) -> tuple[Address, ...]:
        normal = normalise_postcode(postcode)
        gss_code = self._index.gss_code(normal) if normal else None
        if normal is None or gss_code is None:
            return ()
        houses = range(1, count_houses(normal) + 1)
        return tuple(
            self._address(uprn_of(normal, house), normal, house, gss_code) for house in houses
        )

    def _address(self, uprn: str, postcode: str, house: int, gss_code: str) -> Address:
        if house > count_houses(postcode) * 2 // 3:
            gss_code = self._neighbour(postcode, gss_code) or gss_code
        return Address(
            uprn=uprn,
            property=str(house),
            street=_STREETS[crc32(postcode.encode()) % len(_STREETS)],
            locality=None,
            town=_TOWNS[crc32(postcode.split(maxsplit=1)[0].encode()) % len(_TOWNS)],
            area=None,
            postcode=postcode,
            gss_code=gss_code,
        )

    def _neighbour(self, postcode: str, gss_code: str) -> str | None:
        if crc32(postcode.encode()) % STRADDLING_ONE_IN:
            return None
        nearest_first = (code for code in self._around(postcode) if code and code != gss_code)
        return next(nearest_first, None)

    def _around(self, postcode: str) -> Iterator[str | None]:
        before = islice(self._index.codes_before(postcode), NEIGHBOUR_PLACES_MAX)
        after = islice(self._index.codes_after(postcode), NEIGHBOUR_PLACES_MAX)
        return (code for pair in zip_longest(before, after) for code in pair)


def count_houses(postcode: str) -> int:
    """Return how many houses a postcode has (postcode as "SW1A 1AA")."""
    return HOUSES_MIN + crc32(postcode.encode()) // STRADDLING_ONE_IN % HOUSES_RANGE


def uprn_of(postcode: str, house: int) -> str:
    """Return the UPRN of a house (postcode as "SW1A 1AA", houses numbered from 1)."""
    outward, inward = postcode.split(" ")
    letters = _LETTERS.index(inward[1]) * 26 + _LETTERS.index(inward[2])
    number = _number_of_outward(outward) * _INWARDS + int(inward[0]) * 26 * 26 + letters
    return str(number * UPRN_HOUSES + house)


def read_uprn(uprn: str) -> tuple[str, int] | None:
    """Return the postcode and house that a synthetic UPRN stands for, or None for any other."""
    if not (uprn.isascii() and uprn.isdigit() and len(uprn) <= UPRN_DIGITS_MAX):
        return None
    number, house = divmod(int(uprn), UPRN_HOUSES)
    outward, inward = divmod(number, _INWARDS)
    digit, letters = divmod(inward, 26 * 26)
    text = f"{_outward_of_number(outward)} {digit}{_LETTERS[letters // 26]}{_LETTERS[letters % 26]}"
    if normalise_postcode(text) != text or not 1 <= house <= count_houses(text):
        return None
    return text, house


@lru_cache(maxsize=_OUTWARDS_KEPT)
def _number_of_outward(outward: str) -> int:
    number = 0
    for character in outward.ljust(_OUTWARD_LENGTH):
        number = number * len(_OUTWARD_DIGITS) + _OUTWARD_DIGITS.index(character)
    return number


@lru_cache(maxsize=_OUTWARDS_KEPT)
def _outward_of_number(number: int) -> str:
    characters = ""
    for _ in range(_OUTWARD_LENGTH):
        number, digit = divmod(number, len(_OUTWARD_DIGITS))
        characters = _OUTWARD_DIGITS[digit] + characters
    return "" if number else characters.rstrip()
