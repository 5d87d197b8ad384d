"""Receipts of the form: it shows a reference, and no id; the council's item has both."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from simulated.deliveries import Delivery, Entry
from simulated.receipts import Receipt


def with_ids(
    receipts: Iterable[Receipt], entries: Callable[[], Iterable[Entry]]
) -> Iterator[Receipt]:
    """All receipts; those of the form completed from what councils got under their reference."""
    waiting = []
    for receipt in receipts:
        if receipt.accepted and not receipt.application_id:
            waiting.append(receipt)
        else:
            yield receipt
    if waiting:
        items = dict(_by_reference(entries()))
        yield from (_completed(receipt, items.get(receipt.reference)) for receipt in waiting)


def _by_reference(entries: Iterable[Entry]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in entries:
        if isinstance(entry, Delivery) and "refNum" in entry.item.get("detail", ()):
            yield entry.item["detail"]["refNum"], entry.item


def _completed(receipt: Receipt, item: Mapping[str, Any] | None) -> Receipt:
    """With the id and times of the item; of a reference that no council has, an id that is lost."""
    if item is None:
        return receipt._replace(application_id=str(uuid5(NAMESPACE_URL, receipt.reference)))
    return receipt._replace(
        application_id=item["applicationId"],
        received_at=item["receivedAt"],
        arrived_at=item["arrivedAt"],
        application=_with_chosen_address(receipt.application, item["detail"]),
    )


def _with_chosen_address(
    application: dict[str, Any] | None, detail: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Who chose an address from the list typed its postcode alone: its lines are the provider's."""
    if application is None or "uprn" not in application.get("address", ()):
        return application
    typed, chosen = application["address"], detail.get("registeredAddress", {})
    if chosen.get("uprn") != typed["uprn"]:
        return application
    return application | {"address": {**chosen, "postcode": typed["postcode"]}}
