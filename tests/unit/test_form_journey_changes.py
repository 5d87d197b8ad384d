"""Changing an answer from the check page: what is dropped, what is asked anew, and the way back."""

import pytest
from form_answers import (
    BORN_15_YEARS_AGO,
    EVERYDAY,
    IN_A_NEW_BUILDING,
    IN_SCOTLAND,
    POSTCODE_WITHOUT_LIST,
    SHEFFIELD,
    TYPED_BY_HAND,
    UNPLACED_POSTCODE,
    a_journey,
    answer,
    sent,
)
from registration.form.page import CHECK, Typed
from registration.form.pages import PAGES
from registration.form.placing import Answered

FRENCH = {"other": "yes", "country1": "FR"}
FRENCH_IN_ENGLAND: Answered = {
    **EVERYDAY,
    "nationality": FRENCH,
    "eu-rights": {"euRights": "yes"},
}
MOVED: Answered = {
    **EVERYDAY,
    "previous-address": {"moved": "uk"},
    "previous-address-uk": {"property": "9", "street": "Hill", "postcode": "EH1 1YZ"},
}
AGE_UNSURE: Answered = {
    **EVERYDAY,
    "date-of-birth": {"cannot": "yes", "reason": "No papers.", "ageRange": "18to75"},
}
AT_15 = {**IN_SCOTLAND, "date-of-birth": BORN_15_YEARS_AGO}
FIFTEEN: Typed = BORN_15_YEARS_AGO

# (answers, page changed, what is typed now, pages whose answers are dropped, page asked next)
CHANGES = [
    (IN_SCOTLAND, "date-of-birth", FIFTEEN, {"nino", "open-register"}, CHECK),
    (AT_15, "date-of-birth", EVERYDAY["date-of-birth"], set(), "nino"),
    (EVERYDAY, "country-of-residence", {"country": "scotland"}, set(), CHECK),
    (AGE_UNSURE, "postcode", {"postcode": "EH1 1YZ"}, {"address"}, "address"),
    (EVERYDAY, "nationality", FRENCH, set(), "eu-rights"),
    (FRENCH_IN_ENGLAND, "nationality", {"irish": "yes"}, {"eu-rights"}, CHECK),
    (EVERYDAY, "postcode", {"postcode": "EH1 1YZ"}, {"address"}, "address"),
    (EVERYDAY, "postcode", {"postcode": "S1  2hh"}, set(), CHECK),
    (EVERYDAY, "postcode", {"postcode": UNPLACED_POSTCODE}, {"address"}, "type-address"),
    (EVERYDAY, "address", {"uprn": "not-listed"}, set(), "type-address"),
    (TYPED_BY_HAND, "address", EVERYDAY["address"], {"type-address"}, CHECK),
    (TYPED_BY_HAND, "postcode", {"postcode": "EH1 1YZ"}, {"address", "type-address"}, "address"),
    (
        TYPED_BY_HAND,
        "postcode",
        {"postcode": POSTCODE_WITHOUT_LIST},
        {"address", "type-address"},
        "type-address",
    ),
    (
        IN_A_NEW_BUILDING,
        "type-address",
        {"street": "Mill Lane", "postcode": "S1 2HH"},
        {"council"},
        CHECK,
    ),
    (
        IN_A_NEW_BUILDING,
        "type-address",
        {"street": "Mill Lane", "postcode": "AA3 1AD"},
        {"council"},
        "council",
    ),
    (
        IN_A_NEW_BUILDING,
        "type-address",
        {"street": "Mill Lane", "postcode": "aa31ab"},
        set(),
        CHECK,
    ),
    (
        IN_A_NEW_BUILDING,
        "postcode",
        {"postcode": "S1 2HH"},
        {"type-address", "council"},
        "address",
    ),
    (MOVED, "previous-address", {"moved": "no"}, {"previous-address-uk"}, CHECK),
    (
        MOVED,
        "previous-address",
        {"moved": "abroad"},
        {"previous-address-uk"},
        "previous-address-abroad",
    ),
    (EVERYDAY, "previous-address", {"moved": "uk"}, set(), "previous-address-uk"),
]


