"""The judge on the services' ledgers: against each other, the senders and the councils."""

from collections.abc import Mapping, Sequence

from simulated.judged_deliveries import JudgedDeliveries
from simulated.ledgers import (
    LedgerRow,
    Sum,
    added,
    revision_totals,
    sums_of,
    total,
    without_zeroes,
)
from simulated.receipts import Receipt
from simulated.verdict import OFFENDERS_SHOWN, Criterion


def ledger_criteria(
    accepted: Mapping[str, Receipt], councils: JudgedDeliveries, ledger: Sequence[LedgerRow]
) -> list[Criterion]:
    """The services' sums against each other, the senders' against them, the councils' likewise."""
    held = councils.held()
    to_hold = sums_of((r.gss_code, i) for i, r in accepted.items() if i in held)
    to_deliver = sums_of((r.gss_code, i) for i, r in accepted.items() if i not in held)
    registered = total(ledger, "registration", "accepted")
    from_councils = total(ledger, "ems-gateway", "paper-taken", "resubmission-taken")
    verified = total(ledger, "verification", "waiting", "decided", "held")
    decided = total(ledger, "verification", "decided")
    gateway = total(ledger, "ems-gateway", "queued", "acknowledged", "held")
    acknowledged = total(ledger, "ems-gateway", "acknowledged")
    receipts = added(to_hold, to_deliver)
    by_councils = councils.records.acknowledged()
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
