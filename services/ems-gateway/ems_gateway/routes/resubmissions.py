"""Resubmissions: corrected answers of an application, under the ERO's own id."""

from datetime import UTC, date, datetime
from typing import NamedTuple

from aiohttp import web
from electoral import problems
from electoral.calendar import london_date
from electoral.envelope import timestamp
from electoral.http import json_response, read_json_bytes
from electoral.routes import TokenRoute

from ems_gateway.calling.callers import Caller
from ems_gateway.councils.answers import CouncilAnswers, InvalidAnswers, read_resubmitted
from ems_gateway.councils.messages import sentence
from ems_gateway.councils.resubmission import Resubmission
from ems_gateway.councils.taking import is_own_id
from ems_gateway.gateway import Gateway, GatewayRoute
from ems_gateway.reading import read_record_id
from ems_gateway.routes.paper import parse_body

RESUBMISSION_BYTES_MAX = 64 * 1024
CORRECTIONS = "/corrections"

_REQUIRED = {"resubmissionId", "corrections"}
_NAMES = {*_REQUIRED, "whole"}


class _Body(NamedTuple):
    resubmission_id: str
    corrections: dict[str, object]
    is_whole: bool


async def resubmit_registration(
    gateway: Gateway, request: web.Request, caller: Caller
) -> web.Response:
    """Take corrected answers: the application's next attempt."""
    body = parse_body(await read_json_bytes(request, RESUBMISSION_BYTES_MAX))
    read = _read_body(body)
    answers = _read_answers(read, london_date(datetime.now(UTC)))
    record_id = read_record_id(request.match_info["id"])
    if record_id is None:
        raise problems.not_found()
    sent = Resubmission(record_id, read.resubmission_id, body, answers, read.is_whole)
    gateway.pace.check_sent_up(caller.ero, 1)
    receipt = await gateway.resubmissions.take(sent, caller)
    return json_response(
        {
            "applicationId": str(receipt.taken.application_id),
            "attempt": receipt.taken.attempt,
            "attemptReceivedAt": timestamp(receipt.taken.received_at),
        },
        receipt.status,
    )


def _read_body(body: object) -> _Body:
    if not isinstance(body, dict) or not _REQUIRED <= set(body) <= _NAMES:
        raise problems.malformed(
            "Send an object with `resubmissionId`, `corrections` and, if need be, `whole`."
        )
    own_id, corrections, whole = (
        body["resubmissionId"],
        body["corrections"],
        body.get("whole", False),
    )
    if not is_own_id(own_id):
        raise problems.malformed(f"`resubmissionId`: {sentence('own-id')}")
    if not isinstance(corrections, dict) or not isinstance(whole, bool):
        raise problems.malformed("Send `corrections` as an object, and `whole` as true or false.")
    return _Body(own_id, corrections, whole)


def _read_answers(body: _Body, on: date) -> CouncilAnswers | InvalidAnswers:
    try:
        return read_resubmitted(body.corrections, on, CORRECTIONS, is_whole=body.is_whole)
    except InvalidAnswers as error:
        return error


ROUTES: tuple[GatewayRoute, ...] = (
    TokenRoute("POST", "/registrations/{id}/resubmission", resubmit_registration),
)
