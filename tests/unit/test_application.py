"""The typed application: what is well formed, and how it is stored."""

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from builders import ABSENT, an_address, an_application
from electoral import fields
from electoral.answers import Answers
from electoral.json_body import canonical_json
from electoral.person import read_person
from electoral.problems import FieldError
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from registration.application import Application
from registration.messages import ENGLISH, sentence
from registration.reading import ERRORS_MAX, InvalidApplication, read_application

TODAY = date(2026, 11, 22)


def read(body: object) -> Application:
    return read_application(body, on=TODAY, source="web")


def has_its_own_sentence(error: FieldError) -> bool:
    return "{" not in error.detail and error.detail != ENGLISH["*:not-valid"]


def errors_of(body: object) -> tuple[FieldError, ...]:
    with pytest.raises(InvalidApplication) as invalid:
        read(body)
    assert all(has_its_own_sentence(error) for error in invalid.value.errors)
    return invalid.value.errors


def faults_of(body: object) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in errors_of(body)]


def test_an_ordinary_application_is_read() -> None:
    application = read(an_application())
    assert application.first_name == "Siân"
    assert application.address.postcode == "S1 2HH"
    assert application.nino == "AB123456C"
    assert application.nino_absence is None


@pytest.mark.parametrize(
    "changes",
    [
        {"middleNames": "Ann Mary"},
        {"firstName": "李", "lastName": "X"},
        {"firstName": "n" * 35, "lastName": "é" * 35, "middleNames": "m" * 100},
        {"previousName": {"firstName": "Jane", "lastName": "Roe"}},
        {
            "previousName": {
                "firstName": "Jane",
                "middleNames": "Q",
                "lastName": "Roe",
                "changeReason": "I married.\nTwice.",
            }
        },
        {"dateOfBirth": ABSENT, "noDateOfBirth": {"reason": "Lost", "ageRange": "over75"}},
        {"nino": ABSENT, "noNino": {"reason": "r" * 500}},
        {"nino": None, "noNino": {"reason": "None was given to me"}},
        {"nationalities": ["IE"]},
        {"nationalities": ["GB", "US", "FR"]},
        {"nationalities": ["US", "GB", "FR", "IE", "PL"]},
        {"nationalities": ABSENT, "noNationality": {"reason": "Stateless"}},
        {"nationalities": ["FR"], "euRetainedRights": True},
        {"nationalities": ["FR"], "euRetainedRights": False},
        {"nino": ABSENT, "noNino": {"reason": "I earn < £100 | week"}},
        {"address": an_address(property="Flat 2|3", street="<The Old> Mill", uprn=ABSENT)},
        {"address": an_address(uprn=ABSENT, property=ABSENT, town=ABSENT)},
        {"address": an_address(locality="l" * 255, area="a" * 255, uprn="1")},
        {"previousAddress": an_address(property="13", uprn="100051000002")},
        {"previousAddress": an_address(uprn=ABSENT, street="Main Street", postcode="BT1 5GS")},
        {"previousAddress": {"street": "Rue Haute 3", "country": "FR"}},
        {"previousAddress": {"street": "Rue Haute 3", "postcode": "67000", "country": "FR"}},
        {"otherAddress": "student"},
        {"otherAddress": "secondHome"},
        {"openRegister": True},
        {"postalVote": {"wanted": True, "formBy": "post"}},
        {"postalVote": {"wanted": True, "formBy": "email"}},
        {"postalVote": {"wanted": False, "formBy": None}},
        {"soleOccupancy": True},
        {"contact": {"post": True}},
        {"contact": {"phone": "+44 (0)1632 960-001 ext_7"}},
        {"contact": {"phone": "12345"}},
        {"contact": {"email": "siân@llŷr.cymru", "phone": "01632 960001", "post": False}},
        {"country": ABSENT},
        {"gssCode": "E08000039"},
        {"applicantIp": "2001:db8::1"},
        {"applicantIp": "203.0.113.9"},
        {"timeTakenSeconds": 0},
        {"source": "web"},
        {"language": "cy"},
    ],
)
def test_every_answer_that_the_rules_allow_is_read(changes: dict[str, object]) -> None:
    assert read(an_application(**changes))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"firstName": "  Sia\u0302n\u00a0"}, {"firstName": "Siân"}),
        ({"middleNames": " "}, {}),
        ({"middleNames": None}, {}),
        ({"nino": "ab 12-34|56 c"}, {"nino": "AB123456C"}),
        ({"address": an_address(postcode="s12hh")}, {"address": an_address()}),
        ({"address": an_address(locality="")}, {"address": an_address()}),
        ({"contact": {"phone": " 01632 960 001 "}}, {"contact": {"phone": "01632 960 001"}}),
        ({"contact": {"email": " Jane@Example.com"}}, {"contact": {"email": "Jane@Example.com"}}),
    ],
)
def test_answers_are_stored_trimmed_composed_and_otherwise_as_typed(
    typed: dict[str, object], stored: dict[str, object]
) -> None:
    application = read(an_application(**typed))
    expected = an_application(**dict.fromkeys(typed, ABSENT) | stored)
    person = json.loads(application.person_json())
    assert person | {"nino": application.nino} == expected


