"""Identity: what an applicant is looked for by, under which keys, and what never stands in it."""

import hmac
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from builders import a_received
from electoral.blind_index import LIVE_KEYS_KNOWN, BlindIndex
from electoral.events import NinoAbsence
from electoral.person import Name
from electoral.sealing import KEY_BYTES, DirectoryKeyring, Sealer, UnknownKey
from verification.deciding import Decided, decide
from verification.dwp import NOT_FOUND, UNAVAILABLE, Answer, Answers
from verification.identity import HASH_BYTES, NO_IDENTITY, Identity, Sought, hashing

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CHANGE = datetime(2027, 1, 1, tzinfo=UTC)  # of a quarter
BORN = date(1987, 3, 31)
NAME = Name("Siân", "", "O'Neill")
QUARTERS = ("2025q3", "2026q3", "2026q4", "2027q1")
ONE = UUID(int=1)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    for purpose in ("nino-index", "person-index"):
        for quarter in QUARTERS:
            secret = f"{purpose}-{quarter}".encode().ljust(KEY_BYTES, b".")
            (tmp_path / f"{purpose}-{quarter}.key").write_bytes(secret)
    for purpose in ("person", "nino-online"):
        (tmp_path / f"{purpose}-{NOW:%Y-%m-%d}.key").write_bytes(b"k" * KEY_BYTES)
    return tmp_path


def an_index(keys: Path, now: datetime = NOW) -> BlindIndex:
    return BlindIndex(DirectoryKeyring(keys), lambda: now)


def identify(
    keys: Path,
    *,
    now: datetime = NOW,
    nino: str | None = "AB123456",
    name: Name = NAME,
    born: date | None = BORN,
    postcode: str | None = "B1 1AA",
) -> Identity:
    return hashing(an_index(keys, now)).identify(nino, name, born, postcode)


def key_ids(sought: Sought | None) -> tuple[str, list[str], list[str]]:
    assert sought is not None
    beside, before = ([key_id for key_id, _ in some] for some in (sought.beside, sought.before))
    return sought.counted[0], beside, before


# -- keys -----------------------------------------------------------------------------------------


def test_one_is_counted_under_this_quarters_key_and_looked_for_under_older_ones(
    keys: Path,
) -> None:
    found = identify(keys)
    assert key_ids(found.nino) == (
        *("nino-index-2026q4", [], ["nino-index-2025q3", "nino-index-2026q3"]),
    )
    assert key_ids(found.person) == (
        *("person-index-2026q4", [], ["person-index-2025q3", "person-index-2026q3"]),
    )


@pytest.mark.parametrize(
    ("minutes", "counted", "beside"),
    [
        (-61, "2026q4", []),
        (-60, "2026q4", ["2027q1"]),
        (-1, "2026q4", ["2027q1"]),
        (0, "2027q1", ["2026q4"]),
        (59, "2027q1", ["2026q4"]),
        (60, "2027q1", []),
    ],
)
def test_around_the_change_of_a_quarter_both_its_sides_are_locked(
    keys: Path, minutes: int, counted: str, beside: list[str]
) -> None:
    found = identify(keys, now=CHANGE + timedelta(minutes=minutes)).nino
    key_id, others, before = key_ids(found)
    assert key_id == f"nino-index-{counted}"
    assert others == [f"nino-index-{quarter}" for quarter in beside]
    assert not {key_id, *others} & set(before)


def test_what_one_side_of_a_change_counts_the_other_side_looks_for(keys: Path) -> None:
    early = identify(keys, now=CHANGE - timedelta(seconds=1)).nino
    late = identify(keys, now=CHANGE + timedelta(seconds=1)).nino
    assert early
    assert late
    assert early.counted in late.beside
    assert late.counted in early.beside


def test_a_destroyed_key_is_no_longer_looked_under_after_a_minute(keys: Path) -> None:
    now = NOW
    index = BlindIndex(DirectoryKeyring(keys), lambda: now)
    first = hashing(index).by_nino
    (keys / "nino-index-2025q3.key").rename(keys / "nino-index-2025q3.destroyed")
    assert hashing(index).by_nino.before == first.before
    now += LIVE_KEYS_KNOWN
    left = hashing(index).by_nino.before
    assert [key.key_id for key in left] == ["nino-index-2026q3"]


def test_without_this_quarters_key_nothing_is_hashed(keys: Path) -> None:
    (keys / "person-index-2026q4.key").unlink()
    with pytest.raises(UnknownKey, match="person-index-2026q4"):
        hashing(an_index(keys))


