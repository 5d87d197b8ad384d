"""Holding: what waited and can never be decided becomes a held message, which operators see."""

from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from electoral import held
from electoral.consumer import Hold
from electoral.envelope import wrap
from electoral.events import ApplicationReceived
from electoral.held import NO_PARTITION, HeldMessage
from electoral.kafka import Message
from electoral.ledger import LedgerDeltas
from electoral.postgres import Connection
from electoral.sealing import Sealer
from electoral.tracing import child_traceparent

from verification.outcomes import SOURCE, counted
from verification.postgres import attempts, parked
from verification.postgres.parked import Claimed

log = structlog.get_logger()


async def hold_attempts(
    connection: Connection, sealer: Sealer, holds: Mapping[Claimed, Hold], deltas: LedgerDeltas
) -> None:
    """Turn attempts into held messages, as if their topic had just brought them.

    One that went on as pending stays decided, and is held for its final outcome.
    """
    removed = await attempts.delete_attempts(connection, [one.key for one in holds])
    numbers = await parked.number_held(connection, len(holds))
    messages = []
    for (one, hold), number in zip(holds.items(), numbers, strict=True):
        if one.key in removed:
            deltas.leave("waiting", counted(one.received, 0))
        messages.append(_held_message(sealer, one, hold, number))
        log.error(
            "attempt held",
            application_id=str(one.received.application_id),
            attempt=one.received.attempt,
            error_class=hold.error_class,
        )
    await held.hold(connection, messages)


def _held_message(sealer: Sealer, one: Claimed, hold: Hold, number: int) -> HeldMessage:
    envelope = wrap(
        one.received.model_copy(update={"is_whole": True}),  # it was merged when it was taken
        source=SOURCE,
        at=datetime.now(UTC),
        traceparent=child_traceparent(one.traceparent),
    )
    headers = {name: text.encode() for name, text in envelope.headers.items()}
    topic = ApplicationReceived.TOPIC
    message = Message(topic, NO_PARTITION, number, envelope.value, headers)
    return held.seal_message(sealer, message, hold.error_class)
