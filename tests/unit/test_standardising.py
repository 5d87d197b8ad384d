"""Standardising: what does not count when names are compared, and what does."""

from unicodedata import normalize

import pytest
from electoral.person import Name
from hypothesis import given
from hypothesis import strategies as st
from verification.standardising import standardise, standardise_name


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Siân", "sian"),
        ("O'Brien", "obrien"),
        ("O’BRIEN", "obrien"),
        ("Dʼarcy", "darcy"),
        ("D`Arcy", "darcy"),
        ("Smith-Jones", "smith jones"),
        ("Smith‑Jones", "smith jones"),
        ("Smith – Jones", "smith jones"),
        ("  Mac  an   t-Saoir ", "mac an t saoir"),
        ("Łukasz", "lukasz"),
        ("İbrahim", "ibrahim"),
        ("Işıl", "isil"),
        ("Weiß", "weiss"),
        ("Đặng", "dang"),
        ("Йорданов", "yordanov"),
        ("Ζωή", "zoi"),
        ("王", "wang"),
        ("美玲", "meiling"),
        ("محمد", "mhmd"),
        ("", ""),
        ("'", ""),
        (" - ", ""),
    ],
)
def test_a_key_is_of_small_ascii_letters_and_single_spaces(typed: str, key: str) -> None:
    assert standardise(typed) == key


@pytest.mark.parametrize(
    ("typed", "other"),
    [("Smith", "Smyth"), ("Ann Marie", "Annmarie"), ("Siân", "Sean"), ("王", "李")],
)
def test_other_letters_are_another_name(typed: str, other: str) -> None:
    assert standardise(typed) != standardise(other)


def test_each_part_of_a_name_has_its_own_key() -> None:
    assert standardise_name(Name("Siân", "Mai-Lŷn", "O'Neill")) == ("sian", "mai lyn", "oneill")


@pytest.mark.parametrize("sign", ["𐌀", "ᚠ", "\U0001e900"])
def test_letters_that_no_table_transliterates_stay_what_they_are(sign: str) -> None:
    assert standardise(sign)
    assert standardise(sign + sign) != standardise(sign)


@given(st.text(max_size=35))
def test_standardising_twice_is_standardising_once(typed: str) -> None:
    assert standardise(standardise(typed)) == standardise(typed)


@given(st.text(max_size=35))
def test_marks_count_alike_in_either_form(typed: str) -> None:
    assert standardise(normalize("NFD", typed)) == standardise(normalize("NFC", typed))


@given(st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=1, max_size=35))
def test_no_name_of_letters_is_standardised_away(typed: str) -> None:
    assert standardise(typed)
