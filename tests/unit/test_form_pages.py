"""The question pages, each by itself: what is kept of what is posted, and what is wrong with it."""

from unicodedata import normalize

import pytest
from form_answers import EVERYDAY, IN_SCOTLAND, TYPED_BY_HAND, a_journey, answer, sent
from registration.form.journey import Journey
from registration.form.page import TYPED_LENGTH_MAX, Page, Typed
from registration.form.pages import PAGES, page_of
from registration.form.placing import Answered
from registration.form.visit import page_errors
from registration.messages import sentence

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)

NAMES = [
    "Llŷr",
    "Siân",
    "O'Neill",
    "O’Neill",
    "Nguyễn",
    normalize("NFD", "Nguyễn"),
    "Łukasz",
    "İpek",
    "X",
    "李小龙",
    "محمد",
    "Null",
    "Q̃uetzal",  # no composed letter exists for the first
    "Ñ" * 35,
    normalize("NFD", "Ñ" * 35),
    "\U00020bb7野家",
]


def faults_of(slug: str, fields: Typed, answers: Answered = EVERYDAY) -> list[tuple[str, str]]:
    """Post a page of a journey that is complete; return pointers and codes of what is wrong."""
    asked = {"other-address", *answers}
    assert slug in asked or slug in ("eu-rights", "council"), slug
    journey = answer(a_journey(answers), slug, fields)
    return [(fault.pointer, fault.code) for fault in journey.faults(slug)]


@every_page
def test_names_of_a_page_are_distinct_and_its_own(page: Page) -> None:
    assert len(set(page.fields)) == len(page.fields)
    assert not any(name.startswith("_") for name in page.fields)
    assert set(page.anchors.values()) <= set(page.fields)


def test_slugs_are_distinct() -> None:
    assert len({page.slug for page in PAGES}) == len(PAGES)
    assert [page_of(page.slug) for page in PAGES] == list(PAGES)
    assert page_of("check-your-answers") is None


@every_page
def test_only_the_pages_own_fields_are_kept(page: Page) -> None:
    posted = dict.fromkeys([*page.fields, "csrf", "_gss", "_placed", "stranger"], "yes")
    assert page.read(posted).keys() == set(page.fields)


def test_what_is_left_empty_is_left_out() -> None:
    page = page_of("name")
    assert page is not None
    assert page.read({"firstName": "Siân", "middleNames": ""}) == {"firstName": "Siân"}


@pytest.mark.parametrize(
    ("slug", "field", "pointer"),
    [
        ("name", "firstName", "/firstName"),
        ("name", "middleNames", "/middleNames"),
        ("contact", "email", "/contact/email"),
        ("contact", "phone", "/contact/phone"),
    ],
)
def test_text_without_end_is_cut_and_told_to_be_too_long(
    slug: str, field: str, pointer: str
) -> None:
    found = faults_of(slug, {**EVERYDAY[slug], field: "x" * 100_000})
    assert found == [(pointer, "too-long")]


def test_no_more_is_kept_than_the_longest_answer() -> None:
    page = page_of("nino")
    assert page is not None
    assert len(page.read({"nino": "x" * 100_000})["nino"]) == TYPED_LENGTH_MAX + 1


def test_longest_reason_is_not_cut_whatever_its_accents_take() -> None:
    reason = normalize("NFD", "ᾧ" * 500)
    assert len(reason) == TYPED_LENGTH_MAX
    assert faults_of("nino", {"cannot": "yes", "reason": reason}) == []
    too_long = reason + normalize("NFD", "ᾧ")
    assert faults_of("nino", {"cannot": "yes", "reason": too_long}) == [
        ("/noNino/reason", "too-long")
    ]


@every_page
def test_page_left_empty_says_what_is_missing_beside_one_of_its_inputs(page: Page) -> None:
    journey = _where_it_applies(page).answered(page.slug, {})
    faults = journey.faults(page.slug)
    assert {fault.code for fault in faults} == {"missing"}
    assert {page.anchor(fault.pointer) for fault in faults} <= set(page.fields)
    assert all(fault.pointer in page.anchors for fault in faults)
    told = {fault.detail for fault in faults}
    assert sentence("", "missing") not in told


