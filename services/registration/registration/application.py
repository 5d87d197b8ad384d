"""The application that may be accepted: `electoral.answers`, with what is required.

Whatever needs the day or the nation is in `rules`.
"""

from typing import Literal

from electoral import fields
from electoral.answers import Address, Answers, Contact, OtherAddress, PostalVote
from electoral.events import ApplicationType, Language

ReasonForNoNino = Literal["no-nino", "under-16"]


class Application(Answers):
    """An application that may be accepted, once `rules` have nothing against it."""

    type: ApplicationType
    language: Language
    first_name: fields.Name
    last_name: fields.Name
    address: Address
    other_address: OtherAddress
    open_register: bool
    postal_vote: PostalVote
    sole_occupancy: bool
    contact: Contact
    declaration: bool

    def person_json(self) -> bytes:
        """Write what is sealed as the person: everything but the NINO, nothing that is absent."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()

    @property
    def nino_absence(self) -> ReasonForNoNino | None:
        """Why there is no NINO; None if there is one. Under-16s are asked neither question."""
        if self.nino is not None:
            return None
        return "no-nino" if self.no_nino is not None else "under-16"
