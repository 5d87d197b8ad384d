"""How many decisions a second the pure part of verification makes on one core.

    python tests/benchmarks/matching_rate.py

100,000 distinct pairs of an applicant and a record with three names, from open attempt to verdict.
Each round is a new process, so that its caches are cold and alias tables and rules are read within
the time that is measured. Seconds are those of the core, not of the clock on the wall, so that what
else runs on the machine costs less; the best round counts, and below the floor it ends with 1.
"""

import multiprocessing
import random
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from time import perf_counter, process_time
from typing import NamedTuple

from electoral.person import Name
from verification.deciding import Decided, conclude
from verification.matching import Applicant, Record
from verification.opening import Opened

PAIRS = 100_000
ROUNDS = 5
FLOOR = 20_000  # decisions per second
RED_SHARE_MIN = 0.15
SEED = 20261122

BORN = date(1950, 1, 1)
# Made-up names, so that hardly any is met twice: a town's people, not a list of a hundred.
_SYLLABLES = (
    "an bel cor dav el fin gar han is jo ka lor mar nes ol pet ros sim tan ul vic wen yor zel"
    " bry dyl gwen llew rhys siô cai mòr eil sea nia rói łuk zof jag pri har"
).split()
_OTHER_SCRIPTS = (
    *(("Олександр", "Шевченко"), ("Надія", "Мельник"), ("Γιώργος", "Παπαδόπουλος")),
    *(("Ελένη", "Αντωνίου"), ("محمد", "الحسن"), ("秀英", "歐陽"), ("伟", "王")),
)
_SHORT_FORMS = (
    *(("Mike", "Michael"), ("Liz", "Elizabeth"), ("Dafydd", "David"), ("Siân", "Jane")),
    *(("Seán", "John"), ("Catrìona", "Catherine"), ("Bill", "William"), ("Peggy", "Margaret")),
)


class Draw:
    """People and what is on their record, by a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def pair(self, number: int) -> tuple[Applicant, Record]:
        born = BORN + timedelta(days=number % 20_000)
        name = self._name()
        typed, recorded = self._as_on_record(name)
        others = [self._name(), self._name()]
        held = [Name(*(part.upper() for part in one)) for one in (recorded, *others)]
        self._random.shuffle(held)
        names = (typed, self._name()) if self._random.random() < 0.1 else (typed,)
        return Applicant(names, born), Record(tuple(held), born, None)

    def _name(self) -> Name:
        if self._random.random() < 0.05:
            first, last = self._random.choice(_OTHER_SCRIPTS)
            return Name(first, "", last)
        middle = self._word() if self._random.random() < 0.45 else ""
        last = self._word()
        if self._random.random() < 0.05:
            last = f"{last}-{self._word()}"
        return Name(self._word(), middle, last)

    def _word(self) -> str:
        syllables = self._random.choices(_SYLLABLES, k=self._random.choice((2, 3, 3, 4)))
        return "".join(syllables).capitalize()

    def _as_on_record(self, name: Name) -> tuple[Name, Name]:
        """Return what was typed and what is on record of one person, or of two."""
        drawn = self._random.random()
        if drawn < 0.65:
            return name, name
        if drawn < 0.70:
            short, full = self._random.choice(_SHORT_FORMS)
            return name._replace(first=short), name._replace(first=full)
        if drawn < 0.73:
            return name._replace(first=name.last, last=name.first), name
        if drawn < 0.76:
            return name._replace(first=f"{name.first[:3]}dylan"), name
        if drawn < 0.81:
            return name._replace(last=name.last.replace("n", "m", 1)), name
        if drawn < 0.90:
            return name._replace(first=self._word()), name
        return name, name._replace(last=self._word())


def draw_pairs(count: int) -> list[tuple[Applicant, Record]]:
    draw = Draw(SEED)
    return [draw.pair(number) for number in range(count)]


class Round(NamedTuple):
    """How fast one process was, and how many each rule decided."""

    rate: float  # decisions per second of the core
    rate_by_the_clock: float
    rules: Counter[str]


def measure(pairs: Sequence[tuple[Applicant, Record]]) -> Round:
    """Decide all pairs, once each."""
    opened = [(Opened(applicant, "AB123456", None), record) for applicant, record in pairs]
    begin, core_begin = perf_counter(), process_time()
    decided = [conclude(attempt, {"AB123456": record}) for attempt, record in opened]
    seconds, core_seconds = perf_counter() - begin, process_time() - core_begin
    verdicts = [one.verdict for one in decided if isinstance(one, Decided)]
    assert len(verdicts) == len(pairs)
    rules = Counter(f"{verdict.result} {verdict.decided_by}" for verdict in verdicts)
    return Round(len(pairs) / core_seconds, len(pairs) / seconds, rules)


def one_round(_: int) -> Round:
    pairs = draw_pairs(PAIRS)
    assert len(set(pairs)) == PAIRS
    assert all(len(record.names) == 3 for _, record in pairs)
    return measure(pairs)


def main() -> int:
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as processes:
        rounds = processes.map(one_round, range(ROUNDS), chunksize=1)
    for one in rounds:
        print(f"{one.rate:8,.0f} decisions/s ({one.rate_by_the_clock:,.0f} by the clock)")
    best = max(rounds)
    for rule, count in best.rules.most_common():
        print(f"{count / PAIRS:8.1%} {rule}")
    red = sum(n for rule, n in best.rules.items() if rule.startswith("red")) / PAIRS
    print(f"{best.rate:8,.0f} decisions/s at best, {red:.1%} of them red; floor {FLOOR:,}")
    return 0 if best.rate >= FLOOR and red >= RED_SHARE_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
