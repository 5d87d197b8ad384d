"""The judge on what was delivered: the right thing, to the right ERO."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulated.deliveries import Delivery, Entry, NoticeAcknowledgement, NoticeDelivery
from simulated.expectation import Expected, differences, digest_of, expected_detail, shows_nino
from simulated.judged_notices import JudgedNotices
from simulated.judged_records import JudgedRecords, text_of
from simulated.places import UNKNOWN_AUTHORITY
from simulated.receipts import Receipt
from simulated.verdict import Criterion, Offences

Moved = Mapping[str, Sequence[str]]  # application id -> EROs to whom an operator sent it, in order


class JudgedDeliveries:
    """Judges each delivery as it is read, and keeps of each only what the end needs."""

    def __init__(
        self,
        accepted: Mapping[str, Receipt],
        expected_of: Callable[[Receipt], Expected],
        ero_of: Mapping[str, str] | None,
        moved: Moved,
    ) -> None:
        self.planted: set[str] = set()  # applications that must be held, not delivered
        self.records = JudgedRecords()
        self.notices = JudgedNotices(ero_of)
        self._accepted = accepted
        self._expected_of = expected_of
        self._ero_of = ero_of
        self._moved = moved
        self._reached: set[tuple[str, str]] = set()  # application and ERO, of those moved
        self._ero_of_code: dict[str, str] = {}  # as the journals themselves show it
        self._read = 0
        self._faults: dict[str, Offences] = defaultdict(Offences)

    def judge(self, entry: Entry) -> None:
        if isinstance(entry, Delivery):
            self._judge_delivery(entry)
        elif isinstance(entry, NoticeDelivery | NoticeAcknowledgement):
            self.notices.judge(entry)
        else:
            self.records.answered(entry)

    def _judge_delivery(self, delivery: Delivery) -> None:
        self._read += 1
        try:
            self._judge_item(delivery)
        except (KeyError, TypeError):
            self._faults["shape"].add(str(delivery.item.get("id")))

    def _judge_item(self, delivery: Delivery) -> None:
        ero, item = delivery
        text = text_of(item)
        if not self.records.received(delivery, text):
            return
        receipt = self._accepted.get(item["applicationId"])
        if receipt is None:
            self._faults["foreign"].add(item["id"])
            return
        self.records.identify(item)
        if receipt.application_id in self._moved:
            self._reached.add((receipt.application_id, ero))
        self._judge_content(delivery, receipt, text)

    def _judge_content(self, delivery: Delivery, receipt: Receipt, text: str) -> None:
        ero, item = delivery
        expected = self._expected_of(receipt)
        moved_here = ero in self._moved.get(receipt.application_id, ())
        self._judge_place(receipt, expected, moved_here=moved_here)
        wrong_fields = _wrong_fields(item, receipt, expected)
        times = (receipt.received_at, receipt.arrived_at)
        broken = {
            "held": expected.gss_code == UNKNOWN_AUTHORITY and not moved_here,
            "ero": item["gssCode"] != expected.gss_code
            or not self._is_right_ero(delivery, expected, moved_here=moved_here),
            "times": (item["receivedAt"], item["arrivedAt"]) != times,
            "nino": shows_nino(text, expected.application),
            "result": not _has_result(item, expected),
        }
        for fault in (fault for fault, is_broken in broken.items() if is_broken):
            self._faults[fault].add(receipt.application_id)
        if wrong_fields:
            self._faults["fields"].add(f"{receipt.application_id} ({', '.join(wrong_fields)})")

    def _judge_place(self, receipt: Receipt, expected: Expected, *, moved_here: bool) -> None:
        if expected.gss_code == UNKNOWN_AUTHORITY and not moved_here:
            self.planted.add(receipt.application_id)
        if receipt.digest and receipt.digest != digest_of(expected.application):
            self._faults["sent"].add(receipt.application_id)
        if receipt.gss_code != expected.gss_code:
            self._faults["place"].add(receipt.application_id)

    def _is_right_ero(self, delivery: Delivery, expected: Expected, *, moved_here: bool) -> bool:
        """Who answers for the accepted code, or whom an operator named; a code that is shown as
        the place it went to is one of that ERO's.
        """
        ero, item = delivery
        assigned = item.get("assignedGssCode")
        if assigned is None:
            return moved_here or ero == self._answers_for(expected.gss_code, ero)
        return moved_here and ero == self._answers_for(assigned, ero)

    def _answers_for(self, gss_code: str, ero: str) -> str:
        if self._ero_of is not None:
            return self._ero_of.get(gss_code, "nobody")
        return self._ero_of_code.setdefault(gss_code, ero)  # at least always the same one

    def finish(self) -> None:
        """Whoever is at no council must be among those that had to be held."""
        for application_id, receipt in self._accepted.items():
            if application_id not in self.records.delivered:
                self._judge_place(receipt, self._expected_of(receipt), moved_here=False)
                if application_id not in self.planted:
                    self._faults["lost"].add(application_id)
        for application_id, eros in self._moved.items():
            if (application_id, eros[-1]) not in self._reached:
                self._faults["lost"].add(application_id)
        self.records.finish()
        self.notices.finish()

    @property
    def ended_at(self) -> str:
        """The last acknowledgement."""
        return self.records.ended_at

    def held(self) -> set[str]:
        """Applications that must be held at the gateway, planted or by their EROs' own word."""
        return self.planted | self.records.held()

    def criteria(self) -> list[Criterion]:
        read, faults, planted = {"items": self._read}, self._faults, len(self.planted)
        due = len(self._accepted) - planted
        return [
            faults["place"].criterion("Each receipt names the right authority", due=due),
            faults["sent"].criterion("Each was sent as the sender's digest says", due=due),
            faults["lost"].criterion("Each accepted application reached a council", due=due),
            faults["held"].criterion("None that must be held was delivered", planted=planted),
            faults["foreign"].criterion("Nothing is at a council that nobody sent", **read),
            faults["ero"].criterion("Each went to the right ERO and no other", **read),
            faults["fields"].criterion("Every field delivered equals the field sent", **read),
            faults["times"].criterion("Times are those of the receipt", **read),
            faults["result"].criterion("Results are those that the truth demands", **read),
            faults["nino"].criterion("No council was told a NINO", **read),
            faults["shape"].criterion("Every item has the agreed shape", **read),
            *self.records.criteria(),
            *self.notices.criteria(),
        ]


def _wrong_fields(item: dict[str, Any], receipt: Receipt, expected: Expected) -> list[str]:
    application = expected.application
    wrong = differences(expected_detail(application, receipt.reference), item["detail"])
    envelope = ("type", "language")
    return wrong + [name for name in envelope if item[name] != application[name]]


def _has_result(item: dict[str, Any], expected: Expected) -> bool:
    verification = item["verification"]
    if verification["status"] == "pending":
        return verification["result"] is None and not verification["levels"]
    if expected.result is None:
        return True
    levels = verification["levels"]
    return verification["result"] == expected.result and all(
        levels.get(name) == level for name, level in expected.levels.items()
    )
