"""The report: everything that was found, and what it comes to in the mix that is assumed."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from evaluation.counting import Share, mixed
from evaluation.differences import IDENTIFIER
from evaluation.judging import Found

NOW, BEFORE = 0, 1  # the places of the rule sets: the one that is reported, the one beside it
OF_THE_MIX = 100_000  # applications in which numbers of the mix are stated


class Contribution(NamedTuple):
    """How many of the mix's applications something is."""

    title: str
    applications: float


class Report(NamedTuple):
    found: Sequence[Found]
    versions: tuple[str, str]  # now and before
    applicants: int
    seed: int

    @property
    def same(self) -> list[Found]:
        return [found for found in self.found if found.difference.same_person]

    @property
    def others(self) -> list[Found]:
        return [found for found in self.found if not found.difference.same_person]

    def green(self, place: int) -> Share:
        return _in_the_mix(self.found, lambda found: found.green(place))

    def false_red(self, place: int) -> Share:
        """Of those who are the person that the record is of, or should be."""
        return _in_the_mix(self.same, lambda found: found.red(place))

    def false_red_by_names(self, place: int) -> Share:
        """Of those who give their own NINO and date of birth."""
        kinds = [found for found in self.same if found.difference.group != IDENTIFIER]
        return _in_the_mix(kinds, lambda found: found.red(place))

    def false_green(self, place: int) -> Share:
        """Of those who give the NINO of another."""
        return _in_the_mix(self.others, lambda found: found.green(place))

    def decided_otherwise(self) -> int:
        return sum(
            found.only_green_in(NOW, BEFORE) + found.only_green_in(BEFORE, NOW)
            for found in self.found
        )

    def wrong_in_the_mix(self, kinds: Iterable[Found], place: int) -> list[Contribution]:
        """The wrong results among the mix's applications, the most of them first."""
        parts = [
            Contribution(f.difference.title, self._weight(f) * f.wrong(place).value) for f in kinds
        ]
        return sorted(parts, key=lambda part: -part.applications)

    def green_by_rule(self) -> list[tuple[str, float, float]]:
        """Each rule that made anybody green now: how many of the mix, and falsely how many."""
        rules = sorted({rule for found in self.found for rule in found.green_by})
        return [
            (rule, self._by_rule(rule, self.found), self._by_rule(rule, self.others))
            for rule in rules
        ]

    def _by_rule(self, rule: str, kinds: Iterable[Found]) -> float:
        return sum(self._weight(f) * f.green_by[rule] / f.cases for f in kinds)

    def _weight(self, found: Found) -> float:
        """How many of the mix's applications are of this kind."""
        whole = sum(f.difference.per_10_000 for f in self.found)
        return OF_THE_MIX * found.difference.per_10_000 / whole


def _in_the_mix(kinds: Iterable[Found], share: Callable[[Found], Share]) -> Share:
    return mixed([(found.difference.per_10_000, share(found)) for found in kinds])
