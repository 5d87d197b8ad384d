"""What callers may send: read strictly, and refused with a sentence that holds no value."""

import re
from typing import Annotated, Literal, TypeVar

from electoral import problems
from electoral.events import GssCode
from electoral.problems import FieldError, Problem
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ems_gateway.answers import Answer
from ems_gateway.callers import Caller

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 200  # more is capped, not refused
LEASE_SECONDS_MAX = 900
LEASE_SECONDS_DEFAULT = 300
ACKNOWLEDGEMENTS_MAX = 1_000
MESSAGE_CHARACTERS_MAX = 2_000
DETAILS_CHARACTERS_MAX = 20_000
REASON_CHARACTERS_MAX = 200
RECORD_ID_ECHOED_MAX = 64

RECORD_ID = re.compile(r"[0-9a-f]{24}")
GSS_CODE = re.compile(r"[A-Z][0-9]{8}")
WHOLE_NUMBER = re.compile(r"[0-9]{1,100}")


class _Body(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=False
    )


B = TypeVar("B", bound=_Body)


class AnswerBody(_Body):
    """An answer to one record."""

    status: Literal["success", "failure"]
    message: str | None = Field(default=None, max_length=MESSAGE_CHARACTERS_MAX)
    details: str | None = Field(default=None, max_length=DETAILS_CHARACTERS_MAX)
    reason: str | None = Field(default=None, max_length=REASON_CHARACTERS_MAX)
    suggested_gss_code: GssCode | None = None

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
        )


class AcknowledgementBody(AnswerBody):
    """An answer that names its record."""

    id: str


class AcknowledgementsBody(_Body):
    """Many answers; each is read by itself, so that a bad one harms no other."""

    acknowledgements: list[object] = Field(max_length=ACKNOWLEDGEMENTS_MAX)


class LeaseBody(_Body):
    """How many records to take, and for how long."""

    page_size: Annotated[int, Field(ge=1)] = PAGE_SIZE_DEFAULT
    seconds: Annotated[int, Field(ge=1, le=LEASE_SECONDS_MAX)] = LEASE_SECONDS_DEFAULT


def read_body(body: type[B], raw: bytes) -> B:
    """Read a JSON body; 400 says what is wrong with which field."""
    try:
        return body.model_validate_json(raw)
    except ValidationError as error:
        raise _refusal(error) from None


def read_acknowledgement(entry: object) -> AcknowledgementBody | None:
    """Read one of many answers; None if it is not one."""
    try:
        return AcknowledgementBody.model_validate(entry)
    except ValidationError:
        return None


def _refusal(error: ValidationError) -> Problem:
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    if faults[0]["type"] == "json_invalid":
        return problems.malformed("The body is not JSON that we can read.")
    return Problem(
        400,
        "invalid-request",
        "The request is not as it should be",
        "See `errors`: each entry names a field and says what to do.",
        errors=[
            FieldError(_pointer(fault["loc"]), fault["type"].replace("_", "-"), fault["msg"])
            for fault in faults[:20]
        ],
    )


def _pointer(location: tuple[int | str, ...]) -> str:
    """Point to a field; one that we do not know is not repeated: its name may be anything."""
    names = _FIELD_NAMES
    return "".join(f"/{part}" for part in location if isinstance(part, int) or part in names)


_FIELD_NAMES = frozenset(
    field.alias or name
    for body in (AcknowledgementBody, AcknowledgementsBody, LeaseBody)
    for name, field in body.model_fields.items()
)


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
