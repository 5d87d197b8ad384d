"""The judge: do the senders' receipts, the services' ledgers and the councils' journals agree?

Three records kept by different hands. Nothing here talks to anybody, so that every kind of
disagreement can be planted in a test.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from simulated.deliveries import Acknowledgement, Delivery
from simulated.expectation import differences, expected_detail
from simulated.ledgers import (
    LedgerRow,
    Sum,
    added,
    revision_totals,
    sums_of,
    total,
    without_zeroes,
)
from simulated.places import UNKNOWN_AUTHORITY
from simulated.receipts import Receipt
from simulated.rest import LIMIT

OFFENDERS_SHOWN = 5
PENDING_ENDED = "Each pending record was followed by its outcome"


class Expected(NamedTuple):
    """What must come of one submission. `result` is None when the truth is not known."""

    application: dict[str, Any]
    gss_code: str
    result: str | None = None
    levels: Mapping[str, str] = {}


@dataclass(frozen=True)
class Criterion:
    """One question with its answer, the numbers behind it and a few ids to look into."""

    name: str
    passed: bool
    numbers: Mapping[str, int]
    offenders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reconciliation:
    criteria: tuple[Criterion, ...]

    @property
    def balances(self) -> bool:
        return all(criterion.passed for criterion in self.criteria)


@dataclass
class Offences:
    """Ids that break one rule: all counted, the first few kept."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, offender: str) -> None:
        self.count += 1
        if len(self.shown) < OFFENDERS_SHOWN:
            self.shown.append(offender)

    def criterion(self, name: str, **numbers: int) -> Criterion:
        numbers = {**numbers, "offences": self.count}
        return Criterion(name, self.count == 0, numbers, tuple(self.shown))


def reconcile(
    *,
    receipts: Iterable[Receipt],
    journals: Iterable[Delivery | Acknowledgement],
    ledger: Sequence[LedgerRow],
    expected_of: Callable[[Receipt], Expected],
    ero_of: Mapping[str, str] | None = None,
    refusals_are_faults: bool = True,
    limit: float = LIMIT,
) -> Reconciliation:
    """All criteria. `ero_of` maps GSS code -> ERO, when it is known who answers for whom.

    `refusals_are_faults`: the population sends valid applications only; a file may hold others.
    `limit`: seconds after the last submission in which councils must have acknowledged everything.
    """
    sent = _Sent()
    for receipt in receipts:
        sent.judge(receipt)
    councils = _Journals(sent.accepted, expected_of, ero_of)
    for entry in journals:
        councils.judge(entry)
    councils.judge_what_is_missing()
    return Reconciliation(
        (
            *sent.criteria(refusals_are_faults),
            *councils.criteria(),
            _punctual(sent.ended_at, councils.ended_at, limit),
            *_ledger_criteria(sent.accepted, councils, ledger),
        )
    )


class _Sent:
    """The senders' receipts: the accepted ones by application id, and what is wrong as such."""

    def __init__(self) -> None:
        self.accepted: dict[str, Receipt] = {}
        self.ended_at = ""  # the last answer, or when somebody gave up
        self._sent = 0
        self._unanswered, self._refused, self._shared = Offences(), Offences(), Offences()

    def judge(self, receipt: Receipt) -> None:
        self._sent += 1
        self.ended_at = max(self.ended_at, receipt.answered_at)
        if not receipt.answered:
            self._unanswered.add(receipt.key)
        elif not receipt.accepted:
            self._refused.add(receipt.key)
        elif receipt.application_id in self.accepted:
            self._shared.add(receipt.application_id)
        else:
            self.accepted[receipt.application_id] = receipt

    def criteria(self, refusals_are_faults: bool) -> list[Criterion]:
        refusals = {"refused": self._refused.count, "sent": self._sent}
        refused = self._refused if refusals_are_faults else Offences()
        accepted = len(self.accepted)
        return [
            self._unanswered.criterion("Every submission was answered", sent=self._sent),
            refused.criterion("No valid application was refused", **refusals),
            self._shared.criterion("No two submissions share an application", accepted=accepted),
        ]


