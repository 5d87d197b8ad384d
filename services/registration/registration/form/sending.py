"""Sending: check your answers, declare, send once, and the receipt.

The application goes under the session's own key. A double click, another tab, a reload, or a send
after an answer that was lost on its way: each finds the first receipt.
"""

from datetime import UTC, datetime
from functools import partial

from aiohttp import web
from electoral.events import Language
from electoral.fields import TIME_TAKEN_SECONDS_MAX
from electoral.group_commit import Unavailable
from electoral.problems import Problem
from electoral.sealing import SealingError
from electoral.tracing import child_traceparent

from registration.acceptance import Receipt, Stored
from registration.form.app import Form
from registration.form.assisted import ASSISTED
from registration.form.journey import Journey
from registration.form.not_sent import (
    DECLARATION,
    not_yet,
    show_refused,
    show_unavailable,
    undeclared,
)
from registration.form.page import CHECK, Json
from registration.form.paths import path
from registration.form.posted import read_fields
from registration.form.receipts import show_receipt
from registration.form.rendering import PageError
from registration.form.routes import FormRoute, see_other
from registration.form.security import check_token
from registration.form.session import FormReceipt, FormSession
from registration.form.summary import summary
from registration.form.visit import journey_of, next_path, session_needed, twin_of
from registration.idempotency import KEY_REUSED
from registration.partners import Partner
from registration.submission import Arrival

FORM = Partner("form", "web")


async def get_check(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Show all answers, each with a way back to it."""
    session = await session_needed(form, request)
    journey = journey_of(session, language)
    return not_yet(session, journey) or form.renderer.page(
        "check-your-answers.html",
        language,
        csrf=session.csrf,
        twin=twin_of(CHECK, language),
        rows=summary(journey, form.texts.translate(language), partial(_council, form, language)),
        assisted=journey.assisted,
        helper=session.helper,
    )


async def get_declaration(
    form: Form, request: web.Request, language: Language
) -> web.StreamResponse:
    """Ask whether all of it is true."""
    session = await session_needed(form, request)
    journey = journey_of(session, language)
    return not_yet(session, journey) or _show_declaration(form, session, journey)


async def post_declaration(
    form: Form, request: web.Request, language: Language
) -> web.StreamResponse:
    """Send the application, once."""
    arrived_at = datetime.now(UTC)
    fields = await read_fields(request)
    session = await session_needed(form, request)
    check_token(session, fields)
    journey = journey_of(session, language)
    if not_here := not_yet(session, journey):
        return not_here
    if errors := undeclared(form, journey, fields):
        return _show_declaration(form, session, journey, errors=errors, typed=fields)
    if session.helper is not None:
        await form.helpers.confirm(session.idempotency_key, session.helper)
    traceparent = child_traceparent(request.headers.get("traceparent"))
    partner = FORM if session.helper is None else ASSISTED
    came_at = form.waiting.arrivals.believed(session.first_came_at)
    arrival = Arrival(partner, session.idempotency_key, arrived_at, traceparent, language, came_at)
    body = {**journey.body, **_envelope(session, arrived_at, form.proxies.caller_of(request))}
    return await _send(form, session, journey, body, arrival)


async def get_receipt(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Show what was sent, as long as the session lasts."""
    session = await session_needed(form, request)
    if session.receipt is None:
        return see_other(next_path(journey_of(session, language), language))
    return await show_receipt(form, session, session.receipt, language)


# -- Sending ---------------------------------------------------------------------------------------


async def _send(
    form: Form, session: FormSession, journey: Journey, body: Json, arrival: Arrival
) -> web.StreamResponse:
    """Send, and keep the receipt. Whatever dies in between, the same key finds it again."""
    try:
        receipt = await _receipt_of(form, body, arrival)
    except Unavailable:
        return show_unavailable(form, session, journey)
    except Problem as problem:
        if not problem.errors:
            raise
        return await show_refused(form, session, journey, problem.errors)
    kept = _kept_receipt(receipt, journey)
    if not await _keep_receipt(form, session, kept):  # it is sent all the same: say so here
        return await show_receipt(form, session, kept, journey.language)
    return see_other(path("receipt", journey.language))


async def _keep_receipt(form: Form, session: FormSession, receipt: FormReceipt) -> bool:
    """Keep the receipt and delete the answers; False when the session has ended or cannot be
    written now: then sending again finds the same receipt.
    """
    try:
        changed = await form.sessions.change(session, lambda now: now.sent(receipt))
    except (Unavailable, SealingError):
        return False
    return changed is not None


async def _receipt_of(form: Form, body: Json, arrival: Arrival) -> Receipt | Stored:
    """Send; or find what was sent before under the same key, whatever it said."""
    try:
        return await form.intake.submit(body, arrival)
    except Problem as problem:
        if problem.code != KEY_REUSED:
            raise
        stored = await form.submissions.find_sent(arrival)
        if stored is None:
            raise
        return stored


def _kept_receipt(found: Receipt | Stored, journey: Journey) -> FormReceipt:
    stored = found.stored if isinstance(found, Receipt) else found
    contact = journey.typed.get("contact", {})
    return FormReceipt(
        reference=stored.reference,
        gss_code=stored.gss_code,
        received_at=stored.received_at,
        email=contact.get("email") or None,
        phone=contact.get("phone") or None,
        repeated=not isinstance(found, Receipt),
    )


def _envelope(session: FormSession, at: datetime, caller: str) -> Json:
    seconds = int((at - session.started_at).total_seconds())
    return {
        "declaration": True,
        "applicantIp": caller.partition("%")[0],  # without the zone of a link's own address
        "timeTakenSeconds": min(max(seconds, 0), TIME_TAKEN_SECONDS_MAX),
    }


# -- Pages -----------------------------------------------------------------------------------------


def _show_declaration(
    form: Form,
    session: FormSession,
    journey: Journey,
    *,
    errors: list[PageError] | None = None,
    typed: dict[str, str] | None = None,
) -> web.StreamResponse:
    return form.renderer.page(
        "declaration.html",
        journey.language,
        csrf=session.csrf,
        back=path(CHECK, journey.language),
        twin=twin_of(DECLARATION, journey.language),
        errors=errors or (),
        typed=typed or {},
        status=422 if errors else 200,
        assisted=journey.assisted,
        helper=session.helper,
    )


def _council(form: Form, language: Language, gss_code: str) -> str:
    return form.authorities.authority(gss_code).name_in(language)


ROUTES = (
    FormRoute("GET", f"/{CHECK}", get_check),
    FormRoute("GET", f"/{DECLARATION}", get_declaration),
    FormRoute("POST", f"/{DECLARATION}", post_declaration),
    FormRoute("GET", "/receipt", get_receipt),
)
