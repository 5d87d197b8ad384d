"""The OpenAPI 3.1 document of the public port; `python -m registration openapi` writes the file."""

import yaml

from registration.application import Application

Document = dict[str, object]

APPLICATION_EXAMPLE: Document = {
    "type": "ordinary",
    "language": "en",
    "firstName": "Siân",
    "lastName": "O’Neill",
    "dateOfBirth": "1987-03-31",
    "nino": "AB123456C",
    "nationalities": ["GB"],
    "address": {"property": "12", "street": "Mill Lane", "town": "Sheffield", "postcode": "S1 2HH"},
    "otherAddress": "none",
    "openRegister": False,
    "postalVote": {"wanted": False},
    "soleOccupancy": False,
    "contact": {"email": "sian@voter.example"},
    "declaration": True,
}
RECEIPT_EXAMPLE: Document = {
    "applicationId": "019ac7f4-5b1e-7c3a-9d42-0123456789ab",
    "reference": "9F3PJQJZ28",
    "arrivedAt": "2026-11-22T21:15:03.998120Z",
    "receivedAt": "2026-11-22T21:15:04.120331Z",
    "authority": {
        "gssCode": "E08000039",
        "name": "Sheffield",
        "contact": {
            "email": "electoral.services@sheffield.example",
            "phone": "01632 960000",
            "address": "Electoral Services, Town Hall",
        },
    },
    "links": {"status": "/v1/status"},
}
STATUS_EXAMPLE: Document = {
    "status": "with-your-council",
    "steps": [
        {"step": "received", "at": "2026-11-22T21:15:04.120331Z"},
        {"step": "checked", "at": "2026-11-22T21:15:04.902117Z"},
        {"step": "with-your-council", "at": "2026-11-22T21:20:11.000001Z"},
    ],
    "authority": RECEIPT_EXAMPLE["authority"],
}
ARRIVAL_EXAMPLE: Document = {
    "arrivalToken": "arrival-2026q4.1795382103998.q2nX0b5cTqVt1m0dXn3m5j0B2oY3l8mX6l9wq3cQz0E",
    "arrivedAt": "2026-11-22T21:15:03.998000Z",
    "expiresAt": "2026-11-23T21:15:03.998000Z",
}
OF_AN_ARRIVAL = (
    "A token of `POST /v1/arrivals`, if this person came before: its time is the `arrivedAt` of the"
    " receipt. One that is not yours, or too old, changes nothing"
)
_TEXT: Document = {"type": "string"}
_MOMENT: Document = {"type": "string", "format": "date-time"}

PROBLEMS: dict[int, str] = {
    400: "Not readable as JSON, or without an idempotency key",
    401: "No valid credential",
    404: "Unknown, or not the right pair",
    408: "The body did not come",
    413: "Too large",
    415: "Not JSON",
    422: "Some answers need to be corrected, or the key was used for another body",
    429: "Too many questions: see Retry-After",
    503: "Not now: it may not have been stored; send it again after Retry-After",
}


def text() -> str:
    """Return the whole document as it is committed."""
    return yaml.dump(document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)


