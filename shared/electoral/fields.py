"""The kinds of answer in an application: each says what is well formed and how it is stored.

A validator that refuses raises a custom error whose type is our own code (`messages`); it never
puts the value into it.
"""

import re
from collections.abc import Callable
from datetime import date
from socket import AF_INET, AF_INET6, inet_pton
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from electoral import nino as ninos
from electoral.franchise import is_country
from electoral.postcodes import normalise_postcode
from electoral.text import RefusedText, clean_line, clean_name, clean_text

NAME_LENGTH_MAX = 35  # code points after NFC, as all lengths here
MIDDLE_NAMES_LENGTH_MAX = 100
REASON_LENGTH_MAX = 500
LINE_LENGTH_MAX = 255
POSTCODE_LENGTH_MAX = 10
EMAIL_LENGTH_MAX = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
PHONE_LENGTH_MAX = 100  # as typed, with what is stripped to count its digits
OTHER_NATIONALITIES_MAX = 3  # besides British and Irish
NATIONALITIES_MAX = OTHER_NATIONALITIES_MAX + 2
TIME_TAKEN_SECONDS_MAX = 10_000_000  # some four months

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_AROUND_DIGITS = re.compile(r"[\s+\-_()]")
_PHONE_DIGITS = re.compile(r"[0-9]{5,30}")
# Nearly every address there is. What this does not know goes to email-validator, which takes
# eighty microseconds; a test holds that it never accepts what email-validator would refuse.
_EVERYDAY_EMAIL = re.compile(
    r"[a-z0-9_+-]{1,20}(?:\.[a-z0-9_+-]{1,20}){0,2}"
    r"@(?:[a-z0-9]{1,30}\.){1,3}(?:com|uk|org|net|cymru|scot|wales|london)",
    re.ASCII | re.IGNORECASE,
)


def _refuse(code: str) -> PydanticCustomError:
    return PydanticCustomError(code, code)


Clean = Callable[[str, int], str]  # one of electoral.text's


def _required(clean: Clean, max_length: int) -> Callable[[str], str]:
    """Make the check of a text that may not be left empty."""

    def check(text: str) -> str:
        try:
            cleaned = clean(text, max_length)
        except RefusedText as refused:
            raise _refuse(refused.fault) from None
        if not cleaned:
            raise _refuse("missing")
        return cleaned

    return check


def _optional(clean: Clean, max_length: int) -> Callable[[str | None], str | None]:
    """Make the check of a text that may be left empty, which is the same as leaving it out."""

    def check(text: str | None) -> str | None:
        if text is None:
            return None
        try:
            return clean(text, max_length) or None
        except RefusedText as refused:
            raise _refuse(refused.fault) from None

    return check


def _real_date(value: object) -> date:
    if not isinstance(value, str):
        raise _refuse("must-be-text")
    if not _DATE.fullmatch(value):
        raise _refuse("wrong-format")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _refuse("not-a-real-date") from None


def _nino(text: str) -> str:
    nino = ninos.normalise(text)
    if not nino:
        raise _refuse("missing")
    if not ninos.is_well_formed(nino):
        raise _refuse("wrong-format")
    return nino


def _issued_nino(text: str) -> str:
    nino = _nino(text)
    if ninos.is_never_issued(nino):
        raise _refuse("never-issued")
    return nino


def _country(code: str) -> str:
    if not _COUNTRY.fullmatch(code) or not is_country(code):
        raise _refuse("not-a-country")
    return code


def _some_nationalities(codes: tuple[str, ...]) -> tuple[str, ...]:
    if not codes:
        raise _refuse("missing")
    if len(set(codes)) != len(codes):
        raise _refuse("repeated")
    if len(set(codes) - {"GB", "IE"}) > OTHER_NATIONALITIES_MAX:
        raise _refuse("too-many")
    return codes


_short_line = _required(clean_line, POSTCODE_LENGTH_MAX)
_email_line = _required(clean_line, EMAIL_LENGTH_MAX)
_phone_line = _required(clean_line, PHONE_LENGTH_MAX)


