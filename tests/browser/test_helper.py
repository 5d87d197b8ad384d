"""A helper's browser: when the next person sits down, no button brings the last one back."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from form_world import FormWorld

from browser.applicants import answers
from browser.conftest import Visiting
from browser.helping import NEXT_PERSON, SIGN_IN, SIGN_OUT, make_helper, sign_in
from browser.visitor import CHECK, DECLARATION, RECEIPT, Visitor

pytestmark = [pytest.mark.integration, pytest.mark.long]

OF_THE_PERSON = ("Siân", "Neill", "AB123456C", "sian@example.com", "Heol y Bont")
STEPS_BACK = 6


@pytest.fixture
def account(form: FormWorld) -> str:
    return make_helper(form)


def violations(visitor: Visitor) -> list[str]:
    return [
        f"{visitor.slug}: {one['id']}" for one in Axe().run(visitor.page).response["violations"]
    ]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("sends", [True, False], ids=["sent", "left"])
def test_the_back_button_shows_nothing_of_the_last_person(
    visit: Visiting, account: str, javascript: bool, sends: bool
) -> None:
    with visit(javascript=javascript) as visitor:
        sign_in(visitor, account)
        visitor.press()
        visitor.answer_until(answers())
        assert "Siân" in visitor.main_text()
        if sends:
            visitor.follow(DECLARATION)
            visitor.answer({"agree": "yes", "personConfirms": "yes"})
            assert visitor.slug == RECEIPT
        visitor.page.locator(f'a[href="{visitor.path(NEXT_PERSON)}"]').first.click()
        visitor.press()
        assert visitor.slug == "country-of-residence"
        for _ in range(STEPS_BACK):
            visitor.page.go_back()
            visitor.page.wait_for_load_state()  # with scripts, what was kept is loaded anew
            shown = visitor.page.content()
            assert [word for word in OF_THE_PERSON if word in shown] == [], visitor.slug
        for slug in (CHECK, "name", RECEIPT):
            visitor.go(slug)
            assert visitor.slug == "session-ended"


def test_after_signing_out_nothing_goes_on(visit: Visiting, account: str) -> None:
    with visit() as visitor:
        sign_in(visitor, account)
        visitor.press()
        visitor.answer_until(answers())
        visitor.go(SIGN_OUT)
        visitor.press()
        assert visitor.slug == SIGN_IN
        assert visitor.page.context.cookies() == []
        visitor.page.go_back()
        visitor.page.go_back()
        assert [word for word in OF_THE_PERSON if word in visitor.page.content()] == []


@pytest.mark.parametrize("language", ["en", "cy"])
def test_the_pages_of_helpers_are_accessible(visit: Visiting, account: str, language: str) -> None:
    with visit(language=language) as visitor:
        sign_in(visitor, "nobody")
        assert visitor.error_fields() == ["name"]
        found = violations(visitor)
        sign_in(visitor, account)
        for slug in (NEXT_PERSON, SIGN_OUT, "country-of-residence", "exit/abroad"):
            visitor.go(slug)
            assert account in visitor.page.locator("aside").inner_text()
            found += violations(visitor)
        assert found == []
