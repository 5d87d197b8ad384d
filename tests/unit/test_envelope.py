"""What an event's headers say of its attempt, and what of it is believed."""

import pytest
from electoral.envelope import attempt_headers

OURS = {
    "application-id": b"019a9b3c-0000-7000-8000-000000000001",
    "attempt": b"2",
    "revision": b"3",
    "gss-code": b"E08000025",
    "accepted-at": b"2026-11-22T12:00:00.000000Z",
}


def test_headers_of_ours_name_their_attempt() -> None:
    found = attempt_headers(OURS)
    assert found is not None
    assert (found.attempt, found.revision, found.gss_code) == (2, 3, "E08000025")
    assert attempt_headers({name: OURS[name] for name in OURS if name != "revision"}) is not None


@pytest.mark.parametrize("name", [name for name in OURS if name != "revision"])
def test_headers_that_lack_one_are_foreign(name: str) -> None:
    assert attempt_headers({other: OURS[other] for other in OURS if other != name}) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("attempt", b"0"),
        ("attempt", b"-1"),
        ("attempt", b"2147483648"),
        ("attempt", b"9" * 5_000),
        ("attempt", b""),
        ("revision", b"-1"),
        ("revision", b"2147483648"),
        ("revision", b""),
        ("gss-code", b"AB123456C"),
        ("application-id", b"\xff"),
        ("accepted-at", b"2026-11-22T12:00:00"),
        ("accepted-at", b"0001-01-01T00:00:00+14:00"),
        ("accepted-at", b"9999-12-31T23:59:59-14:00"),
    ],
)
def test_headers_that_no_column_could_hold_are_foreign(name: str, text: bytes) -> None:
    assert attempt_headers(OURS | {name: text}) is None