@pytest.mark.parametrize(
    ("slug", "fields", "faults"),
    [
        ("country-of-residence", {"country": "mars"}, [("/country", "not-a-choice")]),
        ("nationality", {"other": "yes"}, [("/nationalities/other", "missing")]),
        ("nationality", {"other": "yes", "british": "yes"}, [("/nationalities/other", "missing")]),
        (
            "nationality",
            {"british": "yes", "cannot": "yes", "reason": "?"},
            [("/noNationality", "give-one-only")],
        ),
        ("nationality", {"cannot": "yes"}, [("/noNationality/reason", "missing")]),
        (
            "nationality",
            {"other": "yes", "country1": "XX"},
            [("/nationalities/0", "not-a-country")],
        ),
        ("date-of-birth", {"day": "1", "month": "2"}, [("/dateOfBirth/year", "missing")]),
        (
            "date-of-birth",
            {"year": "1987"},
            [("/dateOfBirth/day", "missing"), ("/dateOfBirth/month", "missing")],
        ),
        (
            "date-of-birth",
            {"day": "1", "month": "2", "year": "87"},
            [("/dateOfBirth/year", "wrong-format")],
        ),
        *(
            (
                "date-of-birth",
                {"day": day, "month": month, "year": "1987"},
                [("/dateOfBirth", "not-a-real-date")],
            )
            for day, month in (
                *(("30", "2"), ("0", "2"), ("1", "13"), ("one", "2"), ("1", "Smarch")),
                *(("123", "1"), ("-1", "2"), ("¹", "2"), ("1", "١")),
            )
        ),
        (
            "date-of-birth",
            {"day": "23", "month": "11", "year": "2026"},
            [("/dateOfBirth", "in-the-future")],
        ),
        (
            "date-of-birth",
            {"day": "1", "month": "1", "year": "1880"},
            [("/dateOfBirth", "too-long-ago")],
        ),
        (
            "date-of-birth",
            {"cannot": "yes"},
            [("/noDateOfBirth/reason", "missing"), ("/noDateOfBirth/ageRange", "missing")],
        ),
        (
            "date-of-birth",
            {"cannot": "yes", "reason": "?", "ageRange": "16to17"},
            [("/noDateOfBirth/ageRange", "not-in-england")],
        ),
        (
            "date-of-birth",
            {**EVERYDAY["date-of-birth"], "cannot": "yes", "reason": "?", "ageRange": "over75"},
            [("/noDateOfBirth", "give-one-only")],
        ),
        ("name", {"firstName": "Siân"}, [("/lastName", "missing")]),
        (
            "name",
            {"firstName": "<b>", "lastName": "\u202e"},
            [
                ("/firstName", "characters-not-allowed"),
                ("/lastName", "characters-not-allowed"),
            ],
        ),
        ("previous-name", {"changed": "perhaps"}, [("/previousName", "missing")]),
        (
            "previous-name",
            {"changed": "yes"},
            [("/previousName/firstName", "missing"), ("/previousName/lastName", "missing")],
        ),
        ("nino", {"nino": "12"}, [("/nino", "wrong-format")]),
        ("nino", {"nino": "QQ123456C"}, [("/nino", "never-issued")]),
        ("nino", {"cannot": "yes"}, [("/noNino/reason", "missing")]),
        (
            "nino",
            {"nino": "AB123456C", "cannot": "yes", "reason": "?"},
            [("/noNino", "give-one-only")],
        ),
        ("postcode", {"postcode": "here"}, [("/address/postcode", "wrong-format")]),
        ("postcode", {"postcode": "S1 2HH, Sheffield"}, [("/address/postcode", "too-long")]),
        ("address", {"uprn": "906000000001"}, [("/address/uprn", "not-a-choice")]),
        ("other-address", {"otherAddress": "boat"}, [("/otherAddress", "not-a-choice")]),
        ("previous-address", {"moved": "perhaps"}, [("/previousAddress", "missing")]),
        ("open-register", {"openRegister": "perhaps"}, [("/openRegister", "missing")]),
        ("postal-vote", {"formBy": "post"}, [("/postalVote", "missing")]),
        ("postal-vote", {"wanted": "yes"}, [("/postalVote/formBy", "missing")]),
        (
            "postal-vote",
            {"wanted": "yes", "formBy": "fax"},
            [("/postalVote/formBy", "not-a-choice")],
        ),
        ("sole-occupancy", {"sole": "perhaps"}, [("/soleOccupancy", "missing")]),
        ("contact", {"email": "sian"}, [("/contact/email", "wrong-format")]),
        ("contact", {"phone": "1234"}, [("/contact/phone", "wrong-format")]),
    ],
)
def test_what_is_wrong_is_told_where_it_is(
    slug: str, fields: Typed, faults: list[tuple[str, str]]
) -> None:
    assert faults_of(slug, fields) == faults


def test_typed_address_wants_a_street_and_a_postcode() -> None:
    found = faults_of("type-address", {"property": "1", "postcode": "x"}, TYPED_BY_HAND)
    assert found == [("/address/street", "missing"), ("/address/postcode", "wrong-format")]


