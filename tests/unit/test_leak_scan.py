"""The leak scan finds a canary in every form, and nothing that is not there."""

import base64
import json
from random import Random
from urllib.parse import quote, quote_plus

import pytest
from acceptance.canaries import APPLICANTS, FREE_TEXT, UNDECODABLE, sent_canaries
from acceptance.leak_scan import CHUNK_BYTES, Canary, Kind, Scanner

NAME = Canary("name", Kind.TEXT, "Żéphqrowne O'Bryx")
NINO = Canary("NINO", Kind.NINO, "AB123456")
BORN = Canary("date of birth", Kind.DATE, "1931-08-09")
POSTCODE = Canary("postcode", Kind.POSTCODE, "PO30 1ND")
SCANNER = Scanner([NAME, NINO, BORN, POSTCODE])


def found_in(data: bytes) -> set[Canary]:
    return {leak.canary for leak in SCANNER.scan("here", data)}


def test_a_canary_is_found_as_it_is_and_in_any_case() -> None:
    for text in (
        "Żéphqrowne O'Bryx",
        "żéphqrowne o'bryx",
        "ŻÉPHQROWNE O'BRYX",
        "Zephqrowne O'Bryx",
    ):
        assert found_in(f"before {text} after".encode()) == {NAME}


@pytest.mark.parametrize(
    "spelling",
    ["AB123456C", "ab123456", "AB 12 34 56 C", "ab 12 34 56", "AB-12-34-56-C", "AB 123456 C"],
)
def test_a_nino_is_found_however_it_is_spaced(spelling: str) -> None:
    assert found_in(f'{{"value":"{spelling}"}}'.encode()) == {NINO}


@pytest.mark.parametrize(
    "spelling",
    [
        *("1931-08-09", "19310809", "09/08/1931", "9/8/1931", "08/09/1931", "09.08.1931"),
        *("09081931", "9 August 1931", "9 Aug 1931", "August 09, 1931"),
        "datetime.date(1931, 8, 9)",
    ],
)
def test_a_date_is_found_however_it_is_written(spelling: str) -> None:
    assert found_in(f"born {spelling}.".encode()) == {BORN}


def test_digits_within_a_longer_number_are_no_date() -> None:
    assert found_in(b"0.719310809 193108091 x19310809y1") == {BORN}
    assert found_in(b"0.719310809 193108091") == set()


@pytest.mark.parametrize("postcode", ["PO301ND", "po30 1nd", "PO30+1ND", "PO30%201ND"])
def test_a_postcode_is_found_with_and_without_its_space(postcode: str) -> None:
    assert found_in(f"?postcode={postcode}&".encode()) == {POSTCODE}


@pytest.mark.parametrize("canary", [NAME, NINO, BORN, POSTCODE])
@pytest.mark.parametrize("shift", range(3))
def test_a_canary_is_found_in_base64_wherever_it_begins(canary: Canary, shift: int) -> None:
    raw = b"#" * shift + canary.text.encode() + b"##"
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert found_in(b"value:" + encode(raw)) == {canary}


@pytest.mark.parametrize("canary", [NAME, NINO, BORN, POSTCODE])
def test_a_canary_is_found_in_every_encoding(canary: Canary) -> None:
    text = canary.text
    encoded = {
        "URL": quote(text).encode(),
        "form": quote_plus(text).encode(),
        "every byte": "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
        "JSON": json.dumps(text).encode(),
        "escaped throughout": "".join(f"\\u{ord(c):04X}" for c in text).encode(),
        "UTF-16 LE": b"\x00" + text.encode("utf-16-le"),
        "UTF-16 BE": b"\x00" + text.encode("utf-16-be"),
        "hex": text.encode().hex().encode(),
        "HEX": text.encode().hex().upper().encode(),
        "a dumped bytea of hex": b"\\x7b22" + text.encode().hex().encode().hex().encode() + b"227d",
    }
    assert {name for name, data in encoded.items() if found_in(data) != {canary}} == set()


def test_a_canary_is_found_at_every_place_and_over_the_seam_of_two_chunks() -> None:
    for at in (*range(9), *range(CHUNK_BYTES - 9, CHUNK_BYTES + 3)):
        assert found_in(b"." * at + b"AB123456" + b"." * 9) == {NINO}


def test_a_leak_says_where_it_is_and_in_which_form() -> None:
    (leak,) = SCANNER.scan("a log", b"the NINO is AB 12 34 56 C")
    assert str(leak) == "a log: NINO (spaced, as it is) in b'the NINO is AB 12 34 56 C'"


def test_nothing_is_found_in_noise() -> None:
    noise = Random(7).randbytes(8 * CHUNK_BYTES)  # of another a date may come out
    everything = Scanner(sent_canaries())
    assert everything.scan("noise", noise + base64.b64encode(noise) + noise.hex().encode()) == []


def test_a_canary_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too short to be told from chance: initials"):
        Scanner([Canary("initials", Kind.TEXT, "ABC")])


def test_every_canary_is_one_persons_alone() -> None:
    everybody = [*APPLICANTS, UNDECODABLE]
    canaries = {c for a in everybody for c in (*a.canaries(), *a.canaries_of_dwp())} | {*FREE_TEXT}
    scanner = Scanner(canaries)
    for canary in canaries:
        found = {leak.canary for leak in scanner.scan("another", canary.text.encode())}
        assert {whose(other) for other in found} == {whose(canary)}


def whose(canary: Canary) -> str:
    return canary.what.partition(" of ")[2] or canary.what


def test_every_canary_is_in_what_is_sent() -> None:
    for applicant in APPLICANTS:
        sent = json.dumps(applicant.application(), ensure_ascii=False).encode()
        found = {leak.canary for leak in Scanner(applicant.canaries()).scan("body", sent)}
        assert found == set(applicant.canaries())
