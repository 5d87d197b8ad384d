"""A person's name, and the ways in which a record writes the same name."""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from simulated.chance import Draws


class PersonName(NamedTuple):
    first: str
    middle: str  # empty when there is none
    last: str


CHANGE_REASONS = (
    "Marriage",
    "Civil partnership",
    "Deed poll",
    "Divorce, back to my own name",
)
CAPITALS_WITHOUT_MARKS = 2  # the style of old systems, which have no hyphen either
STYLES = (0, 0, 0, 1, 1, CAPITALS_WITHOUT_MARKS)  # how often a record writes in which style

_APOSTROPHES = str.maketrans("", "", "'’‘ʼ")


def compared(name: str) -> str:
    """The name without case, accents and apostrophes: what must agree between two writings."""
    marks_apart = unicodedata.normalize("NFD", name.translate(_APOSTROPHES).casefold())
    letters = "".join(c for c in marks_apart if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", letters)


@lru_cache(maxsize=8192)
def without_marks(name: str) -> str:
    """The name with its accents left off, where an accent can be."""
    apart = unicodedata.normalize("NFD", name)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


def written(name: PersonName, draws: Draws) -> PersonName:
    """The name as DWP wrote it down, in one of its manners; its records often lack middle names."""
    style = draws.among(STYLES)
    middle = name.middle if draws.below(10) else ""
    last = on_record(name.last, style)
    if style == CAPITALS_WITHOUT_MARKS and "-" in last:
        last = last.replace("-", " ")
    return PersonName(on_record(name.first, style), on_record(middle, style), last)


@lru_cache(maxsize=8192)
def on_record(name: str, style: int) -> str:
    """The name as a record may write it; as typed where another writing would be another name."""
    restyled = (name, name.upper(), without_marks(name).upper())[style]
    alike = compared(restyled) == compared(name) and is_latin(name)
    return restyled if alike else name


def is_latin(name: str) -> bool:
    return all(c < "ɐ" or c in "’‘" or "Ḁ" <= c <= "ỿ" for c in name)
