"""Sealing: what opens, what does not, and why."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from electoral.blind_index import BlindIndex, quarterly_key_id
from electoral.sealing import (
    KEY_BYTES,
    SEALED_TEXT,
    DestroyedKey,
    DirectoryKeyring,
    DoesNotOpen,
    Sealer,
    UnknownKey,
    daily_key_id,
    key_id_of,
    seal_purpose_of,
)
from hypothesis import given
from hypothesis import strategies as st

TODAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PERSON, NINO = "person-2026-11-22", "nino-online-2026-11-22"
ONE = UUID(int=1)


def write_key(directory: Path, key_id: str, content: bytes = b"k" * KEY_BYTES) -> Path:
    path = directory / f"{key_id}.key"
    path.write_bytes(content)
    return path


def a_sealer(directory: Path, now: Callable[[], datetime] = lambda: TODAY) -> Sealer:
    return Sealer(DirectoryKeyring(directory), now)


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    write_key(tmp_path, PERSON)
    write_key(tmp_path, NINO)
    return a_sealer(tmp_path)


@given(plain=st.binary(max_size=4_000), application_id=st.uuids())
def test_what_was_sealed_opens(
    tmp_path_factory: pytest.TempPathFactory, plain: bytes, application_id: UUID
) -> None:
    directory = tmp_path_factory.getbasetemp()
    write_key(directory, PERSON)
    sealer = a_sealer(directory)
    sealed = sealer.seal("person", application_id, plain)
    assert sealer.open("person", application_id, sealed) == plain
    assert SEALED_TEXT.fullmatch(sealed.encode())


def test_the_same_text_is_sealed_differently_each_time(sealer: Sealer) -> None:
    assert sealer.seal("person", ONE, b"Sian") != sealer.seal("person", ONE, b"Sian")


def test_it_opens_for_its_own_application_and_purpose_only(sealer: Sealer) -> None:
    sealed = sealer.seal("person", ONE, b"x")
    with pytest.raises(DoesNotOpen):
        sealer.open("person", uuid4(), sealed)
    with pytest.raises(DoesNotOpen):
        sealer.open("nino-online", ONE, sealed)
    # The keys are the same bytes here: the purpose and the key's id are bound into the seal.
    with pytest.raises(DoesNotOpen):
        sealer.open("nino-online", ONE, sealed.replace(PERSON, NINO))


@pytest.mark.parametrize("place", [0, 12, 20, -5])
def test_an_altered_text_does_not_open(sealer: Sealer, place: int) -> None:
    key_id, _, text = sealer.seal("person", ONE, b"some text").partition(".")
    other = "A" if text[place] != "A" else "B"
    altered = text[:place] + other + text[place:][1:]
    with pytest.raises(DoesNotOpen):
        sealer.open("person", ONE, f"{key_id}.{altered}")


@pytest.mark.parametrize("text", ["", "é", "****", "AAAA", "A", f"{PERSON}.", "AA\nAA"])
def test_what_is_no_sealed_text_does_not_open(sealer: Sealer, text: str) -> None:
    for sealed in (text, f"{PERSON}.{text}"):
        with pytest.raises(DoesNotOpen):
            sealer.open("person", ONE, sealed)


def test_the_day_is_londons(tmp_path: Path) -> None:
    write_key(tmp_path, "person-2026-06-08")
    late_evening_utc = datetime(2026, 6, 7, 23, 30, tzinfo=UTC)
    sealed = a_sealer(tmp_path, lambda: late_evening_utc).seal("person", ONE, b"")
    assert key_id_of(sealed) == "person-2026-06-08"


def test_an_unknown_key_is_read_anew_when_it_comes(tmp_path: Path) -> None:
    sealer = a_sealer(tmp_path)
    with pytest.raises(UnknownKey):
        sealer.seal("person", ONE, b"x")
    assert sealer.missing_keys(("person",)) == (PERSON,)
    write_key(tmp_path, PERSON)
    assert sealer.open("person", ONE, sealer.seal("person", ONE, b"x")) == b"x"
    assert sealer.missing_keys(("person",)) == ()


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33])
def test_a_key_cut_short_is_no_key(tmp_path: Path, content: bytes) -> None:
    write_key(tmp_path, PERSON, content)
    with pytest.raises(UnknownKey):
        a_sealer(tmp_path).seal("person", ONE, b"x")


@pytest.mark.parametrize(
    "key_id", ["../secret", "person-2026-11-22/../x", "person-2026-11-22\n", "", "person"]
)
def test_no_message_names_a_path(tmp_path: Path, key_id: str) -> None:
    (tmp_path / "secret.key").write_bytes(b"k" * KEY_BYTES)
    (tmp_path / "inner").mkdir()
    with pytest.raises(UnknownKey):
        DirectoryKeyring(tmp_path / "inner").key(key_id)


def test_a_destroyed_key_is_forgotten_and_told_from_an_unknown_one(tmp_path: Path) -> None:
    key = write_key(tmp_path, PERSON)
    sealer = a_sealer(tmp_path)
    sealed = sealer.seal("person", ONE, b"x")
    key.rename(key.with_suffix(".destroyed"))
    sealer.forget_destroyed()
    with pytest.raises(DestroyedKey):
        sealer.open("person", ONE, sealed)


def test_a_directory_that_is_away_makes_nobody_forget(tmp_path: Path) -> None:
    key = write_key(tmp_path, PERSON)
    sealer = a_sealer(tmp_path)
    sealed = sealer.seal("person", ONE, b"x")
    key.unlink()
    sealer.forget_destroyed()
    assert sealer.open("person", ONE, sealed) == b"x"


def test_sealed_again_it_is_under_todays_key_and_says_the_same(tmp_path: Path) -> None:
    write_key(tmp_path, "nino-council-2026-01-01")
    write_key(tmp_path, "nino-council-2026-11-22", b"o" * KEY_BYTES)
    long_ago = a_sealer(tmp_path, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    sealer = a_sealer(tmp_path)
    again = sealer.seal_again(ONE, long_ago.seal("nino-council", ONE, b"AB123456C"))
    assert key_id_of(again) == "nino-council-2026-11-22"
    assert sealer.open("nino-council", ONE, again) == b"AB123456C"
    assert sealer.live_keys() == ("nino-council-2026-01-01", "nino-council-2026-11-22")


@pytest.mark.parametrize("text", ["", "body-2026q4.AAAA", "person-index-2026q4.AAAA", "AAAA"])
def test_what_was_never_sealed_is_not_sealed_again(sealer: Sealer, text: str) -> None:
    with pytest.raises(DoesNotOpen):
        sealer.seal_again(ONE, text)


def test_key_ids_say_what_they_are_for() -> None:
    assert daily_key_id("nino-council", date(2026, 1, 2)) == "nino-council-2026-01-02"
    assert [quarterly_key_id("body", date(2026, m, 1)) for m in (1, 3, 4, 12)] == [
        "body-2026q1",
        "body-2026q1",
        "body-2026q2",
        "body-2026q4",
    ]
    assert seal_purpose_of("nino-online-2026-01-02") == "nino-online"
    assert seal_purpose_of("nino-index-2026q1") is None


def test_an_index_finds_the_same_text_under_every_live_quarter(tmp_path: Path) -> None:
    for quarter, byte in (("2026q3", b"a"), ("2026q4", b"b")):
        write_key(tmp_path, f"nino-index-{quarter}", byte * KEY_BYTES)
    index = BlindIndex(DirectoryKeyring(tmp_path), lambda: TODAY)
    key_id, hashed = index.current("nino-index", b"AB123456")
    assert key_id == "nino-index-2026q4"
    live = dict(index.live("nino-index", b"AB123456"))
    assert list(live) == ["nino-index-2026q3", "nino-index-2026q4"]
    assert live[key_id] == hashed
    assert len(set(live.values())) == 2
    assert index.under(key_id, b"AB123457") != hashed
