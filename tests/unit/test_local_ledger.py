"""The comparison of the three ledgers, as an operator sees it."""

from datetime import UTC, date, datetime

from electoral_local.sums import Difference, Figures, Sums, differences, in_flight, ledger_day

HALF = 1 << 127


def sums(**changes: Figures) -> Sums:
    """Three attempts of one authority: two acknowledged, one held."""
    found = {
        "accepted": ("registration", "accepted", (3, 6, 6)),
        "decided": ("verification", "decided", (3, 6, 6)),
        "acknowledged": ("ems-gateway", "acknowledged", (2, 4, 4)),
        "held": ("ems-gateway", "held", (1, 2, 2)),
    }
    return {
        (service, state, "E08000025"): changes.get(name, figures)
        for name, (service, state, figures) in found.items()
    }


def test_equal_sides_have_no_difference() -> None:
    assert differences(sums()) == []


def test_digests_wrap_round_together() -> None:
    wrapped = sums(
        accepted=(3, 0, 0), decided=(3, 0, 6), acknowledged=(2, HALF, 4), held=(1, HALF, 2)
    )
    assert differences(wrapped) == []


def test_missing_attempt_is_named_with_its_authority_and_line() -> None:
    assert differences(sums(acknowledged=(1, 2, 4))) == [
        Difference("decided = queued + acknowledged + held", "E08000025", 3, 2)
    ]


def test_exchanged_attempt_is_found_though_the_counts_are_equal() -> None:
    assert [d.left - d.right for d in differences(sums(held=(1, 3, 2)))] == [0]


def test_lost_final_outcome_is_found_though_the_attempts_are_the_same() -> None:
    assert [d.line for d in differences(sums(acknowledged=(2, 4, 5)))] == [
        "decided = queued + acknowledged + held"
    ]


def test_a_ledgers_day_is_londons() -> None:
    assert ledger_day(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)) == date(2026, 7, 2)
    assert ledger_day(datetime(2026, 12, 1, 23, 30, tzinfo=UTC)) == date(2026, 12, 1)


def test_what_is_neither_acknowledged_nor_held_is_in_flight() -> None:
    assert in_flight(sums()) == 0
    assert in_flight(sums(acknowledged=(1, 2, 2))) == 1
