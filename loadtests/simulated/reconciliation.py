"""The judge: do the senders' receipts, the services' ledgers and the councils' journals agree?

Three records kept by different hands. Nothing here talks to anybody, so that every kind of
disagreement can be planted in a test.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from simulated.deliveries import Entry
from simulated.expectation import Expected
from simulated.judged_deliveries import JudgedDeliveries, Moved
from simulated.judged_ledgers import ledger_criteria
from simulated.judged_receipts import JudgedReceipts
from simulated.ledgers import LedgerRow
from simulated.receipts import Receipt
from simulated.rest import LIMIT
from simulated.verdict import Criterion, Reconciliation


def reconcile(
    *,
    receipts: Iterable[Receipt],
    journals: Iterable[Entry],
    ledger: Sequence[LedgerRow],
    expected_of: Callable[[Receipt], Expected],
    ero_of: Mapping[str, str] | None = None,
    moved: Moved | None = None,
    refusals_are_faults: bool = True,
    limit: float = LIMIT,
) -> Reconciliation:
    """All criteria. `ero_of` maps GSS code -> ERO, when it is known who answers for whom.

    `moved`: applications that an operator sent elsewhere; nothing else may go elsewhere.
    `refusals_are_faults`: the population sends valid applications only; a file may hold others.
    `limit`: seconds after the last submission in which councils must have acknowledged everything.
    """
    sent = JudgedReceipts()
    for receipt in receipts:
        sent.judge(receipt)
    councils = JudgedDeliveries(sent.accepted, expected_of, ero_of, moved or {})
    for entry in journals:
        councils.judge(entry)
    councils.finish()
    return Reconciliation(
        (
            *sent.criteria(refusals_are_faults),
            *councils.criteria(),
            _punctual(sent.ended_at, councils.ended_at, limit),
            *ledger_criteria(sent.accepted, councils, ledger),
        )
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


def counts_by_state(ledger: Iterable[LedgerRow]) -> dict[str, int]:
    """`service state` -> count over all authorities and days, for a table."""
    counts: Counter[str] = Counter()
    for row in ledger:
        counts[f"{row.service} {row.state}"] += row.sum.count
    return dict(counts)