@pytest.mark.parametrize(("answers", "slug", "fields", "dropped", "then"), CHANGES)
def test_change_drops_what_no_longer_applies_and_asks_what_now_does(
    answers: Answered, slug: str, fields: Typed, dropped: set[str], then: str
) -> None:
    before = a_journey(answers)
    assert before.next_slug() == CHECK
    after = answer(before, slug, fields)
    assert before.typed.keys() - after.typed.keys() == dropped
    assert after.next_slug() == then
    assert after.exit() is None


@pytest.mark.parametrize("slug", [page.slug for page in PAGES])
def test_answering_a_page_again_as_before_changes_nothing(slug: str) -> None:
    for answers in (EVERYDAY, TYPED_BY_HAND, IN_A_NEW_BUILDING, MOVED, FRENCH_IN_ENGLAND):
        if slug not in answers:
            continue
        before = a_journey(answers)
        after = answer(before, slug, answers[slug])
        assert after.typed == before.typed
        assert after.next_slug() == CHECK


def test_typed_address_has_neither_uprn_nor_authority_of_the_chosen_one() -> None:
    chosen = a_journey()
    assert chosen.place.gss_code == SHEFFIELD
    by_hand = answer(chosen, "address", {"uprn": "not-listed"})
    assert by_hand.place.gss_code is None
    assert "address" not in by_hand.body
    typed = {"street": "Rose Street", "postcode": "EH1 1YZ"}
    moved = answer(by_hand, "type-address", typed)
    assert moved.body["address"] == typed
    assert (moved.nation, moved.body["country"]) == ("scotland", "scotland")
    assert sent(moved).address.uprn is None


def test_council_once_chosen_does_not_outlive_a_postcode_that_is_placed() -> None:
    placed = answer(
        a_journey(IN_A_NEW_BUILDING), "type-address", {"street": "Hill", "postcode": "EH1 1YZ"}
    )
    assert "gssCode" not in placed.body
    assert placed.nation == "scotland"


def test_age_range_of_another_nation_is_asked_again() -> None:
    moving = a_journey(AGE_UNSURE, postcode={"postcode": "EH1 1YZ"}, address=None)
    scottish = answer(moving, "address", {"uprn": "906000000001"})
    assert scottish.next_slug() == "date-of-birth"
    (fault,) = scottish.faults("date-of-birth")
    assert (fault.pointer, fault.code) == ("/noDateOfBirth/ageRange", "not-in-scotland")
    again = {"cannot": "yes", "reason": "No papers.", "ageRange": "over18"}
    mended = answer(scottish, "date-of-birth", again)
    assert mended.faults("date-of-birth") == ()
    assert mended.next_slug() == "other-address"


def test_previous_address_that_is_now_the_current_one_is_asked_again() -> None:
    journey = a_journey(MOVED)
    by_hand = answer(journey, "address", {"uprn": "not-listed"})
    same = {"property": "9", "street": "hill", "postcode": "EH11YZ"}
    back_there = answer(by_hand, "type-address", same)
    assert back_there.next_slug() == "previous-address-uk"
    assert [fault.code for fault in back_there.faults("previous-address-uk")] == ["same-as-address"]


def test_answers_that_apply_no_longer_are_in_no_body() -> None:
    journey = answer(a_journey(IN_SCOTLAND), "date-of-birth", FIFTEEN)
    assert "nino" not in journey.body
    older = answer(journey, "date-of-birth", EVERYDAY["date-of-birth"])
    assert "nino" not in older.body
    assert "openRegister" not in older.body


def test_answer_to_a_page_that_does_not_apply_is_not_kept() -> None:
    journey = answer(a_journey(), "council", {"gssCode": SHEFFIELD})
    assert "council" not in journey.typed
    assert journey.next_slug() == CHECK
