"""Rules: from levels to a result. A rule set is data with a version and a date.

The first rule whose every condition holds decides, and the outcome names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from electoral.events import Levels, MatchResult, NinoAbsence

Fact = Literal[
    "first_name",
    "middle_name",
    "last_name",
    "date_of_birth",
    "nino",
    "date_of_death",
    "nino_absence",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """A result for everybody of whom each fact is one of the named."""

    name: str
    result: MatchResult
    conditions: Mapping[Fact, frozenset[str]]

    def holds(self, facts: Mapping[Fact, str]) -> bool:
        return all(facts[fact] in allowed for fact, allowed in self.conditions.items())


@dataclass(frozen=True, slots=True)
class Verdict:
    """A result, and which rule of which version it is from."""

    result: MatchResult
    decided_by: str
    rule_version: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in the order in which they are asked; the last one holds for everybody."""

    version: str
    since: date
    rules: tuple[Rule, ...]

    def decide(self, levels: Levels, nino_absence: NinoAbsence | None) -> Verdict:
        """Decide by levels alone, and why there is no NINO when there is none."""
        facts: Mapping[Fact, str] = {
            "first_name": levels.first_name,
            "middle_name": levels.middle_name,
            "last_name": levels.last_name,
            "date_of_birth": levels.date_of_birth,
            "nino": levels.nino,
            "date_of_death": levels.date_of_death,
            "nino_absence": nino_absence or "",
        }
        rule = next(rule for rule in self.rules if rule.holds(facts))
        return Verdict(rule.result, rule.name, self.version)


def _rule(name: str, result: MatchResult, **conditions: str) -> Rule:
    """Write a rule with the allowed levels of each fact as words."""
    facts = {fact: frozenset(levels.split()) for fact, levels in conditions.items()}
    return Rule(name, result, MappingProxyType(facts))  # type: ignore[arg-type]  # keys are facts


_AGREES = "match alias initials reversed alias-reversed soundex"

# Green if NINO and date of birth match, there is no date of death, and first and last name each
# agree at any level; the middle name never decides. Whom nobody can ask DWP about is neither
# green nor red.
RULES_2026_1 = RuleSet(
    version="2026.1",
    since=date(2026, 1, 1),
    rules=(
        _rule("under-16", "not-applicable", nino_absence="under-16"),
        _rule("nino-missing", "not-applicable", nino_absence="no-nino not-corrected"),
        _rule(
            "date-of-birth-missing",
            "not-applicable",
            date_of_birth="not-applicable",
            nino="not-applicable",
        ),
        _rule("nino-never-issued", "red", nino_absence="never-issued"),
        _rule("nino-not-on-record", "red", nino="no-match"),
        _rule("date-of-birth-differs", "red", date_of_birth="no-match"),
        _rule("deceased", "red", date_of_death="true"),
        _rule("first-and-last-name-differ", "red", first_name="no-match", last_name="no-match"),
        _rule("first-name-differs", "red", first_name="no-match"),
        _rule("last-name-differs", "red", last_name="no-match"),
        _rule(
            "identified",
            "green",
            nino="match",
            date_of_birth="match",
            date_of_death="false",
            first_name=_AGREES,
            last_name=_AGREES,
        ),
        _rule("not-identified", "red"),
    ),
)

RULE_SETS: tuple[RuleSet, ...] = (RULES_2026_1,)
CURRENT = RULE_SETS[-1]
