"""The public HTTP interface; `openapi.yaml` beside it describes it."""

from datetime import UTC, datetime

from aiohttp import web
from electoral import problems
from electoral.authorities import AUTHORITY_UNKNOWN_NAME, Authorities
from electoral.credentials import Credentials
from electoral.envelope import timestamp
from electoral.http import bearer_token, edge, json_response, read_json_bytes
from electoral.identifiers import REFERENCE_LENGTH, normalise_reference
from electoral.json_body import MalformedJson, canonical_json, parse_json
from electoral.limits import RateLimit
from electoral.metrics import Metrics
from electoral.postcodes import normalise_postcode
from electoral.problems import FieldError, Problem
from electoral.proxies import TrustedProxies
from electoral.routes import OpenRoute, TokenRoute, add_routes, openapi_route
from electoral.tracing import child_traceparent

from registration.acceptance import Receipt, Stored
from registration.arrival import ArrivalTokens, milliseconds, moment
from registration.batches import BatchItem, answer_each, read_batch
from registration.counted import CountedSubmissions
from registration.idempotency import check_idempotency_key
from registration.partners import Partner
from registration.status import Status, StatusQuestions
from registration.submission import Arrival, Submissions

ARRIVAL_HEADER = "Arrival-Token"
APPLICATION_BYTES_MAX = 64 * 1024
BATCH_BYTES_MAX = 4 * 1024 * 1024
STATUS_BYTES_MAX = 1024


class Api:
    """Answers the public routes."""

    def __init__(
        self,
        *,
        submissions: Submissions,
        questions: StatusQuestions,
        partners: Credentials[Partner],
        authorities: Authorities,
        arrivals: ArrivalTokens,
        metrics: Metrics,
        proxies: TrustedProxies,
        per_address: RateLimit,
        per_reference: RateLimit,
    ) -> None:
        self.partners = partners
        self._submissions = CountedSubmissions(submissions, metrics)
        self._questions = questions
        self._arrivals = arrivals
        self._proxies = proxies
        self._authorities = authorities
        self._per_address = per_address
        self._per_reference = per_reference

    async def post_application(self, request: web.Request, partner: Partner) -> web.Response:
        """Accept one application."""
        arrived_at = datetime.now(UTC)
        key = check_idempotency_key(request.headers.get("Idempotency-Key"))
        body = _parse(await read_json_bytes(request, APPLICATION_BYTES_MAX))
        traceparent = child_traceparent(request.headers.get("traceparent"))
        came_at = self._came_at(partner, request.headers.get(ARRIVAL_HEADER))
        receipt = await self._submissions.submit(
            body, Arrival(partner, key, arrived_at, traceparent, came_at=came_at)
        )
        response = json_response(
            self._receipt_json(receipt.stored), 200 if receipt.replayed else 201
        )
        if receipt.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    async def post_arrival(self, _: web.Request, partner: Partner) -> web.Response:
        """Sign that somebody has come now, who will apply later."""
        came_at = moment(milliseconds(datetime.now(UTC)))
        return json_response(
            {
                "arrivalToken": self._arrivals.give(partner.client_id, came_at),
                "arrivedAt": timestamp(came_at),
                "expiresAt": timestamp(came_at + self._arrivals.age_max),
            },
            201,
        )

    async def post_status(self, request: web.Request) -> web.Response:
        """Tell where an application is, to whoever knows its reference and postcode."""
        self._limit(self._per_address, self._proxies.caller_of(request))
        reference, postcode = _status_question(
            _parse(await read_json_bytes(request, STATUS_BYTES_MAX))
        )
        self._limit(self._per_reference, normalise_reference(reference)[:REFERENCE_LENGTH])
        status = await self._questions.ask(reference, postcode)
        if status is None:
            raise problems.not_found("No application has this reference and postcode together.")
        return json_response(self._status_json(status))

    async def post_batch(self, request: web.Request, partner: Partner) -> web.Response:
        """Accept up to 500 applications, each by itself; a result per item, in order."""
        arrived_at = datetime.now(UTC)
        items = read_batch(_parse(await read_json_bytes(request, BATCH_BYTES_MAX)))
        traceparent = child_traceparent(request.headers.get("traceparent"))

        async def submit(item: BatchItem) -> Receipt:
            if not isinstance(item.idempotency_key, str):
                raise problems.malformed("`idempotencyKey` must be text.")
            _check_size(item.application)
            key = check_idempotency_key(item.idempotency_key)
            child = child_traceparent(traceparent)
            came_at = self._came_at(partner, item.arrival_token)
            arrival = Arrival(partner, key, arrived_at, child, came_at=came_at)
            return await self._submissions.submit(item.application, arrival)

        answers = await answer_each(items, submit)
        results = [self._result_json(i, a) for i, a in zip(items, answers, strict=True)]
        return json_response({"results": results})

    def _result_json(self, item: BatchItem, answer: Receipt | Problem) -> dict[str, object]:
        result: dict[str, object] = {"idempotencyKey": item.idempotency_key}
        if isinstance(answer, Problem):
            return result | {"status": answer.status, "problem": answer.as_json()}
        status = 200 if answer.replayed else 201
        return result | {"status": status, "receipt": self._receipt_json(answer.stored)}

    # -- what the routes share ------------------------------------------------------------------

    def _came_at(self, partner: Partner, token: object) -> datetime | None:
        """Return when somebody came by a token; one that does not count harms nobody."""
        return self._arrivals.came_at(partner.client_id, token) if isinstance(token, str) else None

    def _limit(self, limit: RateLimit, name: str) -> None:
        wait = limit.seconds_to_wait(name)
        if wait:
            raise problems.too_many_requests(wait)

    def _receipt_json(self, stored: Stored) -> dict[str, object]:
        return {
            "applicationId": str(stored.application_id),
            "reference": stored.reference,
            "arrivedAt": timestamp(stored.arrived_at),
            "receivedAt": timestamp(stored.received_at),
            "authority": self._authority_json(stored.gss_code),
            "links": {"status": "/v1/status"},
        }

    def _authority_json(self, gss_code: str) -> dict[str, object]:
        authority = self._authorities.find(gss_code)
        if authority is None:  # nobody could place it, or a newer list does not have it any more
            return {"gssCode": gss_code, "name": AUTHORITY_UNKNOWN_NAME, "contact": None}
        contact = self._authorities.ero(gss_code).contact
        return {
            "gssCode": gss_code,
            "name": authority.name,
            "contact": {
                "email": contact.email,
                "phone": contact.phone,
                "address": contact.address,
            },
        }

    def _status_json(self, status: Status) -> dict[str, object]:
        return {
            "status": status.current,
            "steps": [{"step": step, "at": timestamp(at)} for step, at in status.steps.items()],
            "authority": self._authority_json(status.gss_code),
        }


