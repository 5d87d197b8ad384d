"""Judging: cases go through matching and rules as in the service, and are counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from electoral.events import Level, Levels
from electoral.person import Name
from evaluation.cases import Case
from evaluation.counting import Share, wilson
from evaluation.differences import Difference
from simulated.chance import Draws, key_of_seed
from verification.matching import Applicant, Record, compare
from verification.rules import RuleSet, Verdict

GREEN = "green"
EXAMPLES = 3  # kept of each kind
STEP = 500  # cases between two reports of progress


@dataclass
class Found:
    """What was found of one kind of difference, under each rule set by its version."""

    difference: Difference
    cases: int = 0
    examples: list[Case] = field(default_factory=list)
    # What was given and what is on record, as far as they are different pairs.
    first_pairs: set[tuple[str, str]] = field(default_factory=set)
    last_pairs: set[tuple[str, str]] = field(default_factory=set)
    first: Counter[Level] = field(default_factory=Counter)
    last: Counter[Level] = field(default_factory=Counter)
    results: Counter[tuple[str, ...]] = field(default_factory=Counter)  # of all sets, in order
    green_by: Counter[str] = field(default_factory=Counter)  # rules of the first set

    def green_count(self, place: int) -> int:
        """How many are green under the rule set in this place."""
        return sum(count for results, count in self.results.items() if results[place] == GREEN)

    def green(self, place: int) -> Share:
        return wilson(self.green_count(place), self.cases)

    def red(self, place: int) -> Share:
        """Red is whatever is not green: the applicant is asked again."""
        return wilson(self.cases - self.green_count(place), self.cases)

    def wrong(self, place: int) -> Share:
        """Red though it is the same person, or green though it is another."""
        return self.red(place) if self.difference.same_person else self.green(place)

    def only_green_in(self, place: int, not_in: int) -> int:
        """How many one rule set makes green and the other does not."""
        return sum(
            count
            for results, count in self.results.items()
            if results[place] == GREEN != results[not_in]
        )


def judge(
    differences: Sequence[Difference],
    applicants: int,
    seed: int,
    rule_sets: Sequence[RuleSet],
    tell: Callable[[int], None] = lambda _: None,
) -> list[Found]:
    """Count applicants, in equal parts of each kind; `tell` hears how many more are done."""
    each, left = divmod(applicants, len(differences))
    jury = _Jury(rule_sets)
    return [
        _count(difference, each + (place < left), key_of_seed(seed), jury, tell)
        for place, difference in enumerate(differences)
    ]


class _Jury:
    """Rule sets that decide the same cases; each combination of levels is decided once."""

    def __init__(self, rule_sets: Sequence[RuleSet]) -> None:
        self._rule_sets = rule_sets
        self._known: dict[Levels, tuple[Verdict, ...]] = {}

    def verdicts(self, levels: Levels) -> tuple[Verdict, ...]:
        if levels not in self._known:
            self._known[levels] = tuple(rules.decide(levels, None) for rules in self._rule_sets)
        return self._known[levels]


def _count(
    difference: Difference, cases: int, key: bytes, jury: _Jury, tell: Callable[[int], None]
) -> Found:
    found = Found(difference, cases)
    for number in range(cases):
        case = difference.draw(Draws(key, number, difference.name))
        _add(found, case, jury)
        if number % STEP == STEP - 1:
            tell(STEP)
    tell(cases % STEP)
    return found


def _add(found: Found, case: Case, jury: _Jury) -> None:
    levels = levels_of(case)
    verdicts = jury.verdicts(levels)
    given, held = case.given[0], case.record.names[0] if case.record else case.given[0]
    found.first_pairs.add((given.first.casefold(), held.first.casefold()))
    found.last_pairs.add((given.last.casefold(), held.last.casefold()))
    found.first[levels.first_name] += 1
    found.last[levels.last_name] += 1
    found.results[tuple(verdict.result for verdict in verdicts)] += 1
    if verdicts[0].result == GREEN:
        found.green_by[verdicts[0].decided_by] += 1
    if len(found.examples) < EXAMPLES:
        found.examples.append(case)


def levels_of(case: Case) -> Levels:
    applicant = Applicant(_names(case.given), case.born)
    held = case.record
    if held is None:
        return compare(applicant, None)
    return compare(applicant, Record(_names(held.names), held.date_of_birth, held.date_of_death))


def _names(names: Iterable[tuple[str, str, str]]) -> tuple[Name, ...]:
    return tuple(Name(*name) for name in names)
