"""Whatever is sent: it is an application, or told what is wrong with it; nothing else is raised."""

import json
from contextlib import suppress
from datetime import date

from builders import an_application
from electoral.json_body import MalformedJson, canonical_json, parse_json
from electoral.problems import Problem
from hypothesis import example, given, settings
from hypothesis import strategies as st
from registration.application import Application
from registration.batches import read_batch
from registration.reading import InvalidApplication, check_for_nation, read_application

TODAY = date(2026, 11, 22)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["GB", "1987-03-31", "AB123456C", "S1 2HH", "sian@example.com", "18to75", "none", "\ud800"]
    )
)
names = (
    st.sampled_from([*an_application(), "previousName", "previousAddress", "noNino"]) | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=15
)


def read(body: bytes) -> Application | InvalidApplication | MalformedJson:
    """Do what the route does, up to where the application is placed."""
    try:
        application = read_application(parse_json(body), on=TODAY, source="web")
        check_for_nation(application, None, TODAY)
        check_for_nation(application, "wales", TODAY)
        return application
    except (InvalidApplication, MalformedJson) as refusal:
        return refusal


@given(st.binary())
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"1" * 100_000)
@example(b'"' + b"\\u0000" * 1_000 + b'"')
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert isinstance(read(body), InvalidApplication | MalformedJson)


@given(values)
def test_any_json_is_read_or_refused(value: object) -> None:
    read(json.dumps(value).encode())


@settings(max_examples=300)
@given(st.dictionaries(names, values, min_size=1, max_size=3))
def test_a_good_application_with_anything_in_place_of_some_answers_is_read_or_refused(
    changes: dict[str, object],
) -> None:
    body = json.dumps({**an_application(), **changes}).encode()
    found = read(body)
    if isinstance(found, Application):
        json.loads(found.person_json())
    elif isinstance(found, InvalidApplication):
        assert found.errors


@given(st.sampled_from(["address", "previousAddress", "contact", "previousName"]), names, values)
def test_a_part_with_anything_in_place_of_an_answer_is_read_or_refused(
    part: str, name: str, value: object
) -> None:
    inner = an_application().get(part)
    inside = inner if isinstance(inner, dict) else {}
    read(json.dumps({**an_application(), part: {**inside, name: value}}).encode())


@given(values)
def test_any_json_is_a_batch_or_refused(value: object) -> None:
    with suppress(MalformedJson, Problem):
        read_batch(parse_json(json.dumps({"applications": value}).encode()))
    with suppress(MalformedJson, Problem):
        read_batch(parse_json(json.dumps(value).encode()))


@given(values)
def test_what_is_read_can_be_compared(value: object) -> None:
    with suppress(MalformedJson):
        parsed = parse_json(json.dumps(value).encode())
        assert canonical_json(parsed) == canonical_json(parse_json(canonical_json(parsed)))
