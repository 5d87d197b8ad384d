"""What a person may type into a name or a line of text, and how it is stored: trimmed, as NFC.

Names may be in any script. Refused are characters that nobody can mean and that deceive or
break whoever reads them next: controls, characters that override the direction of writing,
surrogates, private-use and unassigned code points, line separators; and in names `< > |`.
"""

import re
from typing import Literal
from unicodedata import category, normalize

TextFault = Literal["too-long", "characters-not-allowed"]

# Blanks that come along when people copy and paste; the controls among Python's own blanks are
# not here, so that they are refused wherever they stand.
_BLANKS = (
    " \t\r\n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000"
)

# No text grows shorter than a quarter of its length through NFC (Greek has letters of four code
# points), so that anything longer is too long without looking. The look is what costs: putting
# a long run of combining marks into order takes time by the square of its length.
_LONGEST_COMPOSITION = 4

# Of ASCII; beyond it the same is refused everywhere.
_REFUSED_IN_NAMES = re.compile(r"[\x00-\x1f\x7f<>|]")
_REFUSED_IN_LINES = re.compile(r"[\x00-\x1f\x7f]")
_REFUSED_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Zs"})


class RefusedText(ValueError):
    """The text cannot be stored; `fault` says why. Never holds the text itself."""

    def __init__(self, fault: TextFault) -> None:
        super().__init__(fault)
        self.fault: TextFault = fault


def clean_name(text: str, max_length: int) -> str:
    """Trim a name and put it into NFC; the length counts code points after that.

    Gives an empty string where nothing visible was typed. Raises RefusedText.
    """
    return _clean(text, max_length, _REFUSED_IN_NAMES)


def clean_line(text: str, max_length: int) -> str:
    """Do the same for any other text of one line."""
    return _clean(text, max_length, _REFUSED_IN_LINES)


def clean_text(text: str, max_length: int) -> str:
    """Do the same for text of several lines, as typed into a large box."""
    return _clean(text, max_length, _REFUSED_IN_TEXT)


def _clean(text: str, max_length: int, refused: re.Pattern[str]) -> str:
    text = text.strip(_BLANKS)
    if len(text) > max_length * _LONGEST_COMPOSITION:
        raise RefusedText("too-long")
    is_ascii = text.isascii()
    if not is_ascii:
        text = normalize("NFC", text)
    if refused.search(text) or not (is_ascii or _is_harmless_beyond_ascii(text)):
        raise RefusedText("characters-not-allowed")
    if len(text) > max_length:
        raise RefusedText("too-long")
    return text if is_ascii or _has_something_visible(text) else ""


def _is_harmless_beyond_ascii(text: str) -> bool:
    return not any(map(_is_refused_character, text))


def _is_refused_character(character: str) -> bool:
    if character.isascii():
        return False  # what is refused of these depends on what the text is for
    return category(character) in _REFUSED_CATEGORIES or character in _BIDI_CONTROLS


def _has_something_visible(text: str) -> bool:
    return any(category(character) not in _INVISIBLE_CATEGORIES for character in text)
