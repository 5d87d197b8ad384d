"""The pages of helpers: they sign in, begin with the next person, sign out.

A helper's computer is used for one person after the other. So with each of these steps the form's
session ends: its row is deleted, its cookie is taken away, and the browser is told to forget the
pages that it still has.
"""

import hmac
from collections.abc import Mapping, Sequence

from aiohttp import web
from electoral.events import Language

from registration.form.app import Form
from registration.form.assisted import HELPER_COOKIE, SignedIn
from registration.form.paths import path
from registration.form.posted import read_fields
from registration.form.rendering import PageError
from registration.form.routes import FormRoute, see_other
from registration.form.security import CSRF_FIELD, not_from_our_page, take_cookie, token_of
from registration.form.session import FormSession
from registration.form.visit import twin_of

SIGN_IN = "helper/sign-in"
SIGN_OUT = "helper/sign-out"
NEXT_PERSON = "helper/next-person"
FIRST_QUESTION = "country-of-residence"


async def show_sign_in(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Ask for account name and password; who is signed in goes on."""
    token = request.cookies.get(HELPER_COOKIE)
    if token is not None and await form.helpers.who(token):
        return see_other(path(NEXT_PERSON, language))
    response = _sign_in_page(form, language)
    _take_helper_cookie(response)  # else whoever fills the form in themselves is led here for ever
    return response


async def sign_in(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Sign a helper in, and end whatever this browser had begun."""
    fields = await read_fields(request)
    name, password = fields.get("name", "").strip(), fields.get("password", "")
    missing = [field for field in ("name", "password") if not fields.get(field, "").strip()]
    if missing:
        return _sign_in_page(form, language, name, [(field, field) for field in missing])
    token = await form.helpers.sign_in(name, password, form.proxies.caller_of(request))
    if token is None:
        return _sign_in_page(form, language, name, [("name", "wrong")])
    await _end_both(form, request)
    response = see_other(path(NEXT_PERSON, language))
    _forget_person(response)
    response.set_cookie(HELPER_COOKIE, token, secure=True, httponly=True, samesite="Lax", path="/")
    return response


async def show_next_person(
    form: Form, request: web.Request, language: Language
) -> web.StreamResponse:
    """Ask whether the next person's application shall begin."""
    return await _ask(form, request, language, "assisted/next-person.html", NEXT_PERSON)


async def begin_with_next_person(
    form: Form, request: web.Request, language: Language
) -> web.StreamResponse:
    """End what was begun for one person; the next one's begins with the first question."""
    fields = await read_fields(request)
    signed_in = await form.helpers.signed_in(request)
    if signed_in is None:
        return see_other(path(SIGN_IN, language))
    _check_token(signed_in, fields)
    await _end_form_session(form, request)
    response = see_other(path(FIRST_QUESTION, language))
    _forget_person(response)
    return response


async def show_sign_out(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Ask whether to sign out."""
    return await _ask(form, request, language, "assisted/sign-out.html", SIGN_OUT)


async def sign_out(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """End both sessions: the person's and the helper's."""
    fields = await read_fields(request)
    signed_in = await form.helpers.signed_in(request)
    if signed_in is None:
        return see_other(path(SIGN_IN, language))
    _check_token(signed_in, fields)
    await _end_both(form, request)
    response = see_other(path(SIGN_IN, language))
    _forget_person(response)
    _take_helper_cookie(response)
    return response


ROUTES: tuple[FormRoute, ...] = (
    FormRoute("GET", f"/{SIGN_IN}", show_sign_in),
    FormRoute("POST", f"/{SIGN_IN}", sign_in),
    FormRoute("GET", f"/{NEXT_PERSON}", show_next_person),
    FormRoute("POST", f"/{NEXT_PERSON}", begin_with_next_person),
    FormRoute("GET", f"/{SIGN_OUT}", show_sign_out),
    FormRoute("POST", f"/{SIGN_OUT}", sign_out),
)


# -- What the pages share --------------------------------------------------------------------------


async def _ask(
    form: Form, request: web.Request, language: Language, template: str, slug: str
) -> web.StreamResponse:
    """Show a page with one button to who is signed in; let others sign in."""
    signed_in = await form.helpers.signed_in(request)
    if signed_in is None:
        return see_other(path(SIGN_IN, language))
    return form.renderer.page(
        template,
        language,
        csrf=signed_in.csrf,
        twin=twin_of(slug, language),
        helper=signed_in.name,
    )


def _sign_in_page(
    form: Form, language: Language, name: str = "", faults: Sequence[tuple[str, str]] = ()
) -> web.Response:
    """Ask, or ask again: `faults` are fields and what is wrong with them."""
    failures, minutes = form.settings.helper_failures_max, form.settings.helper_lock_minutes
    facts = {"failures": failures, "minutes": minutes}
    return form.renderer.page(
        "assisted/sign-in.html",
        language,
        twin=twin_of(SIGN_IN, language),
        errors=[
            PageError(field, form.texts.text(f"assisted:sign_in.errors.{fault}", language, **facts))
            for field, fault in faults
        ],
        typed={"name": name},
        status=422 if faults else 200,
        failures=failures,
        minutes=minutes,
    )


def _check_token(signed_in: SignedIn, fields: Mapping[str, str]) -> None:
    if not hmac.compare_digest(fields.get(CSRF_FIELD, "").encode(), signed_in.csrf.encode()):
        raise not_from_our_page()


async def _end_both(form: Form, request: web.Request) -> None:
    """End the person's session first: whatever fails then, nobody is left with it."""
    await _end_form_session(form, request)
    token = request.cookies.get(HELPER_COOKIE)
    if token is not None:
        await form.helpers.sign_out(token)


async def _end_form_session(form: Form, request: web.Request) -> None:
    token = token_of(request)
    if token is not None:
        await form.sessions.end(FormSession(token))


def _forget_person(response: web.StreamResponse) -> None:
    """Take the form's cookie away, and the pages that the browser keeps for its back button."""
    take_cookie(response)
    response.headers["Clear-Site-Data"] = '"cache"'


def _take_helper_cookie(response: web.StreamResponse) -> None:
    response.del_cookie(HELPER_COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
