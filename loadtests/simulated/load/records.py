"""What the judge found in the three records, as the few lines of a verdict on a run."""

from collections.abc import Iterable, Sequence

from simulated.load.findings import Findings
from simulated.load.judged import Judged
from simulated.verdict import OFFENDERS_SHOWN, Criterion

LOST = (
    "Each accepted application reached a council",
    "Registration accepted what the senders hold receipts for",
    "In flight = 0",
)
DUPLICATED = (
    "Each attempt was delivered as one record",
    "No two submissions share an application",
    "Repeats have equal bodies",
)
MISPLACED = (
    "Each receipt names the right authority",
    "Each went to the right ERO and no other",
    "Each offer of a record is to one ERO",
)
CHANGED = ("Every field delivered equals the field sent", "Times are those of the receipt")


def record_criteria(run: Findings) -> Iterable[Judged]:
    grouped = (*LOST, *DUPLICATED, *MISPLACED, *CHANGED)
    rest = [one.name for one in run.records if one.name not in grouped]
    yield _together("Lost", run.records, LOST)
    yield _together("Duplicated", run.records, DUPLICATED)
    yield _together("At a wrong authority", run.records, MISPLACED)
    yield _together("With a changed field", run.records, CHANGED)
    others = _together("Other differences between the three records", run.records, rest)
    asleep = "" if run.rested else ", and figures still moved"
    yield Judged(
        others.name,
        others.passed and run.rested and bool(rest),
        others.figure + asleep,
        others.limit,
        others.look_into,
    )


def _together(name: str, records: Sequence[Criterion], wanted: Sequence[str]) -> Judged:
    """One line for several of the judge's; a line that he did not give is a failure, too."""
    found = [one for one in records if one.name in wanted]
    missing = [f"not judged: {w}" for w in wanted if w not in {one.name for one in found}]
    broken = [one for one in found if not one.passed]
    offences = sum(_offences(one) for one in broken)
    ids = tuple(i for one in broken for i in one.offenders)[:OFFENDERS_SHOWN]
    named = tuple(one.name for one in broken)
    return Judged(name, not broken and not missing, f"{offences:,}", "0", (*missing, *named, *ids))


def _offences(criterion: Criterion) -> int:
    numbers = criterion.numbers
    return max(1, numbers.get("offences", numbers.get("differing", 0)))
