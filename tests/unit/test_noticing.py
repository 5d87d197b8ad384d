"""Who is told of somebody who moved, and what."""

import json
from typing import Any
from uuid import UUID

import pytest
from ems_gateway.delivery import AnswerStatus, Route
from ems_gateway.notices.rules import (
    Notice,
    NoticeStanding,
    NoticeState,
    content_of,
    is_effective,
    notice_for,
    notice_id,
)
from gateway_builders import a_person

PREVIOUS_ADDRESS = {
    "property": "3",
    "street": "Old Row",
    "town": "Edinburgh",
    "postcode": "EH1 1BB",
    "uprn": "77",
}
LOTHIANS = Route("lothian", None)


def who_moved(**changes: object) -> dict[str, object]:
    return a_person(previousAddress=PREVIOUS_ADDRESS, **changes)


def a_notice(previous: Route = LOTHIANS, person: dict[str, Any] | None = None) -> Notice | None:
    return notice_for("hartlepool", previous, person or who_moved())


def test_the_previous_ero_is_told_names_date_of_birth_and_previous_address() -> None:
    notice = a_notice()
    assert notice is not None
    assert (notice.ero, notice.reason) == ("lothian", None)
    assert notice.content == {
        "fn": "Siân",
        "mn": "Mair",
        "ln": "O'Neill",
        "dob": "1987-03-31",
        "previousName": {"fn": "Siân", "ln": "Jones"},
        "previousAddress": PREVIOUS_ADDRESS,
    }


def test_nothing_else_of_the_person_is_told_whatever_there_is() -> None:
    secrets = {
        "nino": "AB123456C",
        "newField": "new field",
        "previousAddress": PREVIOUS_ADDRESS | {"newField": "new field"},
        "previousName": {"firstName": "Siân", "lastName": "Jones", "changeReason": "divorce"},
    }
    told = json.dumps(content_of(who_moved() | secrets))
    for secret in ("AB123456C", "new field", "divorce", "Mill Lane", "S1 2HH", "sian@", "192.0.2"):
        assert secret not in told


def test_who_moved_within_an_eros_area_is_told_to_nobody() -> None:
    assert a_notice(Route("hartlepool", None)) is None
    unreadable = notice_for("hartlepool", Route("hartlepool", None), None)
    assert unreadable is None


@pytest.mark.parametrize(
    "address",
    [
        None,
        {"street": "Rue Haute", "country": "FR"},
        {"street": "Ormeau Road", "postcode": "BT7 1AA"},
        {"street": "The Bridge", "postcode": "JE2 3AB"},
        {"street": "Rue Haute", "country": "FR", "postcode": "EH1 1BB"},
    ],
)
def test_who_lived_nowhere_in_great_britain_before_is_told_to_nobody(address: object) -> None:
    person = a_person() if address is None else a_person(previousAddress=address)
    assert a_notice(person=person, previous=Route(None, "authority-unknown")) is None


def test_a_previous_address_is_british_with_and_without_its_country() -> None:
    person = a_person(previousAddress=PREVIOUS_ADDRESS | {"country": "GB"})
    assert content_of(person) is not None


def test_a_notice_to_an_authority_that_nobody_can_name_is_held() -> None:
    notice = a_notice(Route(None, "authority-unknown"))
    assert notice is not None
    assert (notice.ero, notice.reason) == (None, "authority-unknown")
    assert notice.content is not None


def test_a_notice_to_a_place_that_several_share_is_held() -> None:
    notice = a_notice(Route(None, "no-authority"))
    assert notice is not None
    assert (notice.ero, notice.reason) == (None, "no-authority")


@pytest.mark.parametrize("previous", [LOTHIANS, Route(None, "authority-unknown")])
def test_a_notice_that_cannot_be_written_is_held_whoever_may_have_to_be_told(
    previous: Route,
) -> None:
    assert notice_for("hartlepool", previous, None) == Notice(None, "unreadable", None)


def test_a_notice_has_one_id_for_its_application() -> None:
    assert notice_id(UUID(int=1)).hex() == "b50383055cd3c868f19b1915"
    assert notice_id(UUID(int=2)) != notice_id(UUID(int=1))


@pytest.mark.parametrize(
    ("state", "status", "effective"),
    [
        ("queued", "success", True),
        ("queued", "failure", True),
        ("held", "success", True),
        ("held", "failure", False),
        ("acknowledged", "success", False),
        ("acknowledged", "failure", False),
    ],
)
def test_the_first_answer_stands_and_success_after_failure_wins(
    state: NoticeState, status: AnswerStatus, effective: bool
) -> None:
    reason = "failure" if state == "held" else None
    standing = NoticeStanding(UUID(int=1), 1, state, reason, 1, "sealed")  # type: ignore[arg-type]
    assert is_effective(standing, status) == effective
