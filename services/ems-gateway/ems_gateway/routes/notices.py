"""Notices to the ERO of a previous address: pages, answers, offers."""

from datetime import datetime

from aiohttp import web
from electoral import problems
from electoral.http import json_response, read_json_bytes
from electoral.problems import Problem
from electoral.routes import TokenRoute

from ems_gateway.calling.callers import Caller
from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.notices.body import NoticeAnswerBody
from ems_gateway.notices.rules import NoticeState
from ems_gateway.postgres.notices import EARLIEST, LATEST, WantedNotices
from ems_gateway.postgres.pages import BEGINNING, Place
from ems_gateway.reading import (
    read_body,
    read_instant,
    read_page_size,
    read_record_id,
    read_state,
)

ANSWER_BYTES_MAX = 64 * 1024


async def list_notices(gateway: Gateway, request: web.Request, caller: Caller) -> web.Response:
    """Show a page of what waits, is held, or was taken in a range of time; changes nothing."""
    state = _state(request.query.get("state"))
    since, until = _range(request)  # read whatever the state, so that nonsense is never taken
    in_range = state == "acknowledged"
    wanted = WantedNotices(
        ero=caller.ero,
        state=state,
        since=since if in_range else EARLIEST,
        until=until if in_range else LATEST,
        count_max=read_page_size(request.query.get("pageSize")),
        after=await _place(gateway, request.query.get("after"), caller.ero),
    )
    return json_response(await gateway.notices.page(wanted))


def _state(text: str | None) -> NoticeState:
    return "acknowledged" if text == "acknowledged" else read_state(text)


def _range(request: web.Request) -> tuple[datetime, datetime]:
    """Read when what is asked for was acknowledged; any time without it."""
    begin = _moment(request, "acknowledgedFrom", EARLIEST)
    return begin, _moment(request, "acknowledgedTo", LATEST)


def _moment(request: web.Request, name: str, otherwise: datetime) -> datetime:
    text = request.query.get(name)
    if text is None:
        return otherwise
    found = read_instant(text)
    if found is None:
        raise problems.malformed(f"Give `{name}` as a time with its zone, as RFC 3339 has it.")
    return min(max(found, EARLIEST), LATEST)


async def _place(gateway: Gateway, after: str | None, ero: str) -> Place:
    if after is None:
        return BEGINNING
    notice = read_record_id(after)
    if notice is None:
        raise problems.malformed("Give `after` as the id of the last notice of the page before.")
    place = await gateway.notices.locate(notice, ero)
    if place is None:
        raise problems.not_found()
    return place


async def answer_notice(gateway: Gateway, request: web.Request, caller: Caller) -> web.Response:
    """Take the answer to one notice."""
    notice = read_record_id(request.match_info["id"])
    body = read_body(NoticeAnswerBody, await read_json_bytes(request, ANSWER_BYTES_MAX))
    if notice is None or not await gateway.notices.answer(caller, notice, body.answer()):
        raise problems.not_found()
    return web.Response(status=204)


async def offer_notice(gateway: Gateway, request: web.Request, caller: Caller) -> web.Response:
    """Put one notice back on the queue."""
    notice = read_record_id(request.match_info["id"])
    offered = "unknown" if notice is None else await gateway.notices.offer(caller, notice)
    if offered == "unknown":
        raise problems.not_found()
    if offered == "gone":
        raise Problem(
            409,
            "past-retention",
            "What this notice said is gone",
            "The key that sealed it was destroyed when its retention ended.",
        )
    return web.Response(status=204)


ROUTES: tuple[GatewayRoute, ...] = (
    TokenRoute("GET", "/notices", list_notices),
    TokenRoute("PUT", "/notices/{id}", answer_notice),
    TokenRoute("POST", "/notices/{id}/offer", offer_notice),
)
