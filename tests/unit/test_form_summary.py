"""Check your answers: a row for each question asked, in the words and the order of the pages."""

import pytest
from electoral.events import Language
from form_answers import (
    BORN_15_YEARS_AGO,
    EVERYDAY,
    IN_A_NEW_BUILDING,
    IN_SCOTLAND,
    SHEFFIELD,
    TYPED_BY_HAND,
    a_journey,
)
from registration.form.journey import Journey
from registration.form.page import Typed
from registration.form.placing import Answered
from registration.form.summary import Row, summary
from registration.form.texts import Texts

TEXTS = Texts.load()


def rows_of(journey: Journey, language: Language = "en") -> dict[str, tuple[str, ...]]:
    return {row.slug: row.lines for row in _rows(journey, language)}


def _rows(journey: Journey, language: Language = "en") -> tuple[Row, ...]:
    in_language = Journey(journey.typed, journey.on, language)
    return summary(in_language, TEXTS.translate(language), "the council of {}".format)


def lines_of(slug: str, typed: Typed, answers: Answered = EVERYDAY) -> tuple[str, ...]:
    """Return the lines of one page's row."""
    return rows_of(a_journey({**answers, slug: typed}))[slug]


def test_every_question_has_its_row_in_the_order_of_the_pages() -> None:
    journey = a_journey()
    assert list(rows_of(journey)) == [page.slug for page in journey.pages]


def test_everyday_answers_read_as_they_were_given() -> None:
    rows = rows_of(a_journey())
    assert rows["country-of-residence"] == ("England",)
    assert rows["nationality"] == ("British",)
    assert rows["date-of-birth"] == ("31 March 1987",)
    assert rows["name"] == ("Siân O'Neill",)
    assert rows["nino"] == ("AB 12 34 56 C",)
    assert rows["postcode"] == ("S1 2HH",)
    assert rows["address"] == ("12 Sample Road", "S1 2HH")
    assert rows["contact"] == ("sian@example.com",)


def test_rows_are_in_welsh_on_a_welsh_page() -> None:
    rows = rows_of(a_journey(nationality={"irish": "yes", "other": "yes", "country1": "DE"}), "cy")
    assert rows["date-of-birth"] == ("31 Mawrth 1987",)
    assert rows["nationality"][1] == "Yr Almaen"
    assert rows["country-of-residence"] != ("England",)


@pytest.mark.parametrize("language", ["en", "cy"])
def test_every_row_has_its_words(language: Language) -> None:
    for answers in (EVERYDAY, IN_SCOTLAND, TYPED_BY_HAND, IN_A_NEW_BUILDING):
        for row in _rows(a_journey(answers), language):
            assert row.label_key in TEXTS
            assert all(row.lines)


def test_typed_address_has_one_row_that_leads_to_where_it_was_typed() -> None:
    rows = rows_of(a_journey(TYPED_BY_HAND))
    assert not {"postcode", "address"} & rows.keys()
    assert rows["type-address"] == ("1a Mill Lane", "S1 2HH")


def test_name_of_a_house_has_a_line_of_its_own() -> None:
    typed = {"property": "Flat 2/1, 9", "street": "Hill", "town": "Leeds", "postcode": "s12hh"}
    assert lines_of("type-address", typed, TYPED_BY_HAND) == (
        "Flat 2/1, 9",
        "Hill",
        "Leeds",
        "S1 2HH",
    )


def test_council_has_its_name() -> None:
    assert rows_of(a_journey(IN_A_NEW_BUILDING))["council"] == (f"the council of {SHEFFIELD}",)
    unknown = lines_of("council", {"gssCode": "unknown"}, IN_A_NEW_BUILDING)
    assert unknown == ("I do not know my council",)


def test_under_16s_see_no_row_of_what_they_were_not_asked() -> None:
    rows = rows_of(a_journey(IN_SCOTLAND, date_of_birth=BORN_15_YEARS_AGO))
    assert not {"nino", "open-register"} & rows.keys()


def test_what_cannot_be_given_is_shown_with_its_reason() -> None:
    typed = {"cannot": "yes", "reason": "Papers lost.\r\nIn a fire.", "ageRange": "18to75"}
    assert lines_of("date-of-birth", typed) == (
        "I cannot give my date of birth",
        "Papers lost.",
        "In a fire.",
        "18 to 75",
    )
    assert lines_of("nino", {"cannot": "yes", "reason": "None."})[1] == "None."
    assert lines_of("nationality", {"cannot": "yes", "reason": "Unsure."})[1] == "Unsure."


def test_previous_name_is_shown_as_told() -> None:
    assert lines_of("previous-name", {"changed": "prefer-not"}) == ("I prefer not to say",)
    told = {"changed": "yes", "firstName": "Siân", "lastName": "Evans", "changeReason": "Marriage"}
    assert lines_of("previous-name", told) == ("Siân Evans", "Marriage")


def test_previous_address_abroad_has_its_country() -> None:
    journey = a_journey(
        previous_address={"moved": "abroad"},
        previous_address_abroad={"property": "9", "street": "Rue de la Paix", "country": "FR"},
    )
    assert rows_of(journey)["previous-address-abroad"] == ("9 Rue de la Paix", "France")


def test_ways_to_be_reached_are_shown() -> None:
    assert lines_of("postal-vote", {"wanted": "yes", "formBy": "post"})[1] == "By post"
    reached = lines_of("contact", {"phone": "01632 960 001", "post": "yes"})
    assert reached == ("01632 960 001", "By post at the address where I am registering")


def test_names_are_shown_composed() -> None:
    assert lines_of("name", {"firstName": "Sia\u0302n", "lastName": " O’Neill "}) == (
        "Siân O’Neill",
    )
