"""The judge on what councils' systems may do: fail, ask again, be sent elsewhere, take notices."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judged_world import (
    COUNTED,
    ERO_OF,
    OWN_RECORD,
    POPULATION,
    TIME,
    TODAY,
    World,
    a_world,
    an_item,
    failed,
    ledger_rows,
)
from simulated.deliveries import (
    Acknowledgement,
    Delivery,
    Failure,
    NoticeAcknowledgement,
    NoticeDelivery,
    OfferedAgain,
)
from simulated.judging import moved_of

DELIVERED = "Acknowledged is all but what must be held"
HELD = "Held at the gateway is exactly what was planted"
RIGHT_ERO = "Each went to the right ERO and no other"
ONE_ERO = "Each offer of a record is to one ERO"
REACHED = "Each accepted application reached a council"
EQUAL = "Repeats have equal bodies"


def first(world: World) -> tuple[str, dict[str, Any]]:
    ero, item = world.deliveries[0]
    return ero, item


def another_ero(ero: str) -> str:
    return next(name for name in ERO_OF.values() if name != ero)


def code_of(ero: str) -> str:
    return next(code for code, name in ERO_OF.items() if name == ero)


def fail(world: World) -> str:
    """The first record failed, and nobody acknowledged it."""
    ero, item = first(world)
    world.changed[item["id"]] = None
    world.later.append(Failure(ero, TIME, [item["id"]]))
    record: str = item["id"]
    return record


def hold_in_ledger(world: World) -> None:
    """The gateway counts the first record as held."""
    _, item = first(world)
    rest = [(d.item["gssCode"], d.item["applicationId"]) for d in world.deliveries[1:]]
    kept = [row for row in world.ledger if row.state != "acknowledged"]
    held = ledger_rows("ems-gateway", "held", [(item["gssCode"], item["applicationId"])])
    world.ledger = [*kept, *ledger_rows("ems-gateway", "acknowledged", rest), *held]


def offered_again(world: World) -> Delivery:
    """The first record as it comes with its second offer."""
    ero, item = first(world)
    return Delivery(ero, {**copy.deepcopy(item), "offer": 2, "leaseId": "a" * 24})


def acknowledge(delivery: Delivery) -> Acknowledgement:
    return Acknowledgement(delivery.ero, TIME, [delivery.item["id"]])


def moved(world: World) -> Delivery:
    """The first record as it comes to another ERO, to whom an operator has sent it."""
    ero, item = first(world)
    to = another_ero(ero)
    world.moved[item["applicationId"]] = [to]
    there = {**copy.deepcopy(item), "offer": 2, "assignedGssCode": code_of(to)}
    return Delivery(to, there)


# -- what is as it should be ----------------------------------------------------------------------


def fail_and_stay_held(world: World) -> None:
    fail(world)
    hold_in_ledger(world)


def fail_and_take_it_after_a_new_offer(world: World) -> None:
    record = fail(world)
    again = offered_again(world)
    world.later += [OfferedAgain(again.ero, TIME, [record]), again, acknowledge(again)]


def fail_and_change_its_mind(world: World) -> None:
    """Success after failure wins, without a new offer."""
    fail(world)
    world.later.append(acknowledge(world.deliveries[0]))


def fail_after_a_success(world: World) -> None:
    ero, item = first(world)
    world.later.append(Failure(ero, TIME, [item["id"]]))


def lose_one_and_get_it_again(world: World) -> None:
    again = offered_again(world)
    world.later += [OfferedAgain(again.ero, TIME, [again.item["id"]]), again, acknowledge(again)]


def send_one_elsewhere(world: World) -> None:
    fail(world)
    there = moved(world)
    world.later += [there, acknowledge(there)]


def place_what_nobody_could_place(world: World) -> None:
    """An operator assigns an application that had to wait for an authority."""
    lost = next(r for r in world.receipts if r.gss_code == "X99999999")
    delivery = planted_item(world, lost.application_id)
    world.moved[lost.application_id] = ["lothian"]
    world.later += [delivery, acknowledge(delivery)]
    pair = [("X99999999", lost.application_id)]
    others = [("X99999999", r.application_id) for r in world.receipts if r.gss_code[0] == "X"]
    still = ledger_rows("ems-gateway", "held", [one for one in others if one not in pair])
    kept = [row for row in world.ledger if row.state != "held"]
    world.ledger = [*kept, *still, *ledger_rows("ems-gateway", "acknowledged", pair)]


def planted_item(world: World, application_id: str) -> Delivery:
    receipt = next(r for r in world.receipts if r.application_id == application_id)
    item = an_item(POPULATION.person(receipt.number, TODAY))
    return Delivery("lothian", {**item, "assignedGssCode": "S12000036"})


@pytest.mark.parametrize(
    "happen",
    [
        fail_and_stay_held,
        fail_and_take_it_after_a_new_offer,
        fail_and_change_its_mind,
        fail_after_a_success,
        lose_one_and_get_it_again,
        send_one_elsewhere,
        place_what_nobody_could_place,
    ],
)
def test_what_may_happen_balances(happen: Callable[[World], None]) -> None:
    world = a_world()
    happen(world)
    assert failed(world.judge()) == []


# -- what is not ----------------------------------------------------------------------------------


def fail_and_be_counted_as_acknowledged(world: World) -> None:
    fail(world)


def be_held_though_it_was_taken(world: World) -> None:
    hold_in_ledger(world)


def ask_again_and_never_get_it(world: World) -> None:
    record = fail(world)
    world.later.append(OfferedAgain(world.deliveries[0].ero, TIME, [record]))


def get_it_again_and_not_answer(world: World) -> None:
    world.later.append(offered_again(world))


def get_it_again_changed(world: World) -> None:
    again = offered_again(world)
    again.item["createdAt"] = TIME
    world.later += [again, acknowledge(again)]


def fail_what_never_came(world: World) -> None:
    world.later.append(Failure("lothian", TIME, ["d" * 24]))


def be_sent_elsewhere_by_nobody(world: World) -> None:
    fail(world)
    there = moved(world)
    world.moved.clear()
    world.later += [there, acknowledge(there)]


def be_sent_elsewhere_and_not_arrive(world: World) -> None:
    moved(world)


def be_sent_elsewhere_and_not_be_answered(world: World) -> None:
    fail(world)
    world.later.append(moved(world))


def be_shown_under_a_code_of_somebody_else(world: World) -> None:
    fail(world)
    there = moved(world)
    there.item["assignedGssCode"] = "E07000001"
    world.later += [there, acknowledge(there)]


def stay_with_the_old_ero_too(world: World) -> None:
    fail(world)
    there = moved(world)
    here = offered_again(world)
    world.later += [there, here, acknowledge(there)]


def change_on_the_way_elsewhere(world: World) -> None:
    fail(world)
    there = moved(world)
    there.item["detail"]["openRegister"] = not there.item["detail"]["openRegister"]
    world.later += [there, acknowledge(there)]


FAULTS: dict[Callable[[World], None], set[str]] = {
    fail_and_be_counted_as_acknowledged: {COUNTED, DELIVERED, HELD},
    be_held_though_it_was_taken: {COUNTED, DELIVERED, HELD},
    ask_again_and_never_get_it: {OWN_RECORD, COUNTED},
    get_it_again_and_not_answer: {OWN_RECORD, COUNTED},
    get_it_again_changed: {EQUAL},
    fail_what_never_came: {OWN_RECORD},
    be_sent_elsewhere_by_nobody: {RIGHT_ERO},
    be_sent_elsewhere_and_not_arrive: {REACHED},
    be_sent_elsewhere_and_not_be_answered: {OWN_RECORD, COUNTED},
    be_shown_under_a_code_of_somebody_else: {RIGHT_ERO},
    stay_with_the_old_ero_too: {ONE_ERO},
    change_on_the_way_elsewhere: {"Every field delivered equals the field sent"},
}


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Callable[[World], None]) -> None:
    world = a_world()
    plant(world)
    assert set(failed(world.judge())) == FAULTS[plant]


# -- notices --------------------------------------------------------------------------------------


def a_notice(**changes: Any) -> dict[str, Any]:
    detail = {"fn": "Siân", "ln": "Rhys", "previousAddress": {"street": "Heol y Bont"}}
    codes = {"gssCode": "E06000001", "previousGssCode": "W06000015"}
    return {"id": "c" * 24, "createdAt": TIME, **codes, "detail": detail, **changes}


def test_a_notice_that_was_received_and_acknowledged_balances() -> None:
    world = a_world()
    taken = NoticeAcknowledgement("cardiff", TIME, ["c" * 24])
    world.later += [NoticeDelivery("cardiff", a_notice())] * 2 + [taken]
    assert failed(world.judge()) == []


@pytest.mark.parametrize(
    ("ero", "changes", "found"),
    [
        ("lothian", {}, "Each notice is at the right ERO, unchanged"),
        ("cardiff", {"detail": {"registeredAddress": {}}}, "No notice says more than it may"),
        ("cardiff", {"detail": {"fn": "AB 12 34 56 C"}}, "No notice says more than it may"),
    ],
)
def test_a_notice_that_is_wrong_is_found(ero: str, changes: dict[str, Any], found: str) -> None:
    world = a_world()
    taken = NoticeAcknowledgement(ero, TIME, ["c" * 24])
    world.later += [NoticeDelivery(ero, a_notice(**changes)), taken]
    assert failed(world.judge()) == [found]


def test_a_notice_that_was_not_acknowledged_or_came_changed_is_found() -> None:
    world = a_world()
    changed = a_notice(createdAt="2026-11-22T10:00:00.000001Z")
    world.later += [NoticeDelivery("cardiff", a_notice()), NoticeDelivery("cardiff", changed)]
    assert failed(world.judge()) == [
        "Each notice is at the right ERO, unchanged",
        "Each notice was acknowledged by its ERO",
    ]


def test_where_an_operator_sent_what_is_read_in_order_from_a_file(tmp_path: Path) -> None:
    lines = [("a", "lothian"), ("b", "cardiff"), ("a", "cardiff")]
    written = [json.dumps({"applicationId": who, "ero": ero}) + "\n" for who, ero in lines]
    (tmp_path / "moved.jsonl").write_text("".join(written))
    assert moved_of(tmp_path / "moved.jsonl") == {"a": ["lothian", "cardiff"], "b": ["cardiff"]}
