"""Who cannot go on is told why on a page of its own, may come back, and nothing is sent."""

import pytest
from form_world import FormWorld

from browser.applicants import answers
from browser.conftest import Visiting
from browser.visitor import CHECK, DECLARATION

pytestmark = [pytest.mark.integration, pytest.mark.long]

ENDINGS = [
    ("country-of-residence", {"country": "northern-ireland"}, "northern-ireland"),
    ("country-of-residence", {"country": "channel-islands"}, "channel-islands"),
    ("country-of-residence", {"country": "isle-of-man"}, "isle-of-man"),
    ("country-of-residence", {"country": "abroad"}, "abroad"),
    ("nationality", {"other": "yes", "country1": "BR"}, "no-franchise-england"),
    ("date-of-birth", answers(nation="wales", birth="15")["date-of-birth"], "too-young-england"),
    (
        "date-of-birth",
        {"cannot": "yes", "reason": "Adopted", "ageRange": "dontKnow"},
        "cannot-say-age",
    ),
    ("postcode", {"postcode": "BT1 5GS"}, "northern-ireland"),
    ("postcode", {"postcode": "JE2 4WE"}, "jersey"),
    ("postcode", {"postcode": "GY1 1AA"}, "guernsey"),
    ("postcode", {"postcode": "IM1 1AA"}, "isle-of-man"),
]


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize(
    ("slug", "typed", "reason"), ENDINGS, ids=[f"{slug}: {why}" for slug, _, why in ENDINGS]
)
def test_who_cannot_go_on_is_told_why_and_may_come_back(
    visit: Visiting, language: str, slug: str, typed: dict[str, str], reason: str
) -> None:
    with visit(language=language) as visitor:
        visitor.hurry_to(slug, answers())
        visitor.answer(typed)
        assert visitor.slug == f"exit/{reason}"
        visitor.back()
        assert visitor.slug == slug
        assert {name: visitor.typed(name) for name in typed} == typed


def test_a_15_year_old_who_said_scotland_and_lives_in_england_sends_nothing(
    visit: Visiting, form: FormWorld
) -> None:
    count = form.accepted()
    typed = answers(nation="scotland", birth="15") | {
        slug: answers(nation="england")[slug] for slug in ("postcode", "address")
    }
    with visit() as visitor:
        visitor.go("country-of-residence")
        visitor.answer_until(typed, last="address")
        visitor.answer(typed["address"])
        assert visitor.slug == "exit/too-young-england"
        for slug in (CHECK, DECLARATION):
            visitor.go(slug)
            assert visitor.slug not in (CHECK, DECLARATION)
    assert form.accepted() == count


def test_no_page_is_asked_before_the_ones_it_follows_from(visit: Visiting) -> None:
    with visit() as visitor:
        for slug in ("name", CHECK, DECLARATION, "receipt"):
            visitor.go(slug)
            assert visitor.slug == "session-ended"
        visitor.go("country-of-residence")
        visitor.answer(answers()["country-of-residence"])
        visitor.go(DECLARATION)
        assert visitor.slug == "nationality"
