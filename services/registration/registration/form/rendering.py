"""Pages from templates. A page that says nothing about anybody is rendered once and kept.

A full render costs milliseconds, so what has neither errors nor typed answers is kept, by its
template, language and the few facts that it varies by. Of what belongs to one session, only the
CSRF token stands in such a page: a mark holds its place, and each answer puts its own token there.
What pages about somebody show to everybody alike is kept in pieces: `kept` in a template, which is
told nothing of a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final, TypeVar

from electoral.events import Language
from jinja2 import Environment, PackageLoader, PrefixLoader
from jinja2.loaders import ChoiceLoader
from markupsafe import Markup, escape

from registration.form import dates
from registration.form.assets import Assets
from registration.form.countries import country_names
from registration.form.html_response import Html, HtmlResponse
from registration.form.paths import path, performance_path
from registration.form.texts import LANGUAGES, Texts

SESSION_MINUTES = 60  # idle, as every page says
WARNING_MINUTES = 5  # before the end of the session

# What a kept page may vary by, hashable. Nothing of this is about anybody; a page that is told
# anything else is not kept.
VARIES_BY: Final = frozenset(
    {
        "action",
        "ages",
        "assisted",
        "by_place",
        "councils",
        "deadlines",
        "go_first",
        "kind",
        "minimum_age",
        "nation",
        "nino_days",
        "passed",
        "person_days",
        "place_minutes",
        "reason",
        "refresh_seconds",
        "wait",
    }
)
OPTIONS_KEPT = 8  # countries and councils, in both languages, and another day's
KEPT_MAX = 1_000  # pages; some 30 kB each

CSRF_MARK = "the-token-stands-here"

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
Kept = TypeVar("Kept")

_OTHER: Mapping[Language, Language] = {"en": "cy", "cy": "en"}


@dataclass(frozen=True, slots=True)
class PageError:
    """One thing to correct: the input that the error summary leads to, and the sentence."""

    field: str
    text: str


class Renderer:
    """Makes pages of the form in either language."""

    def __init__(self, texts: Texts, assets: Assets) -> None:
        self._environment = _environment()
        self._words = {
            each: {**_words(each, texts, assets), "kept": partial(self._piece, each)}
            for each in LANGUAGES
        }
        self._kept: dict[object, Html] = {}
        self._pieces: dict[object, Markup] = {}

    def page(
        self,
        template: str,
        language: Language,
        *,
        csrf: str = "",
        back: str | None = None,
        twin: str = "",
        errors: Sequence[PageError] = (),
        typed: Mapping[str, str] = _NOTHING,
        status: int = 200,
        personal: bool = True,
        helper: str | None = None,
        **context: object,
    ) -> HtmlResponse:
        """Answer with a page.

        `back` and `twin` are paths: the page before, and this one in the other language. `personal`
        pages belong to a session and are stored nowhere; the others may be, for 5 minutes, unless
        they name the `helper` who is signed in.
        """
        personal = personal or helper is not None
        facts = {"back": back, "twin": twin, "personal": personal, "helper": helper, **context}
        if errors or typed or helper or not context.keys() <= VARIES_BY:
            shown = {"errors": errors, "typed": typed, "csrf": csrf}
            html = Html.passing(self._render(template, language, {**facts, **shown}))
            return HtmlResponse(html, "", language, status, personal=personal)
        html = self._kept_page(template, language, facts)
        return HtmlResponse(html, csrf, language, status, personal=personal)

    def _kept_page(self, template: str, language: Language, facts: Mapping[str, object]) -> Html:
        key = (template, language, *facts.items())
        kept = self._kept.get(key)
        if kept is None:
            empty = {"errors": (), "typed": _NOTHING, "csrf": CSRF_MARK}
            kept = Html.around(self._render(template, language, {**facts, **empty}), CSRF_MARK)
            _keep(self._kept, key, kept)
        return kept

    def _piece(self, language: Language, template: str, **facts: object) -> Markup:
        """Return a part of pages that says nothing about anybody, as a template asks for it."""
        key = (template, language, *facts.items())
        piece = self._pieces.get(key)
        if piece is None:
            empty = {"errors": (), "typed": _NOTHING}
            piece = Markup(self._render(template, language, {**facts, **empty}))  # noqa: S704 - escaped
            _keep(self._pieces, key, piece)
        return piece

    def _render(self, template: str, language: Language, facts: Mapping[str, object]) -> str:
        words = self._words[language]
        return self._environment.get_template(template).render({**words, **facts})


def _keep(kept: dict[object, Kept], key: object, value: Kept) -> None:
    if len(kept) >= KEPT_MAX:  # another day's deadline, another way back
        kept.clear()
    kept[key] = value


def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("registration.form"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(about=_about, lines=_lines, options=_options, selected=_selected)
    return environment


def _words(language: Language, texts: Texts, assets: Assets) -> dict[str, object]:
    """Make what templates of one language know: `t`, `href` and the rest need no language told.

    They are no globals, which each component's every import would look through: an import of macros
    that say words is `with context`.
    """
    return {
        "asset": assets.path,
        "t": texts.translate(language),
        "language": language,
        "other_language": _OTHER[language],
        "href": lambda slug="": path(slug, language),
        "performance_href": performance_path(language),
        "countries": _options(tuple(country_names(language).items())),
        "day": lambda date: dates.day(date, language),
        "day_of_week": lambda date: dates.day_of_week(date, language),
        "month": lambda date: dates.month(date, language),
        "clock": lambda moment: dates.clock(moment, language),
        "moment": lambda moment: dates.moment(moment, language),
        "session_minutes": SESSION_MINUTES,
        "warning_minutes": WARNING_MINUTES,
    }


def _about(errors: Sequence[PageError], *fields: str) -> str | None:
    """Return the first sentence about one of the fields, as a template's macro shows it beside."""
    return next((error.text for error in errors if error.field in fields), None)


@lru_cache(OPTIONS_KEPT)
def _options(pairs: tuple[tuple[str, str], ...]) -> Markup:
    """Write a list's options out once: a loop over 250 countries costs more than all the rest."""
    return Markup("").join(
        Markup('<option value="{}">{}</option>').format(value, text) for value, text in pairs
    )


def _selected(options: Markup, value: str | None) -> Markup:
    """Select the one of a list's options that has this value."""
    tag = Markup('<option value="{}"').format(value or "")
    return options.replace(tag, tag + Markup(" selected"), 1)


def _lines(text: str) -> Markup:
    """Write the line breaks of what was typed so that a template that indents leaves them alone."""
    return Markup("&#10;").join(escape(line) for line in text.splitlines())
