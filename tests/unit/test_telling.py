"""Whose an attempt was when something happened to it."""

from datetime import UTC, datetime, timedelta

import pytest
from ems_gateway.history.telling import Whose
from ems_gateway.postgres.telling import Owned

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)


def at(hours: int) -> datetime:
    return BEGIN + timedelta(hours=hours)


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
    assert [whose.is_anothers(attempt) for attempt in (1, 2, 3, 4)] == [True, False, False, False]
