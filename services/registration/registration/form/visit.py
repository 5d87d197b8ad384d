"""A request of somebody who fills the form in: their session, and how far they are."""

from datetime import UTC, date, datetime

from aiohttp import web
from electoral.calendar import london_date
from electoral.events import Language
from electoral.problems import FieldError

from registration.form.app import Form
from registration.form.assisted import may_go_on
from registration.form.journey import Journey
from registration.form.page import Page
from registration.form.paths import path
from registration.form.rendering import PageError
from registration.form.security import SessionEnded, token_of
from registration.form.session import FormSession
from registration.messages import sentence_on_page

_OTHER: dict[Language, Language] = {"en": "cy", "cy": "en"}


async def session_of(form: Form, request: web.Request) -> FormSession | None:
    """Return the session of a request, if it has one that goes on."""
    token = token_of(request)
    session = None if token is None else await form.sessions.read(token)
    if session is None:
        return None
    signed_in = await form.helpers.signed_in(request)
    return session if may_go_on(session.helper, signed_in) else None


async def session_needed(form: Form, request: web.Request) -> FormSession:
    """Return the session of a request; raises `SessionEnded`."""
    session = await session_of(form, request)
    if session is None:
        raise SessionEnded
    return session


def today() -> date:
    """Return the day by which rules are counted now."""
    return london_date(datetime.now(UTC))


def journey_of(session: FormSession | None, language: Language) -> Journey:
    """Return how far a session is; without one, nothing is answered."""
    if session is None:
        return Journey(typed={}, on=today(), language=language)
    assisted = session.helper is not None
    return Journey(typed=session.typed, on=today(), language=language, assisted=assisted)


def next_path(journey: Journey, language: Language) -> str:
    """Return where to go on: the way out, the next question, or the check page."""
    reason = journey.exit()
    return path(f"exit/{reason}" if reason else journey.next_slug(), language)


def twin_of(slug: str, language: Language) -> str:
    """Return the path of the same page in the other language."""
    return path(slug, _OTHER[language])


def page_errors(page: Page, faults: tuple[FieldError, ...], language: Language) -> list[PageError]:
    """Lead each fault of a page to the input that it is about, in the form's own words."""
    return [
        PageError(
            page.anchor(fault.pointer),
            sentence_on_page(fault.pointer, fault.code, language) or fault.detail,
        )
        for fault in faults
    ]
