"""Problem documents (RFC 9457): what a caller is told when something is wrong, never the value."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

PROBLEM_JSON = "application/problem+json"

# Relative on purpose: a problem type is a name, and nothing of ours is published under a host.
TYPE_PREFIX = "/problems/"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one field."""

    pointer: str  # RFC 6901 JSON pointer into the request's body
    code: str  # for machines: "required", "in-the-future"
    detail: str  # a sentence a person understands; never the value

    def as_json(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


class Problem(Exception):
    """Stops a request with a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, object]:
        document: dict[str, object] = {
            "type": TYPE_PREFIX + self.code,
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [error.as_json() for error in self.errors]
        return document

    def response(self) -> web.Response:
        return web.Response(
            status=self.status,
            body=json.dumps(self.as_json(), ensure_ascii=False).encode(),
            content_type=PROBLEM_JSON,
            headers=self.headers,
        )


def malformed(detail: str) -> Problem:
    return Problem(400, "malformed", "The request could not be read", detail)


def unauthenticated(
    detail: str = "Send your token in the header `Authorization: Bearer <token>`.",
) -> Problem:
    return Problem(
        401,
        "unauthenticated",
        "No valid credential",
        detail,
        headers={"WWW-Authenticate": "Bearer"},
    )


def not_found(detail: str = "There is nothing here under that name.") -> Problem:
    return Problem(404, "not-found", "Not found", detail)


def method_not_allowed(allowed: str) -> Problem:
    return Problem(
        405,
        "method-not-allowed",
        "Method not allowed",
        f"Use one of: {allowed}.",
        headers={"Allow": allowed},
    )


def body_missing(seconds: float) -> Problem:
    return Problem(
        408,
        "body-missing",
        "The request's body did not come",
        f"Send the whole body within {seconds:.0f} seconds, at its full length.",
        headers={"Connection": "close"},
    )


def too_large(limit: int) -> Problem:
    return Problem(
        413,
        "too-large",
        "The request is too large",
        f"Send at most {limit:,} bytes in one request.",
    )


def unsupported_media_type() -> Problem:
    return Problem(
        415,
        "unsupported-media-type",
        "Unsupported content type",
        "Send JSON with the header `Content-Type: application/json`.",
    )


def invalid(errors: Sequence[FieldError]) -> Problem:
    return Problem(
        422,
        "invalid",
        "Some answers need to be corrected",
        "See `errors`: each entry names a field and says what to do.",
        errors=errors,
    )


def too_many_requests(retry_after: int) -> Problem:
    return Problem(
        429,
        "too-many-requests",
        "Too many requests",
        f"Wait {retry_after} seconds, then try again.",
        headers={"Retry-After": str(retry_after)},
    )


def unavailable(retry_after: int = 1) -> Problem:
    return Problem(
        503,
        "unavailable",
        "The service cannot take this now",
        "It may not have been stored. After `Retry-After` send the same request again, with the "
        "same key if it has one: nothing is stored twice.",
        headers={"Retry-After": str(retry_after)},
    )


def internal_error() -> Problem:
    return Problem(
        500,
        "internal-error",
        "Something is wrong on our side",
        "It has been recorded. Send the same request again later, with the same key.",
    )
