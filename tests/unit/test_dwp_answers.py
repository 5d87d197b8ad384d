"""DWP's answers: what cannot be believed is unanswered, never `not found`."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
from electoral.person import Name
from hypothesis import example, given
from hypothesis import strategies as st
from verification.dwp import NOT_FOUND, UNAVAILABLE, WRONG, Answer
from verification.dwp_answers import RETRY_AFTER_MAX, read_answers, read_retry_after, read_token
from verification.errors import DwpFailure
from verification.matching import Record

NINO, OTHER_NINO = "AB123456", "CE654321"
NAMES = [{"first": "SIAN", "middle": "", "last": "ONEILL"}]
RECORD = {
    "names": NAMES,
    "dateOfBirth": "1987-03-31",
    "dateOfDeath": None,
}
FOUND = {"id": "0", "nino": NINO, "outcome": "found", "record": RECORD}


def answer_to(result: object, nino: str = NINO) -> Answer:
    return read_answers(json.dumps({"results": [result]}).encode(), [nino])[nino]


def with_record(**changes: object) -> dict[str, object]:
    return {**FOUND, "record": {**RECORD, **changes}}


def test_a_record_is_read() -> None:
    record = {
        "names": [
            {"first": "SIAN", "middle": None, "last": "ONEILL"},
            {"first": "SIAN", "middle": "MAI", "last": "JONES", "title": "DR"},
        ],
        "dateOfBirth": "1987-03-31",
        "dateOfDeath": "2020-01-02",
    }
    names = (Name("SIAN", "", "ONEILL"), Name("SIAN", "MAI", "JONES"))
    assert answer_to({**FOUND, "record": record}) == Record(
        names, date(1987, 3, 31), date(2020, 1, 2)
    )


def test_each_look_up_gets_its_own_answer_in_whatever_order_they_come() -> None:
    results = [
        {"id": "2", "nino": "EE000003", "outcome": "unavailable"},
        {"id": "1", "nino": OTHER_NINO, "outcome": "not-found"},
        FOUND,
    ]
    answers = read_answers(
        json.dumps({"results": results}).encode(), [NINO, OTHER_NINO, "EE000003", "EE000004"]
    )
    assert isinstance(answers[NINO], Record)
    assert answers[OTHER_NINO] == NOT_FOUND
    assert answers["EE000003"] == UNAVAILABLE
    assert answers["EE000004"] == WRONG


@pytest.mark.parametrize(
    "result",
    [
        {**FOUND, "nino": OTHER_NINO},
        {**FOUND, "nino": NINO + "C"},
        {"id": "0", "outcome": "not-found"},
        {"id": "0", "nino": OTHER_NINO, "outcome": "not-found"},
        {"id": 0, "nino": NINO, "outcome": "not-found"},
        {"id": "1", "nino": NINO, "outcome": "not-found"},
        {"id": "-1", "nino": NINO, "outcome": "not-found"},
        {"id": "٠", "nino": NINO, "outcome": "not-found"},
        {"id": "9" * 5000, "nino": NINO, "outcome": "not-found"},
        {"nino": NINO, "outcome": "not-found"},
        {**FOUND, "outcome": "NOT-FOUND"},
        {**FOUND, "outcome": "not-found"},
        {**FOUND, "outcome": ["found"]},
        {**FOUND, "outcome": None},
        {"id": "0", "nino": NINO, "outcome": "found"},
        {**FOUND, "record": []},
        with_record(names=[]),
        with_record(names={}),
        with_record(names=["SIAN"]),
        with_record(names=[{"first": "SIAN", "middle": ""}]),
        with_record(names=[{"first": "SIAN", "middle": 1, "last": "ONEILL"}]),
        with_record(names=[{"first": "", "middle": "", "last": ""}]),
        with_record(names=NAMES * 51),
        with_record(dateOfBirth=None),
        with_record(dateOfBirth="1987-02-31"),
        with_record(dateOfBirth="19870331"),
        with_record(dateOfBirth=19870331),
        with_record(dateOfDeath="soon"),
        with_record(dateOfDeath=""),
        with_record(dateOfDeath=False),
        {**FOUND, "record": {k: v for k, v in RECORD.items() if k != "dateOfDeath"}},
        None,
        "not-found",
    ],
)
def test_an_answer_that_cannot_be_believed_is_no_answer(result: object) -> None:
    assert answer_to(result) == WRONG


@pytest.mark.parametrize(
    "second", [FOUND, {**FOUND, "nino": OTHER_NINO}, {"id": "0", "nino": NINO, "outcome": "?"}]
)
@pytest.mark.parametrize("turned", [False, True])
def test_two_answers_for_one_look_up_are_no_answer(second: dict[str, object], turned: bool) -> None:
    results = [{"id": "0", "nino": NINO, "outcome": "not-found"}, second]
    if turned:
        results.reverse()
    assert read_answers(json.dumps({"results": results}).encode(), [NINO]) == {NINO: WRONG}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><head><title>Service temporarily",
        b'{"results": [',
        b"[]",
        b"{}",
        b'{"results": {}}',
        b'{"results": null}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_answer_is_a_failure_of_the_whole_call(body: bytes) -> None:
    with pytest.raises(DwpFailure) as failure:
        read_answers(body, [NINO])
    assert failure.value.reason == "garbage"


# -- when to ask again ----------------------------------------------------------------------------

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("86400", RETRY_AFTER_MAX),
        ("9" * 5_000, RETRY_AFTER_MAX),
        ("-7", None),
        ("1.5", None),
        ("٧", None),
        ("soon", None),
        ("", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW + timedelta(days=1), usegmt=True), RETRY_AFTER_MAX),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30.0),
        ("Sunday, 22-Nov-26 12:00:30 GMT", 30.0),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
        (f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", None),
        (f"Sun, 22 Nov 2026 {'9' * 20}:00:30 GMT", None),
        (f"Sun, 22 Nov 2026 12:00:30 +{'9' * 20}", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(
    text: str | None, seconds: float | None
) -> None:
    assert read_retry_after(text, NOW) == seconds


# -- a token --------------------------------------------------------------------------------------


def token_of(expires_in: str) -> tuple[str, float]:
    return read_token(b'{"access_token": "x", "expires_in": %s}' % expires_in.encode())


@pytest.mark.parametrize(("written", "seconds"), [("300", 300.0), ("0.5", 0.5), ("-1", -1.0)])
def test_a_token_says_how_long_it_lives(written: str, seconds: float) -> None:
    assert token_of(written) == ("x", seconds)


@pytest.mark.parametrize(
    "written",
    ["9" * 400, "9" * 5_000, "NaN", "Infinity", "-Infinity", "1e999", "true", "null", '"300"'],
)
def test_a_token_of_a_freak_life_is_no_token(written: str) -> None:
    with pytest.raises(DwpFailure) as failure:
        token_of(written)
    assert failure.value.reason == "garbage"


# -- whatever comes -------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
DIGITS = st.text("0123456789", max_size=25)
NEARLY_DATES = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Sun", "", "Sunday"]),
    DIGITS,
    st.sampled_from(["Nov", "nov", "11", ""]),
    *[DIGITS] * 4,
    st.sampled_from(["GMT", "-0000", "+9999", "-99999999999999999999", ""]),
)


@given(st.text() | NEARLY_DATES)
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
def test_whatever_retry_after_says_it_is_bounded_or_says_nothing(text: str) -> None:
    seconds = read_retry_after(text, NOW)
    assert seconds is None or 0.0 <= seconds <= RETRY_AFTER_MAX


@given(st.fixed_dictionaries({"access_token": JSON, "expires_in": JSON}) | JSON)
def test_whatever_a_token_looks_like_it_is_one_or_a_failure_of_dwp(document: object) -> None:
    with suppress(DwpFailure):
        text, seconds = read_token(json.dumps(document).encode())
        assert text
        assert abs(seconds) < float("inf")


RECORDS = st.fixed_dictionaries(
    {"names": st.just(NAMES) | JSON, "dateOfBirth": st.text() | JSON, "dateOfDeath": JSON}
)
RESULTS = st.fixed_dictionaries(
    {"id": st.just("0") | JSON, "nino": st.just(NINO), "outcome": st.just("found") | JSON},
    optional={"record": RECORDS | JSON},
)


@given(st.fixed_dictionaries({"results": st.lists(RESULTS | JSON) | JSON}) | JSON)
def test_whatever_an_answer_looks_like_it_is_one_or_a_failure_of_dwp(document: object) -> None:
    with suppress(DwpFailure):
        answers = read_answers(json.dumps(document).encode(), [NINO])
        assert set(answers) == {NINO}


@given(st.binary())
def test_no_bytes_are_too_strange(body: bytes) -> None:
    for read in (read_token, lambda some: read_answers(some, [NINO])):
        with suppress(DwpFailure):
            read(body)
