"""The history of one record's application."""

from aiohttp import web
from electoral import problems
from electoral.http import json_response
from electoral.routes import TokenRoute

from ems_gateway.calling.callers import Caller
from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.reading import WHOLE_NUMBER, read_record_id

ENTRY_NUMBER_MAX = 2**31 - 1


async def show_history(gateway: Gateway, request: web.Request, caller: Caller) -> web.Response:
    """Show what happened to a record's application, in order."""
    record_id = read_record_id(request.match_info["id"])
    after = _read_after(request.query.get("after"))
    told = record_id and await gateway.histories.of_record(record_id, caller.ero, after)
    if not told:
        raise problems.not_found()
    return json_response(told)


def _read_after(text: str | None) -> int:
    if text is None:
        return 0
    if not WHOLE_NUMBER.fullmatch(text) or int(text) > ENTRY_NUMBER_MAX:
        raise problems.malformed("Give `after` as the number of the last entry of the page before.")
    return int(text)


ROUTES: tuple[GatewayRoute, ...] = (TokenRoute("GET", "/registrations/{id}/history", show_history),)
