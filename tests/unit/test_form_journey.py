"""The form's journey: what is asked of whom, in which order, and what the API is told of it."""

from dataclasses import replace

import pytest
from form_answers import (
    BORN_15_YEARS_AGO,
    EDINBURGH,
    EVERYDAY,
    IN_A_NEW_BUILDING,
    IN_SCOTLAND,
    POSTCODE_WITHOUT_LIST,
    SHEFFIELD,
    TODAY,
    TYPED_BY_HAND,
    a_journey,
    answer,
    sent,
)
from registration.form.journey import Journey
from registration.form.page import CHECK
from registration.form.placing import Answered

# What applies to few: each is a journey of its own, from the first page to the last.
JOURNEYS: dict[str, Answered] = {
    "everyday": EVERYDAY,
    "scotland": IN_SCOTLAND,
    "under-16": {**IN_SCOTLAND, "date-of-birth": BORN_15_YEARS_AGO},
    "typed": TYPED_BY_HAND,
    "nothing-found": {
        **EVERYDAY,
        "postcode": {"postcode": POSTCODE_WITHOUT_LIST},
        "type-address": {"street": "Castle Street", "postcode": POSTCODE_WITHOUT_LIST},
    },
    "new-building": IN_A_NEW_BUILDING,
    "council-unknown": {**IN_A_NEW_BUILDING, "council": {"gssCode": "unknown"}},
    "french": {
        **EVERYDAY,
        "nationality": {"other": "yes", "country1": "FR"},
        "eu-rights": {"euRights": "no"},
    },
    "brazilian-in-scotland": {
        **IN_SCOTLAND,
        "nationality": {"other": "yes", "country1": "BR", "country2": "JP"},
    },
    "nothing-to-tell": {
        **EVERYDAY,
        "nationality": {"cannot": "yes", "reason": "I was never told."},
        "date-of-birth": {"cannot": "yes", "reason": "No papers.", "ageRange": "18to75"},
        "nino": {"cannot": "yes", "reason": "I never had one."},
    },
    "new-name-new-home": {
        **EVERYDAY,
        "previous-name": {"changed": "yes", "firstName": "Siân", "lastName": "Evans"},
        "previous-address": {"moved": "uk"},
        "previous-address-uk": {"property": "9", "street": "Hill", "postcode": "EH1 1YZ"},
        "postal-vote": {"wanted": "yes", "formBy": "post"},
        "contact": {"phone": "01632 960 001", "post": "yes"},
    },
    "from-abroad": {
        **EVERYDAY,
        "previous-address": {"moved": "abroad"},
        "previous-address-abroad": {"street": "Rue de la Paix", "country": "FR"},
    },
}
every_journey = pytest.mark.parametrize("answers", JOURNEYS.values(), ids=JOURNEYS)


@every_journey
def test_journey_is_asked_to_its_end_and_accepted_by_the_api(answers: Answered) -> None:
    journey = a_journey(answers)
    assert journey.next_slug() == CHECK
    assert journey.exit() is None
    assert journey.typed.keys() <= answers.keys()
    sent(journey)


@every_journey
def test_the_same_journey_is_accepted_from_a_helper_and_in_welsh(answers: Answered) -> None:
    journey = replace(a_journey(answers), language="cy", assisted=True)
    application = sent(journey)
    assert (application.language, application.source) == ("cy", "assisted")


def test_body_is_what_the_api_takes() -> None:
    assert a_journey().body == {
        "type": "ordinary",
        "source": "web",
        "language": "en",
        "country": "england",
        "nationalities": ("GB",),
        "dateOfBirth": "1987-03-31",
        "firstName": "Siân",
        "lastName": "O'Neill",
        "nino": "AB 12 34 56 C",
        "address": {
            "property": "12",
            "street": "Sample Road",
            "postcode": "s12hh",
            "uprn": "100051000001",
        },
        "otherAddress": "none",
        "openRegister": False,
        "postalVote": {"wanted": False},
        "soleOccupancy": False,
        "contact": {"email": "sian@example.com"},
    }


def test_questions_come_in_order() -> None:
    journey, asked = Journey({}, TODAY), []
    while (slug := journey.next_slug()) != CHECK:
        asked.append(slug)
        journey = answer(journey, slug, EVERYDAY[slug])
    assert asked == list(EVERYDAY)


def test_back_goes_through_the_pages_that_apply_to_the_start_page() -> None:
    journey = a_journey(TYPED_BY_HAND, contact=None)
    way, slug = [], journey.next_slug()
    while (before := journey.back_slug(slug)) is not None:
        way.append(before)
        slug = before
    assert way == [page.slug for page in reversed(journey.pages[:-1])]
    assert "type-address" in way


def test_back_leads_to_the_check_page_once_all_is_answered() -> None:
    journey = a_journey()
    assert {journey.back_slug(page.slug) for page in journey.pages} == {CHECK}