class _Plain(yaml.SafeDumper):
    """Writes YAML without references of its own, which readers of OpenAPI stumble over."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def document() -> Document:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Register to vote: applications",
            "version": "1.0.0",
            "description": "Accepts applications to register to vote and says how far they are.",
        },
        "paths": {
            "/v1/applications": {"post": _post_application()},
            "/v1/applications:batch": {"post": _post_batch()},
            "/v1/arrivals": {"post": _post_arrival()},
            "/v1/status": {"post": _post_status()},
            "/openapi.yaml": {"get": _get_openapi()},
        },
        "components": {
            "securitySchemes": {"partner": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def _post_application() -> Document:
    return {
        "operationId": "submitApplication",
        "summary": "Accept one application",
        "security": [{"partner": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "A key of your own per application; repeat it to repeat the request",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            },
            {
                "name": "Arrival-Token",
                "in": "header",
                "description": OF_AN_ARRIVAL,
                "schema": _TEXT,
            },
        ],
        "requestBody": _body("Application", APPLICATION_EXAMPLE),
        "responses": {
            "201": _answer("Stored; the receipt", "Receipt", RECEIPT_EXAMPLE),
            "200": _answer("Stored before under this key; the first receipt", "Receipt"),
            **_problems(400, 401, 408, 413, 415, 422, 503),
        },
    }


def _post_batch() -> Document:
    item = {"idempotencyKey": "7d1f", "application": APPLICATION_EXAMPLE}
    result = {"idempotencyKey": "7d1f", "status": 201, "receipt": RECEIPT_EXAMPLE}
    return {
        "operationId": "submitBatch",
        "summary": "Accept up to 500 applications, each by itself",
        "security": [{"partner": []}],
        "requestBody": _body("Batch", {"applications": [item]}),
        "responses": {
            "200": _answer("A result per item, in order", "BatchResults", {"results": [result]}),
            **_problems(400, 401, 408, 413, 415, 422, 503),
        },
    }


def _post_arrival() -> Document:
    return {
        "operationId": "noteArrival",
        "summary": "Sign that somebody has come now, who will apply later",
        "security": [{"partner": []}],
        "responses": {
            "201": _answer("A token, to be sent with the application", "Arrival", ARRIVAL_EXAMPLE),
            **_problems(401, 503),
        },
    }


def _post_status() -> Document:
    return {
        "operationId": "askStatus",
        "summary": "Say how far an application is",
        "security": [],
        "requestBody": _body("StatusQuestion", {"reference": "9F3PJQJZ28", "postcode": "S1 2HH"}),
        "responses": {
            "200": _answer("How far it is", "Status", STATUS_EXAMPLE),
            **_problems(400, 404, 408, 413, 415, 422, 429, 503),
        },
    }


def _get_openapi() -> Document:
    content = {"application/yaml": {"schema": {"type": "string"}}}
    return {
        "operationId": "showOpenapi",
        "summary": "Show this document",
        "security": [],
        "responses": {"200": {"description": "This document", "content": content}},
    }


def _schemas() -> Document:
    application = Application.model_json_schema(
        by_alias=True, ref_template="#/components/schemas/{model}"
    )
    parts: Document = application.pop("$defs", {})
    return {
        "Application": application,
        **parts,
        "Batch": _batch(),
        "BatchResults": _batch_results(),
        "Receipt": _receipt(),
        "Arrival": _object(arrivalToken=_TEXT, arrivedAt=_MOMENT, expiresAt=_MOMENT),
        "StatusQuestion": _object(reference=_TEXT, postcode=_TEXT),
        "Status": _status(),
        "Authority": _object(gssCode=_TEXT, name=_TEXT, contact={"type": ["object", "null"]}),
        "Problem": _problem(),
    }


def _batch() -> Document:
    item: Document = {
        "type": "object",
        "properties": {
            "idempotencyKey": _TEXT,
            "application": _ref("Application"),
            "arrivalToken": {**_TEXT, "description": OF_AN_ARRIVAL},
        },
        "required": ["idempotencyKey", "application"],
    }
    return _object(applications={"type": "array", "minItems": 1, "maxItems": 500, "items": item})


def _batch_results() -> Document:
    result: Document = {
        "type": "object",
        "properties": {
            "idempotencyKey": _TEXT,
            "status": {"type": "integer"},
            "receipt": _ref("Receipt"),
            "problem": _ref("Problem"),
        },
        "required": ["idempotencyKey", "status"],
    }
    return _object(results={"type": "array", "items": result})


def _status() -> Document:
    return _object(
        status={"enum": ["received", "checked", "with-your-council", "decided"]},
        steps={"type": "array", "items": _object(step=_TEXT, at=_MOMENT)},
        authority=_ref("Authority"),
    )


def _receipt() -> Document:
    return _object(
        applicationId={"type": "string", "format": "uuid"},
        reference={"type": "string", "pattern": "^[1-9B-DF-HJ-NP-TV-Z]{10}$"},
        arrivedAt=_MOMENT,
        receivedAt=_MOMENT,
        authority=_ref("Authority"),
        links=_object(status=_TEXT),
    )


def _problem() -> Document:
    errors = _object(pointer=_TEXT, code=_TEXT, detail=_TEXT)
    return {
        "type": "object",
        "description": "RFC 9457; `errors` names fields by JSON pointer and never repeats a value",
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "code": _TEXT,
            "detail": _TEXT,
            "errors": {"type": "array", "items": errors},
        },
        "required": ["type", "title", "status", "code", "detail"],
    }


def _object(**properties: object) -> Document:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _body(schema: str, example: Document) -> Document:
    content = {"application/json": {"schema": _ref(schema), "example": example}}
    return {"required": True, "content": content}


def _answer(description: str, schema: str, example: Document | None = None) -> Document:
    media: Document = {"schema": _ref(schema)}
    if example is not None:
        media["example"] = example
    return {"description": description, "content": {"application/json": media}}


def _problems(*statuses: int) -> Document:
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {
        str(status): {"description": PROBLEMS[status], "content": content} for status in statuses
    }
