"""What an ERO's system reads of a record."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from electoral.person import UnreadablePerson
from ems_gateway.items import Content, detail, item, read_person
from gateway_builders import HARTLEPOOL, RECEIVED_AT, a_final_outcome, a_person


def an_event(**changes: object) -> str:
    event = {
        "applicationId": str(UUID(int=7)),
        "attempt": 1,
        "revision": 1,
        "gssCode": HARTLEPOOL,
        "addressBasis": "uprn",
        "receivedAt": "2026-11-20T09:30:15.123456Z",
        "arrivedAt": "2026-11-20T09:30:15.083456Z",
        "attemptReceivedAt": "2026-11-20T09:30:15.123456Z",
        "type": "ordinary",
        "source": "web",
        "language": "en",
        "reference": "1234567890",
        "outcome": a_final_outcome(decidedAt="2026-11-20T09:30:15Z"),
    }
    return json.dumps(event | changes)


def a_content(event: str | None = None, **changes: Any) -> Content:
    fields: dict[str, Any] = {
        "record_id": bytes.fromhex("0102030405060708090a0b0c"),
        "application_id": UUID(int=7),
        "attempt": 1,
        "replaces": None,
        "event": event or an_event(),
        "person": "sealed",
    }
    return Content(**(fields | changes))


def rendered(content: Content | None = None, **changes: Any) -> dict[str, Any]:
    shown = item(
        content or a_content(),
        changes.pop("person", a_person()),
        delivered_under=changes.pop("delivered_under", HARTLEPOOL),
        leased_until=changes.pop("leased_until", None),
    )
    found: dict[str, Any] = json.loads(json.dumps(shown))
    return found


def test_an_item_has_the_published_apis_names() -> None:
    shown = rendered()["detail"]
    assert (shown["refNum"], shown["lang"], shown["ip"]) == ("1234567890", "en", "192.0.2.7")
    assert (shown["fn"], shown["mn"], shown["ln"]) == ("Siân", "Mair", "O'Neill")
    assert shown["dob"] == "1987-03-31"
    assert shown["registeredAddress"] == a_person()["address"]
    assert shown["previousName"] == {"fn": "Siân", "ln": "Jones", "changeReason": "marriage"}


def test_contact_stands_at_the_top_of_detail() -> None:
    shown = rendered()["detail"]
    assert (shown["email"], shown["post"]) == ("sian@example.com", True)
    assert "contact" not in shown
    assert "phone" not in shown


def test_what_was_not_sent_is_left_out() -> None:
    person = {"firstName": "A", "lastName": "B"}
    assert detail(person, None, "cy") == {"lang": "cy", "fn": "A", "ln": "B"}


def test_every_answer_of_a_person_is_delivered() -> None:
    person = a_person()
    renamed = {"firstName", "lastName", "middleNames", "dateOfBirth", "address", "contact"}
    elsewhere = {"type", "language", "applicantIp", "previousName"}
    kept = person.keys() - renamed - elsewhere
    shown = rendered()["detail"]
    assert {name: shown[name] for name in kept} == {name: person[name] for name in kept}


def test_a_nino_never_gets_through_even_if_it_is_in_the_person() -> None:
    assert "QQ123456C" not in json.dumps(rendered(person=a_person(nino="QQ123456C")))


def test_verification_states_levels_result_and_rule() -> None:
    found = rendered()["verification"]
    assert (found["status"], found["result"]) == ("final", "green")
    assert found["levels"]["lastName"] == "match"
    assert found["ruleVersion"] == "2026-11"
    assert found["possibleDuplicates"] == {"total": 0, "listed": []}


def test_a_pending_outcome_has_no_result_and_no_levels() -> None:
    outcome = {"status": "pending", "ruleVersion": "2026-11", "decidedBy": "waited"}
    found = rendered(a_content(an_event(outcome=outcome)))["verification"]
    assert (found["result"], found["levels"], found["ninoReuse"]) == (None, None, [])


def test_times_are_utc_with_microseconds() -> None:
    event = an_event(receivedAt="2026-11-20T09:30:15Z", arrivedAt="2026-11-20T10:30:14.5+01:00")
    shown = rendered(a_content(event))
    assert shown["receivedAt"] == "2026-11-20T09:30:15.000000Z"
    assert shown["arrivedAt"] == "2026-11-20T09:30:14.500000Z"
    assert shown["createdAt"] == shown["attemptReceivedAt"] == "2026-11-20T09:30:15.123456Z"


def test_a_running_lease_is_shown_and_an_ended_one_is_not() -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    assert rendered(leased_until=soon)["leasedUntil"] is not None
    assert rendered(leased_until=RECEIVED_AT - timedelta(days=1))["leasedUntil"] is None


def test_a_record_names_what_it_replaces() -> None:
    assert rendered()["replaces"] is None
    assert rendered(a_content(replaces=bytes(12)))["replaces"] == "0" * 24


def test_an_assigned_record_says_where_it_was_sent_and_keeps_the_accepted_code() -> None:
    shown = rendered(a_content(an_event(gssCode="X99999999")))
    assert (shown["gssCode"], shown["assignedGssCode"]) == ("X99999999", HARTLEPOOL)
    assert "assignedGssCode" not in rendered()


@pytest.mark.parametrize("opened", [b"", b"[]", b"{", b'{"firstName":"A"}', b"[" * 100_000])
def test_what_is_no_person_is_refused_without_saying_what_it_is(opened: bytes) -> None:
    with pytest.raises(UnreadablePerson):
        read_person(opened)
