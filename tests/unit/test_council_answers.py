"""What councils may send of an application, in full or corrected, and what is sealed of it."""

import json
from datetime import date

import pytest
from builders import ABSENT, an_address, an_application
from ems_gateway.councils.answers import (
    CouncilAnswers,
    Identifier,
    InvalidAnswers,
    read_resubmitted,
    read_whole,
)
from ems_gateway.councils.messages import _SENTENCES

ON = date(2026, 11, 22)
UNDER_16 = "2011-01-31"
LEAST: dict[str, object] = {
    "firstName": "Siân",
    "lastName": "O'Neill",
    "dateOfBirth": "1987-03-31",
    "nino": "AB123456C",
    "address": {"street": "Mill Lane", "postcode": "TS24 8AA"},
}


def corrected(**sent: object) -> CouncilAnswers:
    return read_resubmitted(sent, ON, "/corrections", is_whole=False)


def faults_of_whole(sent: dict[str, object]) -> set[tuple[str, str]]:
    with pytest.raises(InvalidAnswers) as refused:
        read_whole(sent, ON)
    return {(error.pointer, error.code) for error in refused.value.errors}


def faults_of_corrections(**sent: object) -> set[tuple[str, str]]:
    with pytest.raises(InvalidAnswers) as refused:
        corrected(**sent)
    return {(error.pointer, error.code) for error in refused.value.errors}


def test_names_a_date_of_birth_a_number_and_an_address_are_enough() -> None:
    answers = read_whole(LEAST, ON)
    assert json.loads(answers.person_json(application_type="ordinary", language="cy")) == {
        "type": "ordinary",
        "language": "cy",
        **{name: answer for name, answer in LEAST.items() if name != "nino"},
    }


@pytest.mark.parametrize("name", ["firstName", "lastName", "dateOfBirth", "nino", "address"])
def test_without_one_of_these_it_is_no_application(name: str) -> None:
    sent = {other: answer for other, answer in LEAST.items() if other != name}
    assert faults_of_whole(sent) == {(f"/{name}", "missing")}
    assert faults_of_whole(LEAST | {name: None}) == {(f"/{name}", "missing")}


def test_everything_that_was_sent_is_sealed_but_the_number() -> None:
    sent = an_application(gssCode="E06000001", source=ABSENT)
    answers = read_whole(sent, ON)
    person = json.loads(answers.person_json(application_type="ordinary", language="en"))
    assert person == {n: v for n, v in sent.items() if n not in ("nino", "gssCode")}


@pytest.mark.parametrize(
    ("change", "identifier"),
    [
        ({"nino": "ab 12 34 56 c"}, Identifier("AB123456C", None)),
        ({"nino": "BG123456C"}, Identifier(None, "never-issued")),
        ({"nino": None, "noNino": {"reason": "lost"}}, Identifier(None, "no-nino")),
        ({"nino": None, "dateOfBirth": UNDER_16}, Identifier(None, "under-16")),
        ({"dateOfBirth": UNDER_16}, Identifier(None, "under-16")),
    ],
)
def test_only_a_number_that_may_be_asked_about_goes_on(
    change: dict[str, object], identifier: Identifier
) -> None:
    assert read_whole(LEAST | change, ON).identifier(ON) == identifier


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"noNino": {"reason": "lost"}}, ("/noNino", "give-one-only")),
        ({"nino": "AB12345"}, ("/nino", "wrong-format")),
        ({"nino": 7}, ("/nino", "must-be-text")),
        ({"dateOfBirth": "2026-11-22"}, ("/dateOfBirth", "in-the-future")),
        ({"dateOfBirth": "1899-01-01"}, ("/dateOfBirth", "too-long-ago")),
        ({"dateOfBirth": "1987-02-30"}, ("/dateOfBirth", "not-a-real-date")),
        ({"type": "overseas"}, ("/type", "not-yet-supported")),
        ({"source": "web"}, ("/source", "not-yours")),
        ({"openRegister": "false"}, ("/openRegister", "must-be-true-or-false")),
        ({"firstName": " "}, ("/firstName", "missing")),
        ({"address": an_address(postcode="X")}, ("/address/postcode", "wrong-format")),
        ({"address": an_address(extra=1)}, ("/address", "unknown-field")),
        ({"nationalities": ["XX"]}, ("/nationalities/0", "not-a-country")),
        ({"Zebediah Pritchard": 1}, ("", "unknown-field")),
    ],
)
def test_what_is_wrong_is_told_by_where_it_stands(
    change: dict[str, object], fault: tuple[str, str]
) -> None:
    assert faults_of_whole(LEAST | change) == {fault}
    assert fault[1] in _SENTENCES