REQUIRED = {
    "type": "/type",
    "language": "/language",
    "firstName": "/firstName",
    "lastName": "/lastName",
    "dateOfBirth": "/dateOfBirth",
    "nino": "/nino",
    "nationalities": "/nationalities",
    "address": "/address",
    "otherAddress": "/otherAddress",
    "openRegister": "/openRegister",
    "postalVote": "/postalVote",
    "soleOccupancy": "/soleOccupancy",
    "contact": "/contact",
    "declaration": "/declaration",
}


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_answer_that_is_left_out_is_asked_for(name: str) -> None:
    assert faults_of(an_application(**{name: ABSENT})) == [(REQUIRED[name], "missing")]


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_form() -> None:
    assert faults_of({}) == [(pointer, "missing") for pointer in REQUIRED.values()]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"type": "postal"}, ("/type", "not-a-choice")),
        ({"source": "paper"}, ("/source", "not-a-choice")),
        ({"language": "fr"}, ("/language", "not-a-choice")),
        ({"language": ["en"]}, ("/language", "not-a-choice")),
        ({"firstName": "  "}, ("/firstName", "missing")),
        ({"firstName": "\u200b"}, ("/firstName", "missing")),
        ({"firstName": "n" * 36}, ("/firstName", "too-long")),
        ({"firstName": "An\u202ena"}, ("/firstName", "characters-not-allowed")),
        ({"firstName": "A\x00"}, ("/firstName", "characters-not-allowed")),
        ({"firstName": "\ud800"}, ("/firstName", "characters-not-allowed")),
        ({"firstName": 1}, ("/firstName", "must-be-text")),
        ({"firstName": None}, ("/firstName", "must-be-text")),
        ({"lastName": "<b>"}, ("/lastName", "characters-not-allowed")),
        ({"lastName": "n" * 36}, ("/lastName", "too-long")),
        ({"middleNames": "m" * 101}, ("/middleNames", "too-long")),
        ({"middleNames": "a|b"}, ("/middleNames", "characters-not-allowed")),
        ({"previousName": "Jane Roe"}, ("/previousName", "must-be-an-object")),
        ({"previousName": {"firstName": "J"}}, ("/previousName/lastName", "missing")),
        (
            {"previousName": {"firstName": "J", "lastName": "R" * 36}},
            ("/previousName/lastName", "too-long"),
        ),
        (
            {"previousName": {"firstName": "J", "middleNames": "<", "lastName": "R"}},
            ("/previousName/middleNames", "characters-not-allowed"),
        ),
        (
            {"previousName": {"firstName": "J", "lastName": "R", "changeReason": "r" * 501}},
            ("/previousName/changeReason", "too-long"),
        ),
        ({"dateOfBirth": "31/03/1987"}, ("/dateOfBirth", "wrong-format")),
        ({"dateOfBirth": "19870331"}, ("/dateOfBirth", "wrong-format")),
        ({"dateOfBirth": "1987-03-31T00:00:00"}, ("/dateOfBirth", "wrong-format")),
        ({"dateOfBirth": "1987-02-29"}, ("/dateOfBirth", "not-a-real-date")),
        ({"dateOfBirth": "0000-01-01"}, ("/dateOfBirth", "not-a-real-date")),
        ({"dateOfBirth": 19870331}, ("/dateOfBirth", "must-be-text")),
        ({"nino": "AB12345"}, ("/nino", "wrong-format")),
        ({"nino": "AB123456E"}, ("/nino", "wrong-format")),
        ({"nino": ""}, ("/nino", "missing")),
        ({"nino": "BG123456A"}, ("/nino", "never-issued")),
        ({"nino": "AO123456A"}, ("/nino", "never-issued")),
        ({"nino": ABSENT, "noNino": {}}, ("/noNino/reason", "missing")),
        ({"nino": ABSENT, "noNino": {"reason": " "}}, ("/noNino/reason", "missing")),
        ({"nino": ABSENT, "noNino": {"reason": "r" * 501}}, ("/noNino/reason", "too-long")),
        ({"nationalities": "GB"}, ("/nationalities", "must-be-a-list")),
        ({"nationalities": []}, ("/nationalities", "missing")),
        ({"nationalities": ["FR", "DE", "PL", "US"]}, ("/nationalities", "too-many")),
        ({"nationalities": ["GB", "FR", "DE", "PL", "US"]}, ("/nationalities", "too-many")),
        ({"nationalities": ["GB", "IE", "FR", "DE", "PL", "US"]}, ("/nationalities", "too-many")),
        ({"nationalities": ["GB", "GB"]}, ("/nationalities", "repeated")),
        ({"nationalities": ["GB", "XX"]}, ("/nationalities/1", "not-a-country")),
        ({"nationalities": ["gb"]}, ("/nationalities/0", "not-a-country")),
        ({"nationalities": ["GBR"]}, ("/nationalities/0", "not-a-country")),
        ({"nationalities": [1]}, ("/nationalities/0", "must-be-text")),
        (
            {"nationalities": ABSENT, "noNationality": {"reason": "r" * 501}},
            ("/noNationality/reason", "too-long"),
        ),
        ({"euRetainedRights": "yes"}, ("/euRetainedRights", "must-be-true-or-false")),
        ({"address": an_address(street=ABSENT)}, ("/address/street", "missing")),
        ({"address": an_address(postcode=ABSENT)}, ("/address/postcode", "missing")),
        ({"address": an_address(street="s" * 256)}, ("/address/street", "too-long")),
        ({"address": an_address(property="p" * 256)}, ("/address/property", "too-long")),
        ({"address": an_address(town="a\nb")}, ("/address/town", "characters-not-allowed")),
        ({"address": an_address(postcode="S1")}, ("/address/postcode", "wrong-format")),
        ({"address": an_address(postcode="S1 2HH 2HH")}, ("/address/postcode", "wrong-format")),
        ({"address": an_address(postcode="S1 2HH 2HHH")}, ("/address/postcode", "too-long")),
        ({"address": an_address(uprn="1234567890123")}, ("/address/uprn", "wrong-format")),
        ({"address": an_address(uprn="١٢٣")}, ("/address/uprn", "wrong-format")),
        ({"address": an_address(uprn="12\n")}, ("/address/uprn", "wrong-format")),
        ({"address": an_address(uprn=123)}, ("/address/uprn", "must-be-text")),
        ({"address": an_address(country="GB")}, ("/address/country", "unknown-field")),
        (
            {"previousAddress": {"street": "High Street"}},
            ("/previousAddress/postcode", "missing"),
        ),
        (
            {"previousAddress": {"street": "High Street", "postcode": "67000"}},
            ("/previousAddress/postcode", "wrong-format"),
        ),
        (
            {"previousAddress": {"street": "High Street", "country": "XX"}},
            ("/previousAddress/country", "not-a-country"),
        ),
        ({"otherAddress": "houseboat"}, ("/otherAddress", "not-a-choice")),
        ({"openRegister": "false"}, ("/openRegister", "must-be-true-or-false")),
        ({"openRegister": 0}, ("/openRegister", "must-be-true-or-false")),
        ({"openRegister": None}, ("/openRegister", "must-be-true-or-false")),
        ({"postalVote": True}, ("/postalVote", "must-be-an-object")),
        ({"postalVote": {}}, ("/postalVote/wanted", "missing")),
        ({"postalVote": {"wanted": True, "formBy": "fax"}}, ("/postalVote/formBy", "not-a-choice")),
        ({"contact": {"email": "jane"}}, ("/contact/email", "wrong-format")),
        ({"contact": {"email": "jane@example"}}, ("/contact/email", "wrong-format")),
        (
            {"contact": {"email": "a@example.com, b@example.com"}},
            ("/contact/email", "wrong-format"),
        ),
        ({"contact": {"email": "e" * 250 + "@a.uk"}}, ("/contact/email", "too-long")),
        ({"contact": {"phone": "1234"}}, ("/contact/phone", "wrong-format")),
        ({"contact": {"phone": "1" * 31}}, ("/contact/phone", "wrong-format")),
        ({"contact": {"phone": "12345/6"}}, ("/contact/phone", "wrong-format")),
        ({"contact": {"phone": "none"}}, ("/contact/phone", "wrong-format")),
        ({"declaration": "true"}, ("/declaration", "must-be-true-or-false")),
        ({"country": "france"}, ("/country", "not-a-choice")),
        ({"gssCode": "E0800003"}, ("/gssCode", "wrong-format")),
        ({"gssCode": "e08000039"}, ("/gssCode", "wrong-format")),
        ({"applicantIp": "localhost"}, ("/applicantIp", "wrong-format")),
        ({"applicantIp": "fe80::1%" + "a" * 40}, ("/applicantIp", "wrong-format")),
        ({"timeTakenSeconds": -1}, ("/timeTakenSeconds", "out-of-range")),
        ({"timeTakenSeconds": 10**18}, ("/timeTakenSeconds", "out-of-range")),
        ({"timeTakenSeconds": 1.5}, ("/timeTakenSeconds", "must-be-a-whole-number")),
        ({"timeTakenSeconds": True}, ("/timeTakenSeconds", "must-be-a-whole-number")),
    ],
)
def test_an_answer_that_is_not_well_formed_is_named(
    changes: dict[str, object], fault: tuple[str, str]
) -> None:
    assert faults_of(an_application(**changes)) == [fault]


