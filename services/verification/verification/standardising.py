"""Standardising: the comparison key of a name. What was typed stays what is stored and shown."""

from unicodedata import normalize

from anyascii import anyascii
from electoral.person import Name

# After transliteration there is one hyphen, one apostrophe and what people type in its place.
_PUNCTUATION = {"-": " ", "'": "", "`": ""}


class _Keys(dict[int, str]):
    """What each character is in a key, worked out when it is first met.

    `str.translate` with this is many times faster than transliterating each name by itself. It
    grows no larger than Unicode is.
    """

    def __missing__(self, code_point: int) -> str:
        self[code_point] = key = _unpunctuated(anyascii(chr(code_point)).lower())
        return key


_KEYS = _Keys()


def standardise_name(name: Name) -> Name:
    """Make the comparison key of each part of a name."""
    return Name(standardise(name.first), standardise(name.middle), standardise(name.last))


def standardise(text: str) -> str:
    """Make the comparison key of a text.

    Case, accents and apostrophes do not count, a hyphen is a space, spaces collapse; other
    scripts are compared as they are transliterated.
    """
    if text.isascii():
        key = text.lower()
        return key if key.isalpha() or not key else _spaced(key.translate(_KEYS))
    text = normalize("NFC", text)
    key = text.translate(_KEYS)
    if key.isalpha():
        return key
    # Where nothing that could be written in ASCII is left, letters are compared as they are.
    return _spaced(key if any(map(str.isalnum, key)) else _folded(text))


def _spaced(key: str) -> str:
    return " ".join(key.split())


def _folded(text: str) -> str:
    return _unpunctuated(normalize("NFC", text.casefold()))


def _unpunctuated(text: str) -> str:
    return "".join(_PUNCTUATION.get(sign, sign) for sign in text)
