"""Paper applications: typed in by an authority, taken here, verified like those from online."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from uuid import UUID

from electoral.envelope import Envelope, timestamp, wrap
from electoral.events import ApplicationReceived
from electoral.ledger import Counted, LedgerDeltas
from electoral.metrics import Metrics
from electoral.outbox import write_outbox
from electoral.postgres import Connection, Pool, transaction
from electoral.sealing import SealingError
from electoral.tracing import child_traceparent

from ems_gateway.councils.paper_reading import (
    AcceptedPaper,
    Arrived,
    PaperItem,
    PaperReader,
    Refusal,
    refused,
)
from ems_gateway.councils.taking import Proofs, Receipt, Taken
from ems_gateway.errors import KeysMissing
from ems_gateway.history.writing import Entry, History
from ems_gateway.postgres.taken import NewPaper, StoredPaper, find_papers, insert_papers

SOURCE = "ems-gateway"
ITEMS_AT_A_TIME = 25  # between them other requests get their turn
FIRST_ATTEMPT = 1


Result = Receipt | Refusal


class PaperApplications:
    """Takes paper applications; each is durable, and its event with it, when `take` returns."""

    def __init__(
        self,
        *,
        pool: Pool,
        reader: PaperReader,
        proofs: Proofs,
        history: History,
        metrics: Metrics,
        after_commit: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._reader = reader
        self._proofs = proofs
        self._history = history
        self._taken = metrics.counter("gateway_taken_total")
        self._after_commit = after_commit

    async def take(self, bodies: Sequence[object], arrived: Arrived) -> list[Result]:
        """Take each by itself, in order; raises `KeysMissing` when nothing can be sealed now."""
        try:
            return await self._take(bodies, arrived)
        except SealingError as error:
            raise KeysMissing(type(error).__name__) from None

    async def _take(self, bodies: Sequence[object], arrived: Arrived) -> list[Result]:
        items = [item async for item in self._read(bodies, arrived)]
        first: dict[bytes, AcceptedPaper] = {}
        for item in items:
            if item.accepted is not None:
                first.setdefault(item.accepted.proof.key_hash, item.accepted)
        async with transaction(self._pool) as connection:
            stored = await self._store(connection, [first[key] for key in sorted(first)], arrived)
            keys = {item.proof.key_hash for item in items if item.proof is not None}
            known = await find_papers(connection, keys)
        if stored:
            self._taken.labels("paper").inc(len(stored))
            self._after_commit()
        return [self._result(item, known, stored) for item in items]

    # -- reading --------------------------------------------------------------------------------

    async def _read(self, bodies: Sequence[object], arrived: Arrived) -> AsyncIterator[PaperItem]:
        for number, body in enumerate(bodies):
            if number % ITEMS_AT_A_TIME == 0:
                await asyncio.sleep(0)
            yield self._reader.read(body, arrived)

    # -- storing --------------------------------------------------------------------------------

    async def _store(
        self, connection: Connection, papers: Sequence[AcceptedPaper], arrived: Arrived
    ) -> dict[UUID, StoredPaper]:
        """Store what is new, with the ledger's deltas, the events and the history."""
        if not papers:
            return {}
        ero = arrived.caller.ero
        rows = [NewPaper(one.application_id, one.proof, one.gss_code) for one in papers]
        stored = await insert_papers(connection, rows, ero, arrived.at)
        new = [(one, stored[one.application_id]) for one in papers if one.application_id in stored]
        deltas = LedgerDeltas()
        for one, times in new:
            deltas.enter("paper-taken", _counted(one, times))
        await deltas.write(connection)
        await write_outbox(connection, [_envelope(one, times, arrived) for one, times in new])
        await self._history.append(connection, [_entry(one, times, arrived) for one, times in new])
        return stored

    # -- answering ------------------------------------------------------------------------------

    def _result(
        self, item: PaperItem, known: Mapping[bytes, Taken], stored: Mapping[UUID, StoredPaper]
    ) -> Result:
        taken = None if item.proof is None else known.get(item.proof.key_hash)
        if taken is None:
            assert item.refusal is not None  # whatever was accepted is stored
            return item.refusal
        own = item.accepted.application_id if item.accepted is not None else None
        if own == taken.application_id and own in stored:
            return Receipt(taken, replayed=False)
        try:
            is_repeat = self._proofs.is_repeat(taken, item.body)
        except SealingError:  # for this repeat to wait for, and for no other item
            return refused(503, "", "keys-missing")
        return (
            Receipt(taken, replayed=True)
            if is_repeat
            else refused(422, "/recordId", "own-id-reused")
        )


def _counted(paper: AcceptedPaper, times: StoredPaper) -> Counted:
    return Counted(paper.application_id, FIRST_ATTEMPT, 0, times.received_at, paper.gss_code)


def _envelope(paper: AcceptedPaper, times: StoredPaper, arrived: Arrived) -> Envelope:
    address, at = paper.answers.address, times.received_at
    assert address is not None  # it was read as a whole
    event = ApplicationReceived(
        application_id=paper.application_id,
        attempt=FIRST_ATTEMPT,
        gss_code=paper.gss_code,
        received_at=at,
        attempt_received_at=at,
        type="ordinary",
        source="paper",
        language=paper.answers.language or "en",
        arrived_at=times.arrived_at,
        previous_gss_code=paper.previous_gss_code,
        address_basis="uprn" if address.uprn else "gss-code",
        client_id=arrived.caller.ero,
        person=paper.person,
        nino=paper.nino,
        nino_absence=paper.nino_absence,
        idempotency=paper.proof.in_event,
    )
    return wrap(event, source=SOURCE, at=at, traceparent=child_traceparent(arrived.traceparent))


def _entry(paper: AcceptedPaper, times: StoredPaper, arrived: Arrived) -> Entry:
    facts = {
        "source": "paper",
        "gssCode": paper.gss_code,
        "receivedAt": timestamp(times.received_at),
        "arrivedAt": timestamp(times.arrived_at),
    }
    by = arrived.caller.credential
    return Entry(paper.application_id, FIRST_ATTEMPT, "received", by, facts)
