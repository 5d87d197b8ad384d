"""One question after the receipt: how was it. Counted once per session, and kept with nothing."""

from functools import partial

from aiohttp import web
from electoral.events import Language
from electoral.group_commit import Unavailable

from registration.form.app import Form
from registration.form.paths import path
from registration.form.posted import read_fields
from registration.form.rendering import PageError
from registration.form.routes import FormRoute, see_other
from registration.form.security import check_token
from registration.form.session import FormSession
from registration.form.visit import journey_of, next_path, session_needed, twin_of
from registration.performance.counting import SCORES
from registration.performance.recording import count_satisfaction

FEEDBACK = "feedback"
TRIES_MAX = 3  # another tab may change the session at the same moment


async def get_feedback(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Ask, or thank who has answered."""
    session = await session_needed(form, request)
    return _not_yet(session, language) or _show(form, session, language)


async def post_feedback(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Count an answer."""
    fields = await read_fields(request)
    session = await session_needed(form, request)
    check_token(session, fields)
    if not_yet := _not_yet(session, language):
        return not_yet
    score = fields.get("score")
    if score not in SCORES and not session.feedback_given:
        told = form.texts.text("performance:feedback.missing", language)
        return _show(form, session, language, (PageError("score", told),))
    if score in SCORES:
        await _count_once(form, request, session, score)
    return see_other(path(FEEDBACK, language))


async def _count_once(form: Form, request: web.Request, session: FormSession, score: str) -> None:
    """Count it in the transaction that notes in the session that it was given."""
    count = partial(count_satisfaction, score=score)
    for _ in range(TRIES_MAX):
        if session.feedback_given:
            return
        if await form.sessions.change_and_record(session, session.with_feedback(), count):
            return
        session = await session_needed(form, request)
    raise Unavailable("a session changes all the time")


def _not_yet(session: FormSession, language: Language) -> web.StreamResponse | None:
    """Send on who has sent nothing yet."""
    if session.receipt is None:
        return see_other(next_path(journey_of(session, language), language))
    return None


def _show(
    form: Form, session: FormSession, language: Language, errors: tuple[PageError, ...] = ()
) -> web.StreamResponse:
    given = session.feedback_given
    return form.renderer.page(
        "performance/feedback-given.html" if given else "performance/feedback.html",
        language,
        csrf=session.csrf,
        back=None if given else path("receipt", language),
        twin=twin_of(FEEDBACK, language),
        errors=errors,
        status=422 if errors else 200,
    )


ROUTES: tuple[FormRoute, ...] = (
    FormRoute("GET", f"/{FEEDBACK}", get_feedback),
    FormRoute("POST", f"/{FEEDBACK}", post_feedback),
)
