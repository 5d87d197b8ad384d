"""The question pages: shown with what was typed, read, checked, kept, and on to the next."""

from typing import Any

from aiohttp import web
from electoral.events import Language
from electoral.problems import FieldError, not_found

from registration.form.app import Form
from registration.form.assisted import SignedIn
from registration.form.journey import Journey
from registration.form.page import Page, Typed
from registration.form.pages import PAGES, page_of
from registration.form.paths import path
from registration.form.posted import read_fields
from registration.form.routes import FormRoute, see_other
from registration.form.security import CSRF_FIELD, SessionEnded, check_token, give_cookie
from registration.form.session import FormSession, new_session
from registration.form.tickets import take_ticket
from registration.form.visit import journey_of, next_path, page_errors, session_of, twin_of

FIRST = PAGES[0].slug
SLUG = "/{slug}"
WAITING = "waiting"
SHOW_AGAIN = "showAgain"  # posted when the language is changed: nothing is kept, and nothing lost


async def get_question(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Show a question, with what was answered before."""
    page = _page(request)
    session = await session_of(form, request)
    journey = journey_of(session, language)
    if not_here := elsewhere(page, session, journey):
        return not_here
    if session is None:
        return await _show_first(form, request, page, journey)
    faults = journey.faults(page.slug)  # of answers that another answer, or a midnight, made wrong
    return show_question(form, page, session, journey, faults=faults)


async def post_question(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Take an answer in, and go on to what is still to be asked."""
    page, fields = _page(request), await read_fields(request)
    session = await session_of(form, request)
    journey = journey_of(session, language)
    if not_here := elsewhere(page, session, journey):
        return not_here
    if session is None:
        return await _begin(form, request, page, journey, fields)
    if SHOW_AGAIN in fields:
        return show_question(form, page, session, journey, typed=page.read(fields))
    check_form(page, session, fields)
    return await keep_answer(form, page, session, journey, page.read(fields))


def check_form(page: Page, session: FormSession, fields: Typed) -> None:
    """Refuse a form of another session. The first question may be of a tab that had none yet."""
    if page.slug != FIRST:
        check_token(session, fields)


async def keep_answer(
    form: Form, page: Page, session: FormSession, journey: Journey, typed: Typed
) -> web.StreamResponse:
    """Check what was typed into a page, keep it and go on; or show the page with what is wrong."""
    answered = journey.answered(page.slug, typed)
    if faults := answered.faults(page.slug):
        return show_question(form, page, session, journey, typed=typed, faults=faults)

    def with_answer(now: FormSession) -> FormSession:
        if now is session:
            return now.with_typed(answered.typed)
        earlier = journey_of(now, journey.language)  # another tab was faster
        return now.with_typed(earlier.answered(page.slug, typed).typed)

    kept = await form.sessions.change(session, with_answer)
    if kept is None:
        raise SessionEnded
    same = kept.typed is answered.typed
    onward = answered if same else journey_of(kept, journey.language)
    return see_other(next_path(onward, journey.language))


async def _show_first(
    form: Form, request: web.Request, page: Page, journey: Journey
) -> web.StreamResponse:
    """Ask the first question, whose form says when it was asked; or let somebody wait for it."""
    helper = await form.helpers.signed_in(request)
    ticket = form.waiting.tickets.of(request)
    if helper is None and not form.waiting.lets_in(ticket):
        return see_other(path(WAITING, journey.language))
    arrival = form.waiting.arrival_of(ticket)
    return show_question(form, page, None, journey, helper=helper, arrival=arrival)


async def _begin(
    form: Form, request: web.Request, page: Page, journey: Journey, fields: Typed
) -> web.StreamResponse:
    """Begin the session with the first answer. Who was asked the question has begun; others may
    have to wait.
    """
    helper = await form.helpers.signed_in(request)
    ticket = form.waiting.tickets.of(request)
    came_at = form.waiting.came_at(fields.get(CSRF_FIELD, ""))
    if came_at is None and helper is None and not form.waiting.lets_in(ticket):
        return see_other(path(WAITING, journey.language))
    typed = page.read(fields)
    answered = journey.answered(page.slug, typed)
    faults = () if SHOW_AGAIN in fields else answered.faults(page.slug)
    if faults or SHOW_AGAIN in fields:
        arrival = form.waiting.arrival_of(ticket, came_at)
        return show_question(
            form, page, None, journey, typed=typed, faults=faults, helper=helper, arrival=arrival
        )
    new = new_session(helper=helper.name if helper else None, came_at=came_at)
    session = new.with_typed(answered.typed)
    await form.sessions.begin(session)
    response = see_other(next_path(answered, journey.language))
    give_cookie(response, session)
    if ticket is not None:
        take_ticket(response)
    return response


def show_question(
    form: Form,
    page: Page,
    session: FormSession | None,
    journey: Journey,
    *,
    typed: Typed | None = None,
    faults: tuple[FieldError, ...] = (),
    helper: SignedIn | None = None,
    arrival: str = "",
    **context: Any,
) -> web.StreamResponse:
    """Show a page: empty, with what was answered before, or with what is wrong. Before there is a
    session, its form carries the token of the `arrival` in place of the session's.
    """
    name = session.helper if session else helper.name if helper else None
    return form.renderer.page(
        f"questions/{page.slug}.html",
        journey.language,
        csrf=session.csrf if session else arrival,
        back=path(journey.back_slug(page.slug) or "", journey.language),
        twin=twin_of(page.slug, journey.language),
        errors=page_errors(page, faults, journey.language),
        typed=journey.typed.get(page.slug, {}) if typed is None else typed,
        status=422 if faults else 200,
        nation=journey.nation,
        assisted=journey.assisted,
        helper=name,
        action=path(page.slug, journey.language),
        **context,
    )


def elsewhere(
    page: Page, session: FormSession | None, journey: Journey
) -> web.StreamResponse | None:
    """Send on who is not asked this: before the first answer, after sending, or because of the
    other answers; None for whom it is asked.
    """
    if session is None and page.slug != FIRST:
        raise SessionEnded
    if session is not None and session.receipt is not None:
        return see_other(path("receipt", journey.language))
    if not page.applies(journey):
        return see_other(next_path(journey, journey.language))
    return None


def _page(request: web.Request) -> Page:
    page = page_of(request.match_info["slug"])
    if page is None:
        raise not_found()
    return page


ROUTES = (FormRoute("GET", SLUG, get_question), FormRoute("POST", SLUG, post_question))