@pytest.mark.parametrize("body", [None, True, 1, "text", [], [{}]])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    assert faults_of(body) == [("", "must-be-an-object")]


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("openregister", "/openregister"),
        ("open_register", "/open_register"),
        ("a/b~c", "/a~1b~0c"),
        ("Jane Roe", ""),
        ("AB123456C", ""),
        ("ünïcode", ""),
        ("n" * 41, ""),
        ("n" * 60_000, ""),
        ("jane@example.com", ""),
        ("", ""),
    ],
)
def test_an_unknown_field_is_refused_and_its_name_repeated_only_if_harmless(
    name: str, pointer: str
) -> None:
    assert faults_of(an_application(**{name: 1})) == [(pointer, "unknown-field")]


def test_an_unknown_field_further_down_points_to_its_object_if_its_name_may_be_data() -> None:
    body = an_application(contact={"post": True, "Jane Roe": 1, "fax": 1})
    assert faults_of(body) == [("/contact", "unknown-field"), ("/contact/fax", "unknown-field")]


def test_errors_without_end_are_cut_short() -> None:
    assert (
        len(
            errors_of(
                an_application(
                    **{"x" * n: 1 for n in range(1, 41)}, **{"y" * n: 1 for n in range(1, 41)}
                )
            )
        )
        == ERRORS_MAX
    )


