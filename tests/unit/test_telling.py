"""Whose an attempt was when something happened to it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from ems_gateway.history.chain import Link
from ems_gateway.history.telling import Whose, told
from ems_gateway.postgres.telling import Owned

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)


def at(hours: int) -> datetime:
    return BEGIN + timedelta(hours=hours)


def a_link(
    *, attempt: int = 1, kind: str = "leased", by: str = "ems-gateway", facts: str = "{}"
) -> Link:
    return Link(uuid4(), 1, attempt, kind, at(5), by, facts, bytes(32), bytes(32), 1)


# Attempt 1 was Hartlepool's, then Lothian's; attempt 2 arrived at once at Lothian's.
OWNED = [Owned(1, "hartlepool", at(1)), Owned(1, "lothian", at(3)), Owned(2, "lothian", at(4))]
WHOSE = Whose("lothian", {1: "lothian", 2: "lothian"}, OWNED)


@pytest.mark.parametrize(
    ("attempt", "hours", "was_anothers"),
    [(1, 2, True), (1, 3, False), (1, 5, False), (2, 2, True), (2, 4, False), (1, 0, True)],
)
def test_it_was_whose_it_had_been_sent_to_last(
    attempt: int, hours: int, was_anothers: bool
) -> None:
    assert WHOSE.was_anothers(attempt, at(hours)) is was_anothers


def test_what_nobody_could_place_was_nobody_elses() -> None:
    assert not WHOSE._replace(owned=[Owned(1, None, at(1))]).was_anothers(1, at(2))


def test_an_attempt_is_anothers_only_while_somebody_else_has_it() -> None:
    whose = Whose("lothian", {1: "hartlepool", 2: None, 3: "lothian"}, OWNED)
    assert [whose.is_anothers(attempt) for attempt in (1, 2, 3)] == [True, False, False]


@pytest.mark.parametrize(
    ("newest", "is_anothers"), [("lothian", False), ("hartlepool", True), (None, False)]
)
def test_an_attempt_without_an_outcome_is_whose_the_newest_is_that_has_one(
    newest: str | None, is_anothers: bool
) -> None:
    whose = Whose("lothian", {1: "lothian", 2: newest}, OWNED)
    assert whose.is_anothers(3) is is_anothers
    entry = a_link(attempt=3, by="token 12345678", facts='{"corrected":["nino"]}')
    shown = told(entry, whose)
    assert (shown["facts"] == {}, shown["redacted"]) == (is_anothers, is_anothers)


def test_an_entry_says_that_something_of_it_is_withheld() -> None:
    whose = Whose("lothian", {1: "lothian"}, [Owned(1, "lothian", at(0))])
    shown = [
        told(a_link(by=by, kind=kind), whose)["redacted"]
        for by, kind in (("token 12345678", "leased"), ("ems-gateway", "noticed"))
    ]
    assert shown == [False, False]
    assert told(a_link(by="token 12345678", kind="noticed"), whose)["redacted"]
