"""The verdict on a run as it is shown: criteria, and one word."""

from dataclasses import dataclass

PASS, FAIL, NOT_JUDGED = "pass", "FAIL", "not judged"


@dataclass(frozen=True)
class Judged:
    """One criterion: its figure against its limit, and a few ids to look into."""

    name: str
    passed: bool
    figure: str
    limit: str
    look_into: tuple[str, ...] = ()
    is_judged: bool = True
    """False where a run is too small or too slow to say anything of it."""

    @property
    def word(self) -> str:
        if not self.passed:
            return FAIL
        return PASS if self.is_judged else NOT_JUDGED


@dataclass(frozen=True)
class RunVerdict:
    criteria: tuple[Judged, ...]

    valid: bool = True
    """Whether what was offered is what was asked; of another run nothing can be said."""

    @property
    def passed(self) -> bool:
        return self.valid and all(judged.passed for judged in self.criteria)

    @property
    def not_judged(self) -> tuple[str, ...]:
        """Names of the criteria of which this run says nothing."""
        return tuple(one.name for one in self.criteria if one.word == NOT_JUDGED)

    @property
    def word(self) -> str:
        if not self.valid:
            return "invalid"
        return "passed" if self.passed else "failed"
