"""The form by keyboard alone."""

import pytest
from form_world import FormWorld
from playwright.sync_api import Page

from browser.applicants import answers
from browser.conftest import Visiting
from browser.visitor import CHECK, DECLARATION, PAGES_MAX, RECEIPT, Visitor

pytestmark = [pytest.mark.integration, pytest.mark.long]

TABS_MAX = 80  # through the whole of a page
FOCUSED = "document.activeElement && document.activeElement.matches({0!r})"
# What shows the focus: an outline, or the shadow of the element or of its label's box.
RING = """() => {
  const e = document.activeElement, s = getComputedStyle(e);
  const l = e.labels && e.labels.length ? getComputedStyle(e.labels[0], '::before') : s;
  return [s.outlineStyle, s.boxShadow, l.boxShadow].join('|');
}"""


def test_somebody_without_a_mouse_registers(visit: Visiting, form: FormWorld) -> None:
    typed = answers(changed="yes", moved="uk", postal="post")
    with visit() as visitor:
        visitor.go()
        _follow(visitor, "country-of-residence")
        for _ in range(PAGES_MAX):
            if (slug := visitor.slug) == CHECK:
                break
            for name, text in typed[slug].items():
                _answer(visitor, name, text)
            _submit(visitor.page)
        _follow(visitor, DECLARATION)
        _answer(visitor, "agree", "yes")
        _submit(visitor.page)
        assert visitor.slug == RECEIPT
        assert form.person(visitor.reference())["lastName"] == "O'Neill"


def test_the_first_tab_leads_past_the_top_of_the_page(visit: Visiting) -> None:
    with visit() as visitor:
        visitor.go("country-of-residence")
        visitor.page.keyboard.press("Tab")
        assert visitor.page.evaluate(FOCUSED.format(".govuk-skip-link"))
        visitor.page.keyboard.press("Enter")
        visitor.page.keyboard.press("Tab")
        inside = "document.querySelector('main').contains(document.activeElement)"
        assert visitor.page.evaluate(inside)


def test_a_mistake_takes_the_focus_to_the_summary_and_its_link_to_the_field(
    visit: Visiting,
) -> None:
    with visit() as visitor:
        visitor.go("country-of-residence")
        visitor.press()
        assert visitor.page.evaluate(FOCUSED.format(".govuk-error-summary"))
        (field,) = visitor.error_fields()
        visitor.page.keyboard.press("Tab")
        visitor.page.keyboard.press("Enter")
        assert visitor.page.evaluate("document.activeElement.id") == field


def test_what_has_the_focus_can_be_seen(visit: Visiting) -> None:
    with visit() as visitor:
        visitor.go("country-of-residence")
        for _ in range(6):
            visitor.page.keyboard.press("Tab")
            ring = visitor.page.evaluate(RING)
            assert "px" in ring or "solid" in ring, ring


def _answer(visitor: Visitor, name: str, text: str) -> None:
    page = visitor.page
    field = page.locator(f'main [name="{name}"]').first
    kind = field.evaluate("e => e.type || e.tagName")
    if kind in ("radio", "checkbox"):
        _tab_to_group(page, name, text)
        if page.locator(f'[name="{name}"][value="{text}"]:checked').count() == 0:
            page.keyboard.press("Space")
    elif kind == "select-one":
        _tab_to(page, f'[name="{name}"]')
        _choose(page, name, text)
    else:
        _tab_to(page, f'[name="{name}"]')
        page.keyboard.insert_text(text)


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(TABS_MAX):
        if page.evaluate(FOCUSED.format(selector)):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {selector}")


def _tab_to_group(page: Page, name: str, value: str) -> None:
    """To one of several: Tab to the group, arrows within it."""
    _tab_to(page, f'[name="{name}"]')
    for _ in range(TABS_MAX):
        if page.evaluate(FOCUSED.format(f'[name="{name}"][value="{value}"]')):
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows do not reach {name}={value}")


def _choose(page: Page, name: str, value: str) -> None:
    """As a select is worked: by typing the first letters of what it shows."""
    shown = page.locator(f'[name="{name}"] option[value="{value}"]').inner_text()
    page.keyboard.type(shown)


def _follow(visitor: Visitor, slug: str) -> None:
    _tab_to(visitor.page, f'main a[href="{visitor.path(slug)}"]')
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")


def _submit(page: Page) -> None:
    _tab_to(page, "main form button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
