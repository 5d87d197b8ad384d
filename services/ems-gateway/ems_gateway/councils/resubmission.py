"""Resubmissions: an ERO corrects answers of an application, which is then verified once more.

Attempts after the first are numbered here alone, with the attempts before them locked. What was
not corrected is merged in by verification, as long as it can still be opened there.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from electoral.calendar import london_date
from electoral.envelope import Envelope, timestamp, wrap
from electoral.events import ApplicationReceived
from electoral.ledger import Counted, LedgerDeltas
from electoral.metrics import Metrics
from electoral.outbox import write_outbox
from electoral.postgres import Connection, Pool, transaction
from electoral.problems import FieldError, Problem, invalid, not_found
from electoral.retention import Retention
from electoral.sealing import Sealer, SealingError, daily_key_id, key_id_of
from electoral.tracing import child_traceparent

from ems_gateway.calling.callers import Caller
from ems_gateway.councils.answers import CouncilAnswers, Identifier, InvalidAnswers
from ems_gateway.councils.messages import sentence
from ems_gateway.councils.previous import PreviousAuthorities
from ems_gateway.councils.taking import Proof, Proofs, Receipt, Taken
from ems_gateway.errors import KeysMissing
from ems_gateway.history.writing import Entry, History
from ems_gateway.postgres.taken import (
    Newest,
    find_resubmission,
    insert_resubmission,
    lock_application,
)

SOURCE = "ems-gateway"
MERGED_WITHIN = timedelta(days=1)  # verification may be so much behind: the keys must last for it

_IN_FULL = ("firstName", "lastName", "dateOfBirth", "nino", "address")


class Resubmission(NamedTuple):
    """What an ERO's system sends, as it was read.

    What is refused is still looked up by its id: on another day it may have been taken.
    """

    record_id: bytes
    resubmission_id: str
    body: object  # as parsed
    read: CouncilAnswers | InvalidAnswers
    is_whole: bool

    @property
    def answers(self) -> CouncilAnswers:
        """What was sent; raises `Problem` where it needs to be corrected."""
        if isinstance(self.read, InvalidAnswers):
            raise invalid(self.read.errors)
        return self.read


# Levels come back for each: nobody shall find out a person's answers by trying.
ATTEMPTS_MAX = 20  # of one application


class _Attempt(NamedTuple):
    """An attempt that was stored now."""

    number: int
    received_at: datetime
    before: Newest
    sent: Resubmission
    proof: Proof


class Resubmissions:
    """Takes resubmissions; each is durable, and its event with it, when `take` returns."""

    def __init__(
        self,
        *,
        pool: Pool,
        sealer: Sealer,
        proofs: Proofs,
        history: History,
        previous: PreviousAuthorities,
        retention: Retention,
        is_destroyed: Callable[[str], bool],
        metrics: Metrics,
        after_commit: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._proofs = proofs
        self._history = history
        self._previous = previous
        self._retention = retention
        self._is_destroyed = is_destroyed
        self._taken = metrics.counter("gateway_taken_total")
        self._after_commit = after_commit

    async def take(self, sent: Resubmission, caller: Caller) -> Receipt:
        """Take one, or answer a repeat; raises `Problem` or `KeysMissing`."""
        try:
            receipt = await self._take(sent, caller)
        except SealingError as error:
            raise KeysMissing(type(error).__name__) from None
        if not receipt.replayed:
            self._taken.labels("resubmission").inc()
            self._after_commit()
        return receipt

    async def _take(self, sent: Resubmission, caller: Caller) -> Receipt:
        proof = self._proofs.of("resubmission", caller.ero, sent.resubmission_id, sent.body)
        async with transaction(self._pool) as connection:
            newest = await lock_application(connection, sent.record_id, caller.ero)
            known = await find_resubmission(connection, proof.key_hash, sent.record_id)
            if known is not None and known.is_of_record:
                return self._replay(known.taken, sent)
            if newest is None:  # a repeat of what an ERO sent is known when it is another's since
                raise not_found()
            if known is not None:
                raise _id_reused()
            if newest.ero != caller.ero:
                raise _elsewhere()
            if newest.last_attempt >= ATTEMPTS_MAX:
                raise _too_many_attempts()
            self._refuse_past_retention(newest, sent)
            return await self._store(connection, newest, sent, proof, caller)

    def _replay(self, taken: Taken, sent: Resubmission) -> Receipt:
        if not self._proofs.is_repeat(taken, sent.body):
            raise _id_reused()
        return Receipt(taken, replayed=True)

    def _refuse_past_retention(self, newest: Newest, sent: Resubmission) -> None:
        """Refuse what verification could not merge any more, and name what is to be sent."""
        answers = sent.answers
        if sent.is_whole:
            return
        day = london_date(newest.attempt_received_at)
        until = london_date(datetime.now(UTC) + MERGED_WITHIN)
        is_over = self._retention.is_over
        destroyed = self._is_destroyed(key_id_of(newest.person))
        if destroyed or is_over(daily_key_id("person", day), until):
            raise _past_retention(_whole_of(answers))
        merges_nino = _corrected(sent, newest.arrived_on)[1].absence == "not-corrected"
        has_nino = "ninoAbsence" not in newest.stored
        if merges_nino and has_nino and is_over(daily_key_id("nino-council", day), until):
            raise _past_retention(["/corrections/nino"])

    async def _store(
        self,
        connection: Connection,
        newest: Newest,
        sent: Resubmission,
        proof: Proof,
        caller: Caller,
    ) -> Receipt:
        application_id, number = newest.application_id, newest.last_attempt + 1
        at = await insert_resubmission(connection, application_id, number, caller.ero, proof)
        if at is None:
            raise _id_reused()
        attempt = _Attempt(number, at, newest, sent, proof)
        event = self._event(attempt)
        deltas = LedgerDeltas()
        deltas.enter("resubmission-taken", _counted(event))
        await deltas.write(connection)
        await write_outbox(connection, [_envelope(event, newest)])
        await self._history.append(connection, [_entry(event, sent, caller)])
        taken = Taken(application_id, number, at, proof.body_hash, proof.body_key_id)
        return Receipt(taken, replayed=False)

    def _event(self, attempt: _Attempt) -> ApplicationReceived:
        """Repeat what is known of the application, with what is new in this attempt."""
        before, sent = attempt.before, attempt.sent
        application_id, seal, stored = before.application_id, self._sealer.seal, before.stored
        on = before.arrived_on
        person, identifier = _whole(sent, stored, on) if sent.is_whole else _corrected(sent, on)
        nino = identifier.nino
        changes: dict[str, object] = {
            "attempt": attempt.number,
            "attemptReceivedAt": attempt.received_at,
            "person": seal("person", application_id, person),
            "nino": None if nino is None else seal("nino-council", application_id, nino.encode()),
            "ninoAbsence": identifier.absence,
            "isWhole": sent.is_whole,
            "idempotency": attempt.proof.in_event,
        }
        if sent.is_whole or "previousAddress" in sent.answers.corrected():
            on = london_date(attempt.received_at)
            changes["previousGssCode"] = self._previous.of(sent.answers, on)
        return ApplicationReceived.model_validate(stored | changes)


def _whole(sent: Resubmission, stored: Mapping[str, str], on: date) -> tuple[bytes, Identifier]:
    person = sent.answers.person_json(application_type=stored["type"], language=stored["language"])
    return person, sent.answers.identifier(on)


def _corrected(sent: Resubmission, on: date) -> tuple[bytes, Identifier]:
    return sent.answers.correction_json(), sent.answers.corrected_identifier(on)


def _counted(event: ApplicationReceived) -> Counted:
    return Counted(
        event.application_id, event.attempt, 0, event.attempt_received_at, event.gss_code
    )


def _envelope(event: ApplicationReceived, newest: Newest) -> Envelope:
    traceparent = child_traceparent(newest.traceparent)
    return wrap(event, source=SOURCE, at=event.attempt_received_at, traceparent=traceparent)


def _entry(event: ApplicationReceived, sent: Resubmission, caller: Caller) -> Entry:
    facts = {
        "attemptReceivedAt": timestamp(event.attempt_received_at),
        "corrected": sent.answers.corrected(),
        "whole": sent.is_whole,
    }
    return Entry(event.application_id, event.attempt, "resubmitted", caller.credential, facts)


def _id_reused() -> Problem:
    code = "own-id-reused"
    return invalid([FieldError("/resubmissionId", code, sentence(code))])


def _too_many_attempts() -> Problem:
    return Problem(
        409,
        "too-many-attempts",
        "This application has been corrected too often",
        f"An application has at most {ATTEMPTS_MAX} attempts. Determine it, or ask its applicant.",
    )


def _elsewhere() -> Problem:
    return Problem(
        409,
        "resubmitted-elsewhere",
        "This application is another authority's now",
        "A later attempt of it went to another authority, which corrects it.",
    )


def _whole_of(answers: CouncilAnswers) -> Iterator[str]:
    """Point to what has to be sent, and is not: an application in full."""
    sent = answers.corrected()
    instead = {"dateOfBirth": "noDateOfBirth", "nino": "noNino"}
    yield "/whole"
    for name in _IN_FULL:
        if name not in sent and instead.get(name) not in sent:
            yield f"/corrections/{name}"


def _past_retention(pointers: Iterator[str] | list[str]) -> Problem:
    code = "send-in-full"
    return Problem(
        409,
        "past-retention",
        "What was not corrected cannot be opened any more",
        "See `errors`: send each of these answers in full, under the same `resubmissionId`.",
        errors=[FieldError(pointer, code, sentence(code)) for pointer in pointers],
    )
