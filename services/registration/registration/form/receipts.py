"""The receipt of an application that was sent, and asking for a copy of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from electoral.authorities import Authorities, Contact
from electoral.events import Language
from electoral.group_commit import Unavailable
from electoral.identifiers import show_reference
from electoral.postgres import is_away

from registration.form.app import Form
from registration.form.paths import path
from registration.form.posted import read_fields
from registration.form.rendering import PageError
from registration.form.routes import FormRoute, see_other
from registration.form.security import check_token
from registration.form.session import FormReceipt, FormSession
from registration.form.visit import session_needed, twin_of
from registration.notify.copies import ways_of
from registration.notify.port import Kind

RECEIPT = "receipt"
COPY = "receipt/copy"
_KIND_OF_FIELD: Mapping[str, Kind] = {"copyEmail": "email", "copyText": "text"}


@dataclass(frozen=True, slots=True)
class Council:
    """Who answers for an application, as a page says it."""

    name: str
    contact: Contact


def council_of(authorities: Authorities, gss_code: str, language: Language) -> Council | None:
    """Return who decides about an application; None while nobody could place its address."""
    if authorities.find(gss_code) is None:
        return None
    ero = authorities.ero(gss_code)
    return Council(ero.name_in(language), ero.contact)


async def show_receipt(
    form: Form,
    session: FormSession,
    receipt: FormReceipt,
    language: Language,
    errors: Sequence[PageError] = (),
) -> web.Response:
    """Show what was sent, as long as the session lasts."""
    ways = ways_of(receipt.email, receipt.phone) if form.copies.offered else {}
    asked = await _asked(form, receipt) if ways else frozenset()
    if asked is None:
        ways, asked = {}, frozenset()
    return form.renderer.page(
        "receipt.html",
        language,
        csrf=session.csrf,
        twin=twin_of(RECEIPT, language),
        errors=errors,
        status=422 if errors else 200,
        reference=show_reference(receipt.reference),
        received_at=receipt.received_at,
        repeated=receipt.repeated,
        council=council_of(form.authorities, receipt.gss_code, language),
        asked=sorted(asked),
        offered=tuple(kind for kind in ways if kind not in asked),
        feedback_given=session.feedback_given,
        assisted=session.helper is not None,
        helper=session.helper,
    )


async def _asked(form: Form, receipt: FormReceipt) -> frozenset[Kind] | None:
    """Say which copies are asked for; None while Postgres is away: the receipt is shown without
    them, for whoever is not shown it would apply again.
    """
    try:
        return await form.copies.asked(receipt.reference)
    except Exception as error:
        if isinstance(error, Unavailable) or is_away(error):
            return None
        raise


async def post_copy(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Note that copies are wanted; somebody else sends them, later."""
    fields = await read_fields(request)
    session = await session_needed(form, request)
    check_token(session, fields)
    receipt = session.receipt
    if receipt is None:
        return see_other(path("", language))
    ways = ways_of(receipt.email, receipt.phone)
    if not ways:
        return see_other(path(RECEIPT, language))
    chosen = {kind: ways[kind] for kind in _kinds_chosen(fields) if kind in ways}
    if not chosen:
        told = form.texts.text("status:copy.missing", language)
        error = PageError(f"copy{next(iter(ways)).title()}", told)
        return await show_receipt(form, session, receipt, language, [error])
    await form.copies.ask(receipt.reference, chosen, language)
    return see_other(path(RECEIPT, language))


async def get_copy(_: Form, __: web.Request, language: Language) -> web.StreamResponse:
    """Lead back to the receipt whoever loads the page anew on which it was shown with an error."""
    return see_other(path(RECEIPT, language))


def _kinds_chosen(fields: Mapping[str, str]) -> list[Kind]:
    return [kind for field, kind in _KIND_OF_FIELD.items() if fields.get(field) == "yes"]


ROUTES = (FormRoute("GET", f"/{COPY}", get_copy), FormRoute("POST", f"/{COPY}", post_copy))