def test_a_hash_is_the_keyed_one_that_anybody_with_the_key_makes(keys: Path) -> None:
    found = identify(keys).nino
    assert found is not None
    key = (keys / "nino-index-2026q4.key").read_bytes()
    assert found.counted[1] == hmac.digest(key, b"AB123456", "sha256")[:HASH_BYTES]


# -- who is the same ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"name": Name("SIAN", "Mair", "ONEILL")},
        {"name": Name("Siân", "", "O`Neill")},  # another apostrophe
        {"postcode": "b11aa"},
        {"postcode": " B1  1AA"},
    ],
)
def test_a_person_is_the_same_however_it_is_written(keys: Path, changes: dict[str, object]) -> None:
    assert identify(keys, **changes).person == identify(keys).person  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": Name("Sioned", "", "O'Neill")},
        {"name": Name("O'Neill", "", "Siân")},
        {"born": date(1987, 3, 30)},
        {"postcode": "B1 1AB"},
    ],
)
def test_another_name_birthday_or_postcode_is_another_person(
    keys: Path, changes: dict[str, object]
) -> None:
    assert identify(keys, **changes).person != identify(keys).person  # type: ignore[arg-type]


def test_what_is_missing_is_not_looked_for(keys: Path) -> None:
    assert identify(keys, nino=None, postcode=None) == NO_IDENTITY
    assert identify(keys, born=None).person is None
    assert identify(keys, born=None).nino is not None


# -- deciding -------------------------------------------------------------------------------------


async def decided(
    keys: Path,
    nino: str | None = "AB123456C",
    absence: NinoAbsence | None = None,
    answer: Answer = NOT_FOUND,
    **changes: object,
) -> object:
    sealer = Sealer(DirectoryKeyring(keys), lambda: NOW)
    person = {
        "firstName": NAME.first,
        "lastName": NAME.last,
        "dateOfBirth": BORN.isoformat(),
        "address": {"street": "Mill Lane", "postcode": "B1 1AA"},
        **changes,
    }
    event = a_received(
        NOW,
        application_id=ONE,
        person=sealer.seal("person", ONE, json.dumps(person).encode()),
        nino=nino and sealer.seal("nino-online", ONE, nino.encode()),
        nino_absence=absence,
    )

    async def ask(ninos: object) -> Answers:
        return {"AB123456": answer}

    (conclusion,) = await decide([event], sealer, an_index(keys), ask)
    return conclusion


async def identity(*given: object, **changes: object) -> Identity:
    conclusion = await decided(*given, **changes)  # type: ignore[arg-type]
    assert isinstance(conclusion, Decided)
    return conclusion.identity


@pytest.mark.parametrize("nino", ["AB123456", "AB123456C", "ab 12 34 56 d"])
async def test_a_nino_is_one_with_any_suffix_and_without(keys: Path, nino: str) -> None:
    assert await identity(keys, nino) == identify(keys)


async def test_who_gives_no_nino_is_looked_for_as_a_person(keys: Path) -> None:
    assert await identity(keys, None, "no-nino") == identify(keys, nino=None)


async def test_a_nino_that_was_never_issued_is_not_looked_for(keys: Path) -> None:
    assert (await identity(keys, "BG123456C")).nino is None


async def test_a_nino_of_somebody_under_16_is_not_looked_for(keys: Path) -> None:
    found = await identity(keys, dateOfBirth="2012-01-01")
    assert found == identify(keys, nino=None, born=date(2012, 1, 1))


async def test_a_nino_without_a_date_of_birth_is_looked_for(keys: Path) -> None:
    assert await identity(keys, dateOfBirth=None) == identify(keys, born=None)


async def test_from_overseas_the_qualifying_address_counts(keys: Path) -> None:
    abroad = {"street": "Calle Mayor", "postcode": "28001", "country": "ES"}
    last = {"street": "Mill Lane", "postcode": "B1 1AA"}
    assert await identity(keys, address=abroad, qualifyingAddress=last) == identify(keys)


async def test_nothing_in_clear_is_left_of_who_was_decided(keys: Path) -> None:
    text = repr(await decided(keys)).lower()
    for clear in ("ab123456", "siân", "sian", "neill", "1987", "b1 1aa", "b11aa"):
        assert clear not in text


async def test_who_waits_for_dwp_is_not_looked_for_yet(keys: Path) -> None:
    assert await decided(keys, answer=UNAVAILABLE) == "dwp-unavailable"


async def test_without_a_key_to_index_under_an_attempt_waits_for_it(keys: Path) -> None:
    (keys / "nino-index-2026q4.key").unlink()
    assert await decided(keys) == "unknown-key"
