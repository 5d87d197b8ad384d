"""Intake: commits what was accepted - record, ledger, outbox - and recognises repeats."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from electoral.envelope import wrap
from electoral.identifiers import draw_reference
from electoral.ledger import Counted, LedgerDeltas
from electoral.outbox import write_outbox
from electoral.postgres import Connection, Pool, transaction

from registration import postgres
from registration.acceptance import (
    Acceptance,
    IntakeKey,
    Receipt,
    Stored,
    as_stored,
    clamp_arrival,
    received_event,
    same_body,
)
from registration.errors import KeyReused, NoFreeReference

REFERENCE_DRAWS_MAX = 5


class Intake:
    """Commits batches of acceptances: record, ledger and outbox in one transaction."""

    def __init__(
        self,
        pool: Pool,
        *,
        hash_body: Callable[[str, bytes], bytes | None],
        wake: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._hash_body = hash_body
        self._wake = wake

    async def commit(self, items: Sequence[tuple[Acceptance, bytes]]) -> list[Receipt | KeyReused]:
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
        now = await postgres.transaction_time(connection)
        stored: dict[IntakeKey, Stored] = {}
        created: set[UUID] = set()
        for _ in range(REFERENCE_DRAWS_MAX):
            new = await self._insert_new(connection, acceptances, now)
            stored |= {acceptance.key: as_stored(acceptance, now) for acceptance in new}
            created |= {acceptance.application_id for acceptance in new}
            left = [a for a in acceptances if a.key not in stored]
            stored |= await postgres.find_by_key(connection, (a.key for a in left))
            acceptances = [
                replace(a, reference=draw_reference()) for a in left if a.key not in stored
            ]
            if not acceptances:
                return stored, created
        raise NoFreeReference

    async def _insert_new(
        self, connection: Connection, acceptances: list[Acceptance], now: datetime
    ) -> list[Acceptance]:
        arrived = [clamp_arrival(a.arrived_at, now) for a in acceptances]
        created = await postgres.insert_applications(connection, acceptances, arrived)
        new = [a for a in acceptances if a.application_id in created]
        deltas = LedgerDeltas()
        for a in new:
            deltas.enter("accepted", Counted(a.application_id, 1, 0, now, a.gss_code))
        await deltas.write(connection)
        await write_outbox(
            connection,
            [
                wrap(
                    received_event(a, now), source="registration", at=now, traceparent=a.traceparent
                )
                for a in new
            ],
        )
        return new

    def _answer(
        self, one: Acceptance, body: bytes, stored: Stored, created: set[UUID]
    ) -> Receipt | KeyReused:
        if stored.application_id == one.application_id and one.application_id in created:
            return Receipt(stored, replayed=False)
        return self.replay(stored, body)

    def replay(self, stored: Stored, body: bytes) -> Receipt | KeyReused:
        """Answer a repeat: the first receipt, unless its body is another."""
        body_hash = self._hash_body(stored.body_key_id, body)
        if body_hash is not None and not same_body(stored, body_hash):
            return KeyReused()
        return Receipt(stored, replayed=True)
