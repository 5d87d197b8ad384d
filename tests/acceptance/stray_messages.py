"""Messages that nobody should have sent: none can be handled, each for another reason."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from electoral.envelope import Envelope, wrap
from electoral.events import ApplicationReceived, ApplicationVerified, Levels, Outcome
from electoral.identifiers import draw_reference, new_application_id
from electoral.kafka import Producer, Record
from electoral.sealing import DirectoryKeyring, Sealer
from electoral.tracing import new_traceparent
from electoral_local.stack import Stack

from acceptance.canaries import REFUSED, UNDECODABLE

NOTHING_COMPARED = Levels(
    first_name="not-applicable",
    middle_name="not-applicable",
    last_name="not-applicable",
    date_of_birth="not-applicable",
    nino="not-applicable",
    date_of_death="not-applicable",
)


async def send_stray_messages(stack: Stack) -> int:
    """Put them on the topics that the services read; returns how many."""
    sealer = Sealer(DirectoryKeyring(stack.blueprint.keys / "registration"))
    records = [*_sealed(sealer), *_in_clear()]
    async with Producer(stack.kafka.bootstrap_servers, "stray") as producer:
        await producer.publish(records)
    return len(records)


def _sealed(sealer: Sealer) -> Iterator[Record]:
    """What is sealed is no person, or no NINO, or the event has what Postgres cannot store."""
    person = REFUSED.application()
    tag = REFUSED.tag
    for sealed_person, nino, trace in (
        (f"{tag} is no JSON".encode(), str(REFUSED.nino), ""),
        (json.dumps({**person, "dateOfBirth": tag, "firstName": [tag]}).encode(), tag, ""),
        (json.dumps(person).encode(), tag, ""),
        (json.dumps(person).encode() + b"\xff", str(REFUSED.nino), ""),
        (json.dumps(person).encode(), str(REFUSED.nino), "\x00"),  # an error that nobody expects
    ):
        received = _received(sealer, sealed_person, nino.encode())
        yield _record(_wrapped(received, trace))
        yield _record(_wrapped(_verified(received), trace))


def _received(sealer: Sealer, person: bytes, nino: bytes) -> ApplicationReceived:
    application_id, now = new_application_id(), datetime.now(UTC)
    return ApplicationReceived(
        application_id=application_id,
        attempt=1,
        gss_code="E06000046",
        received_at=now,
        attempt_received_at=now,
        reference=draw_reference(),
        type="ordinary",
        source="web",
        language="en",
        arrived_at=now,
        address_basis="postcode",
        client_id="stray",
        person=sealer.seal("person", application_id, person),
        nino=sealer.seal("nino-online", application_id, nino),
    )


def _verified(received: ApplicationReceived) -> ApplicationVerified:
    outcome = Outcome(
        status="final",
        result="red",
        levels=NOTHING_COMPARED,
        rule_version="stray",
        decided_by="stray",
        decided_at=received.received_at,
    )
    shared = received.model_dump(exclude={"nino", "nino_absence", "idempotency"})
    return ApplicationVerified(**shared, revision=1, outcome=outcome)


def _wrapped(event: ApplicationReceived | ApplicationVerified, trace: str) -> Envelope:
    now = datetime.now(UTC)
    return wrap(event, source="stray", at=now, traceparent=new_traceparent() + trace)


def _record(envelope: Envelope, value: bytes | None = None) -> Record:
    headers = [(name, text.encode()) for name, text in envelope.headers.items()]
    return Record(envelope.topic, envelope.key.encode(), value or envelope.value, headers)


def _in_clear() -> Iterator[Record]:
    """Personal data in clear, from a sender of nobody's: no key of it is ours."""
    value = json.dumps(UNDECODABLE.application(), ensure_ascii=False).encode()
    for model in (ApplicationReceived, ApplicationVerified):
        headers = [("ce_type", model.CE_TYPE.encode()), ("traceparent", UNDECODABLE.tag.encode())]
        yield Record(model.TOPIC, b"stray", value, headers)
        yield Record(model.TOPIC, b"stray", value[:-9], headers)
        yield Record(model.TOPIC, b"stray", value, [("ce_type", UNDECODABLE.tag.encode())])
        yield Record(model.TOPIC, b"stray", value, [*headers, *_headers_of_an_attempt()])


def _headers_of_an_attempt() -> list[tuple[str, bytes]]:
    """As all events have them; only that in the place of a GSS code is a NINO, as long as one."""
    return [
        ("application-id", str(new_application_id()).encode()),
        ("attempt", b"1"),
        ("gss-code", f"{UNDECODABLE.nino}C".encode()),
        ("accepted-at", datetime.now(UTC).isoformat().encode()),
    ]
