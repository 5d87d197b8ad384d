"""Rules: from levels to a result. A rule set is data with a version and a date, in `data/rules`.

The first rule whose every condition holds decides, and the outcome names it. Levels are stored and
records are not: whatever was decided can be decided again under any rule set, old or new, from its
levels and from why there was no NINO.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Self, get_args

from electoral.events import Levels, MatchResult, NinoAbsence
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

ABSENCE = "ninoAbsence"
# What a rule may ask about, by its name in the data, and every answer that there can be.
FACTS: Mapping[str, frozenset[str]] = {
    **{
        to_camel(name): frozenset(get_args(field.annotation))
        for name, field in Levels.model_fields.items()
    },
    ABSENCE: frozenset(get_args(NinoAbsence)),
}


class UnknownRuleSet(LookupError):
    """There is no rule set of this version; the message names those that there are."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A result, and which rule of which version it is from."""

    result: MatchResult
    decided_by: str
    rule_version: str


class _Data(BaseModel):
    """A piece of the data: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Rule(_Data):
    """A result for everybody of whom each fact is one of the named."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    result: MatchResult
    when: Mapping[str, frozenset[str]]

    def holds(self, facts: Mapping[str, str]) -> bool:
        return all(facts[fact] in allowed for fact, allowed in self.when.items())

    @model_validator(mode="after")
    def _asks_what_can_be(self) -> Self:
        for fact, allowed in self.when.items():
            if not allowed or not allowed <= FACTS.get(fact, frozenset()):
                raise ValueError(f"{self.name}: {fact} is never one of {sorted(allowed)}")
        return self


class RuleSet(_Data):
    """Rules in the order in which they are asked; the last one holds for everybody."""

    version: Annotated[str, Field(pattern=r"^\d{4}\.\d+$")]
    since: date  # the day it came into use
    why: str
    rules: tuple[Rule, ...]

    def decide(self, levels: Levels, nino_absence: NinoAbsence | None) -> Verdict:
        """Decide by levels alone, and why there is no NINO when there is none."""
        facts = {**levels.model_dump(by_alias=True), ABSENCE: nino_absence or ""}
        rule = next(rule for rule in self.rules if rule.holds(facts))
        return Verdict(rule.result, rule.name, self.version)

    @model_validator(mode="after")
    def _leaves_nobody_undecided(self) -> Self:
        if not self.rules or self.rules[-1].when:
            raise ValueError(f"{self.version}: the last rule does not hold for everybody")
        if len({rule.name for rule in self.rules}) < len(self.rules):
            raise ValueError(f"{self.version}: two rules have one name")
        return self


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """Return all rule sets, the oldest first."""
    shipped = files("verification").joinpath("data", "rules").iterdir()
    return in_order([RuleSet.model_validate_json(file.read_bytes()) for file in shipped])


def in_order(sets: list[RuleSet]) -> tuple[RuleSet, ...]:
    """Sort rule sets by the day they came into use, each of which is one's own."""
    ordered = tuple(sorted(sets, key=lambda rules: rules.since))
    if len({rules.version for rules in sets}) < len(sets):
        raise ValueError("two rule sets have one version")
    if len({rules.since for rules in sets}) < len(sets):
        raise ValueError("two rule sets came into use on one day")
    return ordered


def current() -> RuleSet:
    """Return the rule set that decides now: the newest."""
    return rule_sets()[-1]


def rule_set(version: str) -> RuleSet:
    """Return the rule set of a version; raises UnknownRuleSet."""
    for rules in rule_sets():
        if rules.version == version:
            return rules
    known = ", ".join(rules.version for rules in rule_sets())
    raise UnknownRuleSet(f"There is no rule set {version}, only {known}.")
