"""The leak scan: whether a canary is anywhere in some bytes, whatever form it has taken there."""

import base64
import html
import json
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote, quote_plus

NEEDLE_BYTES_MIN = 7
CHUNK_BYTES = 1 << 16
GRAM_BYTES = 4
CHANCE_DIGITS_MAX = 12  # so few digits are part of many a longer number
SURROUNDINGS_BYTES = 60


class Kind(StrEnum):
    """What a canary is; it decides how else people and programs spell it."""

    TEXT = "text"  # names, addresses, what people wrote
    NINO = "NINO"
    DATE = "date"
    POSTCODE = "postcode"


@dataclass(frozen=True, order=True)
class Canary:
    """A value that occurs nowhere else, so that finding it says where it came from."""

    what: str  # whose, and which field
    kind: Kind
    text: str


class Needle(NamedTuple):
    """One form of one canary."""

    canary: Canary
    form: str
    sought: bytes
    any_case: bool  # then `sought` is in lower case


class Leak(NamedTuple):
    """A canary where it must not be."""

    place: str
    canary: Canary
    form: str
    around: bytes

    def __str__(self) -> str:
        return f"{self.place}: {self.canary.what} ({self.form}) in {self.around!r}"


# -- spellings ------------------------------------------------------------------------------------


def spellings(canary: Canary) -> dict[str, str]:
    """Name every way to write a canary; upper and lower case are not told apart here."""
    match canary.kind:
        case Kind.NINO:
            return _nino_spellings(canary.text)
        case Kind.DATE:
            return _date_spellings(date.fromisoformat(canary.text))
        case Kind.POSTCODE:
            compact = canary.text.replace(" ", "")
            return {"plain": compact, "spaced": f"{compact[:-3]} {compact[-3:]}"}
    return _text_spellings(canary.text)


def _text_spellings(text: str) -> dict[str, str]:
    apart = unicodedata.normalize("NFD", text)
    return {
        "plain": unicodedata.normalize("NFC", text),
        "decomposed": apart,
        "without accents": "".join(c for c in apart if not unicodedata.combining(c)),
        "run together": re.sub(r"\W", "", text),
    }


def _nino_spellings(nino: str) -> dict[str, str]:
    """The first eight characters alone identify, so they are sought with and without a suffix."""
    pairs = [nino[:8][at : at + 2] for at in range(0, 8, 2)]
    return {
        "plain": nino[:8],
        "spaced": " ".join(pairs),
        "hyphenated": "-".join(pairs),
        "half spaced": f"{nino[:2]} {nino[2:8]}",
    }


def _date_spellings(day: date) -> dict[str, str]:
    numbers = (day.day, day.month, day.year)
    return {
        "plain": day.isoformat(),
        "compact": day.strftime("%Y%m%d"),
        "compact, day first": day.strftime("%d%m%Y"),
        "slashes": day.strftime("%d/%m/%Y"),
        "slashes, year first": day.strftime("%Y/%m/%d"),
        "slashes, American": day.strftime("%m/%d/%Y"),
        "dots": day.strftime("%d.%m.%Y"),
        "hyphens, day first": day.strftime("%d-%m-%Y"),
        "spaced": day.strftime("%d %m %Y"),
        "in words": f"{day.day} {day.strftime('%B %Y')}",
        "in short words": f"{day.day} {day.strftime('%b %Y')}",
        "in American words": day.strftime("%B %d, %Y"),
        "in code": f"{day.year}, {day.month}, {day.day}",
        "bare numbers": "/".join(map(str, numbers)),
    }


# -- forms ----------------------------------------------------------------------------------------


def needles_of(canary: Canary) -> Iterator[Needle]:
    """Make what is sought for a canary: each spelling in each encoding, once."""
    seen: set[tuple[bytes, bool]] = set()
    for spelling, text in spellings(canary).items():
        for cased in {text, text.lower(), text.upper()}:
            for encoding, sought, any_case in _encodings(cased):
                known = (sought.lower() if any_case else sought, any_case)
                if known not in seen:
                    seen.add(known)
                    yield Needle(canary, f"{spelling}, {encoding}", *known)


