"""Events on their way in tests: put into their topic, and read from an outbox."""

import json
from collections.abc import Sequence
from datetime import datetime

from electoral.envelope import unwrap, wrap
from electoral.events import ApplicationVerified, Event
from electoral.kafka import Producer, Record
from electoral.postgres import Pool
from electoral.tracing import new_traceparent


async def publish(bootstrap_servers: str, events: Sequence[Event], at: datetime) -> None:
    """Put events into their topics, as a relay does."""
    async with Producer(bootstrap_servers, "test") as producer:
        await producer.publish([_record(event, at) for event in events])


def _record(event: Event, at: datetime) -> Record:
    envelope = wrap(event, source="test", at=at, traceparent=new_traceparent())
    headers = [(name, text.encode()) for name, text in envelope.headers.items()]
    return Record(envelope.topic, envelope.key.encode(), envelope.value, headers)


async def verified_in_outbox(pool: Pool) -> list[ApplicationVerified]:
    """Read what verification has to publish, in its order."""
    rows = await pool.fetch("SELECT headers, value FROM outbox ORDER BY seq")
    events = []
    for row in rows:
        headers = {name: text.encode() for name, text in json.loads(row["headers"]).items()}
        event = unwrap(row["value"], headers)
        assert isinstance(event, ApplicationVerified)
        events.append(event)
    return events
