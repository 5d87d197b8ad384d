"""The few figures of the services' `/metrics` that a run is watched by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from electoral_local.readiness import DIRECTLY

COUNTERS = (
    "applications_accepted_total",
    "verification_decided_total",
    "gateway_acknowledged_total",
)
"""Each instance of a service has counted its own part."""
HELD = "gateway_held"
OLDEST = (
    "outbox_oldest_seconds",
    "gateway_oldest_seconds",
    "verification_parked_oldest_seconds",
    "accepted_unverified_oldest_seconds",
)
_TIMEOUT_SECONDS = 2.0


def fetch_metrics(admin_url: str) -> Mapping[str, float]:
    """Raises OSError when the process does not answer in time."""
    with DIRECTLY.open(f"{admin_url}/metrics", timeout=_TIMEOUT_SECONDS) as answer:
        return read_metrics(answer.read().decode())


def read_metrics(text: str) -> Mapping[str, float]:
    """Of one process: over all labels the sum, of ages the highest."""
    found: dict[str, float] = defaultdict(float)
    for line in text.splitlines():
        name = line.partition(" ")[0].partition("{")[0]
        if name in OLDEST:
            found[name] = max(found[name], _value(line))
        elif name in COUNTERS or name == HELD:
            found[name] += _value(line)
    return found


def together(instances: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    """Counters of all instances added; gauges are of one database, whoever read them."""
    found: dict[str, float] = defaultdict(float)
    for instance in instances:
        for name, value in instance.items():
            found[name] = found[name] + value if name in COUNTERS else max(found[name], value)
    return found


def _value(line: str) -> float:
    return float(line.rpartition(" ")[2])
