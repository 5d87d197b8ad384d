"""The three records as they are when all went well, for tests that plant a fault in them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID, uuid5

from simulated.deliveries import Acknowledgement, Delivery, Entry
from simulated.expectation import Expected, expected_detail
from simulated.kinds import shares_of
from simulated.ledgers import LedgerRow, sums_of
from simulated.places import Places
from simulated.population import Citizen, Population
from simulated.receipts import Receipt
from simulated.reconciliation import reconcile
from simulated.verdict import Reconciliation

TODAY = date(2026, 11, 22)
CODES = ("E06000001", "S12000036", "W06000015")
ERO_OF = {"E06000001": "hartlepool", "S12000036": "lothian", "W06000015": "cardiff"}
PLACES = Places(
    {"E06000001": ["TS24 8AA"], "S12000036": ["EH1 1AA"], "W06000015": ["CF10 1AA"]},
    dict.fromkeys(CODES, 1),
    ["TS24 9ZZ"],
)
SHARES = {"unplaceable": 0.1, "decomposed": 0.3}
POPULATION = Population(7, shares_of(SHARES), PLACES)
STRADDLING_PLACES = Places(
    {"E06000001": ["TS24 8AA"]}, {"E06000001": 1}, ["TS24 9ZZ"], {"TS24 8AA": "E08000003"}
)
STRADDLING = Population(7, shares_of(SHARES), STRADDLING_PLACES)
PEOPLE = 60
TIME = "2026-11-22T10:00:00.000000Z"
OWN_RECORD = "Each ERO acknowledged what it received and nothing else"
COUNTED = "The gateway counts what the councils acknowledged"


def application_id(n: int) -> str:
    return str(uuid5(UUID(int=7), str(n)))


def a_receipt(citizen: Citizen, **changes: Any) -> Receipt:
    n = citizen.n
    receipt = Receipt(
        number=n,
        key=f"citizen-7-{n}",
        status=201,
        tries=1,
        sent_at=TIME,
        answered_at=TIME,
        application_id=application_id(n),
        reference=f"REF{n:07d}",
        arrived_at=TIME,
        received_at=TIME,
        gss_code=citizen.truth.gss_code,
    )
    return receipt._replace(**changes)


def an_item(citizen: Citizen) -> dict[str, Any]:
    """As the gateway would offer it; its `detail` is checked by tests of its own below."""
    reference = f"REF{citizen.n:07d}"
    levels = {"firstName": "match", "lastName": "match", "dateOfDeath": "false"}
    return {
        "id": hashlib.sha256(b"%d" % citizen.n).hexdigest()[:24],
        "gssCode": citizen.truth.gss_code,
        "type": "ordinary",
        "applicationId": application_id(citizen.n),
        "attempt": 1,
        "revision": 1,
        "replaces": None,
        "leasedUntil": None,
        "receivedAt": TIME,
        "arrivedAt": TIME,
        "language": citizen.application["language"],
        "detail": expected_detail(citizen.application, reference),
        "verification": {
            "status": "final",
            "result": citizen.truth.result,
            "levels": {**levels, **citizen.truth.levels},
        },
    }


@dataclass
class World:
    """The three records, and the truth, as they are when all went well."""

    receipts: list[Receipt] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)
    changed: dict[str, Acknowledgement | None] = field(default_factory=dict)  # by record id
    later: list[Entry] = field(default_factory=list)  # in the journals, after all else
    moved: dict[str, list[str]] = field(default_factory=dict)

    @property
    def acknowledgements(self) -> list[Acknowledgement]:
        """Each ERO acknowledged what it got, but for the records where this was changed."""
        received = [(d.ero, d.item["id"]) for d in self.deliveries]
        usual = [Acknowledgement(ero, TIME, [i]) for ero, i in received if i not in self.changed]
        return usual + [one for one in self.changed.values() if one is not None]

    def judge(self) -> Reconciliation:
        return reconcile(
            receipts=self.receipts,
            journals=chain(self.deliveries, self.acknowledgements, self.later),
            ledger=self.ledger,
            expected_of=truth,
            ero_of=ERO_OF,
            moved=self.moved,
        )

    def item(self, place: int = 0) -> dict[str, Any]:
        return self.deliveries[place].item


def truth(receipt: Receipt) -> Expected:
    citizen = POPULATION.person(receipt.number, TODAY)
    known = citizen.truth
    return Expected(citizen.application, known.gss_code, known.result, known.levels)


def ledger_rows(service: str, state: str, attempts: Iterable[tuple[str, str]]) -> list[LedgerRow]:
    return [
        LedgerRow(service, code, state, sum_, revisions=3 * sum_.digest % 2**128)
        for code, sum_ in sums_of(attempts).items()
    ]


def a_world() -> World:
    citizens = [POPULATION.person(n, TODAY) for n in range(PEOPLE)]
    everyone = [(c.truth.gss_code, application_id(c.n)) for c in citizens]
    held = [pair for pair in everyone if pair[0] == "X99999999"]
    delivered = [pair for pair in everyone if pair[0] != "X99999999"]
    assert held
    placed = [c for c in citizens if c.truth.gss_code in ERO_OF]
    return World(
        receipts=[a_receipt(c) for c in citizens],
        deliveries=[Delivery(ERO_OF[c.truth.gss_code], an_item(c)) for c in placed],
        ledger=[
            *ledger_rows("registration", "accepted", everyone),
            *ledger_rows("verification", "decided", everyone),
            *ledger_rows("ems-gateway", "acknowledged", delivered),
            *ledger_rows("ems-gateway", "held", held),
        ],
    )


def failed(verdict: Reconciliation) -> list[str]:
    return [criterion.name for criterion in verdict.criteria if not criterion.passed]


def swap_in_ledger(world: World, service: str, state: str, changes: dict[str, Any]) -> None:
    place = next(i for i, r in enumerate(world.ledger) if (r.service, r.state) == (service, state))
    world.ledger[place] = replace(world.ledger[place], **changes)