class _Journals:
    """Judges each delivery as it is read, and keeps of each only what the end needs."""

    def __init__(
        self,
        accepted: Mapping[str, Receipt],
        expected_of: Callable[[Receipt], Expected],
        ero_of: Mapping[str, str] | None,
    ) -> None:
        self.planted: set[str] = set()  # applications that must be held, not delivered
        self.ended_at = ""  # the last acknowledgement
        self._accepted = accepted
        self._expected_of = expected_of
        self._ero_of = ero_of
        self._first: dict[str, tuple[str, bytes]] = {}  # record id -> ERO, hash of the item
        self._record_of: dict[tuple[str, int, int], str] = {}  # attempt and revision -> record
        self._attempt_of: dict[str, tuple[str, str]] = {}  # record id -> GSS code, application
        self._pending: set[str] = set()  # records that say that there is no outcome yet
        self._received: set[tuple[str, str]] = set()  # ERO and record id
        self._acknowledged: set[tuple[str, str]] = set()
        self._delivered: set[str] = set()
        self._ero_of_code: dict[str, str] = {}  # as the journals themselves show it
        self._read = 0
        self._repeats = 0
        self._faults: dict[str, Offences] = defaultdict(Offences)

    def judge(self, entry: Delivery | Acknowledgement) -> None:
        if isinstance(entry, Acknowledgement):
            self.ended_at = max(self.ended_at, entry.at)
            self._acknowledged.update((entry.ero, record_id) for record_id in entry.ids)
        else:
            self._judge_delivery(entry)

    def _judge_delivery(self, delivery: Delivery) -> None:
        self._read += 1
        try:
            self._judge_item(delivery)
        except (KeyError, TypeError):
            self._faults["shape"].add(str(delivery.item.get("id")))

    def _judge_item(self, delivery: Delivery) -> None:
        ero, item = delivery
        text = _text_of(item)
        record_id, body = item["id"], sha256(text.encode()).digest()
        self._received.add((ero, record_id))
        if record_id in self._first:
            self._judge_repeat(record_id, ero, body)
            return
        self._first[record_id] = (ero, body)
        receipt = self._accepted.get(item["applicationId"])
        if receipt is None:
            self._faults["foreign"].add(record_id)
            return
        self._judge_identity(item)
        self._judge_content(delivery, receipt, text)

    def _judge_repeat(self, record_id: str, ero: str, body: bytes) -> None:
        """The queue gives at least once: a record may come again, the same, to the same ERO."""
        self._repeats += 1
        first_ero, first_body = self._first[record_id]
        if body != first_body:
            self._faults["repeat"].add(record_id)
        if ero != first_ero:
            self._faults["ero"].add(record_id)

    def _judge_identity(self, item: dict[str, Any]) -> None:
        self._delivered.add(item["applicationId"])
        name = (item["applicationId"], item["attempt"], item["revision"])
        if name in self._record_of or item["attempt"] != 1:
            self._faults["duplicate"].add(item["id"])
        self._record_of[name] = item["id"]
        self._attempt_of[item["id"]] = (item["gssCode"], item["applicationId"])
        if item["verification"]["status"] == "pending":
            self._pending.add(item["id"])

    def _judge_content(self, delivery: Delivery, receipt: Receipt, text: str) -> None:
        ero, item = delivery
        expected = self._expected_of(receipt)
        self._judge_place(receipt, expected)
        wrong_fields = _wrong_fields(item, receipt, expected)
        times = (receipt.received_at, receipt.arrived_at)
        at_right_ero = ero == self._right_ero(expected.gss_code, ero)
        broken = {
            "held": expected.gss_code == UNKNOWN_AUTHORITY,
            "ero": item["gssCode"] != expected.gss_code or not at_right_ero,
            "times": (item["receivedAt"], item["arrivedAt"]) != times,
            "nino": _shows_nino(text, expected.application),
            "result": not _has_result(item, expected),
        }
        for fault in (fault for fault, is_broken in broken.items() if is_broken):
            self._faults[fault].add(receipt.application_id)
        if wrong_fields:
            self._faults["fields"].add(f"{receipt.application_id} ({', '.join(wrong_fields)})")

    def _judge_place(self, receipt: Receipt, expected: Expected) -> None:
        if expected.gss_code == UNKNOWN_AUTHORITY:
            self.planted.add(receipt.application_id)
        if receipt.gss_code != expected.gss_code:
            self._faults["place"].add(receipt.application_id)

    def _right_ero(self, gss_code: str, ero: str) -> str:
        if self._ero_of is not None:
            return self._ero_of.get(gss_code, "nobody")
        return self._ero_of_code.setdefault(gss_code, ero)  # at least always the same one

    def judge_what_is_missing(self) -> None:
        """Whoever is at no council must be among those that had to be held."""
        for application_id, receipt in self._accepted.items():
            if application_id not in self._delivered:
                self._judge_place(receipt, self._expected_of(receipt))
                if application_id not in self.planted:
                    self._faults["lost"].add(application_id)
        attempts = {(name[0], name[1]): self._record_of[name] for name in sorted(self._record_of)}
        newest = set(attempts.values())
        self._judge_acknowledgements(newest)
        for record_id in sorted(newest & self._pending):
            self._faults["pending"].add(record_id)

    def _judge_acknowledgements(self, newest: set[str]) -> None:
        """An ERO acknowledges what it got, and the newest revision of each attempt that it got."""
        acknowledged = {record_id for _, record_id in self._acknowledged}
        wrong = {record_id for _, record_id in self._acknowledged - self._received}
        for record_id in sorted(wrong | (newest - acknowledged)):
            self._faults["acknowledged"].add(record_id)

    def acknowledged(self) -> dict[str, Sum]:
        """Per GSS code, the attempts that the councils say they acknowledged."""
        attempts = {self._attempt_of.get(record_id) for _, record_id in self._acknowledged}
        return sums_of(attempt for attempt in attempts if attempt is not None)

    def criteria(self) -> list[Criterion]:
        read = {"items": self._read}
        faults = self._faults
        planted = len(self.planted)
        due = len(self._accepted) - planted
        return [
            faults["place"].criterion("Each receipt names the right authority", due=due),
            faults["lost"].criterion("Each accepted application reached a council", due=due),
            faults["held"].criterion("None that must be held was delivered", planted=planted),
            faults["duplicate"].criterion("Each attempt was delivered as one record", **read),
            faults["acknowledged"].criterion(
                "Each ERO acknowledged what it received and nothing else",
                acknowledged=len(self._acknowledged),
            ),
            faults["foreign"].criterion("Nothing is at a council that nobody sent", **read),
            faults["ero"].criterion("Each went to the right ERO and no other", **read),
            faults["fields"].criterion("Every field delivered equals the field sent", **read),
            faults["times"].criterion("Times are those of the receipt", **read),
            faults["result"].criterion("Results are those that the truth demands", **read),
            faults["pending"].criterion(PENDING_ENDED, pending=len(self._pending)),
            faults["nino"].criterion("No council was told a NINO", **read),
            faults["shape"].criterion("Every item has the agreed shape", **read),
            faults["repeat"].criterion("Repeats have equal bodies", repeats=self._repeats),
        ]


