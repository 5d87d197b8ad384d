"""However often somebody sends: one application, and the same receipt."""

import pytest
from form_world import FormWorld

from browser.applicants import answers
from browser.conftest import Visiting
from browser.visitor import DECLARATION, RECEIPT, Visitor

pytestmark = pytest.mark.integration


def at_declaration(visitor: Visitor) -> None:
    visitor.go("country-of-residence")
    visitor.answer_until(answers())
    visitor.follow(DECLARATION)
    visitor.fill({"agree": "yes"})


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_double_click_sends_once(visit: Visiting, form: FormWorld, javascript: bool) -> None:
    with visit(javascript=javascript) as visitor:
        at_declaration(visitor)
        before = form.accepted()
        visitor.page.locator("main form button").first.dblclick()
        visitor.page.wait_for_url(f"**/{RECEIPT}")
        assert visitor.reference()
        assert form.accepted() == before + 1


def test_a_receipt_that_is_loaded_again_is_the_same(visit: Visiting, form: FormWorld) -> None:
    with visit() as visitor:
        at_declaration(visitor)
        visitor.press()
        first, count = visitor.reference(), form.accepted()
        visitor.page.reload()
        assert visitor.reference() == first
        assert form.accepted() == count


def test_back_and_send_again_gives_the_same_receipt(visit: Visiting, form: FormWorld) -> None:
    with visit() as visitor:
        at_declaration(visitor)
        visitor.press()
        first, count = visitor.reference(), form.accepted()
        visitor.page.go_back()
        if visitor.slug == DECLARATION:
            visitor.answer({"agree": "yes"})
        assert visitor.slug == RECEIPT
        assert visitor.reference() == first
        assert form.accepted() == count


def test_two_tabs_send_one_application(visit: Visiting, form: FormWorld) -> None:
    with visit() as visitor:
        at_declaration(visitor)
        other = Visitor(visitor.page.context.new_page(), visitor.base)
        other.go(DECLARATION)
        other.fill({"agree": "yes"})
        count = form.accepted()
        visitor.press()
        other.press()
        assert other.slug == RECEIPT
        assert other.reference() == visitor.reference()
        assert form.accepted() == count + 1
        assert other.complaints == []


def test_a_receipt_shows_nobody_what_was_answered(visit: Visiting, form: FormWorld) -> None:
    with visit() as visitor:
        at_declaration(visitor)
        visitor.press()
        shown = visitor.page.content()
        assert all(word not in shown for word in ("Siân", "O&#39;Neill", "AB123456C", "1987"))
        visitor.go("name")
        assert visitor.slug != "name"
        assert "Siân" not in visitor.page.content()


def test_the_cookie_is_for_this_host_and_no_script(visit: Visiting) -> None:
    with visit() as visitor:
        visitor.go()
        assert visitor.page.context.cookies() == []
        visitor.go("country-of-residence")
        visitor.answer(answers()["country-of-residence"])
        (cookie,) = visitor.page.context.cookies()
        assert cookie["name"] == "__Host-register"
        assert (cookie["httpOnly"], cookie["secure"], cookie["path"]) == (True, True, "/")
        assert cookie["sameSite"] == "Lax"
        assert visitor.page.evaluate("document.cookie") == ""


def test_no_address_of_a_page_says_anything_of_the_person(visit: Visiting) -> None:
    with visit() as visitor:
        addresses: list[str] = []
        visitor.page.on("request", lambda request: addresses.append(request.url))
        visitor.walk(answers())
    said = " ".join(addresses)
    assert all(word not in said for word in ("?", "Neill", "S1%202HH", "AB123456C"))
