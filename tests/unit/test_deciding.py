"""Deciding: what holds of every decision, whatever was sent and whatever is on record."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from builders import a_received
from electoral.blind_index import BlindIndex
from electoral.consumer import Hold
from electoral.events import ApplicationReceived, NinoAbsence
from electoral.person import Name
from electoral.sealing import KEY_BYTES, DirectoryKeyring, Sealer
from hypothesis import given
from hypothesis import strategies as st
from verification.deciding import Decided, conclude, decide
from verification.dwp import NOT_FOUND, Answer, Answers
from verification.matching import Applicant, Record
from verification.opening import Opened, open_attempt

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BORN = date(1987, 3, 31)
ONE = UUID(int=1)
NINO = "AB123456"

a_name = st.builds(
    Name, st.sampled_from(["Siân", "Jane"]), st.just(""), st.sampled_from(["Rees", "Price"])
)
applicants = st.builds(
    Applicant, st.tuples(a_name) | st.tuples(a_name, a_name), st.sampled_from([None, BORN])
)
records: st.SearchStrategy[Answer] = st.just(NOT_FOUND) | st.builds(
    Record,
    st.tuples(a_name),
    st.sampled_from([BORN, date(1990, 1, 1)]),
    st.sampled_from([None, date(2020, 1, 1)]),
)


@given(applicants, st.sampled_from([None, NINO]), records)
def test_nobody_is_green_without_nino_and_date_of_birth(
    applicant: Applicant, nino: str | None, answer: Answer
) -> None:
    absence: NinoAbsence | None = None if nino else "no-nino"
    decided = conclude(Opened(applicant, nino, absence), {NINO: answer})
    assert isinstance(decided, Decided)
    if decided.verdict.result == "green":
        assert nino is not None
        assert applicant.date_of_birth is not None


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    for purpose in ("person", "nino-online"):
        (tmp_path / f"{purpose}-{NOW:%Y-%m-%d}.key").write_bytes(b"k" * KEY_BYTES)
    return Sealer(DirectoryKeyring(tmp_path), lambda: NOW)


def an_attempt(sealer: Sealer, nino: str) -> ApplicationReceived:
    person = {"firstName": "Siân", "lastName": "Rees", "dateOfBirth": BORN.isoformat()}
    return a_received(
        NOW,
        application_id=ONE,
        person=sealer.seal("person", ONE, json.dumps(person).encode()),
        nino=sealer.seal("nino-online", ONE, nino.encode()),
    )


@pytest.mark.parametrize(
    "nino", ["AB123456", "AB123456C", "AB123456D", "ab 12 34 56 c", "AB-12-34-56", "AB|123456|A"]
)
def test_a_nino_is_the_same_with_any_suffix_and_without(sealer: Sealer, nino: str) -> None:
    opened = open_attempt(sealer, an_attempt(sealer, nino))
    assert (opened.nino, opened.nino_absence) == (NINO, None)


async def test_without_a_key_to_index_under_nobody_is_asked_and_all_wait(
    sealer: Sealer, tmp_path: Path
) -> None:
    asked: list[Sequence[str]] = []

    async def ask(ninos: Sequence[str]) -> Answers:
        asked.append(ninos)
        return dict.fromkeys(ninos, NOT_FOUND)

    event = an_attempt(sealer, NINO)
    stranger = event.model_copy(update={"application_id": UUID(int=2)})
    without = event.model_copy(update={"nino": None, "nino_absence": "no-nino"})
    index = BlindIndex(DirectoryKeyring(tmp_path), lambda: NOW)
    conclusions = await decide([event, stranger, without], sealer, index, ask)
    assert conclusions == ["unknown-key", Hold("does-not-open"), "unknown-key"]
    assert asked == []
    for basis in ("nino", "person"):
        (tmp_path / f"{basis}-index-2026q4.key").write_bytes(b"i" * KEY_BYTES)
    (decided,) = await decide([event], sealer, index, ask)
    assert isinstance(decided, Decided)
    assert asked == [[NINO]]
