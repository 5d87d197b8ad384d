"""How long things took, by those who noted it: Kafka's messages, and the citizens' receipts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from electoral.envelope import attempt_headers
from simulated.receipts import Receipt, read_receipts

from acceptance.evidence import records_of

RECEIVED, VERIFIED = "applications.received", "applications.verified"


class Journey(NamedTuple):
    """One attempt's way through verification, in Unix seconds."""

    application_id: UUID
    received_at: float  # on applications.received, where verification takes it from
    verified_at: float  # its first outcome on applications.verified

    @property
    def seconds(self) -> float:
        return self.verified_at - self.received_at


async def journeys(bootstrap_servers: str) -> list[Journey]:
    """Of every attempt that has an outcome. Raises KeyError for an outcome of nothing received."""
    received: dict[UUID, float] = {}
    verified: dict[UUID, float] = {}
    async for record in records_of(bootstrap_servers, (RECEIVED, VERIFIED)):
        named = attempt_headers({name: value for name, value in record.headers if value})
        assert named is not None
        seen = received if record.topic == RECEIVED else verified
        at = record.timestamp / 1000
        seen[named.application_id] = min(at, seen.get(named.application_id, at))
    return [Journey(one, received[one], at) for one, at in verified.items()]


def since_consumption(made: Iterable[Journey], batches: Mapping[UUID, float]) -> list[float]:
    """At most how long each took from when its batch was taken until its outcome was published.

    Of one process, which takes a batch only after the one before it was recorded.
    """
    began = sorted(set(batches.values()))
    before = dict(zip(began, [0.0, *began], strict=False))
    return [o.verified_at - max(o.received_at, before[batches[o.application_id]]) for o in made]


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that so many percent are not above; 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)] if ordered else 0.0


def spread(values: Sequence[float]) -> str:
    """For people to read."""
    p50, p99 = percentile(values, 50), percentile(values, 99)
    return (
        f"p50 {p50:.3f} s, p99 {p99:.3f} s, max {max(values, default=0):.3f} s of {len(values):,}"
    )


def receipts_of(book: Path) -> list[Receipt]:
    return list(read_receipts(book)[1])


def accept_seconds(receipts: Iterable[Receipt], begin: float, end: float) -> list[float]:
    """How long those waited for their receipt who sent between two Unix times."""
    times = ((unix(r.sent_at), unix(r.answered_at)) for r in receipts)
    return [answered - sent for sent, answered in times if begin <= sent < end]


def unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
