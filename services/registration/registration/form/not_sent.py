"""What keeps an application from being sent: open questions, no declaration, the rules, or us."""

import structlog
from aiohttp import web
from electoral import problems
from electoral.problems import FieldError

from registration.form.addresses import facts_of
from registration.form.app import Form
from registration.form.exits import exit_of
from registration.form.journey import Journey
from registration.form.page import CHECK, Typed
from registration.form.paths import path
from registration.form.questions import show_question
from registration.form.rendering import PageError
from registration.form.routes import see_other
from registration.form.session import FormSession
from registration.form.visit import next_path, twin_of
from registration.messages import sentence
from registration.rules import Fault

log = structlog.get_logger()

DECLARATION = "declaration"
SEND_AGAIN_SECONDS = 5


def not_yet(session: FormSession, journey: Journey) -> web.StreamResponse | None:
    """Send on who has sent already, has to leave, or has not answered all."""
    if session.receipt is not None:
        return see_other(path("receipt", journey.language))
    if journey.exit() is not None or journey.next_slug() != CHECK:
        return see_other(next_path(journey, journey.language))
    return None


def undeclared(form: Form, journey: Journey, fields: Typed) -> list[PageError]:
    """Find what was not declared."""
    errors = []
    if fields.get("agree") != "yes":
        told = sentence("/declaration", "not-declared", journey.language)
        errors.append(PageError("agree", told))
    if journey.assisted and fields.get("personConfirms") != "yes":
        told = form.texts.text("assisted:declaration.error", journey.language)
        errors.append(PageError("personConfirms", told))
    return errors


async def show_refused(
    form: Form, session: FormSession, journey: Journey, errors: tuple[FieldError, ...]
) -> web.StreamResponse:
    """Show what the rules have against answers that the form had taken, as when an address is in
    another nation by now.

    The page is shown here and not led to: by the form's own look the answer is right, so that page
    would say nothing.
    """
    for error in errors:
        if reason := exit_of(Fault(error.pointer, error.code)):
            return see_other(path(f"exit/{reason}", journey.language))
    for page in journey.pages:
        faults = tuple(error for error in errors if page.shows(error.pointer))
        if faults:
            facts = await facts_of(form, page, journey)
            return show_question(form, page, session, journey, faults=faults, **facts)
    log.error("application not taken", reason=errors[0].code)
    raise problems.internal_error()


def show_unavailable(form: Form, session: FormSession, journey: Journey) -> web.StreamResponse:
    """Say that nothing is lost, and let them send again."""
    response = form.renderer.page(
        "not-sent.html",
        journey.language,
        csrf=session.csrf,
        back=path(CHECK, journey.language),
        twin=twin_of(DECLARATION, journey.language),
        status=503,
        assisted=journey.assisted,
        helper=session.helper,
    )
    response.headers["Retry-After"] = str(SEND_AGAIN_SECONDS)
    return response
