"""Looks at a running stack, one a second or fewer: what the services count, what all of it uses."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from electoral_local.blueprint import SERVICES
from electoral_local.errors import LocalError
from electoral_local.ledger import SETTLED
from electoral_local.load_generators import Generators
from electoral_local.load_metrics import COUNTERS, HELD, OLDEST, fetch_metrics, together
from electoral_local.stack import Stack
from electoral_local.sums import differences, fetch, ledger_day

_LEDGER_EVERY_SECONDS = 15.0


@dataclass(frozen=True)
class Look:
    """How a run is; counts since its start."""

    second: float
    accepted: int = 0
    """At intake, as registration counts."""
    verified: int = 0
    delivered: int = 0
    """Acknowledged by a council."""
    held: int = 0
    oldest_seconds: float = 0.0
    """Of whatever waits anywhere."""
    unexplained: int | None = None
    """Authorities, on each line of the sum; None as long as nothing is old enough to need one."""
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    """By process."""

    @property
    def lag(self) -> int:
        """Accepted, and no outcome yet."""
        return max(0, self.accepted - self.verified)

    @property
    def queued(self) -> int:
        """An outcome, and neither acknowledged nor held yet."""
        return max(0, self.verified - self.delivered - self.held)

    @property
    def done(self) -> int:
        return self.delivered + self.held


class Looker:
    """`begin`, then one `look` after the other. Both block, for some milliseconds."""

    def __init__(self, stack: Stack, generators: Generators) -> None:
        self._stack = stack
        self._generators = generators
        self._told: dict[str, Mapping[str, float]] = {}
        self._before: Mapping[str, float] = {}
        self._cpu_before: Mapping[str, float] = {}
        self._own_before = 0.0
        self._unexplained: int | None = None
        self._ledger_at = SETTLED.total_seconds()

    def begin(self) -> None:
        """What is counted from now on is of this run."""
        self._before = self._counts()
        self._stack.sample()
        self._cpu_before = self._cpu_of_stack()
        self._own_before = time.process_time()

    def look(self, second: float) -> Look:
        """What does not answer now is as it was before."""
        counted = self._counts()
        if second >= self._ledger_at:
            self._ledger_at = second + _LEDGER_EVERY_SECONDS
            self._explain(second)
        new = {name: round(counted[name] - self._before[name]) for name in (*COUNTERS, HELD)}
        accepted, verified, delivered = (new[name] for name in COUNTERS)
        return Look(
            second=second,
            accepted=accepted,
            verified=verified,
            delivered=delivered,
            held=new[HELD],
            oldest_seconds=max(counted[name] for name in OLDEST),
            unexplained=self._unexplained,
            cpu_seconds=self._cpu_seconds(),
        )

    def _counts(self) -> Mapping[str, float]:
        for service in SERVICES:
            for instance in self._stack.blueprint.instances(service):
                try:
                    admin = self._stack.blueprint.admin_url(instance)
                    self._told[instance] = fetch_metrics(admin)
                except OSError:
                    continue
        return together(self._told.values())

    def _explain(self, second: float) -> None:
        """Compare the ledgers over what was accepted long enough ago."""
        admin = {service: self._stack.blueprint.admin_url(service) for service in SERVICES}
        now = datetime.now(UTC)
        first, last = ledger_day(now - timedelta(seconds=second)), ledger_day(now)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        try:
            found = [differences(fetch(admin, day, now - SETTLED)) for day in days]
        except LocalError:
            return
        self._unexplained = sum(map(len, found))

    def _cpu_seconds(self) -> dict[str, float]:
        self._stack.sample()
        now, before = self._cpu_of_stack(), self._cpu_before
        return {
            **{name: round(seconds - before[name], 3) for name, seconds in now.items()},
            **self._generators.cpu_seconds,
            "board": round(time.process_time() - self._own_before, 3),
        }

    def _cpu_of_stack(self) -> Mapping[str, float]:
        lasting = (p for p in self._stack.processes.values() if not p.spec.once)
        return {process.name: process.usage.cpu_seconds for process in lasting}
