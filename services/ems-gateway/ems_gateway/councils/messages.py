"""What councils are told of answers that cannot be taken: a code, and a sentence of what to do."""

from collections.abc import Mapping

# pydantic's own types of error, in our words. Errors of our own validators are ours already.
_CODES: Mapping[str, str] = {
    "extra_forbidden": "unknown-field",
    "string_type": "must-be-text",
    "string_unicode": "characters-not-allowed",
    "string_pattern_mismatch": "wrong-format",
    "bool_type": "must-be-true-or-false",
    "int_type": "must-be-a-whole-number",
    "greater_than_equal": "out-of-range",
    "less_than_equal": "out-of-range",
    "model_type": "must-be-an-object",
    "dict_type": "must-be-an-object",
    "tuple_type": "must-be-a-list",
    "too_long": "too-many",
    "literal_error": "not-a-choice",
}

_SENTENCES: Mapping[str, str] = {
    "missing": "Send this answer.",
    "unknown-field": "Leave out what is not part of an application.",
    "must-be-text": "Send text, in quotation marks.",
    "must-be-true-or-false": "Send true or false, without quotation marks.",
    "must-be-a-whole-number": "Send a whole number, without quotation marks.",
    "must-be-an-object": "Send an object with named fields.",
    "must-be-a-list": "Send a list.",
    "characters-not-allowed": "Leave out characters that cannot be seen or printed.",
    "too-long": "Shorten this.",
    "too-many": "Leave some entries out.",
    "wrong-format": "Send this in its format.",
    "not-a-choice": "Send one of the values that are offered.",
    "not-a-real-date": "Send a real date.",
    "not-a-country": "Send a country's two-letter ISO 3166 code.",
    "out-of-range": "Send a number within the range.",
    "repeated": "Send each entry once.",
    "give-one-only": "Send one of the two, not both.",
    "in-the-future": "Send a date of birth in the past.",
    "too-long-ago": "Check the date of birth: nobody is so old.",
    "under-16": "Send false: under-16s are never in the open register.",
    "not-yet-supported": "Send ordinary applications only.",
    "not-yours": "Leave this out, or send what is yours.",
    "never-corrected": "Leave this out: it stays as the application was accepted.",
    "send-in-full": "Send this too: what was sealed before is past its retention.",
    "own-id": "Send an id of your own: 1 to 255 visible ASCII characters.",
    "own-id-reused": "This id was used with another body: send the same body, or another id.",
    "too-large": "Send at most 65,536 bytes.",
    "keys-missing": "Send the same again later: a key is not there.",
    "not-an-application": "Send an object with `recordId`, `gssCode` and answers.",
}


def code_of(kind: str) -> str:
    """Name a pydantic error's type by a word of ours."""
    return _CODES.get(kind, kind.replace("_", "-"))


def sentence(code: str) -> str:
    """Say what to do; the same for every field."""
    return _SENTENCES.get(code, "Check this answer.")
