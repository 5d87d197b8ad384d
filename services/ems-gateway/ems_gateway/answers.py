"""What EROs' systems say of their records: taken together, many in one transaction."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from electoral.envelope import Envelope, wrap
from electoral.events import ApplicationAcknowledged
from electoral.group_commit import GroupCommit
from electoral.metrics import Metrics
from electoral.outbox import write_outbox
from electoral.postgres import Connection, Pool, transaction
from electoral.sealing import Sealer
from electoral.tracing import child_traceparent

from ems_gateway.delivery import REASONS, AnswerStatus, Changes, Filed, Standing, answer
from ems_gateway.errors import KeysMissing
from ems_gateway.history.entries import answered
from ems_gateway.history.writing import Entry, History
from ems_gateway.postgres.answers import StoredAnswer, insert_answers, which_were_answered
from ems_gateway.postgres.attempts import write_changes
from ems_gateway.postgres.leases import lock_leases
from ems_gateway.postgres.records import Found, find_of_eros

SOURCE = "ems-gateway"
CHUNK_ANSWERS_MAX = 50  # of one request, taken as one piece
BATCH_CHUNKS_MAX = 40  # in one transaction: at most 2,000 answers
WAITING_CHUNKS_MAX = 2_000
ANSWERS_PACE = 0.1  # seconds in which answers of several EROs gather for one transaction


Asked = tuple[str, bytes]
"""An ERO, and the record that it answers."""


class Answer(NamedTuple):
    """What an ERO's system says of one record."""

    ero: str
    record_id: bytes
    status: AnswerStatus
    credential: str  # that said it
    message: str | None = None
    details: str | None = None
    reason: str | None = None
    suggested_gss_code: str | None = None
    lease_id: bytes | None = None  # under which the record was taken, and
    offer: int | None = None  # which offer it was, as far as the system says so

    @property
    def asked(self) -> Asked:
        return self.ero, self.record_id

    @property
    def known_reason(self) -> str | None:
        """The reason if it is a word of ours; any other may hold anything, so it is sealed."""
        return self.reason if self.reason in REASONS else None

    def free_text(self) -> bytes | None:
        """What people may have written, as JSON; None where there is nothing."""
        if not (self.message or self.details or self.reason):
            return None
        other_reason = None if self.known_reason else self.reason
        texts = {"message": self.message, "details": self.details, "reason": other_reason}
        given = {name: text for name, text in texts.items() if text}
        return json.dumps(given, ensure_ascii=False).encode() if given else None


Chunk = tuple[Answer, ...]
Known = tuple[bool, ...]  # for each answer: whether the ERO has such a record


