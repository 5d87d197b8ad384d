"""Matching and the rules: what agrees with a record, and what result that gives."""

from datetime import date

import pytest
from electoral.events import Level, Levels, NinoAbsence
from electoral.person import Name
from hypothesis import given
from hypothesis import strategies as st
from verification.matching import (
    MIDDLE_NAME_LEVELS,
    NAME_LEVELS,
    NO_RECORD,
    NOTHING_COMPARED,
    Applicant,
    Record,
    compare,
    standardise,
)
from verification.rules import CURRENT, RULE_SETS

BORN = date(1987, 3, 31)

names_of_any_script = st.text(
    st.characters(categories=("Lu", "Ll", "Lo", "Lt", "Mn")) | st.sampled_from(" -'’"), max_size=35
)
names = st.builds(Name, names_of_any_script, names_of_any_script, names_of_any_script)


def an_applicant(*named: tuple[str, str, str], born: date | None = BORN) -> Applicant:
    return Applicant(tuple(Name(*name) for name in named or [("Siân", "", "O'Neill")]), born)


def a_record(*named: tuple[str, str, str], born: date = BORN, died: date | None = None) -> Record:
    return Record(tuple(Name(*name) for name in named or [("SIAN", "", "ONEILL")]), born, died)


def result_of(levels: Levels, absence: NinoAbsence | None = None) -> str:
    return CURRENT.decide(levels, absence).result


# -- standardising --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "recorded"),
    [
        ("Siân", "SIAN"),
        ("Sia\u0302n", "Siân"),
        ("O'Brien", "O’BRIEN"),
        ("O'Brien", "OBRIEN"),
        ("Dʼarcy", "D`Arcy"),
        ("Smith-Jones", "Smith Jones"),
        ("Smith‑Jones", "SMITH JONES"),
        ("Smith – Jones", "smith-jones"),
        ("  Mac  an   t-Saoir ", "Mac an t Saoir"),
        ("Łukasz", "LUKASZ"),
        ("İbrahim", "ibrahim"),
        ("Işıl", "ISIL"),
        ("Weiß", "WEISS"),
        ("Đặng", "Dang"),
        ("Tŷ-Du", "TY DU"),
        ("Йорданов", "ЙОРДАНОВ"),
        ("Ζωή", "ΖΩΗ"),
        ("王", "王"),
        ("محمد", "محمد"),
        ("Conceic\u0327a\u0303o", "CONCEIÇÃO"),
    ],
)
def test_case_accents_hyphens_and_apostrophes_do_not_count(typed: str, recorded: str) -> None:
    assert standardise(typed) == standardise(recorded)


@pytest.mark.parametrize(
    ("typed", "recorded"),
    [("Smith", "Smyth"), ("Ann Marie", "Annmarie"), ("Siân", "Sean"), ("王", "李")],
)
def test_other_letters_are_another_name(typed: str, recorded: str) -> None:
    assert standardise(typed) != standardise(recorded)


@given(names_of_any_script)
def test_standardising_twice_is_standardising_once(typed: str) -> None:
    assert standardise(standardise(typed)) == standardise(typed)


@given(st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=1, max_size=35))
def test_no_name_of_letters_is_standardised_away(typed: str) -> None:
    assert standardise(typed)


# -- the filter -----------------------------------------------------------------------------------


def test_everything_agrees() -> None:
    levels = compare(an_applicant(("Siân", "Mai", "O'Neill")), a_record(("SIAN", "MAI", "ONEILL")))
    assert levels == Levels(
        first_name="match",
        middle_name="match",
        last_name="match",
        date_of_birth="match",
        nino="match",
        date_of_death="false",
    )


def test_without_a_record_only_the_nino_is_judged() -> None:
    assert compare(an_applicant(), None) == NO_RECORD
    assert NOTHING_COMPARED.model_copy(update={"nino": "no-match"}) == NO_RECORD


def test_after_another_date_of_birth_nothing_more_is_compared() -> None:
    levels = compare(an_applicant(born=date(1987, 3, 30)), a_record(died=date(2020, 1, 1)))
    assert (levels.nino, levels.date_of_birth) == ("match", "no-match")
    assert levels.first_name == levels.last_name == levels.middle_name == "not-applicable"
    assert levels.date_of_death == "not-applicable"


def test_a_date_of_death_shows_as_true_and_never_as_a_date() -> None:
    levels = compare(an_applicant(), a_record(died=date(2020, 1, 1)))
    assert levels.date_of_death == "true"
    assert "2020" not in levels.model_dump_json()


@pytest.mark.parametrize(
    ("typed", "recorded", "level"),
    [
        ("Mai", "MAI", "match"),
        ("Mai", "May", "no-match"),
        ("", "Mai", "not-populated"),
        ("Mai", "", "not-populated"),
        ("", "", "not-populated"),
    ],
)
def test_middle_name(typed: str, recorded: str, level: Level) -> None:
    levels = compare(an_applicant(("A", typed, "B")), a_record(("A", recorded, "B")))
    assert levels.middle_name == level


def test_a_name_of_which_nothing_is_left_matches_nothing() -> None:
    levels = compare(an_applicant(("'", "", "B")), a_record(("’", "", "B")))
    assert levels.first_name == "no-match"


# -- pairs of names -------------------------------------------------------------------------------


