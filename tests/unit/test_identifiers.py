"""Identifiers: what they look like, and that digests of sets are what the ledger says they are."""

import struct
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import combinations
from time import time
from uuid import RFC_4122, UUID

import pytest
from electoral.identifiers import (
    DIGEST_MODULUS,
    REFERENCE_ALPHABET,
    attempt_digest,
    draw_reference,
    is_reference,
    new_application_id,
    new_event_id,
    normalise_reference,
    record_id,
    revision_digest,
    show_reference,
)
from hypothesis import given
from hypothesis import strategies as st
from registration.watch import first_id_of

positions = st.integers(min_value=0, max_value=9)
characters = st.sampled_from(REFERENCE_ALPHABET)


def test_a_reference_is_ten_characters_that_no_two_people_mistake() -> None:
    drawn = {draw_reference() for _ in range(1_000)}
    assert len(drawn) == 1_000
    assert all(is_reference(reference) for reference in drawn)
    assert set("AEIOU0") & set("".join(drawn)) == set()


@given(position=positions, other=characters)
def test_one_wrong_character_is_noticed(position: int, other: str) -> None:
    reference = draw_reference()
    wrong = reference[:position] + other + reference[position + 1 :]
    assert is_reference(wrong) == (wrong == reference)


@pytest.mark.parametrize("position", range(8))
def test_of_435_pairs_of_neighbours_one_can_be_swapped_unnoticed(position: int) -> None:
    """ISO 7064's hybrid systems find nearly all swaps: with 30 characters all pairs but one."""
    body = draw_reference()[:-1]
    before, after = body[:position], body[position + 2 :]
    unnoticed = 0
    for one, other in combinations(REFERENCE_ALPHABET, 2):
        reference = _with_check_character(before + one + other + after)
        unnoticed += is_reference(before + other + one + after + reference[-1])
    assert unnoticed == 1


def test_a_check_character_swapped_with_its_neighbour_is_found_but_for_one_pair() -> None:
    for _ in range(30):
        before = draw_reference()[:-2]
        swapped = 0
        for last in REFERENCE_ALPHABET:
            check = _with_check_character(before + last)[-1]
            swapped += check != last and is_reference(before + check + last)
        assert swapped in (0, 2)  # a pair counts from either side


def _with_check_character(body: str) -> str:
    [reference] = [body + c for c in REFERENCE_ALPHABET if is_reference(body + c)]
    return reference


@pytest.mark.parametrize(
    "text", ["", "9F3PJQJZ2", "9F3PJQJZ288", "9f3pjqjz28", "9F3PJ QJZ2", "é" * 10]
)
def test_what_is_no_reference(text: str) -> None:
    assert not is_reference(text)


@given(st.text(max_size=50))
def test_any_text_can_be_asked_whether_it_is_a_reference(text: str) -> None:
    assert is_reference(normalise_reference(text)) in (True, False)


def test_a_reference_is_read_as_it_is_shown() -> None:
    reference = draw_reference()
    assert normalise_reference(f" {show_reference(reference).lower()}-") == reference


def test_application_ids_are_in_order_of_time_and_random() -> None:
    before = int(time() * 1_000)
    ids = [new_application_id() for _ in range(1_000)]
    after = int(time() * 1_000)
    assert len(set(ids)) == 1_000
    for one in ids:
        assert (one.version, one.variant) == (7, "specified in RFC 4122")
        assert before <= one.int >> 80 <= after


def test_ids_are_of_the_versions_that_they_say() -> None:
    for drawn, version in ((new_application_id(), 7), (new_event_id(), 4)):
        assert (drawn.version, drawn.variant) == (version, RFC_4122)
        assert UUID(str(drawn)) == drawn
        assert UUID(bytes=drawn.bytes) == drawn
        assert hash(UUID(str(drawn))) == hash(drawn)


def test_the_first_id_of_a_moment_is_before_all_that_are_drawn_then() -> None:
    now = datetime.now(UTC)
    one = new_application_id()
    assert first_id_of(now) <= one < first_id_of(now + timedelta(seconds=60))


ONE = UUID("019ac7f4-5b1e-7c3a-9d42-0123456789ab")


def test_a_record_id_is_24_hex_of_application_attempt_and_revision() -> None:
    said = sha256(b"registration" + ONE.bytes + struct.pack(">II", 1, 2)).hexdigest()[:24]
    assert record_id(ONE, 1, 2) == said
    assert len({record_id(ONE, a, r) for a in range(1, 4) for r in range(1, 4)}) == 9


def test_digests_are_the_ledgers() -> None:
    packed = ONE.bytes + (1).to_bytes(4, "big")
    assert attempt_digest(ONE, 1) == int(sha256(packed).hexdigest()[:32], 16)
    packed += (3).to_bytes(4, "big")
    assert revision_digest(ONE, 1, 3) == int(sha256(packed).hexdigest()[:32], 16)
    assert attempt_digest(ONE, 1) < DIGEST_MODULUS
    assert attempt_digest(ONE, 1) != attempt_digest(ONE, 2)
