"""Where a record goes, and what an answer does: decisions only, no input or output.

An attempt is in the state of its newest revision. What is decided for a whole batch is collected
in `Changes`, which one function of `postgres` writes.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from electoral.authorities import AUTHORITY_UNKNOWN, Authorities, UnknownAuthority
from electoral.ledger import AttemptKey, Counted, LedgerDeltas

State = Literal["new", "queued", "held", "acknowledged"]
HoldReason = Literal["authority-unknown", "no-authority", "failure"]
AnswerStatus = Literal["success", "failure"]

REASONS = frozenset({"wrong-authority"})  # what an ERO may mean by a failure, in a word of ours


class Standing(NamedTuple):
    """Where an attempt stands."""

    revision: int  # the newest that arrived; 0 = none yet
    position: int  # of its record
    state: State
    ero: str | None  # None while nobody can tell whose it is
    assigned_gss_code: str | None = None  # where an operator sent it
    offer: int = 1  # within one offer the first answer stands


NOTHING_YET = Standing(revision=0, position=0, state="new", ero=None)


class Filed(NamedTuple):
    """A stored record, as far as decisions need it."""

    position: int
    record_id: bytes
    application_id: UUID
    attempt: int
    revision: int
    gss_code: str  # the attempt was accepted with
    received_at: datetime
    attempt_received_at: datetime
    size: int
    traceparent: str

    @property
    def key(self) -> AttemptKey:
        return self.application_id, self.attempt

    def counted(self, revision: int) -> Counted:
        """Say what the ledger counts of this record's attempt, at one of its revisions."""
        return Counted(
            self.application_id, self.attempt, revision, self.attempt_received_at, self.gss_code
        )


class Route(NamedTuple):
    """Whose a record is, or why nobody can tell."""

    ero: str | None
    reason: HoldReason | None


def route(authorities: Authorities, gss_code: str, on: date) -> Route:
    """Find the ERO who answers for a code on a day; an ended code's successor answers for it."""
    if gss_code == AUTHORITY_UNKNOWN:
        return Route(None, "authority-unknown")
    try:
        authority = authorities.current(gss_code, on)
    except UnknownAuthority:
        return Route(None, "authority-unknown")
    ended = authority.valid_to is not None and authority.valid_to < on
    return Route(None, "no-authority") if ended else Route(authority.ero, None)


class Waiting(NamedTuple):
    """A row of the queue or, with a reason, of what is held."""

    position: int
    ero: str | None
    order_at: datetime
    gss_code: str  # where it is delivered
    size: int
    offer: int
    reason: HoldReason | None


@dataclass(slots=True)
class Changes:
    """What one transaction changes: the queue, what is held, standings, and the ledger."""

    queued: dict[int, Waiting] = field(default_factory=dict)
    held: dict[int, Waiting] = field(default_factory=dict)
    off_queue: set[int] = field(default_factory=set)
    no_longer_held: set[int] = field(default_factory=set)
    standings: dict[AttemptKey, Standing] = field(default_factory=dict)
    ledger: LedgerDeltas = field(default_factory=LedgerDeltas)

    def move(
        self, filed: Filed, before: Standing, after: Standing, reason: HoldReason | None = None
    ) -> None:
        """Move an attempt from where it stood to where `filed`, its newest record, puts it."""
        self._count(filed, before, after)
        self._take_out(before)
        self._put_in(filed, after, reason)
        self.standings[filed.key] = after

    def _count(self, filed: Filed, before: Standing, after: Standing) -> None:
        counted = filed.counted(after.revision)
        if before.revision == after.revision:
            self.ledger.move(before.state, after.state, counted)
            return
        if before.state != "new":
            self.ledger.leave(before.state, filed.counted(before.revision))
        self.ledger.enter(after.state, counted)

    def begin(self, filed: Filed, destination: Route) -> None:
        """Put in the first record of an attempt that is stored as it stands."""
        standing = first_standing(filed.revision, destination)
        self.ledger.enter(standing.state, filed.counted(standing.revision))
        self._put_in(filed, standing, destination.reason)

    def _take_out(self, before: Standing) -> None:
        if before.state == "queued":
            _take(before.position, self.queued, self.off_queue)
        elif before.state == "held":
            _take(before.position, self.held, self.no_longer_held)

    def _put_in(self, filed: Filed, after: Standing, reason: HoldReason | None) -> None:
        if after.state == "queued":
            self.queued[filed.position] = _waiting(filed, after, reason)
        elif after.state == "held":
            self.held[filed.position] = _waiting(filed, after, reason)


def _take(position: int, entering: dict[int, Waiting], leaving: set[int]) -> None:
    """Take a row out: one that only this transaction would have put in was never there."""
    if entering.pop(position, None) is None:
        leaving.add(position)


def _waiting(filed: Filed, standing: Standing, reason: HoldReason | None) -> Waiting:
    return Waiting(
        position=filed.position,
        ero=standing.ero,
        order_at=filed.attempt_received_at,
        gss_code=standing.assigned_gss_code or filed.gss_code,
        size=filed.size,
        offer=standing.offer,
        reason=reason,
    )


def first_standing(revision: int, destination: Route) -> Standing:
    """Say where an attempt stands that nobody knew, before its record has a position."""
    return Standing(
        revision=revision,
        position=0,
        state="queued" if destination.ero is not None else "held",
        ero=destination.ero,
    )


def arrive(
    changes: Changes,
    filed: Filed,
    before: Standing,
    assigned_gss_code: str | None,
    destination: Route,
) -> None:
    """Put a record that has just been stored where it belongs.

    A revision that arrives late is superseded: kept, never queued. A newer one takes the place of
    what stands, whatever was answered to that.
    """
    if filed.revision <= before.revision:
        return
    after = first_standing(filed.revision, destination)._replace(
        position=filed.position, assigned_gss_code=assigned_gss_code
    )
    changes.move(filed, before, after, destination.reason)


def answer(
    changes: Changes,
    filed: Filed,
    before: Standing,
    status: AnswerStatus,
    *,
    of_newest: bool = True,
) -> bool:
    """Apply an ERO's answer; returns whether it had an effect.

    The first answer within an offer stands, but success after failure always wins. An answer to a
    superseded record has no effect, nor has a failure that is not `of_newest`: of a lease or an
    offer that another one has followed.
    """
    if status == "failure" and not of_newest:
        return False
    first = before.state == "queued"
    won_over = before.state == "held" and status == "success"
    if filed.revision != before.revision or not (first or won_over):
        return False
    if status == "success":
        changes.move(filed, before, before._replace(state="acknowledged"))
    else:
        changes.move(filed, before, before._replace(state="held"), "failure")
    return True


Offering = Literal["offered", "waits-already", "superseded", "not-placed"]


def offer(changes: Changes, filed: Filed, before: Standing) -> Offering:
    """Put a record back on its ERO's queue, in its old place; says what came of that."""
    if filed.revision != before.revision:
        return "superseded"
    if before.ero is None:
        return "not-placed"
    if before.state == "queued":
        return "waits-already"
    changes.move(filed, before, before._replace(state="queued", offer=before.offer + 1))
    return "offered"