def test_a_previous_name_counts() -> None:
    applicant = an_applicant(("Siân", "", "Jones"), ("Siân", "", "O'Neill"))
    levels = compare(applicant, a_record(("Siân", "", "O'Neill")))
    assert (levels.first_name, levels.last_name) == ("match", "match")


def test_any_name_of_the_record_counts() -> None:
    record = a_record(("Siân", "", "Jones"), ("Siân", "", "O'Neill"))
    levels = compare(an_applicant(), record)
    assert (levels.first_name, levels.last_name) == ("match", "match")


def test_the_first_name_of_one_name_never_joins_the_surname_of_another() -> None:
    record = a_record(("Siân", "", "Jones"), ("Mair", "", "O'Neill"))
    levels = compare(an_applicant(), record)
    assert "no-match" in (levels.first_name, levels.last_name)
    assert "match" in (levels.first_name, levels.last_name)


def test_the_middle_name_is_of_the_pair_that_was_chosen() -> None:
    record = a_record(("Mair", "Mai", "O'Neill"), ("Siân", "Ann", "O'Neill"))
    levels = compare(an_applicant(("Siân", "Mai", "O'Neill")), record)
    assert (levels.first_name, levels.middle_name) == ("match", "no-match")


@given(st.lists(names, min_size=1, max_size=2), st.lists(names, min_size=1, max_size=3), names)
def test_another_name_on_the_record_never_lowers_the_result(
    typed: list[Name], recorded: list[Name], one_more: Name
) -> None:
    applicant = Applicant(tuple(typed), BORN)
    before = result_of(compare(applicant, Record(tuple(recorded), BORN, None)))
    after = result_of(compare(applicant, Record((*recorded, one_more), BORN, None)))
    assert (before, after) != ("green", "red")


# -- the rules ------------------------------------------------------------------------------------


def some_levels(**changes: str) -> Levels:
    agreed = compare(an_applicant(), a_record())
    return Levels.model_validate(agreed.model_dump() | changes)


@pytest.mark.parametrize(
    ("changes", "result", "rule"),
    [
        ({}, "green", "identified"),
        ({"first_name": "alias", "last_name": "soundex"}, "green", "identified"),
        ({"first_name": "initials"}, "green", "identified"),
        ({"first_name": "reversed", "last_name": "reversed"}, "green", "identified"),
        ({"middle_name": "no-match"}, "green", "identified"),
        ({"nino": "no-match"}, "red", "nino-not-on-record"),
        ({"date_of_birth": "no-match"}, "red", "date-of-birth-differs"),
        ({"date_of_death": "true"}, "red", "deceased"),
        ({"first_name": "no-match"}, "red", "first-name-differs"),
        ({"last_name": "no-match"}, "red", "last-name-differs"),
        (
            {"first_name": "no-match", "last_name": "no-match"},
            "red",
            "first-and-last-name-differ",
        ),
        ({"date_of_birth": "not-applicable"}, "red", "not-identified"),
        ({"first_name": "not-applicable"}, "red", "not-identified"),
    ],
)
def test_the_rule_that_decides_is_named(changes: dict[str, str], result: str, rule: str) -> None:
    verdict = CURRENT.decide(some_levels(**changes), None)
    assert (verdict.result, verdict.decided_by) == (result, rule)
    assert verdict.rule_version == CURRENT.version


@pytest.mark.parametrize(
    ("absence", "levels", "result", "rule"),
    [
        ("no-nino", NOTHING_COMPARED, "not-applicable", "nino-missing"),
        ("under-16", NOTHING_COMPARED, "not-applicable", "under-16"),
        (None, NOTHING_COMPARED, "not-applicable", "date-of-birth-missing"),
        ("never-issued", NO_RECORD, "red", "nino-never-issued"),
    ],
)
def test_what_is_missing_is_named(
    absence: NinoAbsence | None, levels: Levels, result: str, rule: str
) -> None:
    verdict = CURRENT.decide(levels, absence)
    assert (verdict.result, verdict.decided_by) == (result, rule)


every_level = st.builds(
    Levels,
    first_name=st.sampled_from([*NAME_LEVELS, "not-applicable"]),
    middle_name=st.sampled_from([*MIDDLE_NAME_LEVELS, "not-applicable"]),
    last_name=st.sampled_from([*NAME_LEVELS, "not-applicable"]),
    date_of_birth=st.sampled_from(["match", "no-match", "not-applicable"]),
    nino=st.sampled_from(["match", "no-match", "not-applicable"]),
    date_of_death=st.sampled_from(["true", "false", "not-applicable"]),
)


@given(every_level, st.sampled_from([None, "no-nino", "under-16", "never-issued"]))
def test_nobody_is_green_without_nino_date_of_birth_and_both_names(
    levels: Levels, absence: NinoAbsence | None
) -> None:
    if result_of(levels, absence) == "green":
        assert (levels.nino, levels.date_of_birth) == ("match", "match")
        assert levels.date_of_death == "false"
        assert "no-match" not in (levels.first_name, levels.last_name)


@given(every_level)
def test_the_middle_name_never_decides(levels: Levels) -> None:
    others = [levels.model_copy(update={"middle_name": level}) for level in MIDDLE_NAME_LEVELS]
    assert len({result_of(one) for one in [levels, *others]}) == 1


def test_rule_sets_have_versions_of_their_own_and_come_in_order() -> None:
    assert len({rules.version for rules in RULE_SETS}) == len(RULE_SETS)
    assert [rules.since for rules in RULE_SETS] == sorted(rules.since for rules in RULE_SETS)