def _encodings(text: str) -> Iterator[tuple[str, bytes, bool]]:
    """Encode a text: (name of the encoding, bytes, whether it is sought in any case)."""
    raw = text.encode()
    yield "as it is", raw, True
    for name, written in (
        ("URL-encoded", quote(text, safe="")),
        ("form-encoded", quote_plus(text)),
        ("URL-encoded throughout", "".join(f"%{byte:02x}" for byte in raw)),
        ("JSON-escaped", json.dumps(text)[1:-1]),
        ("JSON-escaped throughout", "".join(f"\\u{ord(c):04x}" for c in text)),
        ("HTML-escaped", html.escape(text)),
        ("SQL-quoted", text.replace("'", "''")),
        ("hexadecimal", raw.hex()),
        ("hexadecimal twice", raw.hex().encode().hex()),
    ):
        yield name, written.encode(), True
    yield "UTF-16", text.encode("utf-16-le"), True
    yield "UTF-16, big end first", text.encode("utf-16-be"), True
    for shift in range(3):
        inner = _base64_inside(raw, shift)
        yield f"base64 at {shift}", inner, False
        yield f"base64url at {shift}", inner.translate(bytes.maketrans(b"+/", b"-_")), False


def _base64_inside(raw: bytes, shift: int) -> bytes:
    """The characters that stand for `raw` alone, when `shift` bytes (mod 3) are before it."""
    encoded = base64.b64encode(bytes(shift) + raw)
    first = -(-shift * 8 // 6)  # of the characters, the first that holds bits of `raw` only
    return encoded[first : (shift + len(raw)) * 8 // 6]


# -- searching ------------------------------------------------------------------------------------


class _Index:
    """Finds any of thousands of needles in one pass.

    Every fourth place of the data is looked at: a needle of seven bytes or more covers one of
    these with four bytes of its own, and only there it is compared.
    """

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._suspects: dict[int, list[tuple[Needle, int]]] = defaultdict(list)
        self.longest = 0
        for needle in needles:
            if len(needle.sought) < NEEDLE_BYTES_MIN:
                raise ValueError(f"too short to be told from chance: {needle.canary.what}")
            self.longest = max(self.longest, len(needle.sought))
            for at in range(GRAM_BYTES):
                gram = needle.sought[at : at + GRAM_BYTES]
                self._suspects[int.from_bytes(gram, sys.byteorder)].append((needle, at))
        self._grams = frozenset(self._suspects)

    def find(self, chunk: bytes) -> Iterator[tuple[Needle, int]]:
        """Yield each needle that is met in a chunk, with its place there."""
        suspects = self._suspects
        words = memoryview(chunk + bytes(-len(chunk) % GRAM_BYTES)).cast("I")
        if self._grams.isdisjoint(words):
            return  # as good as always, in what is no text, and far quicker
        for place in [place for place, word in enumerate(words) if word in suspects]:
            for needle, within in suspects[words[place]]:
                begin = place * GRAM_BYTES - within
                if begin >= 0 and _is_at(needle.sought, chunk, begin):
                    yield needle, begin


def _is_at(sought: bytes, data: bytes, begin: int) -> bool:
    if not data.startswith(sought, begin):
        return False
    end = begin + len(sought)
    if len(sought) > CHANCE_DIGITS_MAX or not sought.isdigit():
        return True
    return not (data[max(0, begin - 1) : begin].isdigit() or data[end : end + 1].isdigit())


class Scanner:
    """Seeks all forms of some canaries."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        needles = [needle for canary in sorted(set(canaries)) for needle in needles_of(canary)]
        self._exact = _Index(needle for needle in needles if not needle.any_case)
        self._folded = _Index(needle for needle in needles if needle.any_case)
        self._overlap = max(self._exact.longest, self._folded.longest)

    def scan(self, place: str, data: bytes) -> list[Leak]:
        """Return what is found in some bytes, each form once."""
        found: dict[Needle, Leak] = {}
        for begin in range(0, max(len(data), 1), CHUNK_BYTES):
            chunk = data[begin : begin + CHUNK_BYTES + self._overlap]
            if not chunk.strip(b"\0"):
                continue
            for needle, at in (*self._exact.find(chunk), *self._folded.find(chunk.lower())):
                around = chunk[max(0, at - SURROUNDINGS_BYTES) : at + SURROUNDINGS_BYTES]
                found.setdefault(needle, Leak(place, needle.canary, needle.form, around))
        return list(found.values())