@pytest.mark.parametrize("month", ["3", "03", "March", "mar", "MAWRTH", "Maw", "٣"])
def test_month_may_be_a_number_or_a_name_in_either_language(month: str) -> None:
    journey = a_journey(date_of_birth={"day": " 31 ", "month": "3", "year": "1987"})
    typed = answer(journey, "date-of-birth", {"day": "31", "month": month, "year": "1987"})
    if month == "٣":
        assert typed.faults("date-of-birth")
    else:
        assert sent(typed).date_of_birth == sent(journey).date_of_birth


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ({"british": "yes", "irish": "yes"}, ("GB", "IE")),
        ({"irish": "yes", "other": "yes", "country1": "IE", "country3": "CA"}, ("IE", "CA")),
        ({"country2": "CA"}, ("CA",)),  # without scripts nobody need tick the box
        ({"british": "yes", "country1": "CA"}, ("GB",)),  # a list that was hidden again
    ],
)
def test_nationalities_are_those_of_the_boxes_ticked(typed: Typed, codes: tuple[str, ...]) -> None:
    assert sent(a_journey(nationality=typed)).nationalities == codes


def test_reason_alone_says_that_an_answer_cannot_be_given() -> None:
    assert sent(a_journey(nino={"reason": "I never had one."})).no_nino is not None


def test_reason_left_in_a_hidden_box_says_nothing() -> None:
    application = sent(a_journey(nino={**EVERYDAY["nino"], "reason": "I never had one."}))
    assert (application.nino, application.no_nino) == ("AB123456C", None)


def test_previous_name_that_somebody_rather_keeps_is_not_sent() -> None:
    typed = {"changed": "prefer-not", "firstName": "Siân", "lastName": "Evans"}
    assert "previousName" not in a_journey(previous_name=typed).body


def test_way_of_the_postal_vote_form_is_not_sent_when_none_is_wanted() -> None:
    journey = a_journey(postal_vote={"wanted": "no", "formBy": "email"})
    assert journey.body["postalVote"] == {"wanted": False}


def test_postal_vote_form_by_email_wants_an_address_whichever_is_answered_last() -> None:
    by_email = {**EVERYDAY, "postal-vote": {"wanted": "yes", "formBy": "email"}}
    asked = [("/contact/email", "needed-for-postal-vote")]
    assert faults_of("contact", {"phone": "01632 960 001"}, by_email) == asked
    by_phone = a_journey(contact={"phone": "01632 960 001"})
    changed = answer(by_phone, "postal-vote", by_email["postal-vote"])
    assert changed.faults("postal-vote") == ()
    assert changed.next_slug() == "contact"
    assert [(fault.pointer, fault.code) for fault in changed.faults("contact")] == asked


def test_a_page_says_nothing_of_what_only_the_api_has() -> None:
    journey = a_journey(previous_address={"moved": "uk"})
    page = page_of("previous-address-uk")
    assert page is not None
    empty = journey.answered(page.slug, {}).faults(page.slug)
    assert [error.text for error in page_errors(page, empty, "en")] == [
        "Enter the street of your previous address",
        "Enter the postcode of your previous address",
    ]
    here = {"property": "12", "street": "Sample Road", "postcode": "S1 2HH"}
    (same,) = page_errors(page, answer(journey, page.slug, here).faults(page.slug), "en")
    assert same.text == "Your previous address must be different from your current address"


@pytest.mark.parametrize("name", NAMES)
def test_names_arrive_as_they_were_typed(name: str) -> None:
    journey = a_journey(
        name={"firstName": f" {name}", "middleNames": name, "lastName": name},
        previous_name={"changed": "yes", "firstName": name, "lastName": name},
    )
    application, wanted = sent(journey), normalize("NFC", name)
    previous = application.previous_name
    assert previous is not None
    assert {
        *(application.first_name, application.middle_names, application.last_name),
        *(previous.first_name, previous.last_name),
    } == {wanted}


def test_sentences_are_in_the_language_of_the_page() -> None:
    journey = Journey({}, a_journey().on, "cy").answered("name", {})
    (first, _) = journey.faults("name")
    assert first.detail == sentence("/firstName", "missing", "cy") != "Enter your first name"


def _where_it_applies(page: Page) -> Journey:
    """Return a journey to a page that not everybody is asked."""
    ways: dict[str, Answered] = {
        "eu-rights": {**EVERYDAY, "nationality": {"other": "yes", "country1": "FR"}},
        "type-address": TYPED_BY_HAND,
        "council": {
            **EVERYDAY,
            "postcode": {"postcode": "AA3 1AB"},
            "type-address": {"street": "New Street", "postcode": "AA3 1AB"},
        },
        "previous-address-uk": {**EVERYDAY, "previous-address": {"moved": "uk"}},
        "previous-address-abroad": {**IN_SCOTLAND, "previous-address": {"moved": "abroad"}},
    }
    journey = a_journey(ways.get(page.slug, EVERYDAY))
    assert page in journey.pages
    return journey
