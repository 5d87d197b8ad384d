"""Who leaves the form by an exit page: by what they said, and again by where they live."""

from datetime import date

import pytest
from form_answers import (
    BORN_15_YEARS_AGO,
    CARDIFF,
    EVERYDAY,
    IN_SCOTLAND,
    SHEFFIELD,
    TODAY,
    UNPLACED_POSTCODE,
    a_journey,
    answer,
    sent,
)
from registration.form.exits import EXITS, exit_of, facts_of
from registration.form.journey import Journey
from registration.form.page import CHECK
from registration.form.placing import Answered
from registration.rules import Fault

BRAZILIAN = {"other": "yes", "country1": "BR"}
BEFORE_WALES_LOWERED_ITS_AGE = date(2020, 5, 31)
SCOT_OF_15: Answered = {**IN_SCOTLAND, "date-of-birth": BORN_15_YEARS_AGO}


def of_age(range_: str) -> dict[str, str]:
    return {"cannot": "yes", "reason": "No papers.", "ageRange": range_}


@pytest.mark.parametrize(
    ("slug", "fields", "reason"),
    [
        *(
            ("country-of-residence", {"country": country}, country)
            for country in ("northern-ireland", "channel-islands", "isle-of-man", "abroad")
        ),
        ("nationality", BRAZILIAN, "no-franchise-england"),
        ("date-of-birth", BORN_15_YEARS_AGO, "too-young-england"),
        *(
            ("date-of-birth", of_age(range_), "cannot-say-age")
            for range_ in ("under18", "14to15", "dontKnow")
        ),
        ("postcode", {"postcode": "BT1 1AA"}, "northern-ireland"),
        ("postcode", {"postcode": "je23ab"}, "jersey"),
        ("postcode", {"postcode": "GY1 1AA"}, "guernsey"),
        ("postcode", {"postcode": "IM1 1AA"}, "isle-of-man"),
    ],
)
def test_answer_leads_out_and_is_kept(slug: str, fields: dict[str, str], reason: str) -> None:
    journey = a_journey({**EVERYDAY, slug: fields})
    assert journey.exit() == reason
    assert fields.items() <= journey.typed[slug].items()


@pytest.mark.parametrize(
    ("answers", "slugs"),
    [
        ({"country-of-residence": {"country": "abroad"}}, ("country-of-residence",)),
        ({"nationality": BRAZILIAN}, ("nationality", "country-of-residence")),
        ({"date-of-birth": BORN_15_YEARS_AGO}, ("date-of-birth", "country-of-residence")),
        ({"date-of-birth": of_age("dontKnow")}, ("date-of-birth",)),
        ({"postcode": {"postcode": "BT1 1AA"}}, ("postcode",)),
        (
            {"date-of-birth": BORN_15_YEARS_AGO, "country-of-residence": {"country": "scotland"}},
            ("date-of-birth", "country-of-residence", "postcode"),
        ),
    ],
)
def test_an_exit_leads_back_to_what_caused_it_and_only_to_what_was_answered(
    answers: Answered, slugs: tuple[str, ...]
) -> None:
    assert a_journey({**EVERYDAY, **answers}).exit_slugs() == slugs


def test_an_address_typed_by_hand_may_be_changed_where_it_leads_out() -> None:
    typed = {"street": "Falls Road", "postcode": "BT12 4PD"}
    journey = a_journey(address={"uprn": "not-listed"}, type_address=typed)
    assert journey.exit_slugs() == ("type-address",)


def test_who_does_not_leave_has_nothing_to_undo() -> None:
    assert a_journey().exit_slugs() == ()


def test_back_from_an_exit_is_the_way_through_the_pages() -> None:
    journey = answer(a_journey(), "country-of-residence", {"country": "abroad"})
    assert journey.back_slug("nationality") == "country-of-residence"


@pytest.mark.parametrize("country", ["scotland", "wales"])
def test_who_is_13_is_too_young_everywhere(country: str) -> None:
    born = {"day": "23", "month": "11", "year": "2012"}
    journey = a_journey(country_of_residence={"country": country}, date_of_birth=born)
    assert journey.exit() == f"too-young-{country}"


def test_a_fifteen_year_old_who_said_scotland_leaves_at_an_english_address() -> None:
    by_list = a_journey({**SCOT_OF_15, "postcode": {"postcode": "S1 2HH"}}, address=None)
    assert by_list.exit() is None
    leaving = answer(by_list, "address", EVERYDAY["address"])
    assert leaving.exit() == "too-young-england"
    by_hand = answer(by_list, "address", {"uprn": "not-listed"})
    assert by_hand.exit() is None
    typed = {"street": "Mill Lane", "postcode": "S1 2HH"}
    assert answer(by_hand, "type-address", typed).exit() == "too-young-england"


