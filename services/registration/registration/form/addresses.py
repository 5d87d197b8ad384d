"""The questions about the address: what is typed there, and what a look-up has to say to it.

While the address look-up is slow or down, the list of addresses is left out and people type theirs:
nobody waits for it longer than a second, and nobody is kept from applying. All that is noted here
is asked again when the application is sent: nothing of a session is trusted to place it.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from aiohttp import web
from electoral.address_lookup import Address
from electoral.events import Language
from electoral.fields import LINE_LENGTH_MAX
from electoral.postcodes import normalise_postcode

from registration.authority import AuthorityFinder
from registration.form.app import Form
from registration.form.journey import Journey
from registration.form.page import Page, Typed
from registration.form.pages import page_of
from registration.form.pages.address import COUNCIL_UNKNOWN, LINES, NOT_LISTED
from registration.form.placing import Answered
from registration.form.posted import read_fields
from registration.form.questions import (
    SHOW_AGAIN,
    check_form,
    elsewhere,
    keep_answer,
    show_question,
)
from registration.form.routes import FormRoute, PageHandler
from registration.form.visit import journey_of, session_needed

SLUGS = ("postcode", "address", "type-address", "council")

Facts = Mapping[str, Any]  # what a template is told

_NOTHING: Final[Facts] = MappingProxyType({})
_NOTHING_TYPED: Final[Typed] = MappingProxyType({})


class Choice(NamedTuple):
    """One entry of a list: the value that is posted, and the words."""

    value: str
    text: str


def _getting(page: Page) -> PageHandler:
    async def get(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
        session = await session_needed(form, request)
        journey = journey_of(session, language)
        if not_here := elsewhere(page, session, journey):
            return not_here
        facts = await facts_of(form, page, journey)
        typed, faults = _shown(page, journey), journey.faults(page.slug)
        return show_question(form, page, session, journey, typed=typed, faults=faults, **facts)

    return get


def _posting(page: Page) -> PageHandler:
    async def post(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
        fields = await read_fields(request)
        session = await session_needed(form, request)
        journey = journey_of(session, language)
        if not_here := elsewhere(page, session, journey):
            return not_here
        check_form(page, session, fields)
        read = page.read(fields)
        if SHOW_AGAIN in fields:
            facts = await facts_of(form, page, journey)
            return show_question(form, page, session, journey, typed=read, **facts)
        typed = await look_up(form.finder, page.slug, read, journey.typed, journey.on)
        if faults := journey.answered(page.slug, typed).faults(page.slug):
            facts = await facts_of(form, page, journey)
            return show_question(form, page, session, journey, typed=typed, faults=faults, **facts)
        return await keep_answer(form, page, session, journey, typed)

    return post


def _shown(page: Page, journey: Journey) -> Typed:
    """Return what a page shows as typed; a new address begins with the postcode given before."""
    if page.slug == "type-address" and page.slug not in journey.typed:
        return {"postcode": _postcode_before(journey.typed) or ""}
    return journey.typed.get(page.slug, _NOTHING_TYPED)


async def look_up(
    finder: AuthorityFinder, slug: str, typed: Typed, before: Answered, on: date
) -> Typed:
    """Return what was typed into a page, with what a look-up has to say to it."""
    find = _LOOK_UPS.get(slug)
    return typed if find is None else await find(finder, typed, before, on)


async def facts_of(form: Form, page: Page, journey: Journey) -> Facts:
    """Return what a page needs to be told before it can be shown: its list."""
    if page.slug == "address":
        postcode = _postcode_before(journey.typed) or ""
        found = await form.finder.addresses(postcode)
        return {"postcode": postcode, "addresses": tuple(map(_choice_of, found or ()))}
    if page.slug == "council":
        return {"councils": councils(form, journey.language, journey.on)}
    return _NOTHING


def councils(form: Form, language: Language, on: date) -> tuple[Choice, ...]:
    """List all councils by name."""
    in_force = form.authorities.in_force(on)
    listed = (Choice(council.gss_code, council.name_in(language)) for council in in_force)
    return tuple(sorted(listed, key=lambda choice: choice.text))


async def _look_up_postcode(finder: AuthorityFinder, typed: Typed, _: Answered, on: date) -> Typed:
    """Say whose the postcode is, and how many addresses it has: "" when nobody answers."""
    postcode = _postcode_of(typed)
    if postcode is None:
        return typed
    found = await finder.addresses(postcode)
    return {
        **typed,
        "_placed": finder.of_postcode(postcode, on) or "",
        "_found": "" if found is None else str(len(found)),
    }


async def _look_up_choice(
    finder: AuthorityFinder, typed: Typed, before: Answered, on: date
) -> Typed:
    """Add the lines of the address that was chosen, if it is one of the postcode's.

    When the look-up cannot say that any more, or words it so that no application could have it, the
    address is typed by hand.
    """
    postcode, uprn = _postcode_before(before), typed.get("uprn")
    if uprn is None or uprn == NOT_LISTED or postcode is None:
        return typed
    found = await finder.addresses(postcode)
    if found is None:
        return {"uprn": NOT_LISTED}
    chosen = next((address for address in found if address.uprn == uprn), None)
    if chosen is None:
        return typed
    return {**typed, **_lines_of(chosen, finder, on)} if _fits(chosen) else {"uprn": NOT_LISTED}


def _fits(address: Address) -> bool:
    """Say whether an application takes the address as the look-up words it."""
    lines = [getattr(address, line) or "" for line in LINES]
    return bool(address.street.strip()) and max(map(len, lines)) <= LINE_LENGTH_MAX


def _lines_of(chosen: Address, finder: AuthorityFinder, on: date) -> dict[str, str]:
    lines = {f"_{line}": getattr(chosen, line) or "" for line in LINES}
    gss_code = finder.of_code(chosen.gss_code, on) or finder.of_postcode(chosen.postcode, on)
    return lines | {"_gss": gss_code or ""}


async def _look_up_typed(finder: AuthorityFinder, typed: Typed, _: Answered, on: date) -> Typed:
    """Say whose the postcode is that was typed with the address: it may be another one."""
    postcode = _postcode_of(typed)
    return (
        typed if postcode is None else {**typed, "_placed": finder.of_postcode(postcode, on) or ""}
    )


async def _look_up_council(finder: AuthorityFinder, typed: Typed, _: Answered, on: date) -> Typed:
    """Leave a code out that is nobody's: then the question is not answered."""
    code = typed.get("gssCode", "")
    known = code == COUNCIL_UNKNOWN or finder.of_code(code, on) is not None
    return typed if known else {}


_LookUp = Callable[[AuthorityFinder, Typed, Answered, date], Awaitable[Typed]]

_LOOK_UPS: Mapping[str, _LookUp] = {
    "postcode": _look_up_postcode,
    "address": _look_up_choice,
    "type-address": _look_up_typed,
    "council": _look_up_council,
}


def _postcode_of(typed: Typed) -> str | None:
    return normalise_postcode(typed.get("postcode", ""))


def _postcode_before(before: Answered) -> str | None:
    return _postcode_of(before.get("postcode", _NOTHING_TYPED))


def _choice_of(address: Address) -> Choice:
    lines = (address.property, address.street, address.locality, address.town, address.postcode)
    return Choice(address.uprn, ", ".join(line for line in lines if line))


def _routes(slug: str) -> tuple[FormRoute, FormRoute]:
    page = page_of(slug)
    assert page is not None, slug
    return FormRoute("GET", f"/{slug}", _getting(page)), FormRoute(
        "POST", f"/{slug}", _posting(page)
    )


ROUTES = tuple(route for slug in SLUGS for route in _routes(slug))
