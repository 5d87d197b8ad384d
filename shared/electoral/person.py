"""The person in a sealed event: the application's answers, all but the online NINO.

This is the lenient reader. Whoever seals has checked; a reader must still open, years later, what
a newer or an older writer sealed. So unknown fields are ignored, choices are plain text, and next
to nothing is required. Whoever merges a correction into a person does so on the JSON itself, so
that fields unknown here survive.
"""

from datetime import date
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel


class UnreadablePerson(ValueError):
    """The opened bytes are not a person. Says only which fields are wrong, never what they hold."""


class Name(NamedTuple):
    """One name a person has or had."""

    first: str
    middle: str  # empty where there is none
    last: str


class _Part(BaseModel):
    """A piece of a person: frozen, camelCase in JSON, silent about its content in errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        hide_input_in_errors=True,
    )


class PreviousName(_Part):
    """A name the person had before."""

    first_name: str
    middle_names: str | None = None
    last_name: str
    change_reason: str | None = None

    @property
    def name(self) -> Name:
        return Name(self.first_name, self.middle_names or "", self.last_name)


class NoDateOfBirth(_Part):
    """Why there is no date of birth, and how old the person is about."""

    reason: str
    age_range: str


class Reason(_Part):
    """Why an answer cannot be given."""

    reason: str


class Address(_Part):
    """Where the person lives, lived, or receives post; overseas with a country."""

    property: str | None = None
    street: str
    locality: str | None = None
    town: str | None = None
    area: str | None = None
    postcode: str | None = None  # always there on an address in the United Kingdom
    uprn: str | None = None
    country: str | None = None  # ISO 3166 alpha-2, outside the United Kingdom


class PostalVote(_Part):
    """Whether the form for a postal vote is wanted, and by which way."""

    wanted: bool
    form_by: str | None = None  # post, email


class ProxyVote(_Part):
    """Whether the form for a proxy vote is wanted, and by which way."""

    wanted: bool
    form_by: str | None = None  # post, email


class Contact(_Part):
    """How the electoral registration officer may reach the person."""

    email: str | None = None
    phone: str | None = None
    post: bool | None = None


class LastRegistered(_Part):
    """As what an overseas elector was last registered, and when."""

    category: str
    date: str | None = None


class Passport(_Part):
    """A British passport of an overseas elector."""

    number: str
    place: str | None = None
    date: str | None = None


class Overseas(_Part):
    """What only an overseas elector is asked; the last UK address is the qualifying address."""

    date_left_uk: str | None = None  # YYYY-MM
    last_registered: LastRegistered | None = None
    passport: Passport | None = None
    became_citizen: str | None = None
    born_before_1983: bool | None = Field(default=None, alias="bornBefore1983")
    parent_or_guardian: PreviousName | None = None  # if under 18 when leaving


class Forces(_Part):
    """What only a member of the armed forces, or their partner, is asked."""

    service: str | None = None  # Royal Navy, British Army, Royal Air Force
    rank: str | None = None
    service_number: str | None = None
    regiment: str | None = None
    partner: bool | None = None


class Crown(_Part):
    """What only a crown servant, British Council employee, or their partner, is asked."""

    employer: str | None = None  # crown servant, British Council
    role: str | None = None
    payroll_number: str | None = None
    department: str | None = None
    partner: bool | None = None


class Person(_Part):
    """Everything an application says about its person, as it was sealed."""

    type: str = "ordinary"
    language: str = "en"

    first_name: str
    middle_names: str | None = None
    last_name: str
    previous_name: PreviousName | None = None
    date_of_birth: date | None = None
    no_date_of_birth: NoDateOfBirth | None = None
    no_nino: Reason | None = None
    nationalities: tuple[str, ...] = ()  # ISO 3166 alpha-2
    no_nationality: Reason | None = None
    eu_retained_rights: bool | None = None

    address: Address | None = None
    previous_address: Address | None = None
    qualifying_address: Address | None = None  # overseas: the last one in the United Kingdom
    correspondence_address: Address | None = None
    other_address: str | None = None  # none, student, secondHome

    open_register: bool = False  # unsaid means: not to be published
    postal_vote: PostalVote | None = None
    proxy_vote: ProxyVote | None = None
    sole_occupancy: bool | None = None
    contact: Contact = Contact()
    declaration: bool | None = None

    overseas: Overseas | None = None
    forces: Forces | None = None
    crown: Crown | None = None

    country: str | None = None  # of residence, as the person said
    gss_code: str | None = None  # as the person chose; what counts is the event's
    applicant_ip: str | None = None
    time_taken_seconds: int | None = None

    @property
    def name(self) -> Name:
        return Name(self.first_name, self.middle_names or "", self.last_name)

    @property
    def names(self) -> tuple[Name, ...]:
        """The current name, then the previous one."""
        if self.previous_name is None:
            return (self.name,)
        return (self.name, self.previous_name.name)


def read_person(opened: bytes) -> Person:
    """Read an opened person. Raises UnreadablePerson."""
    try:
        return Person.model_validate_json(opened)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = {str(fault["loc"][0]) if fault["loc"] else "(whole)" for fault in faults}
        raise UnreadablePerson(f"Unreadable in the person: {', '.join(sorted(wrong))}") from None