def test_first_page_leads_back_to_the_start_page() -> None:
    assert Journey({}, TODAY).back_slug("country-of-residence") is None


def test_under_16s_are_asked_for_neither_nino_nor_the_open_register() -> None:
    journey = a_journey(JOURNEYS["under-16"])
    assert not {"nino", "open-register"} & {page.slug for page in journey.pages}
    assert journey.body["openRegister"] is False
    assert sent(journey).nino_absence == "under-16"


@pytest.mark.parametrize(
    ("born", "asked"),
    [
        ({"day": "22", "month": "11", "year": "2010"}, True),
        ({"day": "23", "month": "11", "year": "2010"}, False),
    ],
)
def test_the_nino_is_asked_for_from_the_sixteenth_birthday(
    born: dict[str, str], asked: bool
) -> None:
    journey = a_journey(IN_SCOTLAND, date_of_birth=born)
    assert ("nino" in journey.typed) is asked


def test_rights_of_eu_citizens_are_asked_about_only_where_the_law_wants_to_know() -> None:
    french = {"other": "yes", "country1": "FR"}
    assert a_journey(nationality=french).next_slug() == "eu-rights"
    assert a_journey(IN_SCOTLAND, nationality=french).next_slug() == CHECK
    assert a_journey(nationality={**french, "irish": "yes"}).next_slug() == CHECK
    assert a_journey(nationality={"other": "yes", "country1": "PL"}).next_slug() == CHECK


def test_an_english_address_asks_a_french_citizen_who_said_scotland() -> None:
    answers = {**EVERYDAY, "country-of-residence": {"country": "scotland"}}
    journey = a_journey(answers, nationality={"other": "yes", "country1": "FR"})
    assert journey.next_slug() == "eu-rights"
    assert "address" in journey.typed
    sent(a_journey({**answers, "eu-rights": {"euRights": "yes"}}))


def test_council_is_asked_only_for_a_postcode_that_nobody_can_place() -> None:
    assert "council" not in a_journey(TYPED_BY_HAND).typed
    journey = a_journey(IN_A_NEW_BUILDING)
    assert journey.body["gssCode"] == SHEFFIELD
    assert journey.nation == "england"


def test_who_does_not_know_the_council_can_still_apply() -> None:
    journey = a_journey(JOURNEYS["council-unknown"])
    assert "gssCode" not in journey.body
    assert sent(journey).country == "england"


def test_address_of_the_list_tells_the_nation_where_a_postcode_straddles_the_border() -> None:
    journey = a_journey(postcode={"postcode": "TD9 0TU"}, address={"uprn": "906000000002"})
    assert journey.nation == "england"
    sent(journey)


def test_placed_address_tells_the_nation_whatever_country_was_said() -> None:
    answers = {**IN_SCOTLAND, "country-of-residence": {"country": "england"}}
    journey = a_journey(answers)
    assert journey.nation == "scotland"
    assert sent(journey).country == "scotland"


def test_postcode_counts_only_once_there_is_an_address() -> None:
    journey = a_journey(IN_SCOTLAND, address=None)
    assert journey.place.gss_code is None
    assert "address" not in journey.body


def test_without_a_look_up_the_address_is_typed() -> None:
    journey = a_journey(postcode=None)
    down = journey.answered("postcode", {"postcode": "EH1 1YZ", "_placed": EDINBURGH, "_found": ""})
    assert down.next_slug() == "type-address"


def test_look_up_that_is_down_does_not_take_back_what_it_said_of_the_same_postcode() -> None:
    journey = a_journey()
    again = journey.answered("postcode", {"postcode": "S1 2HH", "_placed": SHEFFIELD, "_found": ""})
    assert again.next_slug() == CHECK
    assert again.typed["address"] == journey.typed["address"]


def test_look_up_that_is_down_says_nothing_of_another_postcode() -> None:
    other = {"postcode": "EH1 1YZ", "_placed": EDINBURGH, "_found": ""}
    journey = a_journey().answered("postcode", other)
    assert journey.next_slug() == "type-address"


def test_who_has_not_chosen_yet_types_the_address_once_the_look_up_is_down() -> None:
    same = {"postcode": "S1 2HH", "_placed": SHEFFIELD, "_found": ""}
    choosing = a_journey(address=None)
    assert choosing.next_slug() == "address"
    assert choosing.answered("postcode", same).next_slug() == "type-address"


def test_place_without_streets_gets_the_locality_for_a_street() -> None:
    chosen = {"uprn": "1", "_property": "The Barn", "_locality": "Nowhere", "_gss": SHEFFIELD}
    journey = a_journey(address=None).answered("address", chosen)
    assert journey.faults("address") == ()
    assert journey.body["address"] == {
        "property": "The Barn",
        "street": "Nowhere",
        "locality": "Nowhere",
        "postcode": "s12hh",
        "uprn": "1",
    }
