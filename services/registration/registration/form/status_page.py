"""What has happened to an application, for whoever knows its reference and postcode.

There is no session here. Both are posted, so that no address of a page holds them, and a wrong
postcode looks like a reference that nobody has: the same page, after the same work.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from electoral.events import Language
from electoral.identifiers import REFERENCE_LENGTH, normalise_reference, show_reference
from electoral.postcodes import normalise_postcode

from registration.form.app import Form
from registration.form.posted import read_fields
from registration.form.receipts import council_of
from registration.form.rendering import PageError
from registration.form.routes import FormRoute
from registration.form.visit import twin_of
from registration.status import Status

SLUG = "status"
FIELDS = ("reference", "postcode")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an application's way, as the page shows it."""

    name: str  # of its words: `status:result.<name>`
    done: bool
    at: datetime | None  # None where nobody knows when


async def get_status(form: Form, _: web.Request, language: Language) -> web.StreamResponse:
    """Ask for reference and postcode."""
    twin = twin_of(SLUG, language)
    return form.renderer.page("status.html", language, twin=twin, personal=False)


async def post_status(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Show how far the application is."""
    if wait := form.per_address.seconds_to_wait(form.proxies.caller_of(request)):
        return _too_many(form, language, {}, wait)
    fields = await read_fields(request)
    typed = {name: fields.get(name, "") for name in FIELDS}
    if faults := list(_faults(typed)):
        return _ask_again(form, language, typed, faults)
    reference = normalise_reference(typed["reference"])
    if wait := form.per_reference.seconds_to_wait(reference):
        return _too_many(form, language, typed, wait)
    postcode = normalise_postcode(typed["postcode"]) or ""
    status = await form.questions.ask(reference, postcode)
    if status is None:
        return _ask_again(form, language, typed, [("reference", "not_found")])
    return _show(form, language, reference, status)


def steps_of(status: Status) -> tuple[Step, ...]:
    """List all steps in their order, those to come as well."""
    at, sent_at = status.steps, status.sent_to_council_at
    sent = Step("sent", status.is_sent_to_council, sent_at)
    others = {
        name: Step(name.replace("-", "_"), name in at, at.get(name))
        for name in ("received", "checked", "with-your-council", "decided")
    }
    return (
        others["received"],
        others["checked"],
        sent,
        others["with-your-council"],
        others["decided"],
    )


def _faults(typed: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Find what cannot be asked: the field, and the sentence about it.

    Nothing here says whether such a reference exists.
    """
    reference = normalise_reference(typed["reference"])
    if not reference:
        yield "reference", "reference_missing"
    elif not _could_be_a_reference(reference):
        yield "reference", "reference_format"
    if not typed["postcode"].strip():
        yield "postcode", "postcode_missing"
    elif normalise_postcode(typed["postcode"]) is None:
        yield "postcode", "postcode_format"


def _could_be_a_reference(normal: str) -> bool:
    """Say whether it has a reference's length and nothing but letters and digits: no NUL, which
    Postgres does not take.
    """
    return len(normal) == REFERENCE_LENGTH and normal.isascii() and normal.isalnum()


def _ask_again(
    form: Form, language: Language, typed: dict[str, str], faults: list[tuple[str, str]]
) -> web.Response:
    errors = [
        PageError(field, form.texts.text(f"status:status.{fault}", language))
        for field, fault in faults
    ]
    return _asking(form, language, typed, errors, 422)


def _too_many(form: Form, language: Language, typed: dict[str, str], wait: int) -> web.Response:
    told = form.texts.text("status:status.too_many", language, seconds=wait)
    response = _asking(form, language, typed, [PageError("reference", told)], 429)
    response.headers["Retry-After"] = str(wait)
    return response


def _asking(
    form: Form, language: Language, typed: dict[str, str], errors: list[PageError], status: int
) -> web.Response:
    twin = twin_of(SLUG, language)
    return form.renderer.page(
        "status.html", language, twin=twin, typed=typed, errors=errors, status=status
    )


def _show(form: Form, language: Language, reference: str, status: Status) -> web.Response:
    return form.renderer.page(
        "status-result.html",
        language,
        twin=twin_of(SLUG, language),
        reference=show_reference(reference),
        steps=steps_of(status),
        council=council_of(form.authorities, status.gss_code, language),
    )


ROUTES = (FormRoute("GET", f"/{SLUG}", get_status), FormRoute("POST", f"/{SLUG}", post_status))