def test_a_fifteen_year_old_leaves_by_the_english_council_they_choose() -> None:
    answers = {
        **SCOT_OF_15,
        "postcode": {"postcode": UNPLACED_POSTCODE},
        "type-address": {"street": "New Street", "postcode": UNPLACED_POSTCODE},
    }
    assert a_journey(answers, council={"gssCode": SHEFFIELD}).exit() == "too-young-england"
    assert a_journey(answers, council={"gssCode": CARDIFF}).next_slug() == CHECK


def test_a_fifteen_year_old_leaves_by_the_postcode_typed_with_an_address() -> None:
    answers = {**SCOT_OF_15, "address": {"uprn": "not-listed"}}
    elsewhere = {"street": "Mill Lane", "postcode": "S1 2HH"}
    assert a_journey(answers, type_address=elsewhere).exit() == "too-young-england"


def test_nationality_is_judged_again_at_the_address() -> None:
    answers = {**EVERYDAY, "country-of-residence": {"country": "scotland"}}
    journey = a_journey(answers, nationality=BRAZILIAN)
    assert journey.exit() == "no-franchise-england"


def test_nationality_is_judged_again_when_the_country_changes() -> None:
    journey = a_journey(IN_SCOTLAND, nationality=BRAZILIAN)
    assert journey.next_slug() == CHECK
    assert (
        answer(journey, "country-of-residence", {"country": "england"}).exit()
        == "no-franchise-england"
    )


def test_age_is_judged_again_when_the_country_changes() -> None:
    journey = a_journey(SCOT_OF_15)
    assert (
        answer(journey, "country-of-residence", {"country": "england"}).exit()
        == "too-young-england"
    )


def test_who_moves_abroad_leaves_whatever_address_they_gave() -> None:
    journey = a_journey()
    assert answer(journey, "country-of-residence", {"country": "abroad"}).exit() == "abroad"


def test_who_corrects_what_led_out_goes_on() -> None:
    journey = a_journey(date_of_birth=BORN_15_YEARS_AGO)
    assert journey.exit() == "too-young-england"
    mended = answer(journey, "date-of-birth", EVERYDAY["date-of-birth"])
    assert (mended.exit(), mended.next_slug()) == (None, "name")


def test_an_exit_is_never_an_error_of_the_page() -> None:
    journey = a_journey(country_of_residence={"country": "isle-of-man"})
    assert journey.faults("country-of-residence") == ()


def test_typed_postcode_leads_out_too() -> None:
    typed = {"street": "Falls Road", "postcode": "BT12 4PD"}
    journey = a_journey(address={"uprn": "not-listed"}, type_address=typed)
    assert journey.exit() == "northern-ireland"
    assert journey.faults("type-address") == ()


def test_a_birthday_at_midnight_opens_the_way() -> None:
    born = {"day": "23", "month": "11", "year": "2010"}
    assert a_journey(date_of_birth=born).exit() == "too-young-england"
    sent(a_journey(on=date(2026, 11, 23), date_of_birth=born))


def test_minimum_age_is_that_of_the_day() -> None:
    answers = {**EVERYDAY, "country-of-residence": {"country": "wales"}}
    born = {"day": "1", "month": "1", "year": "2006"}
    before = a_journey(answers, BEFORE_WALES_LOWERED_ITS_AGE, date_of_birth=born)
    assert before.exit() == "too-young-wales"
    assert facts_of("too-young-wales", BEFORE_WALES_LOWERED_ITS_AGE) == {"minimum_age": 16}


def test_words_of_exits_are_told_the_minimum_age() -> None:
    ages = {reason: facts_of(reason, TODAY).get("minimum_age") for reason in EXITS}
    told = {reason: age for reason, age in ages.items() if age is not None}
    assert told == {
        "too-young-england": 16,
        "too-young-scotland": 14,
        "too-young-wales": 14,
        "too-young": 14,
    }


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("lives-in-jersey", "jersey"),
        ("too-young", "too-young"),
        ("no-franchise", "no-franchise"),
        ("not-online", "cannot-say-age"),
        ("too-long-ago", None),
        ("not-in-england", None),
        ("missing", None),
    ],
)
def test_only_what_nobody_can_correct_is_an_exit(code: str, reason: str | None) -> None:
    assert exit_of(Fault("", code)) == reason
    assert reason is None or reason in EXITS


def test_nobody_leaves_before_they_have_answered_anything() -> None:
    assert Journey({}, TODAY).exit() is None
