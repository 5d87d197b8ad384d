"""The form's routes: a table of pages, each at an English path and at its Welsh twin.

Whatever a handler raises becomes a page in the language of the path, and no POST reaches a handler
unless a page of ours sent it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web
from electoral.events import Language
from electoral.http import Handler, problem_of
from electoral.problems import Problem, not_found, unavailable

from registration.form.app import Form
from registration.form.assisted import HelperSignedOut
from registration.form.paths import FORM, path
from registration.form.security import PAGE_HEADERS, SessionEnded, check_sent_from_our_page

PageHandler = Callable[[Form, web.Request, Language], Awaitable[web.StreamResponse]]

log = structlog.get_logger()

# Shown when not even the page for errors can be made: in both languages, without any part of ours.
_LAST_RESORT = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Sorry, there is a problem</title>'
    "<h1>Sorry, there is a problem with the service</h1><p>Try again later.</p>"
    '<div lang="cy"><h1>Mae’n ddrwg gennym, mae problem gyda’r gwasanaeth</h1>'
    "<p>Rhowch gynnig arall arni yn nes ymlaen.</p></div></html>"
)


@dataclass(frozen=True, slots=True)
class FormRoute:
    """One page: its path after the prefix, and who answers."""

    method: str
    path: str  # after the prefix, with its slash; empty for the prefix itself
    handler: PageHandler
    prefix: str = FORM
    has_twin: bool = True
    is_light: bool = False  # the same to everybody, and made already: never refused

    def paths(self) -> tuple[tuple[str, Language], ...]:
        """Return where it stands, and in which language."""
        english: tuple[str, Language] = (f"{self.prefix}{self.path}", "en")
        return (english, (f"{self.prefix}/cy{self.path}", "cy")) if self.has_twin else (english,)


def add_form_routes(app: web.Application, routes: Sequence[FormRoute], form: Form) -> None:
    """Add a table's routes, and pages for all paths below that nobody answers."""
    for route in (*routes, *_NOTHING_HERE):
        for place, language in route.paths():
            handler = _at_the_edge(form, route, language)
            if route.method == "GET":
                app.router.add_get(place, handler)
            else:
                app.router.add_route(route.method, place, handler)


async def _nothing_here(_: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Say that there is no such page; who typed a slash too many meant the start page."""
    if request.path.rstrip("/") == path("", language):
        return see_other(path("", language))
    raise not_found()


_NOTHING_HERE = tuple(
    FormRoute(method, "/{nothing:.*}", _nothing_here) for method in ("GET", "POST")
)


def _at_the_edge(form: Form, route: FormRoute, language: Language) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            if request.method == "POST":
                check_sent_from_our_page(request)
            if not route.is_light and not form.waiting.admits_started():
                raise unavailable(form.admission.retry_after())
            response = await route.handler(form, request, language)
        except SessionEnded:
            response = see_other(path("session-ended", language))
        except HelperSignedOut:
            response = see_other(path("helper/sign-in", language))
        except Exception as error:
            response = _problem_page(form, problem_of(error), language)
        response.headers.update(PAGE_HEADERS)
        return response

    return handle


def see_other(place: str) -> web.Response:
    """Send a browser on, so that a reload sends nothing again."""
    return web.Response(status=303, headers={"Location": place, "Cache-Control": "no-store"})


def _problem_page(form: Form, problem: Problem, language: Language) -> web.Response:
    """Say what is wrong as a page; without one, in words that need nothing."""
    try:
        page: web.Response = form.renderer.page(
            "problem.html", language, status=problem.status, kind=_kind_of(problem.status)
        )
    except Exception as error:
        log.error("page not made", exc_info=error)
        page = web.Response(status=problem.status, text=_LAST_RESORT, content_type="text/html")
    page.headers.update(problem.headers)
    return page


def _kind_of(status: int) -> str:
    """Name the words for a status: few pages, for all there is to say."""
    match status:
        case 404 | 405:
            return "not-found"
        case 403:
            return "not-from-our-page"
        case 429 | 503:
            return "unavailable"
        case _:
            return "not-understood" if status < 500 else "problem"
