"""A verdict: questions with their answers, the numbers behind them, and a few ids to look into."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OFFENDERS_SHOWN = 5


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
