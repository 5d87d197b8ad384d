"""Where people come in and go out: the start page, exit pages, and the end of a session."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from aiohttp import web
from electoral import franchise
from electoral.authorities import NATIONS, Nation
from electoral.calendar import Poll, Polls, london_date
from electoral.events import Language
from electoral.problems import not_found

from registration.form.app import Form
from registration.form.exits import EXITS, facts_of, is_judged_by_nation
from registration.form.paths import path
from registration.form.posted import read_fields
from registration.form.routes import FormRoute, see_other
from registration.form.security import check_token, take_cookie
from registration.form.visit import journey_of, next_path, session_of, today, twin_of

WAY_BACK = "way-back"


class LastDay(NamedTuple):
    """Until when to apply for a poll."""

    poll: Poll
    last_day: date


def last_days(polls: Polls, now: datetime) -> tuple[LastDay, ...]:
    """Return the last days for the polls that are next, wherever somebody lives."""
    next_ones = [polls.next_deadline(now, nation=nation) for nation in NATIONS]
    known = [deadline for deadline in next_ones if deadline is not None]
    nearest = min((deadline.poll.date for deadline in known), default=None)
    found = [
        LastDay(deadline.poll, london_date(deadline.at - timedelta(seconds=1)))
        for deadline in known
        if deadline.poll.date == nearest
    ]
    return tuple(dict.fromkeys(found))


def _ages() -> tuple[tuple[Nation, int], ...]:
    """Return from which age people can register today."""
    return tuple((nation, franchise.minimum_age(nation, today())) for nation in NATIONS)


async def get_start(form: Form, _: web.Request, language: Language) -> web.StreamResponse:
    """Show the start page: what is asked, and until when to apply for the next polls."""
    deadlines = last_days(form.polls, datetime.now(UTC))
    twin = twin_of("", language)
    return form.renderer.page(
        "start.html", language, twin=twin, personal=False, deadlines=deadlines, ages=_ages()
    )


async def get_about(form: Form, _: web.Request, language: Language) -> web.StreamResponse:
    """Say how the pages can be used by everybody, and what becomes of what is typed."""
    return form.renderer.page(
        "about.html",
        language,
        twin=twin_of("about", language),
        personal=False,
        nino_days=form.settings.nino_key_days,
        person_days=form.settings.person_key_days,
        place_minutes=form.settings.form_place_minutes,
    )


async def get_exit(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Say why somebody cannot register here and where to turn: the same to everybody, so that it
    may be kept. The ways back from it know whose they are.
    """
    reason = request.match_info["reason"]
    if reason not in EXITS:
        raise not_found()
    helper = await form.helpers.signed_in(request)  # who goes on from here to the next person
    return form.renderer.page(
        "exit.html",
        language,
        back=path(WAY_BACK, language),
        twin=twin_of(f"exit/{reason}", language),
        personal=False,
        helper=helper.name if helper else None,
        reason=reason,
        minimum_age=facts_of(reason, today()).get("minimum_age"),
        by_place=is_judged_by_nation(reason),
    )


async def get_way_back(form: Form, request: web.Request, language: Language) -> web.StreamResponse:
    """Lead back to the answer that led out."""
    return await _way_back(form, request, language, 0)


async def get_way_back_to_place(
    form: Form, request: web.Request, language: Language
) -> web.StreamResponse:
    """Lead back to the last answer that says where somebody lives, by which another is judged."""
    return await _way_back(form, request, language, -1)


async def _way_back(
    form: Form, request: web.Request, language: Language, which: int
) -> web.StreamResponse:
    session = await session_of(form, request)
    if session is None:
        return see_other(path("", language))
    journey = journey_of(session, language)
    slugs = journey.exit_slugs()
    return see_other(path(slugs[which], language) if slugs else next_path(journey, language))


async def get_session_ended(form: Form, _: web.Request, language: Language) -> web.StreamResponse:
    """Say that nothing of what was typed is kept any more."""
    twin = twin_of("session-ended", language)
    return form.renderer.page("session-ended.html", language, twin=twin)


async def post_start_again(
    form: Form, request: web.Request, language: Language
) -> web.StreamResponse:
    """End the session, for the next person at this computer."""
    fields = await read_fields(request)
    session = await session_of(form, request)
    if session is not None:
        check_token(session, fields)
        await form.sessions.end(session)
    response = see_other(path("", language))
    take_cookie(response)
    response.headers["Clear-Site-Data"] = '"cache"'  # the back button shows nothing either
    return response


ROUTES = (
    FormRoute("GET", "", get_start, is_light=True),
    FormRoute("GET", "/about", get_about, is_light=True),
    FormRoute("GET", "/exit/{reason}", get_exit),
    FormRoute("GET", f"/{WAY_BACK}", get_way_back),
    FormRoute("GET", f"/{WAY_BACK}/place", get_way_back_to_place),
    FormRoute("GET", "/session-ended", get_session_ended),
    FormRoute("POST", "/start-again", post_start_again),
)
