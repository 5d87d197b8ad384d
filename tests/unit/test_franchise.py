"""Ages and nationalities, per nation and day."""

from datetime import date

import pytest
from electoral.authorities import NATIONS, Nation
from electoral.franchise import (
    Eligibility,
    age_on,
    country_names,
    eligible,
    is_country,
    minimum_age,
)
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 11, 22)
TREATY = ("DK", "LU", "PL", "PT", "ES")
OTHER_EU = ("AT", "BE", "BG", "HR", "CZ", "DE", "EE", "FI", "FR", "GR", "HU", "IT", "LV", "LT")
NEITHER = ("US", "BR", "CN", "UA", "CH", "NO", "JP", "TR")


def test_a_year_is_attained_on_the_birthday() -> None:
    born = date(2010, 11, 22)
    assert [age_on(born, date(2026, 11, day)) for day in (21, 22, 23)] == [15, 16, 16]


def test_who_was_born_on_29_february_attains_a_year_on_1_march_or_in_a_leap_year_on_the_day() -> (
    None
):
    born = date(2008, 2, 29)
    assert [age_on(born, date(2026, *day)) for day in ((2, 28), (3, 1))] == [17, 18]
    assert [age_on(born, date(2024, *day)) for day in ((2, 28), (2, 29))] == [15, 16]


@given(st.dates(date(1900, 1, 1), TODAY), st.dates(date(1900, 1, 1), TODAY))
def test_age_never_falls_and_begins_at_nought(born: date, on: date) -> None:
    assert age_on(born, born) == 0
    if on > born:
        assert age_on(born, on) >= age_on(born, date.fromordinal(on.toordinal() - 1)) >= 0


def test_minimum_ages_are_each_nation_s() -> None:
    ages = {nation: minimum_age(nation, TODAY) for nation in NATIONS}
    assert ages == {"england": 16, "scotland": 14, "wales": 14}


def test_minimum_ages_are_those_of_the_day() -> None:
    assert [minimum_age("wales", date(2020, *day)) for day in ((5, 31), (6, 1))] == [16, 14]
    assert minimum_age("scotland", date(2014, 1, 1)) == 16


def test_where_the_nation_is_unknown_the_lowest_age_counts() -> None:
    assert minimum_age(None, TODAY) == 14
    assert minimum_age(None, date(2014, 1, 1)) == 16


@pytest.mark.parametrize("nationality", ["GB", "IE", "IN", "CY", "MT", "ZW", "JE", "GI", *TREATY])
def test_england_lets_british_irish_commonwealth_and_treaty_citizens_register(
    nationality: str,
) -> None:
    assert eligible([nationality], "england", TODAY) == "eligible"


@pytest.mark.parametrize("nationality", OTHER_EU)
@pytest.mark.parametrize(
    ("retained_rights", "answer"),
    [(None, "ask-retained-rights"), (True, "eligible"), (False, "eligible")],
)
def test_england_asks_other_eu_citizens_about_retained_rights_and_leaves_the_answer_to_the_ero(
    nationality: str, retained_rights: bool | None, answer: Eligibility
) -> None:
    assert eligible([nationality], "england", TODAY, retained_rights) == answer


@pytest.mark.parametrize("nationality", NEITHER)
def test_england_turns_others_away_whatever_they_say_of_eu_rights(nationality: str) -> None:
    for retained_rights in (None, True, False):
        assert eligible([nationality], "england", TODAY, retained_rights) == "not-eligible"


def test_england_let_all_eu_citizens_register_until_7_may_2024() -> None:
    days = (date(2024, 5, 6), date(2024, 5, 7))
    assert [eligible(["FR"], "england", day) for day in days] == ["eligible", "ask-retained-rights"]


@pytest.mark.parametrize("nation", ["scotland", "wales"])
def test_scotland_and_wales_let_any_nationality_register(nation: Nation) -> None:
    assert {eligible([one], nation, TODAY) for one in (*NEITHER, *OTHER_EU)} == {"eligible"}
    assert eligible(["US"], nation, date(2019, 1, 1)) == "not-eligible"


def test_the_best_of_several_nationalities_counts() -> None:
    assert eligible(["US", "FR"], "england", TODAY) == "ask-retained-rights"
    assert eligible(["US", "FR", "IE"], "england", TODAY, False) == "eligible"


def test_where_the_nation_is_unknown_the_most_lenient_one_counts() -> None:
    assert eligible(["US"], None, TODAY) == "eligible"
    assert eligible(["US"], None, date(2019, 1, 1)) == "not-eligible"


def test_no_nationality_is_not_judged() -> None:
    with pytest.raises(ValueError, match="without a nationality"):
        eligible([], "england", TODAY)


def test_countries_are_the_249_of_iso_3166() -> None:
    assert len(country_names()) == 249
    assert all(len(code) == 2 and code.isupper() for code in country_names())
    assert is_country("GB")
    assert not any(is_country(code) for code in ("UK", "EU", "gb", "XX", ""))


def test_every_nationality_with_a_rule_is_a_country() -> None:
    settled = {code for code in country_names() if eligible([code], "england", TODAY) == "eligible"}
    asked = {
        code
        for code in country_names()
        if eligible([code], "england", TODAY) == "ask-retained-rights"
    }
    # 56 Commonwealth and two more (GB, IE), 3 crown dependencies, 12 territories, 5 treaty states.
    assert len(settled) == 56 + 2 + 3 + 12 + len(TREATY)
    # 27 member states less Ireland, Cyprus, Malta and the treaty states.
    assert len(asked) == 27 - 3 - len(TREATY)
