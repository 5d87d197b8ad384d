"""What a session derives from its token, keeps, and forgets; and who may send a form."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import make_mocked_request
from electoral.problems import Problem
from registration.form.security import check_sent_from_our_page, check_token
from registration.form.session import (
    TOKEN_LENGTH,
    FormReceipt,
    FormSession,
    new_session,
    read_session,
    session_id,
)
from registration.idempotency import check_idempotency_key

TYPED = {"name": {"firstName": "Llŷr", "lastName": "O’Neill"}, "contact": {"email": "a@b.example"}}
RECEIPT = FormReceipt(
    reference="1BCDFGHJK2",
    gss_code="E08000039",
    received_at=datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC),
    email="a@b.example",
    repeated=True,
)


def test_whatever_is_derived_follows_from_the_token_alone() -> None:
    session = new_session()
    assert len(session.token) == TOKEN_LENGTH
    again = FormSession(session.token, typed=TYPED, helper="sian", version=9)
    assert (again.id, again.csrf, again.idempotency_key) == (
        session.id,
        session.csrf,
        session.idempotency_key,
    )
    assert again.id == session_id(session.token)


def test_no_two_sessions_share_a_secret_and_none_is_another() -> None:
    one, other = new_session(), new_session()
    secrets = {each for s in (one, other) for each in (s.token, s.csrf, s.idempotency_key)}
    assert len(secrets) == 6
    assert one.csrf not in one.idempotency_key
    assert one.id.hex() != one.idempotency_key


def test_the_next_person_of_a_helper_has_a_key_of_their_own() -> None:
    one, next_one = new_session(helper="sian"), new_session(helper="sian")
    assert one.idempotency_key != next_one.idempotency_key


def test_the_idempotency_key_is_one_that_intake_takes() -> None:
    key = new_session().idempotency_key
    assert check_idempotency_key(key) == key


@pytest.mark.parametrize(
    "session",
    [
        FormSession("t", typed=TYPED),
        FormSession("t", receipt=RECEIPT, feedback_given=True),
        FormSession("t", helper="sian"),
    ],
)
def test_what_is_written_is_read_again(session: FormSession) -> None:
    assert read_session("t", 4, session.as_json()) == replace(session, version=4)


def test_neither_token_nor_answers_show_when_a_session_is_printed() -> None:
    session = replace(new_session(), typed=TYPED, receipt=RECEIPT)
    assert [each for each in (session.token, "Neill", "a@b") if each in repr(session)] == []


def test_once_sent_no_answer_comes_back_and_the_first_receipt_stays() -> None:
    sent = FormSession("t", typed=TYPED).sent(RECEIPT)
    assert sent.typed == {}
    assert b"Neill" not in sent.as_json()
    assert sent.with_typed(TYPED) is sent
    assert sent.sent(replace(RECEIPT, reference="other")) is sent


def check_posted(**headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    check_sent_from_our_page(make_mocked_request("POST", "/", {"Host": "a.example:8101", **named}))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://a.example:8101"},
        {"Origin": "http://a.example:8101"},  # the proxy in front ends TLS
        {},
    ],
)
def test_our_own_pages_may_send(headers: dict[str, str]) -> None:
    check_posted(**headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": ""},
        {"Sec_Fetch_Site": "cross-site", "Origin": "https://a.example:8101"},
        {"Origin": "https://b.example"},
        {"Origin": "https://a.example"},
        {"Origin": "https://a.example:8101.b.example"},
        {"Origin": "https://b.example/a.example:8101"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
def test_nobody_elses_page_may_send(headers: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        check_posted(**headers)
    assert refused.value.status == 403


@pytest.mark.parametrize("sent", [{}, {"csrf": ""}, {"csrf": "é"}, {"csrf": "0" * 32}])
def test_a_form_needs_the_sessions_own_token(sent: dict[str, str]) -> None:
    session = new_session()
    check_token(session, {"csrf": session.csrf})
    with pytest.raises(Problem):
        check_token(session, sent)
