"""National insurance numbers: form, prefixes never issued, what identifies."""

import pytest
from electoral.nino import identity, is_never_issued, is_well_formed, normalise
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("AB123456C", "AB123456C"),
        ("ab 12 34 56 c", "AB123456C"),
        ("AB-12-34-56-C", "AB123456C"),
        ("AB|123456|C", "AB123456C"),
        ("AB\u00a0123456\u2009C", "AB123456C"),
        ("AB‐12–34−56C", "AB123456C"),
        ("\tab123456\r\n", "AB123456"),
    ],
)
def test_what_people_type_between_the_characters_is_stripped(typed: str, stored: str) -> None:
    assert normalise(typed) == stored


def test_letters_of_other_alphabets_are_not_turned_into_ours() -> None:
    assert normalise("ß123456a") == "ß123456a"


@pytest.mark.parametrize("nino", ["AB123456", "AB123456A", "AB123456D", "OA123456B"])
def test_well_formed_with_and_without_suffix(nino: str) -> None:
    assert is_well_formed(nino)


@pytest.mark.parametrize(
    "nino",
    ["", "AB12345", "AB1234567", "AB123456E", "A1123456A", "AB123456AA", "AB12345٦", "AB123456\n"],
)
def test_anything_else_is_not_well_formed(nino: str) -> None:
    assert not is_well_formed(nino)


@pytest.mark.parametrize("first", "DFIQUV")
def test_first_letters_never_issued(first: str) -> None:
    assert is_never_issued(f"{first}A123456")


@pytest.mark.parametrize("second", "DFIOQUV")
def test_second_letters_never_issued(second: str) -> None:
    assert is_never_issued(f"A{second}123456")


@pytest.mark.parametrize("prefix", ["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"])
def test_prefixes_never_issued(prefix: str) -> None:
    assert is_never_issued(f"{prefix}123456C")


@pytest.mark.parametrize("prefix", ["AB", "OA", "GA", "KA", "NA", "TA", "ZA", "BN", "JG"])
def test_other_prefixes_were_issued(prefix: str) -> None:
    assert not is_never_issued(f"{prefix}123456C")


def test_the_suffix_does_not_identify() -> None:
    assert identity("AB123456A") == identity("AB123456D") == identity("AB123456") == "AB123456"


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
