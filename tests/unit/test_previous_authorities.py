"""Which authority a council's application says somebody lived under before."""

from datetime import date

import pytest
from electoral.authorities import Authorities
from ems_gateway.councils.answers import CouncilAnswers
from ems_gateway.councils.previous import PreviousAuthorities
from ems_gateway.moves.responsibility import Responsibilities
from gateway_builders import EDINBURGH

ON = date(2026, 11, 22)
ENDED, SUCCESSOR = "S12000015", "S12000047"  # Fife
DIRECTORY = {"EH1 1AA": EDINBURGH, "KY1 1AA": ENDED, "ZZ1 1ZZ": "E99999999"}


@pytest.fixture(scope="module")
def responsibilities() -> Responsibilities:
    return Responsibilities(Authorities.load())


def lived_at(postcode: str | None, **more: object) -> CouncilAnswers:
    previous = {"street": "Mill Lane", "postcode": postcode, **more}
    return CouncilAnswers.model_validate({"previousAddress": previous})


@pytest.mark.parametrize(
    ("answers", "gss_code"),
    [
        (lived_at("EH1 1AA"), EDINBURGH),
        (lived_at("KY1 1AA"), SUCCESSOR),
        (lived_at("ZZ1 1ZZ"), None),  # in the directory, in no list of authorities
        (lived_at("S1 2HH"), None),
        (lived_at("EH1 1AA", country="FR"), None),
        (CouncilAnswers(), None),
    ],
)
def test_a_previous_address_is_placed_by_its_postcode(
    responsibilities: Responsibilities, answers: CouncilAnswers, gss_code: str | None
) -> None:
    previous = PreviousAuthorities(DIRECTORY.get, responsibilities)
    assert previous.of(answers, ON) == gss_code


def test_without_a_directory_nobody_is_named(responsibilities: Responsibilities) -> None:
    assert PreviousAuthorities(None, responsibilities).of(lived_at("EH1 1AA"), ON) is None
