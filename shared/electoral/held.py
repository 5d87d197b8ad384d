"""Held messages: each by itself, sealed as it came, until an operator releases it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from electoral.envelope import attempt_headers
from electoral.kafka import Message
from electoral.postgres import Connection, Pool
from electoral.sealing import ERROR_CLASSES, Sealer, UnknownKey

CLAIM_SECONDS = 30.0
ERROR_CLASS_MAX = 200  # characters
UNKNOWN_APPLICATION = "unknown-application"  # of a later attempt whose first one is not known
# What a message lacks and others may still bring, a key or the attempt before: tried for a day.
LATE = (ERROR_CLASSES[UnknownKey], UNKNOWN_APPLICATION)
NO_PARTITION = -1  # of what was held after it had waited elsewhere, its day for a key too
NO_APPLICATION = UUID(int=0)  # what a value of an unknown application is sealed for


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message that could not be handled."""

    held_id: int  # 0 before it is stored
    topic: str
    partition: int
    offset: int
    application_id: UUID | None
    attempt: int | None
    revision: int | None
    gss_code: str | None
    accepted_at: datetime | None
    sealed_value: str  # headers and value: a stranger may have written anything into either
    error_class: str
    tries: int = 0  # since it was released last
    state: str = "held"
    held_at: datetime | None = None

    @property
    def is_foreign(self) -> bool:
        """Nothing of ours by its headers: alarmed, and outside the sum."""
        return self.application_id is None


_HOLD = """
INSERT INTO held_message (topic, partition, "offset", application_id, attempt, revision, gss_code,
                          accepted_at, sealed_value, error_class, tries)
SELECT *, 0 FROM unnest($1::text[], $2::int[], $3::bigint[], $4::uuid[], $5::int[], $6::int[],
                        $7::text[], $8::timestamptz[], $9::text[], $10::text[])
    ON CONFLICT (topic, partition, "offset") DO NOTHING
"""
_COLUMNS = """held_id, topic, partition, "offset", application_id, attempt, revision, gss_code,
       accepted_at, sealed_value, error_class, tries, state, held_at"""
# The try is counted with the claim: one that kills the process counts too, and counts alone.
_CLAIM_RELEASED = f"""
UPDATE held_message SET claimed_until = now() + make_interval(secs => $1), tries = tries + 1
 WHERE held_id = (
    SELECT held_id FROM held_message
     WHERE state = 'released' AND (claimed_until IS NULL OR claimed_until < now())
     ORDER BY held_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""
# The number of the try names the claim: one that ended meanwhile changes nothing.
_GIVE_BACK = """
UPDATE held_message SET claimed_until = NULL, tries = tries - 1
 WHERE held_id = $1 AND tries = $2 AND state = 'released'
"""
_HOLD_AGAIN = """
UPDATE held_message SET state = 'held', claimed_until = NULL, error_class = $3
 WHERE held_id = $1 AND tries = $2 AND state = 'released'
"""
_RELEASE = """
UPDATE held_message SET state = 'released', claimed_until = NULL, tries = 0
 WHERE state = 'held' AND ($1::bigint[] IS NULL OR held_id = ANY($1))
"""
_RELEASE_WHAT_WAS_LATE = f"""
UPDATE held_message SET state = 'released', claimed_until = NULL, tries = 0
 WHERE state = 'held' AND error_class = ANY($1) AND held_at > now() - interval '24 hours'
   AND partition <> {NO_PARTITION}
"""


def seal_message(
    sealer: Sealer, message: Message, error_class: str, *, foreign: bool = False
) -> HeldMessage:
    """Make a held message of a raw one; what it says of its attempt stays readable.

    `foreign` leaves that sealed too: it has the form of ours, and Postgres will not have it.
    """
    about = None if foreign else attempt_headers(message.headers)
    application_id = about.application_id if about else None
    return HeldMessage(
        held_id=0,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        application_id=application_id,
        attempt=about.attempt if about else None,
        revision=about.revision if about else None,
        gss_code=about.gss_code if about else None,
        accepted_at=about.accepted_at if about else None,
        sealed_value=sealer.seal("person", application_id or NO_APPLICATION, _packed(message)),
        error_class=error_class[:ERROR_CLASS_MAX],
    )


def open_message(sealer: Sealer, held: HeldMessage) -> Message:
    """Make the raw message again; raises a `SealingError` when its key is gone."""
    packed = sealer.open("person", held.application_id or NO_APPLICATION, held.sealed_value)
    head, _, value = packed.partition(b"\n")
    headers = {name: bytes.fromhex(text) for name, text in json.loads(head).items()}
    return Message(held.topic, held.partition, held.offset, value, headers)


def _packed(message: Message) -> bytes:
    """One line of headers (JSON, values in hexadecimal: they may not be text), then the value."""
    headers = {name: value.hex() for name, value in message.headers.items()}
    return json.dumps(headers, separators=(",", ":")).encode() + b"\n" + (message.value or b"")


async def hold(connection: Connection, messages: Sequence[HeldMessage]) -> None:
    """Hold messages in the transaction that moves the position past them."""
    if not messages:
        return
    await connection.execute(
        _HOLD,
        [m.topic for m in messages],
        [m.partition for m in messages],
        [m.offset for m in messages],
        [m.application_id for m in messages],
        [m.attempt for m in messages],
        [m.revision for m in messages],
        [m.gss_code for m in messages],
        [m.accepted_at for m in messages],
        [m.sealed_value for m in messages],
        [m.error_class for m in messages],
    )


async def claim_released(pool: Pool) -> HeldMessage | None:
    """Claim the oldest released message for 30 s; the claim is committed before any work."""
    row = await pool.fetchrow(_CLAIM_RELEASED, CLAIM_SECONDS)
    return None if row is None else HeldMessage(**row)


async def give_back(pool: Pool, held: HeldMessage) -> None:
    """Give a claim up as if there had been no try: others may at once."""
    await pool.execute(_GIVE_BACK, held.held_id, held.tries)


async def remove(connection: Connection, held: HeldMessage) -> bool:
    """Remove a released message in its effect's transaction; False when another was faster."""
    removed = await connection.fetchval(
        "DELETE FROM held_message WHERE held_id = $1 AND state = 'released' RETURNING true",
        held.held_id,
    )
    return bool(removed)


async def hold_again(pool: Pool, held: HeldMessage, error_class: str) -> None:
    """Put a released message that failed again back, with its new error."""
    await pool.execute(_HOLD_AGAIN, held.held_id, held.tries, error_class[:ERROR_CLASS_MAX])


async def release(pool: Pool, held_ids: Sequence[int] | None) -> int:
    """Release some held messages, or all; returns how many."""
    done = await pool.execute(_RELEASE, None if held_ids is None else list(held_ids))
    return int(done.rpartition(" ")[2])


async def release_what_was_late(pool: Pool) -> None:
    """Release what is held for want of something, while it is held for less than 24 hours."""
    await pool.execute(_RELEASE_WHAT_WAS_LATE, list(LATE))


async def list_held(pool: Pool, limit: int = 1_000) -> list[HeldMessage]:
    """List what is held, oldest first."""
    rows = await pool.fetch(f"SELECT {_COLUMNS} FROM held_message ORDER BY held_id LIMIT $1", limit)
    return [HeldMessage(**row) for row in rows]


async def count(pool: Pool) -> int:
    """Count what is held now, foreign messages included."""
    held: int = await pool.fetchval("SELECT count(*) FROM held_message")
    return held
