"""Merging a resubmission's answers with those before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verification.merging import merge

BEFORE = {
    "firstName": "Ann",
    "lastName": "Lee",
    "dateOfBirth": "1980-01-02",
    "address": {"property": "1", "street": "High Street", "postcode": "CF10 1AA", "uprn": "7"},
    "somethingNewer": [1, 2],
}

answers = st.dictionaries(st.sampled_from(sorted(BEFORE)), st.one_of(st.text(), st.integers()))


def test_what_was_not_corrected_stays_even_what_nobody_knows_here() -> None:
    assert merge(BEFORE, {"firstName": "Anne"}, has_nino=False) == {**BEFORE, "firstName": "Anne"}


def test_no_part_of_a_corrected_address_is_of_the_old_one() -> None:
    corrected = {"street": "Low Street", "postcode": "CF10 1AB"}
    merged = merge(BEFORE, {"address": corrected}, has_nino=False)
    assert merged["address"] == corrected


@pytest.mark.parametrize(
    ("given", "other"),
    [
        ("dateOfBirth", "noDateOfBirth"),
        ("noDateOfBirth", "dateOfBirth"),
        ("nationalities", "noNationality"),
        ("noNationality", "nationalities"),
    ],
)
def test_an_answer_takes_the_place_of_the_reason_for_having_none(given: str, other: str) -> None:
    assert merge({other: "before"}, {given: "now"}, has_nino=False) == {given: "now"}


def test_a_number_takes_the_place_of_the_reason_for_having_none() -> None:
    before = {"firstName": "Ann", "noNino": {"reason": "never had one"}}
    assert merge(before, {}, has_nino=True) == {"firstName": "Ann"}
    assert merge(before, {}, has_nino=False) == before


def test_null_takes_an_answer_back() -> None:
    assert "address" not in merge(BEFORE, {"address": None}, has_nino=False)


@given(answers, answers)
def test_merging_again_changes_nothing(
    before: dict[str, object], corrected: dict[str, object]
) -> None:
    once = merge(before, corrected, has_nino=False)
    assert merge(once, corrected, has_nino=False) == once
