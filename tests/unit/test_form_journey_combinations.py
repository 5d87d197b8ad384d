"""Any answers in any order: the API takes what the form takes, and nothing is left that lapsed."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from form_answers import (
    BORN_15_YEARS_AGO,
    CARDIFF,
    EDINBURGH,
    EVERYDAY,
    IN_A_NEW_BUILDING,
    IN_SCOTLAND,
    POSTCODE_WITHOUT_LIST,
    SHEFFIELD,
    TODAY,
    TYPED_BY_HAND,
    UNPLACED_POSTCODE,
    a_journey,
    look_up,
    sent,
)
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from registration.form.exits import EXITS
from registration.form.journey import Journey
from registration.form.page import CHECK, Typed
from registration.form.pages import PAGES, page_of
from registration.form.placing import Answered

# Answers to each page: everyday ones, rare ones, ones that lead out, ones that are refused.
ANSWERS: dict[str, list[Typed]] = {
    "country-of-residence": [
        *({"country": nation} for nation in ("england", "scotland", "wales")),
        *({"country": "abroad"}, {"country": "northern-ireland"}, {"country": "mars"}, {}),
    ],
    "nationality": [
        *({"british": "yes"}, {"irish": "yes", "other": "yes", "country1": "FR"}),
        *({"other": "yes", "country2": code} for code in ("FR", "BR", "PL", "AU", "XX", "GB")),
        *({"cannot": "yes", "reason": "I was never told."}, {"cannot": "yes"}, {"other": "yes"}),
    ],
    "eu-rights": [{"euRights": "yes"}, {"euRights": "no"}, {}],
    "date-of-birth": [
        EVERYDAY["date-of-birth"],
        BORN_15_YEARS_AGO,
        {"day": "23", "month": "11", "year": "2010"},  # 16 tomorrow
        {"day": "1", "month": "1", "year": "2014"},
        {"day": "30", "month": "2", "year": "1987"},
        *(
            {"cannot": "yes", "reason": "No papers.", "ageRange": age_range}
            for age_range in ("18to75", "over18", "16to17", "dontKnow")
        ),
    ],
    "name": [EVERYDAY["name"], {"firstName": "X", "middleNames": "Y", "lastName": "Null"}, {}],
    "previous-name": [
        *({"changed": "no"}, {"changed": "prefer-not", "firstName": "Siân"}, {"changed": "yes"}),
        {"changed": "yes", "firstName": "Siân", "lastName": "Evans", "changeReason": "Marriage"},
    ],
    "nino": [{"nino": "AB123456C"}, {"cannot": "yes", "reason": "None."}, {"nino": "QQ123456"}],
    "postcode": [
        {"postcode": postcode}
        for postcode in (
            *("S1 2HH", "s12hh", "EH1 1YZ", "TD9 0TU", POSTCODE_WITHOUT_LIST),
            *(UNPLACED_POSTCODE, "BT1 1AA", "nowhere"),
        )
    ],
    "address": [
        *({"uprn": uprn} for uprn in ("100051000001", "906000000001", "906000000002", "1")),
        *({"uprn": "not-listed"}, {}),
    ],
    "type-address": [
        {"property": "9", "street": "Hill", "postcode": postcode}
        for postcode in ("S1 2HH", "EH1 1YZ", POSTCODE_WITHOUT_LIST, UNPLACED_POSTCODE, "AA3 1AD")
    ],
    "council": [{"gssCode": code} for code in (SHEFFIELD, EDINBURGH, CARDIFF, "unknown")],
    "other-address": [{"otherAddress": "none"}, {"otherAddress": "secondHome"}, {}],
    "previous-address": [{"moved": "no"}, {"moved": "uk"}, {"moved": "abroad"}, {}],
    "previous-address-uk": [
        {"property": "9", "street": "Hill", "postcode": postcode}
        for postcode in ("S1 2HH", "EH1 1YZ", "BT1 1AA", UNPLACED_POSTCODE)
    ],
    "previous-address-abroad": [
        *({"street": "Rue de la Paix", "country": "FR"}, {"street": "Hill", "country": "GB"}),
        {"property": "9", "street": "Hill", "postcode": "S1 2HH", "country": "GB"},
    ],
    "open-register": [{"openRegister": "yes"}, {"openRegister": "no"}, {}],
    "postal-vote": [{"wanted": "no"}, {"wanted": "yes", "formBy": "email"}, {"wanted": "yes"}],
    "sole-occupancy": [{"sole": "yes"}, {"sole": "no"}],
    "contact": [
        *({"email": "sian@example.com"}, {"phone": "+44 (0)1632 960 001"}, {"post": "yes"}),
        *({"email": "sian"}, {}),
    ],
}

# What somebody answers beside the two answers that are tried.
REST: Answered = {**EVERYDAY, **IN_A_NEW_BUILDING, **TYPED_BY_HAND}
COMPLETE = a_journey()
HOMES: list[Answered] = [EVERYDAY, IN_SCOTLAND, TYPED_BY_HAND, IN_A_NEW_BUILDING]


def test_there_are_answers_to_every_page() -> None:
    assert list(ANSWERS) == [page.slug for page in PAGES]


def post(journey: Journey, slug: str, fields: Typed) -> Journey:
    """Post a page: nothing is kept of what is refused, and each refusal stands beside an input."""
    page = page_of(slug)
    assert page is not None
    after = journey.answered(slug, look_up(slug, page.read(fields), journey.typed))
    faults = after.faults(slug)
    assert all(page.anchor(fault.pointer) in page.fields for fault in faults)
    return journey if faults else after


def go_on(journey: Journey) -> Journey:
    """Answer what is still asked, until the check page or an exit."""
    for _ in PAGES:
        slug = journey.next_slug()
        if slug == CHECK or journey.exit() is not None:
            return journey
        given = [REST[slug]] if slug in REST else []
        answers = (post(journey, slug, fields) for fields in (*given, *ANSWERS[slug]))
        journey = next(after for after in answers if slug in after.typed and not after.faults(slug))
    raise AssertionError("the form asks without end")


def hold(journey: Journey) -> None:
    """Say what is true of every journey, wherever it is."""
    applying = {page.slug for page in journey.pages}
    assert journey.typed.keys() <= applying
    assert journey.next_slug() in {*applying, CHECK}
    leaves = journey.exit()
    assert leaves is None or leaves in EXITS
    _hold_body(journey)
    if leaves is None and journey.next_slug() == CHECK:
        application = sent(journey)
        assert application.nationalities is None or "XX" not in application.nationalities


def _hold_body(journey: Journey) -> None:
    body, typed = journey.body, journey.typed
    by_hand = "type-address" in typed
    address = body.get("address")
    assert (isinstance(address, dict) and "uprn" in address) <= (not by_hand)
    assert ("gssCode" in body) <= ("council" in typed)
    assert ("euRetainedRights" in body) <= journey.asks_eu_rights
    assert ("previousAddress" in body) <= (journey.moved in {"uk", "abroad"})
    if journey.is_under_16:
        assert body["openRegister"] is False
        assert not {"nino", "noNino"} & body.keys()


@pytest.mark.parametrize("pair", list(combinations(ANSWERS, 2)), ids="/".join)
def test_any_two_changes_go_together(pair: tuple[str, str]) -> None:
    one, other = pair
    for first in ANSWERS[one]:
        changed = post(COMPLETE, one, first)
        for second in ANSWERS[other]:
            journey = post(changed, other, second)
            hold(journey)
            hold(go_on(journey))


class AnyWay(RuleBasedStateMachine):
    """Somebody who answers, changes, goes back and comes again the next day."""

    def __init__(self) -> None:
        super().__init__()
        self.journey = Journey({}, TODAY)

    @initialize(home=st.sampled_from([None, *HOMES]))
    def begin(self, home: Answered | None) -> None:
        if home is not None:
            self.journey = a_journey(home)

    @rule(data=st.data())
    def answers_what_is_asked(self, data: st.DataObject) -> None:
        slug = self.journey.next_slug()
        if slug != CHECK:
            self._post(slug, data.draw(st.sampled_from(ANSWERS[slug])))

    @rule(data=st.data(), slug=st.sampled_from(list(ANSWERS)))
    def changes_an_answer(self, data: st.DataObject, slug: str) -> None:
        self._post(slug, data.draw(st.sampled_from(ANSWERS[slug])))

    @precondition(lambda self: self.journey.typed)
    @rule(data=st.data())
    def sends_a_page_again(self, data: st.DataObject) -> None:
        slug = data.draw(st.sampled_from(sorted(self.journey.typed)))
        page = page_of(slug)
        assert page is not None
        before = self.journey
        self._post(slug, page.read(before.typed[slug]))
        assert self.journey.typed == before.typed

    @rule(data=st.data())
    def goes_back_never_in_a_circle(self, data: st.DataObject) -> None:
        slug: str | None = data.draw(st.sampled_from([page.slug for page in self.journey.pages]))
        seen = []
        while slug is not None and slug != CHECK:  # neither has a way back
            assert slug not in seen
            seen.append(slug)
            slug = self.journey.back_slug(slug)
        assert (slug == CHECK) is self.journey.is_complete

    @rule(days=st.integers(min_value=0, max_value=2))
    def comes_again_another_day(self, days: int) -> None:
        later = self.journey.on + timedelta(days=days)
        self.journey = replace(self.journey, on=later)
        slug = self.journey.next_slug()  # whose page is then sent once more, with what it had
        if slug in self.journey.typed:
            self._post(slug, self.journey.typed[slug])

    @invariant()
    def is_a_journey(self) -> None:
        hold(self.journey)

    def _post(self, slug: str, fields: Typed) -> None:
        self.journey = post(self.journey, slug, fields)


TestAnyWay = AnyWay.TestCase
TestAnyWay.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
