"""Intake: commits what was accepted - record, counts, outbox - and recognises repeats."""

import hmac
from collections.abc import Callable, Sequence
from uuid import UUID

from electoral.envelope import AttemptHeaders, Envelope, wrap_value
from electoral.events import ApplicationReceived
from electoral.identifiers import draw_reference
from electoral.ledger import Counted, LedgerDeltas
from electoral.outbox import write_outbox
from electoral.postgres import Connection, Pool, transaction
from electoral.sealing import DestroyedKey, UnknownKey

from registration.acceptance import (
    Acceptance,
    IntakeKey,
    Receipt,
    Stored,
    received_value,
)
from registration.errors import KeyReused, KeysMissing, NoFreeReference
from registration.performance.counting import PerformanceDeltas
from registration.postgres.applications import find_by_key, insert_applications
from registration.postgres.performance import append_deltas

REFERENCE_DRAWS_MAX = 5

Answer = Receipt | KeyReused | KeysMissing


class Intake:
    """Commits batches of acceptances: record, counts and outbox in one transaction."""

    def __init__(
        self,
        pool: Pool,
        *,
        hash_body: Callable[[str, bytes], bytes],
        wake: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._hash_body = hash_body
        self._wake = wake

    async def commit(self, items: Sequence[tuple[Acceptance, bytes]]) -> list[Answer]:
        """Store the new and answer all, in order; an item is an acceptance and its canonical body.

        Equal keys within the batch join the first; the batch is sorted by key.
        """
        first: dict[IntakeKey, Acceptance] = {}
        for acceptance, _ in items:
            first.setdefault(acceptance.key, acceptance)
        async with transaction(self._pool) as connection:
            stored, created = await self._store(connection, [first[key] for key in sorted(first)])
        self._wake()
        return [self._answer(one, body, stored[one.key], created) for one, body in items]

    async def _store(
        self, connection: Connection, acceptances: list[Acceptance]
    ) -> tuple[dict[IntakeKey, Stored], set[UUID]]:
        """Store under each key, drawing again where only the reference was taken."""
        stored: dict[IntakeKey, Stored] = {}
        created: set[UUID] = set()
        for _ in range(REFERENCE_DRAWS_MAX):
            new = await self._insert_new(connection, acceptances)
            stored |= new
            created |= {one.application_id for one in new.values()}
            left = [a for a in acceptances if a.key not in stored]
            stored |= await find_by_key(connection, (a.key for a in left))
            acceptances = [
                a._replace(reference=draw_reference()) for a in left if a.key not in stored
            ]
            if not acceptances:
                return stored, created
        raise NoFreeReference

    async def _insert_new(
        self, connection: Connection, acceptances: list[Acceptance]
    ) -> dict[IntakeKey, Stored]:
        """Insert what is new, what the ledger and the public figures count of it, and events."""
        stored = await insert_applications(connection, acceptances)
        deltas, figures, envelopes = LedgerDeltas(), PerformanceDeltas(), []
        for one in acceptances:
            new = stored.get(one.key)
            if new is not None:
                now = new.received_at
                deltas.enter("accepted", Counted(one.application_id, 1, 0, now, one.gss_code))
                figures.accept(one, now)
                envelopes.append(_received(one, new))
        await deltas.write(connection)
        await append_deltas(connection, figures)
        await write_outbox(connection, envelopes)
        return stored

    def _answer(self, one: Acceptance, body: bytes, stored: Stored, created: set[UUID]) -> Answer:
        if stored.application_id == one.application_id and one.application_id in created:
            return Receipt(stored, replayed=False)
        return self.replay(stored, body)

    def replay(self, stored: Stored, body: bytes) -> Answer:
        """Answer a repeat: the first receipt, unless its body is another.

        After the end of the first one's key the idempotency key alone decides. A key that is
        merely missing is for this repeat to wait for, and for no other item of its batch.
        """
        try:
            body_hash = self._hash_body(stored.body_key_id, body)
        except DestroyedKey:
            return Receipt(stored, replayed=True)
        except UnknownKey as error:
            return KeysMissing(type(error).__name__)
        if not hmac.compare_digest(stored.body_hash, body_hash):
            return KeyReused()
        return Receipt(stored, replayed=True)


def _received(one: Acceptance, stored: Stored) -> Envelope:
    return wrap_value(
        ApplicationReceived,
        received_value(one, stored),
        AttemptHeaders(one.application_id, 1, None, one.gss_code, stored.received_at),
        source="registration",
        at=stored.received_at,
        traceparent=one.traceparent,
    )