class Answers:
    """Takes answers; each is durable, and its event with it, when `take` returns."""

    def __init__(
        self,
        pool: Pool,
        sealer: Sealer,
        history: History,
        metrics: Metrics,
        after_commit: Callable[[], None],
        batch_chunks_max: int = BATCH_CHUNKS_MAX,
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._history = history
        self._acknowledged = metrics.counter("gateway_acknowledged_total")
        self._after_commit = after_commit
        self.group_commit: GroupCommit[Chunk, Known] = GroupCommit(
            self._commit,
            writers=1,
            pace=ANSWERS_PACE,
            batch_items_max=batch_chunks_max,
            waiting_items_max=WAITING_CHUNKS_MAX,
        )

    async def take(self, answers: Chunk) -> Known:
        """Take at most 50 answers; says of each whether its ERO has such a record.

        Raises `Unavailable`.
        """
        # Others' answers are committed together with these: they must not lack our key.
        if any(one.free_text() for one in answers) and self._sealer.missing_keys(("person",)):
            raise KeysMissing("person")
        return await self.group_commit.submit(answers)

    async def _commit(self, chunks: Sequence[Chunk]) -> Sequence[Known]:
        answers = [one for chunk in chunks for one in chunk]
        async with transaction(self._pool) as connection:
            found = await _find(connection, answers)
            taken = _decide(answers, found, await _newest_leases(connection, answers, found))
            known = found.keys() | await _answered_before(connection, answers, found)
            await self._write(connection, taken)
        if taken.effective:
            self._after_commit()
        for status, count in Counter(one.answer.status for one in taken.effective).items():
            self._acknowledged.labels(status).inc(count)
        return [tuple(one.asked in known for one in chunk) for chunk in chunks]

    async def _write(self, connection: Connection, taken: "_Taken") -> None:
        await write_changes(connection, taken.changes)
        await insert_answers(connection, [self._stored(one) for one in taken.effective])
        await write_outbox(connection, [_event(one) for one in taken.effective])
        await self._history.append(connection, [_entry(one) for one in taken.effective])

    def _stored(self, one: "_Effective") -> StoredAnswer:
        text = one.answer.free_text()
        return StoredAnswer(
            position=one.filed.position,
            offer=one.offer,
            status=one.answer.status,
            ero=one.answer.ero,
            reason=one.answer.known_reason,
            suggested_gss_code=one.answer.suggested_gss_code,
            sealed_text=(
                self._sealer.seal("person", one.filed.application_id, text) if text else None
            ),
        )


class _Effective(NamedTuple):
    """An answer that changes something."""

    answer: Answer
    filed: Filed
    offer: int
    at: datetime


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a batch of answers comes to."""

    changes: Changes
    effective: list[_Effective]


async def _find(connection: Connection, answers: Sequence[Answer]) -> dict[Asked, Found]:
    found = await find_of_eros(
        connection, [one.record_id for one in answers], [one.ero for one in answers]
    )
    return {(one.standing.ero or "", one.filed.record_id): one for one in found}


async def _newest_leases(
    connection: Connection, answers: Sequence[Answer], found: Mapping[Asked, Found]
) -> Mapping[int, bytes | None]:
    """Say, by position, whose lease is the newest of the records that a failure names one of."""
    naming = [one.asked for one in answers if one.status == "failure" and one.lease_id is not None]
    positions = {found[asked].filed.position for asked in naming if asked in found}
    return await lock_leases(connection, positions)


async def _answered_before(
    connection: Connection, answers: Sequence[Answer], found: Mapping[Asked, Found]
) -> Collection[Asked]:
    """Tell what an ERO answered before the record became another's: a repeat is taken as such."""
    return await which_were_answered(connection, {one.asked for one in answers} - found.keys())


def _decide(
    answers: Sequence[Answer],
    found: Mapping[Asked, Found],
    newest_leases: Mapping[int, bytes | None],
) -> _Taken:
    """Apply the answers one after another, as they came: an earlier one counts for a later."""
    taken = _Taken(Changes(), [])
    for one in answers:
        known = found.get(one.asked)
        if known is None:
            continue
        before = taken.changes.standings.get(known.filed.key, known.standing)
        of_newest = _is_of_newest(one, before, newest_leases.get(known.filed.position))
        if answer(taken.changes, known.filed, before, one.status, of_newest=of_newest):
            taken.effective.append(_Effective(one, known.filed, before.offer, known.now))
    return taken


def _is_of_newest(one: Answer, before: Standing, newest_lease: bytes | None) -> bool:
    """Say whether an answer is of the newest lease and offer; what names neither is taken so."""
    of_older_offer = one.offer is not None and one.offer < before.offer
    return not of_older_offer and one.lease_id in (None, newest_lease)


def _entry(one: _Effective) -> Entry:
    said = one.answer
    return answered(
        one.filed,
        said.status,
        one.offer,
        said.known_reason,
        said.suggested_gss_code,
        said.credential,
    )


def _event(one: _Effective) -> Envelope:
    filed = one.filed
    event = ApplicationAcknowledged(
        application_id=filed.application_id,
        attempt=filed.attempt,
        gss_code=filed.gss_code,
        received_at=filed.received_at,
        attempt_received_at=filed.attempt_received_at,
        revision=filed.revision,
        record_id=filed.record_id.hex(),
        status=one.answer.status,
        acknowledged_at=one.at,
    )
    traceparent = child_traceparent(filed.traceparent)
    return wrap(event, source=SOURCE, at=one.at, traceparent=traceparent)