def _text_of(item: dict[str, Any]) -> str:
    """The whole item but for the lease, which changes while the record waits."""
    kept = {name: value for name, value in item.items() if name != "leasedUntil"}
    return json.dumps(kept, sort_keys=True)


def _wrong_fields(item: dict[str, Any], receipt: Receipt, expected: Expected) -> list[str]:
    application = expected.application
    wrong = differences(expected_detail(application, receipt.reference), item["detail"])
    envelope = ("type", "language")
    return wrong + [name for name in envelope if item[name] != application[name]]


def _shows_nino(text: str, application: dict[str, Any]) -> bool:
    nino = application.get("nino")
    if not isinstance(nino, str):
        return False
    return "".join(c for c in nino if c.isalnum()).upper()[:8] in text.upper()


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


def _punctual(sending_ended_at: str, ended_at: str, limit: float) -> Criterion:
    """The last acknowledgement against the last submission, by the clocks of those who noted it."""
    late = 0.0
    if sending_ended_at and ended_at:
        last, sent = datetime.fromisoformat(ended_at), datetime.fromisoformat(sending_ended_at)
        late = (last - sent).total_seconds()
    name = f"All is acknowledged within {limit:.0f} s of the last submission"
    offenders = () if late <= limit else (f"the one of {ended_at}",)
    return Criterion(name, late <= limit, {"seconds": max(0, round(late))}, offenders)


