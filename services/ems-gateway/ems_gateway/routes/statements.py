"""Statements: what reached the gateway for an ERO on a day."""

import re
from datetime import date

from aiohttp import web
from electoral import problems
from electoral.http import json_response
from electoral.routes import TokenRoute

from ems_gateway.calling.callers import Caller
from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.history.statements import BEGINNING, Asked, is_to_come
from ems_gateway.postgres.statements import Reached
from ems_gateway.reading import WHOLE_NUMBER, read_record_id

PAGE_SIZE_DEFAULT = 200
PAGE_SIZE_MAX = 1_000  # more is capped, not refused
DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")


async def show_statement(gateway: Gateway, request: web.Request, caller: Caller) -> web.Response:
    """Show a page of a day's statement."""
    asked = Asked(
        ero=caller.ero,
        day=_read_day(request.match_info["day"]),
        count_max=_read_page_size(request.query.get("pageSize")),
        after=await _place(gateway, request.query.get("after"), caller.ero),
    )
    return json_response(await gateway.statements.page(asked))


def _read_day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise problems.malformed("Give the day as YYYY-MM-DD.")
    if is_to_come(day):
        raise problems.malformed("That day has not begun: there is no statement of it.")
    return day


def _read_page_size(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE_DEFAULT
    if not WHOLE_NUMBER.fullmatch(text) or int(text) < 1:
        raise problems.malformed("Give `pageSize` as a whole number from 1 to 1000.")
    return min(int(text), PAGE_SIZE_MAX)


async def _place(gateway: Gateway, after: str | None, ero: str) -> Reached:
    if after is None:
        return BEGINNING
    record_id = read_record_id(after)
    if record_id is None:
        raise problems.malformed("Give `after` as the id of the last record of the page before.")
    place = await gateway.statements.locate(record_id, ero)
    if place is None:
        raise problems.not_found()
    return place


ROUTES: tuple[GatewayRoute, ...] = (TokenRoute("GET", "/statements/{day}", show_statement),)
