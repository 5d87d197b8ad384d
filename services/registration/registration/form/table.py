"""Every page of the form, and beside it the files that pages link to."""

from aiohttp import web
from electoral.events import Language

from registration.form import (
    addresses,
    assisted_pages,
    feedback,
    performance_page,
    questions,
    receipts,
    sending,
    start,
    status_page,
    waiting,
)
from registration.form.app import Form
from registration.form.routes import FormRoute, add_form_routes


async def get_asset(form: Form, request: web.Request, _: Language) -> web.StreamResponse:
    """Send a style sheet or a script."""
    return form.assets.answer(request)


ROUTES: tuple[FormRoute, ...] = (
    *start.ROUTES,
    *waiting.ROUTES,
    *questions.ROUTES,
    *addresses.ROUTES,
    *sending.ROUTES,
    *receipts.ROUTES,
    *status_page.ROUTES,
    *assisted_pages.ROUTES,
    *feedback.ROUTES,
    *performance_page.ROUTES,
    FormRoute("GET", "/{hash}/{file}", get_asset, prefix="/assets", has_twin=False, is_light=True),
)


def add_form(app: web.Application, form: Form) -> None:
    """Serve the form beside the API."""
    add_form_routes(app, ROUTES, form)