def test_an_under_16_is_never_in_the_open_register() -> None:
    sent = LEAST | {"dateOfBirth": UNDER_16, "openRegister": True}
    assert faults_of_whole(sent) == {("/openRegister", "under-16")}


def test_a_correction_is_what_was_sent_and_nothing_else() -> None:
    answers = corrected(firstName="Sian", middleNames=None, nino="CE112233A")
    assert json.loads(answers.correction_json()) == {
        "firstName": "Sian",
        "middleNames": None,
        "noNino": None,  # whoever has a number takes back that there was none
    }
    assert answers.corrected() == ["firstName", "middleNames", "nino"]


@pytest.mark.parametrize(
    ("sent", "identifier"),
    [
        ({"firstName": "Sian"}, Identifier(None, "not-corrected")),
        ({"nino": "CE112233A"}, Identifier("CE112233A", None)),
        ({"nino": "ZZ112233A"}, Identifier(None, "never-issued")),
        ({"noNino": {"reason": "lost"}}, Identifier(None, "no-nino")),
        ({"nino": None, "noNino": {"reason": "lost"}}, Identifier(None, "no-nino")),
        ({"nino": "CE112233A", "dateOfBirth": UNDER_16}, Identifier(None, "under-16")),
        ({"nino": "CE112233A", "dateOfBirth": "1987-03-31"}, Identifier("CE112233A", None)),
        ({"dateOfBirth": UNDER_16}, Identifier(None, "not-corrected")),
    ],
)
def test_a_number_that_is_not_corrected_stays_as_it_was(
    sent: dict[str, object], identifier: Identifier
) -> None:
    assert corrected(**sent).corrected_identifier(ON) == identifier


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        ({}, ("/corrections", "missing")),
        ({"lastName": None}, ("/corrections/lastName", "missing")),
        ({"address": None}, ("/corrections/address", "missing")),
        ({"nino": None}, ("/corrections/nino", "missing")),
        ({"noDateOfBirth": None}, ("/corrections/noDateOfBirth", "missing")),
        ({"gssCode": "E06000001"}, ("/corrections/gssCode", "never-corrected")),
        ({"type": "ordinary"}, ("/corrections/type", "never-corrected")),
        ({"language": "cy"}, ("/corrections/language", "never-corrected")),
        ({"nino": "AB"}, ("/corrections/nino", "wrong-format")),
    ],
)
def test_a_correction_that_leaves_less_than_an_application_is_refused(
    sent: dict[str, object], fault: tuple[str, str]
) -> None:
    assert faults_of_corrections(**sent) == {fault}


def test_a_resubmission_in_full_has_the_rules_of_an_application() -> None:
    assert read_resubmitted(LEAST, ON, "/corrections", is_whole=True).first_name == "Siân"
    with pytest.raises(InvalidAnswers) as refused:
        read_resubmitted({"nino": "AB123456C"}, ON, "/corrections", is_whole=True)
    assert {error.pointer for error in refused.value.errors} == {
        f"/corrections/{name}" for name in LEAST if name != "nino"
    }


def test_no_more_is_told_than_can_be_read() -> None:
    assert len(faults_of_whole(dict.fromkeys(CouncilAnswers.model_fields, 1))) <= 20
