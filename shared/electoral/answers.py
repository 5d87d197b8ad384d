"""The answers of an application, as the API, the form and councils' systems send them: strict.

Strict means: a text is not taken for a truth value, and a field that is not part of an
application is refused, because a mistyped `openRegister` must not publish a name. Texts are
trimmed and in NFC; an optional text left empty is the same as one left out. The lenient reader of
what was sealed is `electoral.person`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from electoral import fields
from electoral.events import ApplicationType, Language

AgeRange = Literal["18to75", "over75", "16to17", "over18", "under18", "14to15", "dontKnow"]
OtherAddress = Literal["none", "student", "secondHome"]
Residence = Literal[
    "england",
    "scotland",
    "wales",
    "northern-ireland",
    "channel-islands",
    "isle-of-man",
    "abroad",
]
OnlineSource = Literal["web", "assisted"]


class Part(BaseModel):
    """A piece of an application: frozen, strict, camelCase on the wire, silent in errors."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        hide_input_in_errors=True,
    )


class PreviousName(Part):
    """A name the applicant had before; telling it is voluntary."""

    first_name: fields.Name
    middle_names: fields.MiddleNames = None
    last_name: fields.Name
    change_reason: fields.OptionalReason = None


class NoDateOfBirth(Part):
    """Why there is no date of birth, and how old the applicant is about."""

    reason: fields.Reason
    age_range: AgeRange


class NoAnswer(Part):
    """Why an answer cannot be given."""

    reason: fields.Reason


class _AddressLines(Part):
    """What every address has, wherever it is."""

    property: fields.OptionalLine = None
    street: fields.Line
    locality: fields.OptionalLine = None
    town: fields.OptionalLine = None
    area: fields.OptionalLine = None


class Address(_AddressLines):
    """Where the applicant lives; no UPRN if it was typed by hand."""

    postcode: fields.Postcode
    uprn: fields.Uprn | None = None


class PreviousAddress(_AddressLines):
    """Where the applicant lived within the last 12 months; overseas with a country."""

    country: fields.Country | None = None
    postcode: Annotated[fields.ForeignPostcode, Field(validate_default=True)] = None
    uprn: fields.Uprn | None = None

    @field_validator("postcode")
    @classmethod
    def _in_the_united_kingdom_a_postcode(
        cls, postcode: str | None, info: ValidationInfo
    ) -> str | None:
        if info.data.get("country", "not valid") not in (None, "GB"):
            return postcode
        if postcode is None:
            raise PydanticCustomError("missing", "missing")
        return fields.uk_postcode(postcode)

    @property
    def is_abroad(self) -> bool:
        return self.country not in (None, "GB")


class PostalVote(Part):
    """Whether the form for a postal vote is wanted, and how: by email needs `contact.email`."""

    wanted: bool
    form_by: Literal["post", "email"] | None = None


class Contact(Part):
    """How the electoral registration officer may reach the applicant."""

    email: fields.Email | None = None
    phone: fields.Phone | None = None
    post: bool | None = None


class Answers(Part):
    """What was answered so far: every answer well formed, none of them required."""

    type: ApplicationType | None = None
    # The credential's; may be repeated here, not changed.
    source: Annotated[OnlineSource | None, Field(exclude=True)] = None
    language: Language | None = None

    first_name: fields.Name | None = None
    middle_names: fields.MiddleNames = None
    last_name: fields.Name | None = None
    previous_name: PreviousName | None = None
    date_of_birth: fields.BirthDate | None = None
    no_date_of_birth: NoDateOfBirth | None = None
    nino: Annotated[fields.Nino | None, Field(exclude=True)] = None  # sealed by itself
    no_nino: NoAnswer | None = None
    nationalities: fields.Nationalities | None = None
    no_nationality: NoAnswer | None = None
    eu_retained_rights: bool | None = None

    address: Address | None = None
    previous_address: PreviousAddress | None = None
    other_address: OtherAddress | None = None

    open_register: bool | None = None
    postal_vote: PostalVote | None = None
    sole_occupancy: bool | None = None
    contact: Contact | None = None
    declaration: bool | None = None

    country: Residence | None = None
    gss_code: fields.GssCode | None = None
    applicant_ip: fields.IpAddress | None = None
    time_taken_seconds: fields.TimeTaken | None = None
