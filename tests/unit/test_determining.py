"""What becomes of a determination."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from ems_gateway.determinations.rules import (
    Attempt,
    Determination,
    Determined,
    Named,
    Verdict,
    judge,
)

RECEIVED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
NOW = RECEIVED_AT + timedelta(days=1)
ALLOWED = Determination("allowed", (), "nino", RECEIVED_AT + timedelta(hours=1))
REJECTED = ALLOWED._replace(outcome="rejected", reasons=("too-young",))
FIRST, SECOND = Attempt(1, "hartlepool", None), Attempt(2, "hartlepool", None)


def named(attempt: int = 1) -> Named:
    return Named(
        record_id=bytes(12),
        application_id=UUID(int=1),
        attempt=attempt,
        gss_code="E06000001",
        received_at=RECEIVED_AT,
        attempt_received_at=RECEIVED_AT,
        traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        now=NOW,
    )


@dataclass(frozen=True)
class Case:
    wanted: Determination = ALLOWED
    ero: str = "hartlepool"
    attempt: int = 1
    attempts: tuple[Attempt, ...] = (FIRST,)
    standing: Determined | None = field(default=None)

    def verdict(self) -> Verdict:
        return judge(self.wanted, self.ero, named(self.attempt), self.attempts, self.standing)


def standing(determination: Determination = ALLOWED, ero: str = "hartlepool") -> Determined:
    return Determined(ero, determination)


def test_the_first_is_taken_by_any_record_of_the_application() -> None:
    assert Case().verdict() == "taken"
    assert Case(attempts=(FIRST, SECOND), attempt=1).verdict() == "taken"
    assert Case(attempts=(FIRST, SECOND), attempt=2).verdict() == "taken"


def test_the_same_again_stands_by_another_record_too() -> None:
    assert Case(standing=standing()).verdict() == "stands"
    again = Case(attempts=(FIRST, SECOND), attempt=2, standing=standing())
    assert again.verdict() == "stands"


CHANGES: list[dict[str, Any]] = [
    {"outcome": "rejected", "reasons": ("too-young",)},
    {"identity_verified_by": "documents"},
    {"determined_at": ALLOWED.determined_at + timedelta(microseconds=1)},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_another_than_before_is_a_change(change: dict[str, Any]) -> None:
    assert Case(wanted=ALLOWED._replace(**change), standing=standing()).verdict() == "changed"


def test_other_reasons_are_a_change() -> None:
    other = REJECTED._replace(reasons=("died",))
    assert Case(wanted=other, standing=standing(REJECTED)).verdict() == "changed"


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    moment = ALLOWED.determined_at.astimezone(tz=None)
    assert Case(wanted=ALLOWED._replace(determined_at=moment), standing=standing()).verdict() == (
        "stands"
    )


@pytest.mark.parametrize("before", [None, standing(), standing(REJECTED)])
def test_anothers_is_unknown_whatever_was_decided_of_it(before: Determined | None) -> None:
    assert Case(ero="lothian", standing=before).verdict() == "unknown"
    nobodys = FIRST._replace(ero=None)
    assert Case(attempts=(nobodys,)).verdict() == "unknown"


def test_what_an_ero_determined_stands_for_it_after_the_application_went_to_another() -> None:
    moved = (FIRST._replace(ero="lothian"),)
    assert Case(attempts=moved, standing=standing()).verdict() == "stands"
    assert Case(attempts=moved, standing=standing(REJECTED)).verdict() == "changed"
    assert Case(attempts=moved, ero="lothian", standing=standing()).verdict() == "stands"
    assert Case(attempts=moved, ero="lothian", standing=standing(REJECTED)).verdict() == "changed"


def test_the_ero_of_an_earlier_attempt_only_does_not_determine() -> None:
    parted = (FIRST, SECOND._replace(ero="lothian"))
    assert Case(attempts=parted, attempt=1).verdict() == "elsewhere"
    assert Case(attempts=parted, attempt=2, ero="lothian").verdict() == "taken"


@pytest.mark.parametrize(
    ("moment", "verdict"),
    [
        (RECEIVED_AT, "taken"),
        (RECEIVED_AT - timedelta(microseconds=1), "too-early"),
        (NOW + timedelta(minutes=1), "taken"),
        (NOW + timedelta(minutes=1, microseconds=1), "too-late"),
        (datetime.max.replace(tzinfo=UTC), "too-late"),
        (datetime.min.replace(tzinfo=UTC), "too-early"),
    ],
)
def test_it_is_determined_after_it_was_received_and_not_in_the_future(
    moment: datetime, verdict: Verdict
) -> None:
    assert Case(wanted=ALLOWED._replace(determined_at=moment)).verdict() == verdict
