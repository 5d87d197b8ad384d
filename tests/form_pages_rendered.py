"""Pages of the form as tests look at them: rendered with something to say, and read as HTML."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

from electoral.authorities import Contact
from electoral.calendar import Poll, PollName
from electoral.events import Language
from registration.form.assets import Assets
from registration.form.exits import EXITS
from registration.form.pages import PAGES
from registration.form.rendering import PageError, Renderer
from registration.form.start import LastDay
from registration.form.summary import Row
from registration.form.texts import Texts
from registration.form.waiting_room import Wait

Facts = Mapping[str, Any]

LANGUAGES: tuple[Language, ...] = ("en", "cy")
CSRF = "0123456789abcdef" * 2
WHEN = datetime(2027, 4, 18, 21, 15, tzinfo=UTC)
ADDRESSES = tuple((str(10_000 + number), f"{number} High Street, Leeds") for number in range(1, 31))
COUNCILS = tuple((f"E0600{number:04}", f"Council {number}") for number in range(1, 351))
POLL = Poll(date(2027, 5, 6), PollName("Local elections", "Etholiadau lleol"), ("england",))
COUNCIL = SimpleNamespace(name="Leeds", contact=Contact("e@x.example", "01632 960001", "1 Street"))

QUESTIONS = tuple(page.slug for page in PAGES)
TOLD: dict[str, Facts] = {  # what pages are told besides what all are
    "questions/address.html": {"addresses": ADDRESSES},
    "questions/council.html": {"councils": COUNCILS},
    "questions/date-of-birth.html": {"nation": "scotland"},
    "start.html": {
        "ages": (("england", 16), ("scotland", 14), ("wales", 14)),
        "deadlines": (LastDay(POLL, date(2027, 4, 19)),),
        "personal": False,
    },
    "check-your-answers.html": {
        "rows": tuple(Row(slug, f"{slug}.summary", ("One", "Two")) for slug in QUESTIONS),
        "assisted": False,
    },
    "declaration.html": {"assisted": True},
    "not-sent.html": {"assisted": True},
    "session-ended.html": {},
    "waiting.html": {
        "deadlines": (LastDay(POLL, date(2027, 4, 19)),),
        "passed": POLL,
        "go_first": True,
        "place_minutes": 30,
        "refresh_seconds": 30,
        "wait": Wait(15),
    },
    "about.html": {"personal": False},
    "problem.html": {"kind": "not-found"},
    "receipt.html": {
        "reference": "B1234 56789",
        "received_at": WHEN,
        "repeated": True,
        "council": COUNCIL,
        "asked": ["text"],
        "offered": ("email",),
        "feedback_given": False,
        "assisted": True,
    },
    "status.html": {"personal": False},
    "status-result.html": {
        "reference": "B1234 56789",
        "council": COUNCIL,
        "steps": [SimpleNamespace(name="received", done=True, at=WHEN)],
    },
    "assisted/sign-in.html": {"failures": 5, "minutes": 15},
    "assisted/next-person.html": {"helper": "jo"},
    "assisted/sign-out.html": {"helper": "jo"},
    "performance/feedback.html": {},
    "performance/feedback-given.html": {},
}


@cache
def renderer() -> Renderer:
    """Return one renderer for a whole run of tests: templates are compiled once."""
    return Renderer(Texts.load(), Assets.load())


def question(slug: str) -> str:
    """Name the template of a question."""
    return f"questions/{slug}.html"


def html_of(
    template: str,
    language: Language = "en",
    *,
    errors: tuple[PageError, ...] = (),
    typed: Mapping[str, str] | None = None,
    **facts: Any,
) -> str:
    """Render a page as a handler would."""
    response = renderer().page(
        template,
        language,
        csrf=CSRF,
        back="/register-to-vote/name",
        twin="/register-to-vote/cy/twin",
        errors=errors,
        typed=typed or {},
        **{**TOLD.get(template, {}), **facts},
    )
    assert isinstance(response.body, bytes)
    return response.body.decode()


def exit_pages(language: Language) -> Iterator[tuple[str, str]]:
    """Render every exit page."""
    for reason in EXITS:
        html = html_of("exit.html", language, reason=reason, minimum_age=16, by_place=True)
        yield f"exit-{reason}", html


@dataclass
class Element:
    """One start tag."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Document(HTMLParser):
    """The elements of a page, in order, each with the text it begins with."""

    elements: list[Element] = field(default_factory=list)

    _inside = False  # of the last element, before anything else

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))
        self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.elements[-1].text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements with a tag and these attributes."""
        return [
            element
            for element in self.elements
            if element.tag == tag and attributes.items() <= element.attributes.items()
        ]

    def by_id(self, name: str) -> Element:
        """Return the one element with an id."""
        (found,) = [each for each in self.elements if each.attributes.get("id") == name]
        return found


def read(html: str) -> Document:
    """Read a page."""
    document = Document()
    document.feed(html)
    return document
