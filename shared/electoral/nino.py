"""National insurance numbers: how they are written, which were never issued, what identifies.

Format: two prefix letters, six digits and an optional suffix A to D. The suffix identifies
nobody, so look-up, equality and every index use the first eight characters (`identity`).
"""

import re

IDENTITY_LENGTH = 8

_FORMAT = re.compile(r"[A-Z]{2}[0-9]{6}[A-D]?")
# Spaces of every width, hyphens and dashes that word processors put in their place, and `|`.
_SEPARATORS = re.compile(r"[\s\-|\u00ad\u200b\u2010-\u2015\u2212]+")

_NEVER_FIRST = frozenset("DFIQUV")
_NEVER_SECOND = frozenset("DFIOQUV")
_NEVER_PREFIXES = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})


def normalise(text: str) -> str:
    """Strip what people type between the characters, and write the letters large."""
    bare = _SEPARATORS.sub("", text)
    # Other alphabets' letters could turn into A-Z here ("ß" into "SS"): they are left as they are.
    return bare.upper() if bare.isascii() else bare


def is_well_formed(nino: str) -> bool:
    """Say whether a normalised number has the form of a national insurance number."""
    return _FORMAT.fullmatch(nino) is not None


def is_never_issued(nino: str) -> bool:
    """Say whether a well-formed number has a prefix that nobody was ever given."""
    prefix = nino[:2]
    return prefix[0] in _NEVER_FIRST or prefix[1] in _NEVER_SECOND or prefix in _NEVER_PREFIXES


def identity(nino: str) -> str:
    """Give the part of a well-formed number that identifies: its first eight characters."""
    return nino[:IDENTITY_LENGTH]
