"""The judge on records as such: each under one id, each answered for by whoever had it last."""

import json
from collections import defaultdict
from hashlib import sha256
from typing import Any, Literal

from simulated.deliveries import Acknowledgement, Delivery, Failure, OfferedAgain
from simulated.ledgers import Sum, sums_of
from simulated.verdict import Criterion, Offences

PENDING_ENDED = "Each pending record was followed by its outcome"
# These tell of an offer of the record, and change from one to the next.
OF_THE_OFFER = frozenset({"leasedUntil", "leaseId", "offer"})

Standing = Literal["acknowledged", "held"]


class JudgedRecords:
    """What came under which id, and how the EROs answered for it."""

    def __init__(self) -> None:
        self.ended_at = ""  # the last acknowledgement
        self.delivered: set[str] = set()  # application ids
        self._bodies: dict[tuple[str, str, str], bytes] = {}  # hash, by record, ERO and place
        self._ero_of_offer: dict[tuple[str, int], str] = {}
        self._newest_offer: dict[str, tuple[int, str]] = {}  # by record: its number, its ERO
        self._record_of: dict[tuple[str, int, int], str] = {}  # attempt and revision -> record
        self._attempt_of: dict[str, tuple[str, str]] = {}  # record id -> GSS code, application
        self._pending: set[str] = set()  # records that say that there is no outcome yet
        self._received: set[tuple[str, str]] = set()  # ERO and record id
        self._answered: set[tuple[str, str]] = set()
        self._acknowledged: set[str] = set()  # record ids that stand so, whoever said it
        self._standing: dict[tuple[str, str], Standing] = {}
        self._items = self._repeats = self._failures = 0
        self._faults: dict[str, Offences] = defaultdict(Offences)

    def received(self, delivery: Delivery, text: str) -> bool:
        """Notes an item; True when nobody has seen it in this place before. Raises KeyError."""
        ero, item = delivery
        record_id, body = item["id"], sha256(text.encode()).digest()
        self._items += 1
        self._note_offer(ero, record_id, item.get("offer", 1))
        self._received.add((ero, record_id))
        place = (record_id, ero, item.get("assignedGssCode", ""))
        if place not in self._bodies:
            self._bodies[place] = body
            return True
        self._repeats += 1
        if body != self._bodies[place]:
            self._faults["repeat"].add(record_id)
        return False

    def _note_offer(self, ero: str, record_id: str, offer: int) -> None:
        """Each offer is to one ERO; a new one wants a new answer."""
        if self._ero_of_offer.setdefault((record_id, offer), ero) != ero:
            self._faults["ero"].add(record_id)
        newest, _ = self._newest_offer.get(record_id, (0, ero))
        if offer > newest:
            self._newest_offer[record_id] = (offer, ero)
            self._reopen(ero, record_id)

    def identify(self, item: dict[str, Any]) -> None:
        """Notes what a record is of. Raises KeyError."""
        self.delivered.add(item["applicationId"])
        if item["id"] in self._attempt_of:  # it was at another ERO before
            return
        name = (item["applicationId"], item["attempt"], item["revision"])
        if name in self._record_of or item["attempt"] != 1:
            self._faults["duplicate"].add(item["id"])
        self._record_of[name] = item["id"]
        self._attempt_of[item["id"]] = (item["gssCode"], item["applicationId"])
        if item["verification"]["status"] == "pending":
            self._pending.add(item["id"])

    def answered(self, answer: Acknowledgement | Failure | OfferedAgain) -> None:
        """Within one offer a success stands whatever is said after it."""
        for record_id in answer.ids:
            own = (answer.ero, record_id)
            if isinstance(answer, OfferedAgain):
                self._reopen(*own)
                continue
            self._answered.add(own)
            if isinstance(answer, Acknowledgement):
                self._standing[own] = "acknowledged"
                self._acknowledged.add(record_id)
            else:
                self._failures += 1
                self._standing.setdefault(own, "held")
        if isinstance(answer, Acknowledgement):
            self.ended_at = max(self.ended_at, answer.at)

    def _reopen(self, ero: str, record_id: str) -> None:
        self._standing.pop((ero, record_id), None)
        self._acknowledged.discard(record_id)

    def finish(self) -> None:
        """Once everything has been read: looks for what was never answered or never came."""
        newest = self._newest()
        for own in sorted(self._answered - self._received):
            self._faults["answered"].add(own[1])
        for record_id in sorted(newest):
            if self._stands(record_id) is None:
                self._faults["answered"].add(record_id)
        for record_id in sorted(newest & self._pending):
            self._faults["pending"].add(record_id)

    def _newest(self) -> set[str]:
        """Of each attempt the newest revision that its ERO got."""
        attempts = {(name[0], name[1]): self._record_of[name] for name in sorted(self._record_of)}
        return set(attempts.values())

    def _stands(self, record_id: str) -> Standing | None:
        """What the ERO that was offered the record last has said of it."""
        _, ero = self._newest_offer[record_id]
        return self._standing.get((ero, record_id))

    def held(self) -> set[str]:
        """Applications that their EROs could not store, and have not asked for again."""
        held = (record_id for record_id in self._newest() if self._stands(record_id) == "held")
        return {self._attempt_of[record_id][1] for record_id in held}

    def acknowledged(self) -> dict[str, Sum]:
        """Per GSS code, the attempts that the councils say they acknowledged."""
        held = self.held()
        attempts = {self._attempt_of.get(record_id) for record_id in self._acknowledged}
        return sums_of(one for one in attempts if one is not None and one[1] not in held)

    def criteria(self) -> list[Criterion]:
        faults, read = self._faults, {"items": self._items}
        answered = {"acknowledged": len(self._acknowledged), "failures": self._failures}
        return [
            faults["duplicate"].criterion("Each attempt was delivered as one record", **read),
            faults["answered"].criterion(
                "Each ERO acknowledged what it received and nothing else", **answered
            ),
            faults["pending"].criterion(PENDING_ENDED, pending=len(self._pending)),
            faults["repeat"].criterion("Repeats have equal bodies", repeats=self._repeats),
            faults["ero"].criterion("Each offer of a record is to one ERO", **read),
        ]


def text_of(item: dict[str, Any]) -> str:
    """The whole item but for what tells of its offer."""
    kept = {name: value for name, value in item.items() if name not in OF_THE_OFFER}
    return json.dumps(kept, sort_keys=True)
