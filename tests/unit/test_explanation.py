"""Explanation: a sentence for every field and result, in both languages, of levels alone."""

import inspect
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import product
from typing import get_args

import pytest
from electoral import explanation
from electoral.events import Levels, MatchResult, NinoAbsence
from electoral.explanation import FIELDS, Explanation, explain
from hypothesis import given
from hypothesis import strategies as st
from verification.matching import (
    MIDDLE_NAME_LEVELS,
    NAME_LEVELS,
    NO_RECORD,
    NOTHING_COMPARED,
    OTHER_DATE_OF_BIRTH,
)
from verification.rules import RuleSet, rule_sets

LEVELS_OF: Mapping[str, AbstractSet[str]] = {
    "firstName": {*NAME_LEVELS, "not-applicable"},
    "middleName": {*MIDDLE_NAME_LEVELS, "not-applicable"},
    "lastName": {*NAME_LEVELS, "not-applicable"} - {"initials"},
    "dateOfBirth": {"match", "no-match", "not-applicable"},
    "nino": {"match", "no-match", "not-applicable"},
    "dateOfDeath": {"true", "false", "not-applicable"},
}
ALL_MATCH = dict.fromkeys(FIELDS, "match") | {"dateOfDeath": "false"}
RED_BY = {
    "nino-never-issued": "NEVER_ISSUED",
    "nino-not-on-record": "NO_RECORD",
    "date-of-birth-differs": "OTHER_DATE_OF_BIRTH",
    "deceased": "DECEASED",
    "first-and-last-name-differ": "OTHER_NAMES",
    "first-name-differs": "OTHER_FIRST_NAME",
    "last-name-differs": "OTHER_LAST_NAME",
    "not-identified": "RED",
}
UNCHECKED_BY = {
    "under-16": "UNDER_16",
    "nino-missing": "NO_NINO",
    "date-of-birth-missing": "NO_DATE_OF_BIRTH",
}


def on_wire(levels: Levels) -> dict[str, str]:
    return {str(field): str(level) for field, level in levels.model_dump(by_alias=True).items()}


def every_sentence() -> list[explanation.Sentence]:
    of_fields = [sentence for sentences in FIELDS.values() for sentence in sentences.values()]
    of_results = [s for s in vars(explanation).values() if isinstance(s, explanation.Sentence)]
    return of_fields + of_results


def test_every_field_has_a_sentence_for_each_of_its_levels() -> None:
    assert {field: set(sentences) for field, sentences in FIELDS.items()} == LEVELS_OF


def test_every_sentence_is_one_in_both_languages_and_like_no_other() -> None:
    sentences = every_sentence()
    assert len({s.en for s in sentences}) == len({s.cy for s in sentences}) == len(sentences)
    for sentence in sentences:
        for text in sentence:
            assert re.fullmatch(r"[A-Z][^{}%]+\.", text)
        assert sentence.en != sentence.cy


@pytest.mark.parametrize("field", FIELDS)
def test_sentences_of_a_field_begin_with_its_name(field: str) -> None:
    for language in (0, 1):
        assert len({s[language].split(":")[0] for s in FIELDS[field].values()}) == 1


def test_a_short_form_is_explained_without_saying_what_the_record_holds() -> None:
    told = explain("green", ALL_MATCH | {"firstName": "alias"}).fields["firstName"]
    assert told.en.startswith("First name: a short or familiar form of a name on the record")
    assert told.cy.startswith("Enw cyntaf: ffurf fer neu gyfarwydd ar enw ar y cofnod")


def test_an_explanation_is_made_of_levels_and_takes_nothing_else() -> None:
    assert list(inspect.signature(explain).parameters) == ["result", "levels", "nino_absence"]


def test_what_waits_is_told_so_and_no_field_is_judged() -> None:
    assert explain(None, None) == Explanation(explanation.PENDING, {})


def test_a_level_unknown_here_gets_no_sentence_and_stops_nothing() -> None:
    told = explain("green", ALL_MATCH | {"firstName": "telepathy", "shoeSize": "match"})
    assert told.result == explanation.GREEN
    assert set(told.fields) == set(FIELDS) - {"firstName"}


def test_as_json_both_languages_stand_side_by_side() -> None:
    told = explain("red", on_wire(NO_RECORD)).as_json()
    assert set(told) == {"en", "cy"}
    assert told["en"]["result"] == explanation.NO_RECORD.en
    assert told["cy"]["result"] == explanation.NO_RECORD.cy
    for language, fields in (("en", told["en"]["fields"]), ("cy", told["cy"]["fields"])):
        assert isinstance(fields, dict)
        assert list(fields) == list(FIELDS)
        assert fields["nino"] == getattr(FIELDS["nino"]["no-match"], language)


some_level = st.fixed_dictionaries(
    {field: st.sampled_from(sorted(levels)) for field, levels in LEVELS_OF.items()}
)


@pytest.mark.parametrize("rules", rule_sets(), ids=lambda rules: rules.version)
@given(found=some_level, absence=st.sampled_from([None, *get_args(NinoAbsence)]))
def test_the_reason_that_is_told_is_the_rule_that_decided(
    rules: RuleSet, found: dict[str, str], absence: NinoAbsence | None
) -> None:
    levels = Levels.model_validate(found)
    verdict = rules.decide(levels, absence)
    told = explain(verdict.result, found, absence).result
    if verdict.result == "green":
        assert told == explanation.GREEN
    elif verdict.result == "red":
        assert told == getattr(explanation, RED_BY[verdict.decided_by])
    else:
        assert told == getattr(explanation, UNCHECKED_BY[verdict.decided_by])


@pytest.mark.parametrize(
    ("result", "levels"),
    list(product(get_args(MatchResult), [NOTHING_COMPARED, OTHER_DATE_OF_BIRTH])),
)
def test_every_outcome_has_an_explanation(result: MatchResult, levels: Levels) -> None:
    told = explain(result, on_wire(levels))
    assert told.result in every_sentence()
    assert set(told.fields) == set(FIELDS)