@pytest.mark.parametrize("kind", ["overseas", "forces", "crown"])
def test_other_types_are_not_yet_supported_whatever_else_they_hold(kind: str) -> None:
    body = an_application(type=kind, lastUkAddress={}, firstName="")
    assert faults_of(body) == [("/type", "not-yet-supported")]


def test_a_fault_of_form_does_not_hide_a_fault_of_the_rules() -> None:
    body = an_application(firstName="", dateOfBirth="2026-11-22", declaration=False)
    assert faults_of(body) == [
        ("/firstName", "missing"),
        ("/dateOfBirth", "in-the-future"),
        ("/declaration", "not-declared"),
    ]


def test_the_person_is_everything_but_the_nino_and_reads_back() -> None:
    body = an_application(source="web", middleNames="", previousName=None, timeTakenSeconds=240)
    person_json = read(body).person_json()
    expected = an_application(nino=ABSENT, timeTakenSeconds=240)
    assert canonical_json(json.loads(person_json)) == canonical_json(expected)
    assert read_person(person_json).first_name == "Siân"


def test_an_application_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        read(an_application()).first_name = "Jane"  # type: ignore[misc]


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    return [value] if isinstance(value, str) else []


def test_no_error_repeats_a_value() -> None:
    body: dict[str, Any] = {
        field.alias or name: "Zyxwvut<" for name, field in Answers.model_fields.items()
    }
    body["address"] = {"street": "Zyxwvut<", "postcode": "Zyxwvut", "Zyxwvut 1": "Zyxwvut"}
    with pytest.raises(InvalidApplication) as invalid:
        read(body)
    told = f"{invalid.value!r} {invalid.value.errors!r} {invalid.value.__cause__!r}"
    assert "Zyxwvut" not in told
    assert len(invalid.value.errors) > 20


