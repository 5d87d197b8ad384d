"""Builders of test data: valid by default, with the change a test is about."""

from datetime import datetime
from typing import Final
from uuid import UUID

from electoral.events import ApplicationReceived


class _Absent:
    """Stands for a field that is left out."""


ABSENT: Final = _Absent()


def an_address(**changes: object) -> dict[str, object]:
    """An address in England, in the API's form."""
    address: dict[str, object] = {
        "property": "12",
        "street": "Mill Lane",
        "town": "Sheffield",
        "postcode": "S1 2HH",
        "uprn": "100051000001",
    }
    return _changed(address, changes)


def an_application(**changes: object) -> dict[str, object]:
    """The body of a valid ordinary application, in the API's form (camelCase).

    A change of ABSENT leaves the field out.
    """
    body: dict[str, object] = {
        "type": "ordinary",
        "language": "en",
        "firstName": "Siân",
        "lastName": "O'Neill",
        "dateOfBirth": "1987-03-31",
        "nino": "AB123456C",
        "nationalities": ["GB"],
        "address": an_address(),
        "otherAddress": "none",
        "openRegister": False,
        "postalVote": {"wanted": False},
        "soleOccupancy": False,
        "contact": {"email": "sian@example.com"},
        "declaration": True,
        "country": "england",
    }
    return _changed(body, changes)


def a_received(at: datetime, **changes: object) -> ApplicationReceived:
    """Make the event of a first attempt that was received at a moment; changes by field name."""
    event: dict[str, object] = {
        "application_id": UUID(int=7),
        "attempt": 1,
        "gss_code": "E08000025",
        "received_at": at,
        "attempt_received_at": at,
        "type": "ordinary",
        "source": "web",
        "language": "en",
        "arrived_at": at,
        "address_basis": "uprn",
        "client_id": "form",
        "person": "person-2026-11-22.AAAA",
    }
    return ApplicationReceived.model_validate(event | changes)


def _changed(original: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    both = original | changes
    return {name: value for name, value in both.items() if not isinstance(value, _Absent)}
