"""Going back, changing one's mind, and changing the language: nothing typed is lost."""

import pytest
from form_world import FormWorld

from browser.applicants import answers
from browser.conftest import Visiting
from browser.visitor import CHECK, PAGES_MAX, Visitor

pytestmark = [pytest.mark.integration, pytest.mark.long]


def at_check(visitor: Visitor, **kinds: str) -> None:
    visitor.hurry_to(CHECK, answers(**kinds))


def change(visitor: Visitor, slug: str, typed: dict[str, str]) -> None:
    """From the check page: follow the row's link, answer anew."""
    visitor.follow(slug)
    visitor.answer(typed)


def test_back_leads_through_every_page_to_the_start_and_shows_what_was_typed(
    visit: Visiting,
) -> None:
    typed = answers(changed="yes", moved="uk")
    with visit() as visitor:
        visitor.hurry_to("contact", typed)
        backwards: list[str] = []
        while visitor.slug and len(backwards) < PAGES_MAX:
            visitor.back()
            backwards.append(visitor.slug)
            for name, text in typed.get(visitor.slug, {}).items():
                assert visitor.typed(name) == text, f"{visitor.slug}: {name}"
    asked = [slug for slug in typed if slug in backwards]
    assert backwards == [*asked[::-1], ""]
    assert len(asked) >= 14


def test_back_from_a_page_that_is_changed_leads_to_the_check_page(visit: Visiting) -> None:
    with visit() as visitor:
        at_check(visitor)
        visitor.follow("nino")
        visitor.back()
        assert visitor.slug == CHECK


def test_the_browsers_own_back_button_shows_what_was_typed(visit: Visiting) -> None:
    with visit() as visitor:
        visitor.hurry_to("name", answers())
        visitor.answer_until(answers(), "nino")
        while visitor.slug != "name":
            visitor.page.go_back()
        assert visitor.slug == "name"
        assert visitor.typed("firstName") == "Siân"


def test_a_changed_answer_returns_to_the_check_page(visit: Visiting, form: FormWorld) -> None:
    with visit() as visitor:
        at_check(visitor)
        change(visitor, "name", {"firstName": "Llŷr"})
        assert visitor.slug == CHECK
        assert "Llŷr" in visitor.main_text()
        assert form.person(visitor.send())["firstName"] == "Llŷr"


def test_an_address_typed_instead_of_chosen_drops_its_uprn_and_authority(
    visit: Visiting, form: FormWorld
) -> None:
    with visit() as visitor:
        at_check(visitor, address="chosen")
        change(visitor, "address", {"uprn": "not-listed"})
        assert visitor.slug == "type-address"
        assert visitor.typed("postcode") == "S1 2HH"
        lines = {"property": "9", "street": "New Street", "postcode": "LS1 1UR"}
        visitor.answer(lines)
        assert visitor.slug == CHECK
        accepted = form.person(visitor.send())
    assert accepted["address"] == lines
    assert accepted["gssCode"] == "E08000035"


def test_who_turns_out_to_be_15_is_no_longer_asked_for_a_nino(
    visit: Visiting, form: FormWorld
) -> None:
    born_15_years_ago = answers(nation="wales", birth="15")["date-of-birth"]
    with visit() as visitor:
        at_check(visitor, nation="wales")
        change(visitor, "date-of-birth", born_15_years_ago)
        assert visitor.slug == CHECK
        assert "AB 12" not in visitor.main_text().replace("\u00a0", " ")
        accepted = form.person(visitor.send())
    assert "nino" not in accepted
    assert accepted["openRegister"] is False


def test_who_turns_out_to_be_16_is_asked_for_a_nino_again(visit: Visiting) -> None:
    with visit() as visitor:
        at_check(visitor, nation="wales", birth="15")
        change(visitor, "date-of-birth", answers()["date-of-birth"])
        assert visitor.slug == "nino"
        visitor.answer_until(answers())
        assert visitor.slug == CHECK


def test_a_changed_country_asks_what_it_newly_needs(visit: Visiting) -> None:
    with visit() as visitor:
        at_check(visitor, nation="scotland", nationality="asked about rights", address="typed")
        visitor.go("postcode")
        visitor.answer_until(answers(address="typed"), last="type-address")
        visitor.answer(answers(address="typed")["type-address"])
        assert visitor.slug == "eu-rights"


def test_another_language_keeps_every_answer(visit: Visiting, form: FormWorld) -> None:
    with visit() as visitor:
        visitor.hurry_to("nino", answers())
        visitor.page.locator('a[hreflang="cy"]').first.click()
        visitor.language = "cy"
        assert visitor.slug == "nino"
        visitor.answer_until(answers())
        assert "Siân" in visitor.main_text()
        assert form.person(visitor.send())["language"] == "cy"


def test_a_mistake_loses_nothing_that_was_typed(visit: Visiting) -> None:
    typed = {"firstName": "Siân", "middleNames": "Mair", "lastName": ""}
    with visit() as visitor:
        visitor.hurry_to("name", answers())
        visitor.answer(typed)
        assert visitor.error_fields() == ["lastName"]
        assert {name: visitor.typed(name) for name in typed} == typed


def test_markup_that_is_typed_is_shown_as_it_was_typed(visit: Visiting, form: FormWorld) -> None:
    name = '<b>O\'Neill</b> & "sons"'
    with visit() as visitor:
        at_check(visitor)
        change(visitor, "name", {"lastName": name})
        if visitor.slug == "name":  # not a name, as far as the rules go
            assert visitor.typed("lastName") == name
        else:
            assert name in visitor.main_text()