@settings(max_examples=50)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*_texts(an_application()), "address", "street"]), inner),
    max_leaves=10,
), st.sampled_from(sorted(an_application())))  # fmt: skip
def test_whatever_is_put_into_a_field_is_read_or_refused(value: object, name: str) -> None:
    with suppress(InvalidApplication):
        assert read(an_application(**{name: value}))


@given(st.from_regex(fields._EVERYDAY_EMAIL, fullmatch=True))
def test_everyday_addresses_are_ones_that_email_validator_accepts(email: str) -> None:
    assert validate_email(email, check_deliverability=False)


@pytest.mark.parametrize("key", ENGLISH)
def test_every_sentence_says_something_in_the_manner_of_the_design_system(key: str) -> None:
    text = ENGLISH[key]
    assert text[0].isupper()
    assert not text.endswith(".")
    assert "please" not in text.lower()
    assert "invalid" not in text.lower()


def test_a_sentence_is_found_by_path_then_by_name_then_by_code() -> None:
    assert "previous first name" in sentence("/previousName/firstName", "missing")
    assert "each nationality" in sentence("/nationalities/2", "not-a-country")
    assert sentence("/noNino/reason", "too-long") == ENGLISH["reason:too-long"]
    assert sentence("/anything", "must-be-text") == ENGLISH["*:must-be-text"]
    assert sentence("/anything", "a-code-of-the-future") == ENGLISH["*:not-valid"]


def test_a_sentence_is_said_in_welsh_with_its_facts() -> None:
    assert sentence("/firstName", "missing", "cy") == "Rhowch eich enw cyntaf"
    told = sentence("/dateOfBirth", "too-young-wales", "cy", minimum_age=14)
    assert "yn 14 oed neu'n hŷn" in told
