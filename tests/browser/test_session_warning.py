"""Before a session ends people are warned, and may keep their answers; then the page is left."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.applicants import answers
from browser.conftest import Visiting
from browser.visitor import Visitor

pytestmark = [pytest.mark.integration, pytest.mark.long]

UNTIL_WARNED, UNTIL_ENDED = "55:00", "01:00:00"
WARNED_BEFORE_THE_END = "05:00"


def at_name(visitor: Visitor) -> None:
    """Begin, with a clock that the test can put forward; it is that of all tabs."""
    visitor.page.clock.install()
    visitor.hurry_to("name", answers())


def is_warned(visitor: Visitor) -> bool:
    return visitor.page.locator("dialog.session-warning").is_visible()


@pytest.mark.parametrize("language", ["en", "cy"])
def test_five_minutes_before_the_end_a_dialog_opens_that_everybody_can_use(
    visit: Visiting, language: str
) -> None:
    with visit(language=language) as visitor:
        at_name(visitor)
        visitor.page.clock.fast_forward("54:00")
        assert not is_warned(visitor)
        visitor.page.clock.fast_forward("01:00")
        expect(visitor.page.locator("dialog.session-warning")).to_be_visible()
        assert visitor.page.locator("[data-minutes-left]").inner_text() == "5"
        assert visitor.page.locator("dialog button:focus").count() == 1
        assert Axe().run(visitor.page).response["violations"] == []


def test_who_keeps_the_answers_is_warned_again_an_hour_later(visit: Visiting) -> None:
    with visit() as visitor:
        at_name(visitor)
        visitor.fill({"firstName": "Siân"})
        visitor.page.clock.fast_forward(UNTIL_WARNED)
        dialog = visitor.page.locator("dialog.session-warning")
        dialog.get_by_role("button").click()
        expect(dialog).to_be_hidden()
        assert visitor.typed("firstName") == "Siân"
        visitor.page.clock.fast_forward("54:00")
        assert not is_warned(visitor)
        visitor.page.clock.fast_forward("01:00")
        expect(dialog).to_be_visible()


@pytest.mark.parametrize("slept", [False, True], ids=["awake", "slept"])
def test_at_the_end_the_page_is_left_with_all_that_is_on_it(visit: Visiting, slept: bool) -> None:
    with visit() as visitor:
        at_name(visitor)
        visitor.fill({"firstName": "Siân"})
        if slept:
            visitor.page.clock.fast_forward(UNTIL_ENDED)
        else:
            visitor.page.clock.fast_forward(UNTIL_WARNED)
            expect(visitor.page.locator("dialog.session-warning")).to_be_visible()
            visitor.page.clock.fast_forward(WARNED_BEFORE_THE_END)
        visitor.page.wait_for_url("**/session-ended")
        assert "Siân" not in visitor.page.content()


def test_an_answer_in_another_tab_ends_the_warning_here(visit: Visiting) -> None:
    with visit() as visitor:
        at_name(visitor)
        visitor.page.clock.fast_forward(UNTIL_WARNED)
        dialog = visitor.page.locator("dialog.session-warning")
        expect(dialog).to_be_visible()
        other = Visitor(visitor.page.context.new_page(), visitor.base)
        other.go("name")
        other.answer(answers()["name"])
        expect(dialog).to_be_hidden()
        assert other.complaints == []
