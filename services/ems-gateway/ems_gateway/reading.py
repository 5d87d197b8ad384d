"""What callers may send: read strictly, and refused with a sentence that holds no value."""

import re
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Annotated, Literal, TypeVar

from electoral import problems
from electoral.events import GssCode
from electoral.problems import FieldError, Problem
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from ems_gateway.answers import Answer
from ems_gateway.calling.callers import Caller

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 200  # more is capped, not refused
LEASE_SECONDS_MAX = 900
LEASE_SECONDS_DEFAULT = 300
ACKNOWLEDGEMENTS_MAX = 1_000
MESSAGE_CHARACTERS_MAX = 2_000
DETAILS_CHARACTERS_MAX = 20_000
REASON_CHARACTERS_MAX = 200
RECORD_ID_ECHOED_MAX = 64
OFFER_MAX = 2**31 - 1

RECORD_ID = re.compile(r"[0-9a-f]{24}")
GSS_CODE = re.compile(r"[A-Z][0-9]{8}")
WHOLE_NUMBER = re.compile(r"[0-9]{1,100}")
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class Body(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=False
    )


B = TypeVar("B", bound=Body)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]  # to JSON, and its schemas, 10.0 is one too
LeaseId = Annotated[str, Field(pattern=rf"^{RECORD_ID.pattern}$")]


class AnswerBody(Body):
    """An answer to one record."""

    status: Literal["success", "failure"]
    message: str | None = Field(default=None, max_length=MESSAGE_CHARACTERS_MAX)
    details: str | None = Field(default=None, max_length=DETAILS_CHARACTERS_MAX)
    reason: str | None = Field(default=None, max_length=REASON_CHARACTERS_MAX)
    suggested_gss_code: GssCode | None = None
    lease_id: LeaseId | None = None
    offer: Annotated[Whole, Field(ge=1, le=OFFER_MAX)] | None = None

    def answer(self, caller: Caller, record_id: bytes) -> Answer:
        return Answer(
            ero=caller.ero,
            credential=caller.credential,
            record_id=record_id,
            status=self.status,
            message=self.message,
            details=self.details,
            reason=self.reason,
            suggested_gss_code=self.suggested_gss_code,
            lease_id=None if self.lease_id is None else bytes.fromhex(self.lease_id),
            offer=self.offer,
        )


class AcknowledgementBody(AnswerBody):
    """An answer that names its record."""

    id: str


class AcknowledgementsBody(Body):
    """Many answers; each is read by itself, so that a bad one harms no other."""

    acknowledgements: list[object] = Field(max_length=ACKNOWLEDGEMENTS_MAX)


class LeaseBody(Body):
    """How many records to take, and for how long."""

    page_size: Annotated[Whole, Field(ge=1)] = PAGE_SIZE_DEFAULT
    seconds: Annotated[Whole, Field(ge=1, le=LEASE_SECONDS_MAX)] = LEASE_SECONDS_DEFAULT


def read_instant(text: str) -> datetime | None:
    """Read a moment; None for what is none."""
    if INSTANT.fullmatch(text):
        with suppress(ValueError):  # the 31st of June
            return datetime.fromisoformat(text.upper())
    return None


def _instant(value: object) -> datetime:
    found = read_instant(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError(
            "not-an-instant", "Give a time with its zone, as RFC 3339 has it."
        )
    return found


# pydantic's own takes seconds since 1970 in quotation marks, too.
Instant = Annotated[datetime, BeforeValidator(_instant)]


def read_body(body: type[B], raw: bytes) -> B:
    """Read a JSON body; 400 says what is wrong with which field."""
    try:
        return body.model_validate_json(raw)
    except ValidationError as error:
        raise _refusal(error, field_names(body)) from None


def read_acknowledgement(entry: object) -> AcknowledgementBody | None:
    """Read one of many answers; None if it is not one."""
    try:
        return AcknowledgementBody.model_validate(entry)
    except ValidationError:
        return None


def _refusal(error: ValidationError, names: frozenset[str]) -> Problem:
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    if faults[0]["type"] == "json_invalid":
        return problems.malformed("The body is not JSON that we can read.")
    return Problem(
        400,
        "invalid-request",
        "The request is not as it should be",
        "See `errors`: each entry names a field and says what to do.",
        errors=[
            FieldError(_pointer(fault["loc"], names), fault["type"].replace("_", "-"), fault["msg"])
            for fault in faults[:20]
        ],
    )


def _pointer(location: tuple[int | str, ...], names: frozenset[str]) -> str:
    """Point to a field; one that we do not know is not repeated: its name may be anything."""
    return "".join(f"/{part}" for part in location if isinstance(part, int) or part in names)


@cache
def field_names(body: type[BaseModel]) -> frozenset[str]:
    """Name all fields of a body as they are sent, those of its parts too."""
    schema = body.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    return frozenset(name for part in parts for name in part.get("properties", {}))


def read_record_id(text: str) -> bytes | None:
    """Read a record's id; None for what cannot be one."""
    return bytes.fromhex(text) if RECORD_ID.fullmatch(text) else None


def read_page_size(text: str | None) -> int:
    """Read `pageSize`: at least 1; above 200 it is 200."""
    if text is None:
        return PAGE_SIZE_DEFAULT
    if not WHOLE_NUMBER.fullmatch(text) or int(text) < 1:
        raise problems.malformed("Give `pageSize` as a whole number from 1 to 200.")
    return min(int(text), PAGE_SIZE_MAX)


def read_gss_code(text: str | None) -> str | None:
    """Read `gssCode`: a letter and eight digits."""
    if text is not None and not GSS_CODE.fullmatch(text):
        raise problems.malformed("Give `gssCode` as a letter and eight digits.")
    return text


def read_state(text: str | None) -> Literal["queued", "held"]:
    """Read `state`: what waits, or what is held."""
    if text in (None, "queued"):
        return "queued"
    if text == "held":
        return "held"
    raise problems.malformed("Give `state` as `queued` or `held`, or leave it out.")
