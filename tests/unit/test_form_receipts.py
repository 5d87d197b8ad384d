"""The form shows a reference and no id: the judge finds the id where the council has both."""

from collections.abc import Iterable
from typing import Any

from simulated.deliveries import Delivery, Entry
from simulated.form_receipts import with_ids
from simulated.receipts import Receipt

ID = "018f0000-0000-7000-8000-000000000001"
TYPED = {"uprn": "42", "postcode": "sw1a1aa", "street": "as the sender thinks"}
CHOSEN = {"uprn": "42", "postcode": "SW1A 1AA", "street": "as the list says"}


def a_receipt(**changes: Any) -> Receipt:
    at = "2026-11-22T10:00:00.000000Z"
    receipt = Receipt(1, "key", 201, 1, at, at, reference="9F3PJQJZ28")
    return receipt._replace(**changes)


def an_item(**detail: Any) -> Delivery:
    told = {"refNum": "9F3PJQJZ28", "registeredAddress": CHOSEN, **detail}
    times = {"receivedAt": "received", "arrivedAt": "arrived"}
    return Delivery("hartlepool", {"applicationId": ID, "detail": told, **times})


def completed(receipt: Receipt, entries: Iterable[Entry]) -> Receipt:
    (one,) = with_ids([receipt], lambda: entries)
    return one


def test_a_receipt_of_the_form_has_the_id_and_times_of_the_item() -> None:
    one = completed(a_receipt(), [an_item()])
    assert (one.application_id, one.received_at, one.arrived_at) == (ID, "received", "arrived")


def test_a_reference_that_no_council_has_is_an_application_that_is_lost() -> None:
    one = completed(a_receipt(), [an_item(refNum="XXXXXXXXXX")])
    assert one.application_id not in ("", ID)


def test_two_that_are_lost_are_not_the_same() -> None:
    both = [a_receipt(), a_receipt(reference="XXXXXXXXXX")]
    assert len({one.application_id for one in with_ids(both, list)}) == 2


def test_a_receipt_with_an_id_and_a_refusal_stay_as_they_are_and_no_journal_is_read() -> None:
    def unread() -> Iterable[Entry]:
        raise AssertionError

    whole = a_receipt(application_id=ID)
    refused = a_receipt(status=422, reference="")
    assert list(with_ids([whole, refused], unread)) == [whole, refused]


def test_the_lines_of_an_address_that_was_chosen_are_those_of_the_list() -> None:
    one = completed(a_receipt(application={"address": TYPED}), [an_item()])
    assert one.application == {"address": {**CHOSEN, "postcode": "sw1a1aa"}}


def test_another_house_than_the_chosen_one_stays_a_difference() -> None:
    other = {"address": {**TYPED, "uprn": "43"}}
    assert completed(a_receipt(application=other), [an_item()]).application == other


def test_an_address_that_was_typed_stays_as_it_was_typed() -> None:
    by_hand = {"address": {"street": "High Street", "postcode": "SW1A 1AA"}}
    assert completed(a_receipt(application=by_hand), [an_item()]).application == by_hand
