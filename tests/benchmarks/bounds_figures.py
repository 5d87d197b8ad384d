"""What a run of `benchmarks.bounds` measured, and how two of them compare."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from electoral_local.rehearsal import Progress

SECONDS_MAX = 120.0
STEADY = (0.1, 0.9)
"""The rate is of the middle: EROs ask every few seconds, so the ends say little."""


@dataclass(frozen=True)
class Idea:
    """Something that is done together, and what makes it one at a time."""

    name: str
    what: str
    """Of which there is one."""
    settings: tuple[str, ...]
    councils: tuple[str, ...] = ()
    """Further arguments of the EROs' systems."""
    share: float = 1.0
    """Of the applications of a run: fewer where it is slow."""


@dataclass(frozen=True)
class Measured:
    """What came of one run."""

    rate: float
    """Applications a second, from a tenth acknowledged to nine tenths."""
    cpu_ms: float
    """An application, of everything but the people."""
    acknowledged: int
    is_cut: bool = False
    """More was acknowledged later; the figures are of what was in time."""
    balances: bool = True

    def __str__(self) -> str:
        cut = ", cut" if self.is_cut else ""
        broken = "" if self.balances else ", DOES NOT BALANCE"
        return f"{self.rate:7,.0f}/s {self.cpu_ms:7.2f} ms, {self.acknowledged:,}{cut}{broken}"


@dataclass(frozen=True)
class Compared:
    """An idea's run with the runs around it."""

    idea: Idea
    measured: Measured
    before: Measured
    after: Measured

    @property
    def rate_ratio(self) -> float:
        return self.measured.rate / ((self.before.rate + self.after.rate) / 2)

    @property
    def cpu_ratio(self) -> float:
        return self.measured.cpu_ms / ((self.before.cpu_ms + self.after.cpu_ms) / 2)


class Watch:
    """Looks on while a run goes, for as long as it is measured."""

    def __init__(self, cpu_seconds: Callable[[], float]) -> None:
        self._cpu_seconds = cpu_seconds
        self._cpu_before = cpu_seconds()
        self._cpu = self._cpu_before
        self._looks: list[tuple[float, int]] = []  # seconds since the first was sent, acknowledged
        self._total = 0
        self._is_cut = False

    def look(self, progress: Progress) -> None:
        """See how far it is; what comes after 120 s is not counted."""
        self._total = progress.total
        acknowledged, seconds = progress.acknowledged, progress.last_acknowledged - progress.began
        if acknowledged <= self._acknowledged:
            return
        self._is_cut = seconds > SECONDS_MAX
        if not self._is_cut:
            self._looks.append((seconds, acknowledged))
            self._cpu = self._cpu_seconds()

    def measured(self, *, balances: bool) -> Measured:
        """Sum it up."""
        count = self._acknowledged
        return Measured(
            rate=steady_rate(self._looks, self._total),
            cpu_ms=1000 * (self._cpu - self._cpu_before) / max(1, count),
            acknowledged=count,
            is_cut=self._is_cut,
            balances=balances,
        )

    @property
    def _acknowledged(self) -> int:
        return self._looks[-1][1] if self._looks else 0


def steady_rate(looks: Sequence[tuple[float, int]], total: int) -> float:
    """From a tenth of `total` to nine tenths, or to the last look; 0 if it never came so far."""
    first, last = (share * total for share in STEADY)
    within = [look for look in looks if look[1] >= first]
    if not within:
        return 0.0
    begin = within[0]
    end = next((look for look in within if look[1] >= last), within[-1])
    seconds = end[0] - begin[0]
    return (end[1] - begin[1]) / seconds if seconds > 0 else 0.0


def table(compared: Sequence[Compared]) -> Iterator[str]:
    """One line an idea: figures, and their ratios to the mean of the two runs around it."""
    yield f"{'one at a time':55} {'a second':>9} {'ratio':>6} {'CPU ms':>8} {'ratio':>6}"
    for one in compared:
        measured = one.measured
        notes = " cut" * measured.is_cut + " DOES NOT BALANCE" * (not measured.balances)
        yield (
            f"{one.idea.what:55} {measured.rate:9,.0f} {one.rate_ratio:6.2f}"
            f" {measured.cpu_ms:8.2f} {one.cpu_ratio:6.2f}{notes}"
        )
    bases = [one.before for one in compared[:1]] + [one.after for one in compared]
    if not bases:
        return
    rates, costs = [b.rate for b in bases], [b.cpu_ms for b in bases]
    yield (
        f"{'nothing: the runs around them':55} {min(rates):,.0f} to {max(rates):,.0f}/s,"
        f" {min(costs):.2f} to {max(costs):.2f} ms"
    )
