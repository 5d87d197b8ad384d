"""Held messages: each by itself, sealed as it came, until an operator releases it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from electoral.calendar import day_bounds
from electoral.envelope import attempt_headers
from electoral.kafka import Message
from electoral.ledger import Counted
from electoral.postgres import Connection, Pool
from electoral.sealing import Sealer

CLAIM_SECONDS = 30.0
CLAIM_MESSAGES_MAX = 50
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
    tries: int = 1
    state: str = "held"
    held_at: datetime | None = None

    @property
    def is_foreign(self) -> bool:
        """Nothing of ours by its headers: alarmed, and outside the sum."""
        return self.application_id is None


_HOLD = """
INSERT INTO held_message (topic, partition, "offset", application_id, attempt, revision, gss_code,
                          accepted_at, sealed_value, error_class, tries)
SELECT *, 1 FROM unnest($1::text[], $2::int[], $3::bigint[], $4::uuid[], $5::int[], $6::int[],
                        $7::text[], $8::timestamptz[], $9::text[], $10::text[])
    ON CONFLICT (topic, partition, "offset") DO NOTHING
"""
_COLUMNS = """held_id, topic, partition, "offset", application_id, attempt, revision, gss_code,
       accepted_at, sealed_value, error_class, tries, state, held_at"""
_CLAIM_RELEASED = f"""
UPDATE held_message SET claimed_until = now() + make_interval(secs => $1), tries = tries + 1
 WHERE held_id IN (
    SELECT held_id FROM held_message
     WHERE state = 'released' AND (claimed_until IS NULL OR claimed_until < now())
     ORDER BY held_id LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""
_HOLD_AGAIN = """
UPDATE held_message SET state = 'held', claimed_until = NULL, error_class = $2 WHERE held_id = $1
"""
_RELEASE = """
UPDATE held_message SET state = 'released', claimed_until = NULL
 WHERE state = 'held' AND ($1::bigint[] IS NULL OR held_id = ANY($1))
"""
# A key may be late, or not restored yet: such messages are tried again by themselves for a day.
_RELEASE_FOR_LATE_KEYS = """
UPDATE held_message SET state = 'released', claimed_until = NULL
 WHERE state = 'held' AND error_class = 'unknown-key' AND held_at > now() - interval '24 hours'
"""
_OF_DAY = """
SELECT DISTINCT ON (application_id, attempt) application_id, attempt,
       coalesce(revision, 0) AS revision, accepted_at, gss_code
  FROM held_message WHERE accepted_at >= $1 AND accepted_at < $2
 ORDER BY application_id, attempt, revision DESC NULLS LAST
"""


def seal_message(sealer: Sealer, message: Message, error_class: str) -> HeldMessage:
    """Make a held message of a raw one; what it says of its attempt stays readable."""
    about = attempt_headers(message.headers)
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
        error_class=error_class[:200],
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


async def claim_released(pool: Pool) -> list[HeldMessage]:
    """Claim some released messages for 30 s; the claim is committed before any work."""
    rows = await pool.fetch(_CLAIM_RELEASED, CLAIM_SECONDS, CLAIM_MESSAGES_MAX)
    return [HeldMessage(**row) for row in rows]


async def remove(connection: Connection, held: HeldMessage) -> bool:
    """Remove a released message in its effect's transaction; False when another was faster."""
    removed = await connection.fetchval(
        "DELETE FROM held_message WHERE held_id = $1 AND state = 'released' RETURNING true",
        held.held_id,
    )
    return bool(removed)


async def hold_again(pool: Pool, held: HeldMessage) -> None:
    """Put a released message that failed again back, with its new error."""
    await pool.execute(_HOLD_AGAIN, held.held_id, held.error_class)


async def release(pool: Pool, held_ids: Sequence[int] | None) -> int:
    """Release some held messages, or all; returns how many."""
    done = await pool.execute(_RELEASE, None if held_ids is None else list(held_ids))
    return int(done.rpartition(" ")[2])


async def release_for_late_keys(pool: Pool) -> None:
    """Release what is held for want of a key, while it is held for less than 24 hours."""
    await pool.execute(_RELEASE_FOR_LATE_KEYS)


async def list_held(pool: Pool, limit: int = 1_000) -> list[HeldMessage]:
    """List what is held, oldest first."""
    rows = await pool.fetch(f"SELECT {_COLUMNS} FROM held_message ORDER BY held_id LIMIT $1", limit)
    return [HeldMessage(**row) for row in rows]


async def attempts_held(connection: Connection, day: date) -> list[Counted]:
    """Return the attempts of a London day that held messages are about (foreign ones are none)."""
    rows = await connection.fetch(_OF_DAY, *day_bounds(day))
    return [Counted(**row) for row in rows]


async def count(pool: Pool) -> int:
    """Count what is held now, foreign messages included."""
    held: int = await pool.fetchval("SELECT count(*) FROM held_message")
    return held
