"""The rules: what result levels give, which rule says so, and that every version still can."""

import json
from datetime import date
from itertools import product

import pytest
from electoral.events import Levels, NinoAbsence
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from verification.matching import (
    MIDDLE_NAME_LEVELS,
    NAME_LEVELS,
    NO_RECORD,
    NOTHING_COMPARED,
    OTHER_DATE_OF_BIRTH,
)
from verification.rules import RuleSet, UnknownRuleSet, current, in_order, rule_set, rule_sets

FIRST_NAME_LEVELS = (*NAME_LEVELS, "not-applicable")
LAST_NAME_LEVELS = tuple(level for level in FIRST_NAME_LEVELS if level != "initials")
ABSENCES: tuple[NinoAbsence | None, ...] = (
    *(None, "no-nino", "under-16", "never-issued", "not-corrected"),
)
IDENTIFIED = Levels(
    first_name="match",
    middle_name="match",
    last_name="match",
    date_of_birth="match",
    nino="match",
    date_of_death="false",
)

every_version = pytest.mark.parametrize("rules", rule_sets(), ids=lambda rules: rules.version)
every_level = st.builds(
    Levels,
    first_name=st.sampled_from(FIRST_NAME_LEVELS),
    middle_name=st.sampled_from([*MIDDLE_NAME_LEVELS, "not-applicable"]),
    last_name=st.sampled_from(LAST_NAME_LEVELS),
    date_of_birth=st.sampled_from(["match", "no-match", "not-applicable"]),
    nino=st.sampled_from(["match", "no-match", "not-applicable"]),
    date_of_death=st.sampled_from(["true", "false", "not-applicable"]),
)


def some_levels(**changes: str) -> Levels:
    return Levels.model_validate(IDENTIFIED.model_dump() | changes)


def a_rule(name: str = "everybody", **changes: object) -> dict[str, object]:
    return {"name": name, "result": "red", "when": {}} | changes


def a_rule_set(**changes: object) -> str:
    data = {"version": "2030.1", "since": "2030-01-01", "why": "", "rules": [a_rule()]}
    return json.dumps(data | changes)


@every_version
@pytest.mark.parametrize(
    ("changes", "result", "rule"),
    [
        ({}, "green", "identified"),
        ({"middle_name": "no-match"}, "green", "identified"),
        ({"nino": "no-match"}, "red", "nino-not-on-record"),
        ({"date_of_birth": "no-match"}, "red", "date-of-birth-differs"),
        ({"date_of_death": "true"}, "red", "deceased"),
        ({"date_of_death": "true", "first_name": "no-match"}, "red", "deceased"),
        ({"first_name": "no-match"}, "red", "first-name-differs"),
        ({"last_name": "no-match"}, "red", "last-name-differs"),
        (
            {"first_name": "no-match", "last_name": "no-match"},
            "red",
            "first-and-last-name-differ",
        ),
        ({"nino": "not-applicable"}, "red", "not-identified"),
        ({"date_of_birth": "not-applicable"}, "red", "not-identified"),
        ({"date_of_death": "not-applicable"}, "red", "not-identified"),
        ({"first_name": "not-applicable"}, "red", "not-identified"),
        ({"last_name": "not-applicable"}, "red", "not-identified"),
        ({"first_name": "not-populated"}, "red", "not-identified"),
    ],
)
def test_the_rule_that_decides_is_named(
    rules: RuleSet, changes: dict[str, str], result: str, rule: str
) -> None:
    verdict = rules.decide(some_levels(**changes), None)
    assert (verdict.result, verdict.decided_by) == (result, rule)
    assert verdict.rule_version == rules.version


@every_version
@pytest.mark.parametrize(
    ("absence", "levels", "result", "rule"),
    [
        ("no-nino", NOTHING_COMPARED, "not-applicable", "nino-missing"),
        ("not-corrected", NOTHING_COMPARED, "not-applicable", "nino-missing"),
        ("under-16", NOTHING_COMPARED, "not-applicable", "under-16"),
        (None, NOTHING_COMPARED, "not-applicable", "date-of-birth-missing"),
        ("never-issued", NO_RECORD, "red", "nino-never-issued"),
        (None, NO_RECORD, "red", "nino-not-on-record"),
        (None, OTHER_DATE_OF_BIRTH, "red", "date-of-birth-differs"),
    ],
)
def test_what_is_missing_is_named(
    rules: RuleSet, absence: NinoAbsence | None, levels: Levels, result: str, rule: str
) -> None:
    verdict = rules.decide(levels, absence)
    assert (verdict.result, verdict.decided_by) == (result, rule)


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        ("match", "alias", "identified-by-alias"),
        ("alias", "match", "identified-by-alias"),
        ("alias", "alias", "identified-by-alias"),
        ("initials", "match", "identified-by-initials"),
        ("initials", "alias", "identified-by-initials"),
        ("reversed", "reversed", "identified-by-names-swapped"),
        ("reversed", "alias-reversed", "identified-by-names-swapped"),
        ("alias-reversed", "alias-reversed", "identified-by-names-swapped"),
        ("soundex", "match", "identified-by-sound"),
        ("match", "soundex", "identified-by-sound"),
        ("initials", "soundex", "identified-by-sound"),
        ("soundex", "soundex", "identified-by-sound"),
    ],
)
def test_who_is_green_is_so_by_a_rule_of_the_weaker_name(first: str, last: str, rule: str) -> None:
    levels = some_levels(first_name=first, last_name=last)
    assert rule_set("2026.2").decide(levels, None).decided_by == rule
    assert rule_set("2026.1").decide(levels, None).decided_by == "identified"


