"""Every template in Welsh, with and without errors: no English in it, components included."""

import pytest
from form_answers import EVERYDAY
from form_shown import EVERY_PAGE, Shown, T, journeys, rendered
from form_words import FORM, english_left, read_page
from registration.form.rendering import PageError
from registration.form.summary import summary
from registration.messages import sentence

PARTS = ("layouts", "fields")  # of pages, and no pages themselves

every_page = pytest.mark.parametrize("shown", EVERY_PAGE, ids=lambda shown: shown.name)


def test_every_template_is_looked_at() -> None:
    folder = FORM / "templates"
    templates = {file.relative_to(folder).as_posix() for file in folder.rglob("*.html")}
    included = {"assisted/bar.html", "performance/plot.html"}
    pages = {name for name in templates - included if not name.startswith(PARTS)}
    assert pages == {shown.template for shown in EVERY_PAGE}


@every_page
def test_a_page_says_nothing_in_english(shown: Shown) -> None:
    assert english_left(rendered(shown)) == []


@every_page
def test_a_page_with_errors_says_nothing_in_english(shown: Shown) -> None:
    told = sentence("", "missing", "cy")
    page = rendered(shown, *(PageError(field, told) for field in shown.fields))
    assert english_left(page) == []


@every_page
def test_a_page_in_english_would_be_found_out(shown: Shown) -> None:
    assert len(english_left(rendered(shown, language="en"))) > 5


@every_page
def test_a_page_says_that_it_is_in_welsh_and_leads_to_pages_in_welsh(shown: Shown) -> None:
    page = read_page(rendered(shown))
    assert page.language == "cy"
    ours = {place for place in page.paths if place.startswith("/")}
    assert {place for place in ours if "/cy" not in place} - {"/register-to-vote"} == set()


@every_page
def test_no_fact_of_a_page_is_left_to_be_filled_in(shown: Shown) -> None:
    assert [said for said in read_page(rendered(shown)).said if "{" in said] == []


def test_english_on_a_page_is_found_whether_text_attribute_or_component() -> None:
    def left(body: str) -> list[str]:
        return english_left(f'<html lang="cy"><body>{body}</body></html>')

    assert left('<a lang="en" href="/">Register to vote</a><p>Siân O’Neill, 12 Mill Lane</p>') == []
    assert left("<h2>There is a problem</h2>") == ["There is a problem"]
    assert left('<p aria-label="Select from the list">Iawn</p>') == ["Select from the list"]
    assert left("<p>Gwall: Enter your first name</p>") == ["Gwall: Enter your first name"]
    assert left("<label>Day</label><script>Day</script>") == ["Day"]
    assert left("<p>Cawsom y cais. We received it on 18 June 2024.</p>") != []


def test_nothing_of_an_everyday_journey_was_forgotten_by_the_checks() -> None:
    rows = {row.slug for name in journeys().values() for row in summary(name, T, str)}
    assert rows >= EVERYDAY.keys() - {"postcode", "address"}
