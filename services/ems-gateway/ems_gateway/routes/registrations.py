"""Records that wait for an ERO's system: pages, leases, answers."""

import asyncio
from collections.abc import Sequence

from aiohttp import web
from electoral import problems
from electoral.http import json_response, read_json_bytes
from electoral.routes import TokenRoute

from ems_gateway.answers import CHUNK_ANSWERS_MAX, Answer
from ems_gateway.calling.callers import Caller
from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.postgres.pages import BEGINNING, Place, Wanted
from ems_gateway.reading import (
    PAGE_SIZE_MAX,
    RECORD_ID_ECHOED_MAX,
    AcknowledgementsBody,
    AnswerBody,
    LeaseBody,
    read_acknowledgement,
    read_body,
    read_gss_code,
    read_page_size,
    read_record_id,
    read_state,
)

ANSWER_BYTES_MAX = 64 * 1024
ACKNOWLEDGEMENTS_BYTES_MAX = 1024 * 1024
LEASE_BYTES_MAX = 1024

KNOWN = 204
MALFORMED = 400
NOT_FOUND = 404


async def list_registrations(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Show a page of what waits, or of what is held; changes nothing."""
    state = read_state(request.query.get("state"))
    wanted = Wanted(
        ero=caller.ero,
        gss_code=read_gss_code(request.query.get("gssCode")),
        count_max=read_page_size(request.query.get("pageSize")),
        after=await _place(gateway, request.query.get("after"), caller.ero),
    )
    pages = gateway.pages
    page = await (pages.held(wanted) if state == "held" else pages.queued(wanted))
    if state == "queued":
        gateway.pulls.note(caller.ero)
    return json_response(page)


async def _place(gateway: Gateway, after: str | None, ero: str) -> Place:
    if after is None:
        return BEGINNING
    record_id = read_record_id(after)
    if record_id is None:
        raise problems.malformed("Give `after` as the id of the last record of the page before.")
    place = await gateway.pages.locate(record_id, ero)
    if place is None:
        raise problems.not_found()
    return place


async def lease_registrations(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Take the oldest free records for some seconds."""
    body = read_body(LeaseBody, await read_json_bytes(request, LEASE_BYTES_MAX))
    wanted = Wanted(ero=caller.ero, count_max=min(body.page_size, PAGE_SIZE_MAX))
    page = await gateway.pages.lease(wanted, body.seconds, caller.credential)
    records = page["registrations"]
    assert isinstance(records, list)
    gateway.pace.count_leased(caller.ero, len(records))
    gateway.pulls.note(caller.ero)
    return json_response(page)


async def answer_registration(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Take the answer to one record."""
    record_id = read_record_id(request.match_info["id"])
    body = read_body(AnswerBody, await read_json_bytes(request, ANSWER_BYTES_MAX))
    if record_id is None or not all(await gateway.answers.take((body.answer(caller, record_id),))):
        raise problems.not_found()
    return web.Response(status=KNOWN)


async def acknowledge_registrations(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Take the answers to many records; each has its own result, in order."""
    raw = await read_json_bytes(request, ACKNOWLEDGEMENTS_BYTES_MAX)
    entries = read_body(AcknowledgementsBody, raw).acknowledgements
    statuses, answers = _sort_out(entries, caller)
    for number, known in zip(answers, await _take(gateway, [*answers.values()]), strict=True):
        statuses[number] = KNOWN if known else NOT_FOUND
    results = [
        {"id": _echoed_id(entry), "status": status}
        for entry, status in zip(entries, statuses, strict=True)
    ]
    return json_response({"results": results})


def _sort_out(entries: Sequence[object], caller: Caller) -> tuple[list[int], dict[int, Answer]]:
    """Tell answers, by their number, from what is none; the latter have their status already."""
    statuses: list[int] = []
    answers: dict[int, Answer] = {}
    for number, entry in enumerate(entries):
        body = read_acknowledgement(entry)
        record_id = None if body is None else read_record_id(body.id)
        statuses.append(MALFORMED if body is None else NOT_FOUND)
        if body is not None and record_id is not None:
            answers[number] = body.answer(caller, record_id)
    return statuses, answers


async def _take(gateway: Gateway, answers: Sequence[Answer]) -> list[bool]:
    begins = range(0, len(answers), CHUNK_ANSWERS_MAX)
    chunks = [tuple(answers[begin : begin + CHUNK_ANSWERS_MAX]) for begin in begins]
    known = await asyncio.gather(*(gateway.answers.take(chunk) for chunk in chunks))
    return [one for chunk in known for one in chunk]


def _echoed_id(entry: object) -> str | None:
    found = entry.get("id") if isinstance(entry, dict) else None
    return found if isinstance(found, str) and len(found) <= RECORD_ID_ECHOED_MAX else None


ROUTES: tuple[GatewayRoute, ...] = (
    TokenRoute("GET", "/registrations", list_registrations),
    TokenRoute("POST", "/registrations/leases", lease_registrations),
    TokenRoute("POST", "/registrations/acknowledgements", acknowledge_registrations),
    TokenRoute("PUT", "/registrations/{id}", answer_registration),
)
