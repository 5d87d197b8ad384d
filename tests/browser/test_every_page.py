"""What holds for every page in every state, in both languages."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from form_world import FormWorld

from browser.conftest import Visiting
from browser.states import every_state
from browser.visitor import DESKTOP, Visitor

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(600)]

ZOOMED = (320, 256)  # what is left of 1280x1024 at 400%
TEMPLATES = Path(str(files("registration.form").joinpath("templates")))
# No pages: parts that pages include. And the page for who waits: test_waiting.py
PARTS = frozenset(
    {"layouts", "fields", "performance/plot.html", "assisted/bar.html", "waiting.html"}
)


@pytest.mark.parametrize("language", ["en", "cy"])
def test_every_page_in_every_state_is_accessible_and_fits_at_400_percent(
    visit: Visiting, form: FormWorld, language: str
) -> None:
    found, names = [], []
    with visit(language=language) as visitor:
        for state in every_state(visitor, form):
            names.append(state)
            found += [f"{state}: {what}" for what in _all_that_is_wrong(visitor, state)]
    assert not found, "\n".join(found)
    assert len(names) == len(set(names)), "two states have one name"
    stems = _stems_of_pages()
    assert sorted(stems - {_stem_of(state, stems) for state in names}) == []


def _stems_of_pages() -> frozenset[str]:
    """How the names of each page's states begin; every template is a page, or among the parts."""
    found = {path.relative_to(TEMPLATES) for path in TEMPLATES.rglob("*.html")}
    pages = {each for each in found if not {each.parts[0], each.as_posix()} & PARTS}
    helpers = {each for each in pages if each.parts[0] == "assisted"}
    return frozenset(
        {each.stem for each in pages - helpers} | {f"helper-{h.stem}" for h in helpers}
    )


def _stem_of(state: str, stems: frozenset[str]) -> str:
    """Name the page that a state is of: the longest that its name begins with."""
    fitting = [stem for stem in stems if f"{state}-".startswith(f"{stem}-")]
    assert fitting, f"{state} is of no template"
    return max(fitting, key=len)


def _all_that_is_wrong(visitor: Visitor, state: str) -> Iterator[str]:
    yield from _wrong_in_its_frame(visitor, state)
    yield from _found_by_axe(visitor)
    if _is_too_wide(visitor):
        yield "scrolls sideways at 400%"


def _wrong_in_its_frame(visitor: Visitor, state: str) -> Iterator[str]:
    page = visitor.page
    if page.locator("html").get_attribute("lang") != visitor.language:
        yield "says another language"
    if page.locator("h1").count() != 1:
        yield "has not one heading of the first level"
    if page.locator(".govuk-skip-link").count() != 1:
        yield "has no skip link"
    has_error = page.locator(".govuk-error-summary").count() > 0
    says_error = page.title().startswith(("Error: ", "Gwall: "))
    if has_error != says_error or has_error != state.endswith("-error"):
        yield f"error summary {has_error}, title {page.title()!r}"
    for field in visitor.error_fields():
        if page.locator(f'[id="{field}"]').count() != 1:
            yield f"its summary links to #{field}, which is not there"


def _found_by_axe(visitor: Visitor) -> Iterator[str]:
    results = Axe().run(visitor.page)
    for violation in results.response["violations"]:
        nodes = [node["html"] for node in violation["nodes"]]
        yield f"{violation['id']}: {violation['help']} {nodes[:2]}"


def _is_too_wide(visitor: Visitor) -> bool:
    """Whether it scrolls sideways in a window that narrow; the window is put back."""
    visitor.page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    wide = visitor.scrolls_sideways()
    visitor.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    return wide