@every_version
@pytest.mark.parametrize(
    ("first", "last"),
    list(product(NAME_LEVELS, [level for level in NAME_LEVELS if level != "initials"])),
)
def test_green_at_any_levels_of_both_names_but_no_match(
    rules: RuleSet, first: str, last: str
) -> None:
    result = rules.decide(some_levels(first_name=first, last_name=last), None).result
    assert result == ("red" if "no-match" in (first, last) else "green")


@every_version
@given(levels=every_level, absence=st.sampled_from(ABSENCES))
def test_nobody_is_green_without_nino_date_of_birth_and_both_names(
    rules: RuleSet, levels: Levels, absence: NinoAbsence | None
) -> None:
    if rules.decide(levels, absence).result == "green":
        assert absence is None
        assert (levels.nino, levels.date_of_birth) == ("match", "match")
        assert levels.date_of_death == "false"
        assert not {"no-match", "not-applicable"} & {levels.first_name, levels.last_name}


@every_version
@given(levels=every_level)
def test_the_middle_name_never_decides(rules: RuleSet, levels: Levels) -> None:
    others = [levels.model_copy(update={"middle_name": level}) for level in MIDDLE_NAME_LEVELS]
    assert len({rules.decide(one, None) for one in [levels, *others]}) == 1


@given(every_level, st.sampled_from(ABSENCES))
def test_the_newest_version_has_the_results_of_the_one_before(
    levels: Levels, absence: NinoAbsence | None
) -> None:
    before, now = (rule_set(version).decide(levels, absence) for version in ("2026.1", "2026.2"))
    assert before.result == now.result


# -- versions -------------------------------------------------------------------------------------


def test_rule_sets_have_versions_of_their_own_and_come_in_order() -> None:
    assert [rules.version for rules in rule_sets()] == ["2026.1", "2026.2"]
    assert [rules.since for rules in rule_sets()] == [date(2026, 1, 1), date(2026, 11, 22)]
    assert current() is rule_sets()[-1]


def test_any_version_decides_stored_levels_again() -> None:
    stored = {"firstName": "alias", "middleName": "not-populated", "lastName": "match"}
    stored |= {"dateOfBirth": "match", "nino": "match", "dateOfDeath": "false"}
    levels = Levels.model_validate(stored)
    rules = [rule_set(version).decide(levels, None).decided_by for version in ("2026.1", "2026.2")]
    assert rules == ["identified", "identified-by-alias"]


def test_an_unknown_version_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(UnknownRuleSet, match=r"^There is no rule set 1999.1, only 2026.1, 2026.2"):
        rule_set("1999.1")


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "newest"},
        {"since": "soon"},
        {"rules": []},
        {"rules": [a_rule(when={"nino": ["match"]})]},
        {"rules": [a_rule(), a_rule()]},
        {"rules": [a_rule("A rule")]},
        {"rules": [a_rule(result="amber")]},
        {"rules": [a_rule(surprise=True)]},
        {"surprise": True},
        {"rules": [a_rule(when={"shoeSize": ["match"]}), a_rule("others")]},
        {"rules": [a_rule(when={"nino": ["soundex"]}), a_rule("others")]},
        {"rules": [a_rule(when={"nino": []}), a_rule("others")]},
    ],
)
def test_a_rule_set_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RuleSet.model_validate_json(a_rule_set(**changes))


def test_a_rule_set_is_what_its_data_say() -> None:
    some = a_rule("some", when={"nino": ["match", "no-match"], "ninoAbsence": ["no-nino"]})
    rules = RuleSet.model_validate_json(a_rule_set(rules=[some, a_rule("others")]))
    assert (rules.version, rules.since) == ("2030.1", date(2030, 1, 1))
    assert rules.decide(IDENTIFIED, "no-nino").decided_by == "some"
    assert rules.decide(IDENTIFIED, None).decided_by == "others"
    assert rules.decide(NOTHING_COMPARED, "no-nino").decided_by == "others"


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({"since": "2031-01-01"}, "^two rule sets have one version$"),
        ({"version": "2030.2"}, "^two rule sets came into use on one day$"),
    ],
)
def test_two_rule_sets_share_neither_version_nor_day(
    other: dict[str, object], complaint: str
) -> None:
    sets = [RuleSet.model_validate_json(a_rule_set(**changes)) for changes in ({}, other)]
    with pytest.raises(ValueError, match=complaint):
        in_order(sets)


def test_rule_sets_are_put_in_order_by_their_day_wherever_they_stand() -> None:
    days = {"2030.1": "2031-01-01", "2030.2": "2030-06-01", "2030.3": "2032-01-01"}
    sets = [
        RuleSet.model_validate_json(a_rule_set(version=v, since=day)) for v, day in days.items()
    ]
    assert [rules.version for rules in in_order(sets)] == ["2030.2", "2030.1", "2030.3"]
