"""Paper applications: up to 500 at once, each taken or refused by itself."""

from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web
from electoral import problems
from electoral.envelope import timestamp
from electoral.http import json_response, read_json_bytes
from electoral.json_body import MalformedJson, SurprisingJson, parse_json
from electoral.problems import FieldError
from electoral.routes import TokenRoute

from ems_gateway.calling.callers import Caller
from ems_gateway.councils.paper import Result
from ems_gateway.councils.paper_reading import Arrived, Refusal
from ems_gateway.councils.taking import is_own_id
from ems_gateway.gateway import Gateway, GatewayRoute

PAPER_BYTES_MAX = 4 * 1024 * 1024
PAPER_ITEMS_MAX = 500


async def take_paper_applications(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Take what an authority typed in from paper; a result per item, in order."""
    arrived = Arrived(caller, datetime.now(UTC), request.headers.get("traceparent"))
    bodies = _read_items(await read_json_bytes(request, PAPER_BYTES_MAX))
    gateway.pace.check_sent_up(caller.ero, len(bodies))
    results = await gateway.paper.take(bodies, arrived)
    return json_response(
        {"results": [_result_json(*one) for one in zip(bodies, results, strict=True)]}
    )


def _read_items(raw: bytes) -> Sequence[object]:
    body = parse_body(raw)
    items = body.get("applications") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(items, list) or set(body) != {"applications"}:
        raise problems.malformed("Send an object with a list named `applications`, only.")
    if not 1 <= len(items) <= PAPER_ITEMS_MAX:
        raise problems.malformed(f"Send between 1 and {PAPER_ITEMS_MAX} applications at once.")
    return items


def parse_body(raw: bytes) -> object:
    """Read JSON that can be read in one way only; 400 and 422 say what is wrong with it."""
    try:
        return parse_json(raw)
    except SurprisingJson as error:
        raise problems.invalid([FieldError("", "not-one-reading", str(error))]) from None
    except MalformedJson as error:
        raise problems.malformed(str(error)) from None


def _result_json(body: object, result: Result) -> dict[str, object]:
    record_id = body.get("recordId") if isinstance(body, dict) else None
    shown: dict[str, object] = {"recordId": record_id if is_own_id(record_id) else None}
    if isinstance(result, Refusal):
        errors = [error.as_json() for error in result.errors]
        return shown | {"status": result.status, "errors": errors}
    return shown | {
        "status": result.status,
        "applicationId": str(result.taken.application_id),
        "receivedAt": timestamp(result.taken.received_at),
    }


ROUTES: tuple[GatewayRoute, ...] = (
    TokenRoute("POST", "/paper-applications", take_paper_applications),
)
