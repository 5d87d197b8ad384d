"""Determinations: what an ERO decided of an application, and the reasons that it may give."""

from collections.abc import Callable, Mapping

from aiohttp import web
from electoral import problems
from electoral.determination_reasons import determination_reasons
from electoral.http import json_response, read_json_bytes
from electoral.problems import FieldError, Problem
from electoral.routes import TokenRoute

from ems_gateway.calling.callers import Caller
from ems_gateway.determinations.body import DeterminationBody
from ems_gateway.determinations.rules import Verdict
from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.reading import read_body, read_record_id

DETERMINATION_BYTES_MAX = 16 * 1024


def _changed() -> Problem:
    return Problem(
        409,
        "determined-before",
        "This application was determined before",
        "A determination stands as it was sent first; yours says something else.",
    )


def _elsewhere() -> Problem:
    return Problem(
        409,
        "determined-elsewhere",
        "This application is another authority's now",
        "A later attempt of it went to another authority, which determines it.",
    )


def _at_another_time(code: str, detail: str) -> Problem:
    return problems.invalid([FieldError("/determinedAt", code, detail)])


REFUSALS: Mapping[Verdict, Callable[[], Problem]] = {
    "unknown": problems.not_found,
    "changed": _changed,
    "elsewhere": _elsewhere,
    "too-early": lambda: _at_another_time(
        "before-received", "Give a time after the application was received."
    ),
    "too-late": lambda: _at_another_time("in-the-future", "Give a time that is not in the future."),
}


async def determine_registration(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Take what the ERO decided; a repeat has no effect."""
    record_id = read_record_id(request.match_info["id"])
    body = read_body(DeterminationBody, await read_json_bytes(request, DETERMINATION_BYTES_MAX))
    if record_id is None:
        raise problems.not_found()
    verdict = await gateway.determinations.take(caller, record_id, body.determination())
    if verdict in REFUSALS:
        raise REFUSALS[verdict]()
    return web.Response(status=204)


async def show_reasons(gateway: Gateway, request: web.Request, caller: Caller) -> web.Response:
    """Show the reasons that a rejection may give, in English and in Welsh."""
    reasons = [
        {"code": reason.code, "en": reason.en, "cy": reason.cy}
        for reason in determination_reasons()
    ]
    return json_response({"reasons": reasons})


ROUTES: tuple[GatewayRoute, ...] = (
    TokenRoute("GET", "/determination-reasons", show_reasons),
    TokenRoute("POST", "/registrations/{id}/determination", determine_registration),
)
