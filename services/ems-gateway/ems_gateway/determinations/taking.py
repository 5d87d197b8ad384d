"""What an ERO decides of an application: once, for all of its attempts, by any of its records."""

from collections.abc import Callable

from electoral.envelope import Envelope, timestamp, wrap
from electoral.events import ApplicationDetermined
from electoral.metrics import Metrics
from electoral.outbox import write_outbox
from electoral.postgres import Connection, Pool, transaction
from electoral.tracing import child_traceparent

from ems_gateway.answers import SOURCE
from ems_gateway.calling.callers import Caller
from ems_gateway.determinations.rules import Attempt, Determination, Named, Verdict, judge
from ems_gateway.history.writing import Entry, History
from ems_gateway.notices.writing import NoticeWriter
from ems_gateway.postgres.determinations import (
    find_determined,
    find_named,
    insert_determination,
    lock_attempts_of,
)


class Determinations:
    """Takes determinations; each is durable, with its event and its notice, when `take` returns."""

    def __init__(
        self,
        pool: Pool,
        history: History,
        notices: NoticeWriter,
        metrics: Metrics,
        after_commit: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._history = history
        self._notices = notices
        self._taken = metrics.counter("gateway_determined_total")
        self._after_commit = after_commit

    async def take(self, caller: Caller, record_id: bytes, wanted: Determination) -> Verdict:
        """Take a determination, or say why not; a repeat has no effect."""
        async with transaction(self._pool) as connection:
            verdict = await self._take(connection, caller, record_id, wanted)
        if verdict == "taken":
            self._after_commit()
            self._taken.labels(wanted.outcome).inc()
        return verdict

    async def _take(
        self, connection: Connection, caller: Caller, record_id: bytes, wanted: Determination
    ) -> Verdict:
        named = await find_named(connection, record_id, caller.ero)
        if named is None:
            return "unknown"
        attempts = await lock_attempts_of(connection, named.application_id)
        standing = await find_determined(connection, named.application_id)
        verdict = judge(wanted, caller.ero, named, attempts, standing)
        if verdict == "taken":
            await self._write(connection, caller, named, attempts[-1], wanted)
        return verdict

    async def _write(
        self,
        connection: Connection,
        caller: Caller,
        named: Named,
        newest: Attempt,
        wanted: Determination,
    ) -> None:
        await insert_determination(connection, named, caller.ero, wanted)
        await write_outbox(connection, [_event(named, wanted)])
        entries = [_entry(caller, named, wanted)]
        if wanted.outcome == "allowed":
            entries += await self._notices.write(connection, named, newest)
        await self._history.append(connection, entries)


def _entry(caller: Caller, named: Named, wanted: Determination) -> Entry:
    facts = {
        "ero": caller.ero,
        "outcome": wanted.outcome,
        "reasons": list(wanted.reasons),
        "identityVerifiedBy": wanted.identity_verified_by,
        "determinedAt": timestamp(wanted.determined_at),
    }
    return Entry(named.application_id, named.attempt, "determined", caller.credential, facts)


def _event(named: Named, wanted: Determination) -> Envelope:
    event = ApplicationDetermined(
        application_id=named.application_id,
        attempt=named.attempt,
        gss_code=named.gss_code,
        received_at=named.received_at,
        attempt_received_at=named.attempt_received_at,
        outcome=wanted.outcome,
        reasons=wanted.reasons,
        identity_verified_by=wanted.identity_verified_by,
        determined_at=wanted.determined_at,
    )
    traceparent = child_traceparent(named.traceparent)
    return wrap(event, source=SOURCE, at=named.now, traceparent=traceparent)
