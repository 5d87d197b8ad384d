"""When so many messages cannot be handled that the program must be wrong."""

import pytest
from electoral.handling import Hold, StopConsuming
from electoral.held_share import HELD_WINDOW, HeldShare, is_against_the_program
from electoral.kafka import Message

OURS = {
    "application-id": b"019a9b3c-0000-7000-8000-000000000001",
    "attempt": b"1",
    "gss-code": b"E08000025",
    "accepted-at": b"2026-11-22T12:00:00.000000Z",
}


def test_nineteen_are_held_and_the_twentieth_stops() -> None:
    share = HeldShare()
    for _ in range(19):
        share.check([True])
        share.note([True])
    with pytest.raises(StopConsuming):
        share.check([True])


def test_two_in_a_hundred_are_held() -> None:
    share = HeldShare()
    share.note([False] * 980)
    share.check([True] * 20)
    with pytest.raises(StopConsuming):
        share.check([True] * 21)


def test_what_is_handled_is_never_stopped_whatever_was_held() -> None:
    share = HeldShare()
    share.note([True] * HELD_WINDOW)
    share.check([False] * 10)


def test_a_share_of_one_stops_nobody() -> None:
    HeldShare(1.0).check([True] * HELD_WINDOW)


@pytest.mark.parametrize(
    ("headers", "result", "told"),
    [
        (OURS, Hold("unknown:ValueError"), True),
        (OURS, Hold("does-not-open"), True),
        (OURS, "handled", False),
        (OURS, Hold("unknown-key"), False),
        (OURS, Hold("destroyed-key"), False),
        ({}, Hold("unknown-event-type"), False),
    ],
)
def test_keys_and_strangers_tell_nothing_of_the_program(
    headers: dict[str, bytes], result: object, told: bool
) -> None:
    assert is_against_the_program(Message("t", 0, 0, b"", headers), result) is told
