"""What becomes of an ERO's determination: decisions only, no input or output."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

AHEAD_MAX = timedelta(minutes=1)  # that an ERO's clock may go before ours

DeterminationOutcome = Literal["allowed", "rejected"]
IdentityVerifiedBy = Literal["nino", "local-data", "documents", "attestation"]
Verdict = Literal["taken", "stands", "unknown", "changed", "elsewhere", "too-early", "too-late"]


class Determination(NamedTuple):
    """What was decided, and how the identity was verified."""

    outcome: DeterminationOutcome
    reasons: tuple[str, ...]  # in the list's order
    identity_verified_by: IdentityVerifiedBy
    determined_at: datetime


class Determined(NamedTuple):
    """A determination that stands, and who made it."""

    ero: str
    determination: Determination


class Named(NamedTuple):
    """The record that a determination names."""

    record_id: bytes
    application_id: UUID
    attempt: int
    gss_code: str  # the attempt was accepted with
    received_at: datetime
    attempt_received_at: datetime
    traceparent: str
    now: datetime  # the transaction's


class Attempt(NamedTuple):
    """An attempt that any record arrived for."""

    number: int
    ero: str | None  # whose it is; None while nobody can tell
    assigned_gss_code: str | None


def judge(
    wanted: Determination,
    ero: str,
    named: Named,
    attempts: tuple[Attempt, ...],
    standing: Determined | None,
) -> Verdict:
    """Say what becomes of a determination; `attempts` are all of the application, oldest first.

    A repeat by the ERO who made it stands, even when the application is another's by now.
    """
    own = any(one.number == named.attempt and one.ero == ero for one in attempts)
    if standing is not None and (own or standing.ero == ero):
        return "stands" if standing.determination == wanted else "changed"
    if not own:
        return "unknown"
    if attempts[-1].ero != ero:
        return "elsewhere"
    if wanted.determined_at < named.received_at:
        return "too-early"
    return "too-late" if wanted.determined_at > named.now + AHEAD_MAX else "taken"
