"""What an ERO's system reads of a record."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import jsonschema
import pytest
import yaml
from electoral import explanation
from electoral.explanation import FIELDS, Sentence, explain
from electoral.person import UnreadablePerson
from ems_gateway.items import ITEM_BYTES_BESIDE, Content, Delivery, detail, item, read_person
from gateway_builders import (
    EDINBURGH,
    HARTLEPOOL,
    LEVELS,
    LOTHIAN,
    RECEIVED_AT,
    a_final_outcome,
    a_pending_outcome,
    a_person,
)
from pydantic_core import to_json

OPENAPI: dict[str, Any] = yaml.safe_load(files("ems_gateway").joinpath("openapi.yaml").read_text())
DUPLICATES: dict[str, Any] = {
    "total": 2,
    "listed": [
        {
            "gssCode": HARTLEPOOL,
            "month": "2026-10",
            "reference": "SS3RZQV96V",
            "receivedAt": "2026-10-02T18:05:41.000417Z",
            "basis": "nino",
        },
        {"gssCode": EDINBURGH, "month": "2026-06", "basis": "name-date-of-birth-postcode"},
    ],
    "group": "7f3c2b1a",
}


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


def an_event_that_found(**found: object) -> str:
    """An event whose outcome says so and so."""
    return an_event(outcome=a_final_outcome(decidedAt="2026-11-20T09:30:15Z", **found))


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
    delivery = Delivery(
        gss_code=changes.pop("delivered_under", HARTLEPOOL),
        ero=changes.pop("ero", "hartlepool"),
        offer=changes.pop("offer", 1),
        leased_until=changes.pop("leased_until", None),
        lease_id=changes.pop("lease_id", None),
    )
    answers_for = changes.pop("answers_for", {HARTLEPOOL: "hartlepool", EDINBURGH: LOTHIAN}.get)
    shown = item(content or a_content(), changes.pop("person", a_person()), delivery, answers_for)
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


def test_a_pending_outcome_has_no_result_and_no_levels_and_says_that_these_will_follow() -> None:
    pending = a_pending_outcome() | {"decidedAt": "2026-11-20T13:30:15Z"}
    for outcome in (pending, {n: v for n, v in pending.items() if v is not None}):
        found = rendered(a_content(an_event(outcome=outcome)))["verification"]
        assert (found["result"], found["levels"], found["ninoReuse"]) == (None, None, [])
        told = explanation.PENDING
        assert found["explanation"]["en"] == {"result": told.en, "fields": {}}
        assert found["explanation"]["cy"] == {"result": told.cy, "fields": {}}


# -- in words -------------------------------------------------------------------------------------


def test_result_and_levels_are_explained_in_both_languages() -> None:
    levels = LEVELS | {"firstName": "alias"}
    found = rendered(a_content(an_event_that_found(levels=levels)))["verification"]
    assert found["explanation"] == explain("green", levels).as_json()
    assert found["explanation"]["cy"]["fields"]["firstName"] == FIELDS["firstName"]["alias"].cy


@pytest.mark.parametrize(
    ("absence", "told"),
    [("under-16", explanation.UNDER_16), ("no-nino", explanation.NO_NINO)],
)
def test_why_nobody_was_asked_is_explained(absence: str, told: Sentence) -> None:
    outcome = a_final_outcome(
        result="not-applicable",
        levels=dict.fromkeys(LEVELS, "not-applicable"),
        decidedAt="2026-11-20T09:30:15Z",
    )
    event = an_event(outcome=outcome, ninoAbsence=absence)
    assert rendered(a_content(event))["verification"]["explanation"]["en"]["result"] == told.en


def test_outcomes_that_differ_are_explained_differently_whatever_was_explained_before() -> None:
    results = {
        rendered(a_content(an_event_that_found(result=result, levels=LEVELS | changes)))[
            "verification"
        ]["explanation"]["en"]["result"]
        for result, changes in (
            ("green", {}),
            ("red", {"lastName": "no-match"}),
            ("red", {"firstName": "no-match"}),
            ("red", {"dateOfDeath": "true"}),
        )
    }
    assert len(results) == 4


# -- other applications ---------------------------------------------------------------------------


def test_reuse_of_the_nino_is_stated_per_authority_and_in_all() -> None:
    reuse = [{"gssCode": EDINBURGH, "ninoCount": 2}]
    event = an_event_that_found(ninoReuse=reuse, ninoReuseTotal=5)
    found = rendered(a_content(event))["verification"]
    assert (found["ninoReuse"], found["ninoReuseTotal"]) == (reuse, 5)
    assert rendered()["verification"]["ninoReuseTotal"] == 0


def test_the_ero_of_the_accepting_authority_sees_its_own_duplicates_in_full() -> None:
    event = an_event_that_found(possibleDuplicates=DUPLICATES)
    assert rendered(a_content(event))["verification"]["possibleDuplicates"] == DUPLICATES


@pytest.mark.parametrize("to_another", [{"delivered_under": EDINBURGH}, {"ero": LOTHIAN}])
def test_another_ero_sees_authority_month_and_basis_of_duplicates_and_nothing_else(
    to_another: dict[str, str],
) -> None:
    event = an_event_that_found(possibleDuplicates=DUPLICATES)
    shown = rendered(a_content(event), **to_another)
    assert shown.get("assignedGssCode") == to_another.get("delivered_under")
    assert shown["verification"]["possibleDuplicates"] == {
        "total": 2,
        "listed": [
            {"gssCode": HARTLEPOOL, "month": "2026-10", "basis": "nino"},
            {"gssCode": EDINBURGH, "month": "2026-06", "basis": "name-date-of-birth-postcode"},
        ],
    }
    assert "SS3RZQV96V" not in json.dumps(shown)


def test_a_duplicate_that_is_another_eros_by_now_is_shown_as_elsewhere() -> None:
    own = {**DUPLICATES["listed"][0], "reference": "2YLZ8JHBDC", "gssCode": EDINBURGH}
    found = DUPLICATES | {"listed": [DUPLICATES["listed"][0], own]}
    event = an_event_that_found(possibleDuplicates=found)
    now = {HARTLEPOOL: "hartlepool", EDINBURGH: "fife"}.get
    shown = rendered(a_content(event), answers_for=now)["verification"]["possibleDuplicates"]
    elsewhere = {"gssCode": EDINBURGH, "month": "2026-10", "basis": "nino"}
    assert shown == {"total": 2, "listed": [DUPLICATES["listed"][0], elsewhere]}


def test_a_group_is_shown_while_nothing_is_left_out() -> None:
    """What was elsewhere all along tells nothing of the group."""
    event = an_event_that_found(possibleDuplicates=DUPLICATES)
    shown = rendered(a_content(event), answers_for={HARTLEPOOL: "hartlepool"}.get)
    assert shown["verification"]["possibleDuplicates"] == DUPLICATES


# -- as described ---------------------------------------------------------------------------------


def described(schema: str) -> jsonschema.Draft202012Validator:
    """Return what checks a document against a schema of the committed description."""
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": OPENAPI["components"]}
    )


def examples() -> Iterator[dict[str, Any]]:
    page = OPENAPI["components"]["responses"]["Page"]["content"]["application/json"]
    for example in page["examples"].values():
        yield example["value"]


@pytest.mark.parametrize(
    "event",
    [
        an_event(),
        an_event_that_found(possibleDuplicates=DUPLICATES, ninoReuseTotal=1),
        an_event(outcome=a_pending_outcome() | {"decidedAt": "2026-11-20T13:30:15Z"}),
    ],
)
def test_items_are_as_the_description_says(event: str) -> None:
    described("Registration").validate(rendered(a_content(event)))
    described("Registration").validate(rendered(a_content(event), delivered_under=EDINBURGH))


def test_examples_of_the_description_are_as_it_says_and_in_our_words() -> None:
    for example in examples():
        described("Page").validate(example)
        for shown in (one["verification"] for one in example["registrations"]):
            assert shown["explanation"] == explain(shown["result"], shown["levels"]).as_json()
    assert len(list(examples())) == 2


def test_the_size_that_is_reckoned_is_never_below_what_is_delivered() -> None:
    """The longest sentences there are, about an application of which hardly anything was sent."""
    longest = {f: max(FIELDS[f], key=lambda level: len(FIELDS[f][level].cy)) for f in FIELDS}
    event = an_event(outcome=a_final_outcome(levels=longest, decidedAt="2026-11-20T09:30:15Z"))
    content = a_content(event, replaces=bytes(12))
    until = datetime.now(UTC) + timedelta(minutes=5)
    delivery = Delivery(EDINBURGH, LOTHIAN, offer=2**31 - 1, leased_until=until, lease_id=bytes(12))
    shown = item(content, {"firstName": "A", "lastName": "B"}, delivery, lambda _: LOTHIAN)
    compact = to_json(json.loads(event))
    assert len(to_json(shown)) <= len(compact) + ITEM_BYTES_BESIDE


# -- the rest -------------------------------------------------------------------------------------


def test_times_are_utc_with_microseconds() -> None:
    event = an_event(receivedAt="2026-11-20T09:30:15Z", arrivedAt="2026-11-20T10:30:14.5+01:00")
    shown = rendered(a_content(event))
    assert shown["receivedAt"] == "2026-11-20T09:30:15.000000Z"
    assert shown["arrivedAt"] == "2026-11-20T09:30:14.500000Z"
    assert shown["createdAt"] == shown["attemptReceivedAt"] == "2026-11-20T09:30:15.123456Z"


def test_a_running_lease_is_shown_and_an_ended_one_is_not() -> None:
    soon, lease_id = datetime.now(UTC) + timedelta(minutes=5), bytes(11) + b"\x07"
    shown = rendered(leased_until=soon, lease_id=lease_id)
    assert shown["leasedUntil"] is not None
    assert shown["leaseId"] == lease_id.hex()
    ended = rendered(leased_until=RECEIVED_AT - timedelta(days=1), lease_id=lease_id)
    assert (ended["leasedUntil"], ended["leaseId"]) == (None, None)


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
