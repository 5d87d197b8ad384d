"""JSON bodies, read strictly: what two readers could understand differently is refused.

RFC 8259 leaves open what happens to duplicate names, huge numbers and lone surrogates (RFC 7493,
I-JSON, closes these); all of them are refused here, and so are depth without end, NUL characters
and any encoding but UTF-8. Every refusal is a sentence for the sender, and repeats nothing of
what was sent.
"""

import json
import re
from collections.abc import Iterable
from math import isfinite
from typing import Never

DEPTH_MAX = 20  # objects and lists inside one another
MEMBERS_MAX = 200  # names in one object; an application has some thirty
NUMBER_LENGTH_MAX = 20  # characters; an application needs eight at most

# Escapes that may make one of these; most of the time they are whole pairs.
_ESCAPED_SURPRISE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_NEVER_IN_TEXT = re.compile("[\x00\ud800-\udfff]")


class MalformedJson(ValueError):
    """The body is not JSON that can be read in one way only; the message tells the sender why."""


class SurprisingJson(MalformedJson):
    """The body is JSON, and two readers could understand it differently."""


def parse_json(body: bytes) -> object:
    """Read a body of JSON. Raises MalformedJson for whatever is wrong with it."""
    text = _decoded(body)
    try:
        value: object = _DECODER.decode(text)
    except MalformedJson:
        raise
    except RecursionError:
        raise _nested_too_deeply() from None
    except ValueError:
        raise MalformedJson("The body is not valid JSON.") from None
    if _may_hold_surprises(text):
        _refuse_surprises(value)
    return value


def canonical_json(value: object) -> bytes:
    """Write a parsed value in one way only: sorted names, no blanks, UTF-8.

    Two bodies are the same if these bytes are: it is the value as parsed, before any trimming.
    """
    return _ENCODER.encode(value).encode()


def _decoded(body: bytes) -> str:
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise MalformedJson("The body begins with a byte order mark. Send UTF-8 without one.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJson("The body is not valid UTF-8.") from None


def _may_hold_surprises(text: str) -> bool:
    """Say whether the text could nest too deeply, or hold escaped characters to be refused."""
    escaped = "\\" in text and _ESCAPED_SURPRISE.search(text) is not None
    return escaped or text.count("{") + text.count("[") > DEPTH_MAX


def _refuse_surprises(value: object) -> None:
    """Look at every part of a value, level by level, so that depth costs no stack."""
    level = [value]
    for _ in range(DEPTH_MAX):
        _refuse_characters(level)
        level = [child for part in level for child in _children(part)]
        if not level:
            return
    if any(isinstance(part, dict | list) for part in level):
        raise _nested_too_deeply()
    _refuse_characters(level)


def _children(part: object) -> Iterable[object]:
    if isinstance(part, dict):
        return (*part.keys(), *part.values())
    return part if isinstance(part, list) else ()


def _refuse_characters(parts: Iterable[object]) -> None:
    for part in parts:
        if isinstance(part, str) and _NEVER_IN_TEXT.search(part):
            raise SurprisingJson("The body holds a character that is not text: NUL or half a pair.")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > MEMBERS_MAX:
        raise SurprisingJson(f"The body holds an object with more than {MEMBERS_MAX} names.")
    members = dict(pairs)
    if len(members) != len(pairs):
        raise SurprisingJson("The body holds an object with the same name twice.")
    return members


def _integer(digits: str) -> int:
    if len(digits) > NUMBER_LENGTH_MAX:
        raise _number_too_large()
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if len(digits) > NUMBER_LENGTH_MAX or not isfinite(number):
        raise _number_too_large()
    return number


def _constant(_name: str) -> Never:
    raise MalformedJson("The body holds NaN or Infinity, which are not JSON.")


def _number_too_large() -> SurprisingJson:
    return SurprisingJson("The body holds a number that is too large or too long.")


def _nested_too_deeply() -> SurprisingJson:
    return SurprisingJson(f"The body is nested too deeply. Nest at most {DEPTH_MAX} levels.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
