"""JSON bodies: read in one way only, or refused with a sentence."""

import json

import pytest
from electoral.json_body import DEPTH_MAX, MalformedJson, canonical_json, parse_json
from hypothesis import given
from hypothesis import strategies as st

CANARY = "Zyxwvut"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
integers = st.integers(min_value=-(10**18), max_value=10**18)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


def nested(depth: int, kind: str = "[]") -> bytes:
    if kind == "[]":
        return b"[" * depth + b"]" * depth
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


@pytest.mark.parametrize(
    ("why", "body"),
    [
        ("empty", b""),
        ("blank", b"  "),
        ("cut short", b'{"firstName": "Zyxwvut'),
        ("something after it", b"{} Zyxwvut"),
        ("single quotes", b"{'firstName': 'Zyxwvut'}"),
        ("a comma too many", b'{"firstName": "Zyxwvut",}'),
        ("duplicate names", b'{"Zyxwvut": 1, "Zyxwvut": 1}'),
        ("duplicate names, one escaped", b'{"Zyxwvut": 1, "\\u005ayxwvut": 1}'),
        ("duplicate names further down", b'{"a": [{"b": 1, "b": 2}]}'),
        ("names without end", json.dumps({f"n{n}": n for n in range(201)}).encode()),
        ("NaN", b'{"a": NaN}'),
        ("Infinity", b'{"a": -Infinity}'),
        ("a float beyond all floats", b'{"a": 1e999}'),
        ("a huge number", b'{"a": ' + b"9" * 5_000 + b"}"),
        ("a huge fraction", b'{"a": 0.' + b"9" * 5_000 + b"}"),
        ("NUL as it is", b'{"a": "\x00"}'),
        ("NUL escaped", b'{"a": "Zyxwvut\\u0000"}'),
        ("NUL in a name", b'{"Zyxwvut\\u0000": 1}'),
        ("half a pair", b'{"a": "Zyxwvut\\ud800"}'),
        ("the other half", b'["\\udfff"]'),
        ("half a pair in a name", b'{"Zyxwvut\\ud83d": 1}'),
        ("half a pair in UTF-8", b'{"a": "\xed\xa0\x80"}'),
        ("a control character", b'{"a": "\x1f"}'),
        ("not UTF-8", b'{"a": "Zyxwvut\xe9"}'),
        ("byte order mark", b"\xef\xbb\xbf{}"),
        ("UTF-16", '{"a": 1}'.encode("utf-16")),
        ("UTF-16 without mark", '{"a": 1}'.encode("utf-16-le")),
        ("UTF-32", '{"a": 1}'.encode("utf-32")),
        ("lists too deep", nested(DEPTH_MAX + 1)),
        ("objects too deep", nested(DEPTH_MAX + 1, "{}")),
        ("deeper than any stack", nested(30_000)),
        ("objects deeper than any stack", nested(10_000, "{}")),
        ("deep and never closed", b"[" * 60_000),
    ],
)
def test_refused_with_a_sentence_that_repeats_nothing(why: str, body: bytes) -> None:
    with pytest.raises(MalformedJson) as refused:
        parse_json(body)
    message = str(refused.value)
    assert message.endswith("."), why
    assert CANARY not in message
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b" {} ", {}),
        (b'{"a": [1, -2, true, null, 0.5]}', {"a": [1, -2, True, None, 0.5]}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
        (nested(DEPTH_MAX), json.loads(nested(DEPTH_MAX))),
        (nested(DEPTH_MAX, "{}"), json.loads(nested(DEPTH_MAX, "{}"))),
        (b'"' + b"[" * 500 + b'"', "[" * 500),
    ],
)
def test_what_can_be_read_in_one_way_only_is_read(body: bytes, value: object) -> None:
    assert parse_json(body) == value


def test_many_shallow_parts_are_not_deep() -> None:
    body = b"[" + b",".join([b'{"a":[{"b":1}]}'] * 500) + b"]"
    assert len(parse_json(body)) == 500  # type: ignore[arg-type]


@given(values)
def test_what_json_writes_is_read_back(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(canonical_json(value)) == value


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\u0dD8a1e+-. ', max_size=200))
def test_whatever_comes_in_is_read_or_refused(body: bytes | str) -> None:
    try:
        value = parse_json(body.encode() if isinstance(body, str) else body)
    except MalformedJson:
        return
    assert parse_json(canonical_json(value)) == value


def test_canonical_bytes_do_not_depend_on_order_blanks_or_escapes() -> None:
    one = parse_json('{"b": [1, 2], "a": "é"}'.encode())
    two = parse_json(b'{"a":"\\u00e9","b":[1,2]}')
    assert canonical_json(one) == canonical_json(two) == '{"a":"é","b":[1,2]}'.encode()


@pytest.mark.parametrize(
    "other", [b'{"a": " x"}', b'{"a": "x "}', b'{"a": "X"}', b'{"a": true}', b'{"a": 1}']
)
def test_canonical_bytes_tell_values_apart_before_any_trimming(other: bytes) -> None:
    assert canonical_json(parse_json(b'{"a": "x"}')) != canonical_json(parse_json(other))


def test_canonical_bytes_do_not_equate_true_and_one() -> None:
    assert canonical_json(True) != canonical_json(1) != canonical_json(1.0)


def test_canonical_bytes_keep_composed_and_decomposed_apart() -> None:
    assert canonical_json("é") != canonical_json("e\u0301")