def _ledger_criteria(
    accepted: Mapping[str, Receipt], councils: _Journals, ledger: Sequence[LedgerRow]
) -> list[Criterion]:
    """The services' sums against each other, the senders' against them, the councils' likewise."""
    to_hold = sums_of((r.gss_code, i) for i, r in accepted.items() if i in councils.planted)
    to_deliver = sums_of((r.gss_code, i) for i, r in accepted.items() if i not in councils.planted)
    registered = total(ledger, "registration", "accepted")
    from_councils = total(ledger, "ems-gateway", "paper-taken", "resubmission-taken")
    verified = total(ledger, "verification", "waiting", "decided", "held")
    decided = total(ledger, "verification", "decided")
    gateway = total(ledger, "ems-gateway", "queued", "acknowledged", "held")
    acknowledged = total(ledger, "ems-gateway", "acknowledged")
    receipts = added(to_hold, to_deliver)
    by_councils = councils.acknowledged()
    return [
        _equal("Registration accepted what the senders hold receipts for", receipts, registered),
        _equal("Accepted = waiting + decided + held", added(registered, from_councils), verified),
        _equal("Decided = queued + acknowledged + held", decided, gateway),
        _revisions(ledger),
        _equal("The gateway counts what the councils acknowledged", by_councils, acknowledged),
        *_rest_criteria(to_hold, to_deliver, ledger),
    ]


def _rest_criteria(
    to_hold: Mapping[str, Sum], to_deliver: Mapping[str, Sum], ledger: Sequence[LedgerRow]
) -> list[Criterion]:
    """Where everything must be once nothing moves any more."""
    waiting = total(ledger, "verification", "waiting")
    queued = total(ledger, "ems-gateway", "queued")
    acknowledged = total(ledger, "ems-gateway", "acknowledged")
    held = total(ledger, "ems-gateway", "held")
    return [
        _equal("In flight = 0", added(waiting, queued), {}),
        _equal("Acknowledged is all but what must be held", to_deliver, acknowledged),
        _equal("Held at the gateway is exactly what was planted", to_hold, held),
        _equal("Nothing is held in verification", total(ledger, "verification", "held"), {}),
    ]


def _equal(name: str, left: Mapping[str, Sum], right: Mapping[str, Sum]) -> Criterion:
    """Counts and digests are the same for every GSS code; the codes that differ are named."""
    left, right = without_zeroes(left), without_zeroes(right)
    codes = sorted(left.keys() | right.keys())
    differing = [code for code in codes if left.get(code) != right.get(code)]
    numbers = {
        "left": sum(s.count for s in left.values()),
        "right": sum(s.count for s in right.values()),
        "authorities": len(codes),
        "differing": len(differing),
    }
    return Criterion(name, not differing, numbers, tuple(differing[:OFFENDERS_SHOWN]))


def _revisions(ledger: Sequence[LedgerRow]) -> Criterion:
    """Without this a lost second outcome would not show."""
    decided = revision_totals(ledger, "verification", "decided")
    gateway = revision_totals(ledger, "ems-gateway", "queued", "acknowledged", "held")
    differing = sorted(
        code for code in decided.keys() | gateway.keys() if decided.get(code) != gateway.get(code)
    )
    numbers = {"authorities": len(decided), "differing": len(differing)}
    name = "Newest revisions are the same on both sides"
    return Criterion(name, not differing, numbers, tuple(differing[:OFFENDERS_SHOWN]))


def counts_by_state(ledger: Iterable[LedgerRow]) -> dict[str, int]:
    """`service state` -> count over all authorities and days, for a table."""
    counts: Counter[str] = Counter()
    for row in ledger:
        counts[f"{row.service} {row.state}"] += row.sum.count
    return dict(counts)
