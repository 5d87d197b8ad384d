"""Whole journeys, from the start page to the receipt, and what arrives."""

from collections.abc import Mapping
from typing import Any

import pytest
from form_world import FormWorld
from simulated.form_answers import typed_answers

from browser.applicants import answers, applicant, pairs_of_kinds
from browser.conftest import Visiting
from browser.visitor import PHONE

pytestmark = pytest.mark.integration

# What the form says by itself, or makes of a choice from its list.
OF_THE_FORM = frozenset({"address", "timeTakenSeconds", "applicantIp", "gssCode", "source"})
# Every two kinds meet in all of them together.
PAIRS = [pytest.param(kinds, id="-".join(kinds.values())) for kinds in pairs_of_kinds()]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("language", ["en", "cy"])
def test_somebody_with_a_phone_registers(
    visit: Visiting, form: FormWorld, language: str, javascript: bool
) -> None:
    application = applicant(language=language, moved="uk", changed="yes", contact="all")
    with visit(language=language, size=PHONE, javascript=javascript) as visitor:
        reference = visitor.walk(typed_answers(application))
        assert not visitor.scrolls_sideways()
    accepted = form.person(reference)
    assert _told(accepted) == _told(application)
    assert accepted["source"] == "web"


@pytest.mark.long
@pytest.mark.parametrize("kinds", PAIRS)
def test_what_is_typed_arrives_whatever_kinds_of_answer_meet(
    visit: Visiting, form: FormWorld, kinds: Mapping[str, str]
) -> None:
    application = applicant(**kinds)
    with visit(language=kinds["language"], javascript=kinds["javascript"] == "with") as visitor:
        reference = visitor.walk(typed_answers(application))
    accepted = form.person(reference)
    assert _told(accepted) == _told(application)
    assert _address_told(accepted) == _address_told(application)


def test_an_address_from_the_list_arrives_with_its_uprn_and_authority(
    visit: Visiting, form: FormWorld
) -> None:
    with visit() as visitor:
        accepted = form.person(visitor.walk(answers(address="chosen")))
    chosen = {"property": "1", "street": "Mill Street", "town": "Sampleton", "postcode": "S1 2HH"}
    assert accepted["address"] == chosen | {"uprn": "596911472461"}
    assert accepted["gssCode"] == "E08000039"


def _told(application: Mapping[str, Any]) -> dict[str, Any]:
    """What an applicant said, as far as the form does not say it for them."""
    told = {name: what for name, what in application.items() if name not in OF_THE_FORM}
    # Not asked in Scotland and Wales, where it makes no difference.
    if application["country"] != "england":
        told.pop("euRetainedRights", None)
    return told


def _address_told(application: Mapping[str, Any]) -> Any:
    """The UPRN where there is one: the lines are then the list's."""
    address = application["address"]
    return address.get("uprn", address)
