"""The waiting page: how long it takes, until when to apply and how else. It loads itself anew, and
leads to the first question when it is somebody's turn.
"""

import random
from datetime import UTC, datetime

import structlog
from aiohttp import web
from electoral.events import Language
from electoral.sealing import SealingError

from registration.form.app import Form
from registration.form.paths import path
from registration.form.questions import FIRST, WAITING
from registration.form.routes import FormRoute, see_other
from registration.form.start import last_days
from registration.form.tickets import Ticket
from registration.form.visit import journey_of, next_path, session_of, twin_of

# Drawn anew each time, so that not all come at once; few, so that the page is kept ready for each.
REFRESH_SECONDS = (20, 24, 28, 32, 36, 40)

log = structlog.get_logger()


async def get_waiting(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Lead in whose turn it is; show others how long they wait."""
    room = form.waiting
    session = await session_of(form, request)
    if session is not None:
        return see_other(next_path(journey_of(session, language), language))
    ticket = room.tickets.seen(room.tickets.of(request))
    if not room.lets_in(ticket):
        return _with_ticket(form, _page(form, ticket, language), ticket)
    onward = see_other(path(FIRST, language))
    return _with_ticket(form, onward, ticket._replace(is_called=True))


def _page(form: Form, ticket: Ticket, language: Language) -> web.Response:
    passed = form.waiting.deadline_passed(ticket.came_at)
    return form.renderer.page(
        "waiting.html",
        language,
        twin=twin_of(WAITING, language),
        deadlines=last_days(form.polls, datetime.now(UTC)),
        passed=None if passed is None else passed.poll,
        go_first=form.settings.form_open_after_deadline,
        place_minutes=form.waiting.place_minutes,
        refresh_seconds=random.choice(REFRESH_SECONDS),
        wait=form.waiting.wait_of(ticket),
    )


def _with_ticket(form: Form, response: web.Response, ticket: Ticket) -> web.Response:
    try:
        form.waiting.tickets.hand_out(response, ticket)
    except SealingError as error:  # `make` has not run: nobody keeps a place
        log.error("ticket not signed", error_class=type(error).__name__)
    return response


ROUTES = (FormRoute("GET", f"/{WAITING}", get_waiting, is_light=True),)