def _parse(body: bytes) -> object:
    try:
        return parse_json(body)
    except MalformedJson as error:
        raise problems.malformed(str(error)) from None


def _check_size(application: object) -> None:
    if len(canonical_json(application)) > APPLICATION_BYTES_MAX:
        raise problems.too_large(APPLICATION_BYTES_MAX)


def _status_question(body: object) -> tuple[str, str]:
    """Read reference and postcode; 422 names what is missing or unknown."""
    fields = body if isinstance(body, dict) else {}
    errors = [
        FieldError(f"/{name}", "missing", f"Enter the {name}.")
        for name in ("reference", "postcode")
        if not isinstance(fields.get(name), str)
    ]
    if set(fields) - {"reference", "postcode"}:
        errors.append(FieldError("", "unknown-field", "Send only `reference` and `postcode`."))
    if errors:
        raise problems.invalid(errors)
    postcode = normalise_postcode(fields["postcode"])
    return fields["reference"], postcode or fields["postcode"]


ROUTES: tuple[TokenRoute[Api, Partner] | OpenRoute[Api], ...] = (
    TokenRoute("POST", "/v1/applications", Api.post_application),
    TokenRoute("POST", "/v1/applications:batch", Api.post_batch),
    TokenRoute("POST", "/v1/arrivals", Api.post_arrival),
    OpenRoute("POST", "/v1/status", Api.post_status),
    openapi_route("registration"),
)


def public_app(api: Api, metrics: Metrics) -> web.Application:
    """Build the public port."""
    app = web.Application(middlewares=[edge(metrics)])
    add_routes(app, ROUTES, api, lambda request: api.partners.caller(bearer_token(request)))
    return app