def uk_postcode(text: str) -> str:
    """Write a postcode as the Post Office does. Raises a custom error if it is not one."""
    postcode = normalise_postcode(_short_line(text))
    if postcode is None:
        raise _refuse("wrong-format")
    return postcode


def _email(text: str) -> str:
    email = _email_line(text)
    if _EVERYDAY_EMAIL.fullmatch(email):
        return email
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        raise _refuse("wrong-format") from None
    return email


def _phone(text: str) -> str:
    phone = _phone_line(text)
    if _PHONE_DIGITS.fullmatch(phone.replace(" ", "")):  # most are
        return phone
    digits = "".join(c for c in _AROUND_DIGITS.sub("", phone) if not c.isalpha())
    if not _PHONE_DIGITS.fullmatch(digits):
        raise _refuse("wrong-format")
    return phone


def _ip(text: str) -> str:
    # inet_pton reads what ipaddress reads, less zones, in a tenth of its time.
    try:
        inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):
        raise _refuse("wrong-format") from None
    return text


# Descriptions, and no `maxLength`, which a schema's reader would count before trimming and NFC.
Name = Annotated[
    str,
    AfterValidator(_required(clean_name, NAME_LENGTH_MAX)),
    Field(description="1 to 35 characters, any script"),
]
MiddleNames = Annotated[
    str | None,
    AfterValidator(_optional(clean_name, MIDDLE_NAMES_LENGTH_MAX)),
    Field(description="Up to 100 characters, any script"),
]
Reason = Annotated[
    str,
    AfterValidator(_required(clean_text, REASON_LENGTH_MAX)),
    Field(description="1 to 500 characters, in several lines if need be"),
]
OptionalReason = Annotated[
    str | None,
    AfterValidator(_optional(clean_text, REASON_LENGTH_MAX)),
    Field(description="Up to 500 characters"),
]
Line = Annotated[
    str,
    AfterValidator(_required(clean_line, LINE_LENGTH_MAX)),
    Field(description="1 to 255 characters"),
]
OptionalLine = Annotated[
    str | None,
    AfterValidator(_optional(clean_line, LINE_LENGTH_MAX)),
    Field(description="Up to 255 characters"),
]
ForeignPostcode = Annotated[
    str | None,
    AfterValidator(_optional(clean_line, POSTCODE_LENGTH_MAX)),
    Field(description="Up to 10 characters; required, and a UK postcode, unless country is abroad"),
]
Postcode = Annotated[
    str, AfterValidator(uk_postcode), Field(description="A full UK postcode", examples=["S1 2HH"])
]
Uprn = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")]
GssCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{8}$")]
BirthDate = Annotated[
    date, BeforeValidator(_real_date), Field(description="YYYY-MM-DD, in the past")
]
_NINO_FORM = "Two letters, six digits, optional suffix A to D; spaces do not count"
Nino = Annotated[str, AfterValidator(_issued_nino), Field(description=_NINO_FORM)]
# As a council copies it from paper: what was never issued is well formed all the same.
CouncilNino = Annotated[str, AfterValidator(_nino), Field(description=_NINO_FORM)]
Country = Annotated[str, AfterValidator(_country), Field(description="ISO 3166-1 alpha-2")]
Nationalities = Annotated[
    tuple[Country, ...],
    Field(
        strict=False,
        max_length=NATIONALITIES_MAX,
        description="British, Irish and up to 3 others",
        json_schema_extra={"minItems": 1},
    ),
    AfterValidator(_some_nationalities),
]
Email = Annotated[str, AfterValidator(_email), Field(description="Up to 254 characters")]
Phone = Annotated[
    str,
    AfterValidator(_phone),
    Field(description="5 to 30 digits; spaces + - _ ( ) and letters too"),
]
IpAddress = Annotated[str, AfterValidator(_ip), Field(description="IPv4 or IPv6, without a zone")]
TimeTaken = Annotated[int, Field(ge=0, le=TIME_TAKEN_SECONDS_MAX)]
