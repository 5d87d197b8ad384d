"""Matching: what agrees with a record, by which pair of names, and how well."""

from datetime import date
from itertools import permutations, product

import pytest
from electoral.events import Level, Levels
from electoral.person import Name
from hypothesis import given
from hypothesis import strategies as st
from simulated.kinds import Shares
from simulated.population import Citizen, Population
from verification import rules
from verification.aliases import given_names
from verification.matching import (
    MIDDLE_NAME_LEVELS,
    NAME_LEVELS,
    NO_RECORD,
    NOTHING_COMPARED,
    OTHER_DATE_OF_BIRTH,
    Applicant,
    PairLevels,
    Record,
    are_aliases,
    begin_alike,
    best_pair,
    compare,
    sound_alike,
)
from verification.standardising import standardise

BORN = date(1987, 3, 31)
TODAY = date(2026, 11, 22)

names_of_any_script = st.text(
    st.characters(categories=("Lu", "Ll", "Lo", "Lt", "Mn")) | st.sampled_from(" -'’"), max_size=35
)
# Names that agree at every level with others of them: else nothing but no-match would be tried.
known_names = st.sampled_from(
    [
        name.replace("_", " ")
        for name in "Mike Michael Michelle Mikal Siân Jane John Seán Jean Jones Price Smith"
        " Smyth Rhys ap_Rhys O'Neill Ó_Néill O_Neil 王 Wong ' E _".split()
    ]
)
any_part = known_names | names_of_any_script
names = st.builds(Name, any_part, any_part, any_part)


def an_applicant(*named: tuple[str, str, str], born: date | None = BORN) -> Applicant:
    return Applicant(tuple(Name(*name) for name in named or [("Siân", "", "O'Neill")]), born)


def a_record(*named: tuple[str, str, str], born: date = BORN, died: date | None = None) -> Record:
    return Record(tuple(Name(*name) for name in named or [("SIAN", "", "ONEILL")]), born, died)


def levels_of(typed: tuple[str, str, str], *recorded: tuple[str, str, str]) -> PairLevels:
    return best_pair([Name(*typed)], [Name(*name) for name in recorded])


def result_of(levels: Levels) -> str:
    return rules.current().decide(levels, None).result


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
    assert set(NOTHING_COMPARED.model_dump().values()) == {"not-applicable"}


@pytest.mark.parametrize("born", [date(1987, 3, 30), None])
def test_after_another_date_of_birth_nothing_more_is_compared(born: date | None) -> None:
    levels = compare(an_applicant(born=born), a_record(died=date(2020, 1, 1)))
    assert levels == OTHER_DATE_OF_BIRTH
    assert (levels.nino, levels.date_of_birth) == ("match", "no-match")
    assert levels.first_name == levels.last_name == levels.middle_name == "not-applicable"
    assert levels.date_of_death == "not-applicable"


def test_a_date_of_death_shows_as_true_and_never_as_a_date() -> None:
    levels = compare(an_applicant(), a_record(died=date(2020, 1, 1)))
    assert levels.date_of_death == "true"
    assert "2020" not in levels.model_dump_json()


# -- one pair of names ----------------------------------------------------------------------------


def test_a_name_of_which_nothing_is_left_agrees_with_nothing() -> None:
    assert levels_of(("'", "", "-"), ("’", "", "-")) == ("no-match", "not-populated", "no-match")
    assert levels_of(("'", "", "-"), ("-", "", "'")) == ("no-match", "not-populated", "no-match")


def test_a_surname_has_no_initials() -> None:
    assert levels_of(("Siân", "", "Griffin"), ("Siân", "", "Grimshaw")).last == "no-match"
    assert levels_of(("Griffin", "", "Siân"), ("Grimshaw", "", "Siân")).first == "initials"


def test_a_swap_is_of_both_parts_or_none() -> None:
    assert levels_of(("Jones", "", "Siân"), ("Siân", "", "Jones")) == (
        "reversed",
        "not-populated",
        "reversed",
    )
    assert levels_of(("Jones", "", "Smith"), ("Siân", "", "Jones")).first == "no-match"
    assert levels_of(("Smith", "", "Siân"), ("Siân", "", "Jones")).last == "no-match"


def test_what_agrees_as_it_stands_is_not_called_swapped() -> None:
    assert levels_of(("Thomas", "", "Thomas"), ("Thomas", "", "Thomas")).first == "match"


def test_a_swap_is_stronger_than_a_sound() -> None:
    assert levels_of(("James", "", "Jones"), ("Jones", "", "James")).first == "reversed"


def test_a_swap_leaves_the_middle_name_where_it_is() -> None:
    assert levels_of(("Jones", "Mai", "Siân"), ("Siân", "Mai", "Jones")).middle == "match"


# -- the order of pairs ---------------------------------------------------------------------------


def test_a_previous_name_counts() -> None:
    applicant = an_applicant(("Siân", "", "Jones"), ("Siân", "", "O'Neill"))
    levels = compare(applicant, a_record(("Siân", "", "O'Neill")))
    assert (levels.first_name, levels.last_name) == ("match", "match")


def test_any_name_of_the_record_counts() -> None:
    record = a_record(("Siân", "", "Jones"), ("Mair", "", "Rees"), ("Siân", "", "O'Neill"))
    levels = compare(an_applicant(), record)
    assert (levels.first_name, levels.last_name) == ("match", "match")


def test_the_first_name_of_one_name_never_joins_the_surname_of_another() -> None:
    record = a_record(("Siân", "", "Jones"), ("Mair", "", "O'Neill"))
    levels = compare(an_applicant(), record)
    assert (levels.first_name, levels.last_name) == ("no-match", "match")


def test_the_middle_name_is_of_the_pair_that_was_chosen() -> None:
    record = a_record(("Mair", "Mai", "O'Neill"), ("Siân", "Ann", "O'Neill"))
    levels = compare(an_applicant(("Siân", "Mai", "O'Neill")), record)
    assert (levels.first_name, levels.middle_name) == ("match", "no-match")


def test_among_pairs_that_agree_alike_the_middle_name_chooses() -> None:
    recorded = [("Siân", middle, "O'Neill") for middle in ("Ann", "", "Maiwen", "Mai")]
    for order in permutations(recorded):
        assert levels_of(("Siân", "Mai", "O'Neill"), *order).middle == "match"


# Each pair is better than the next; the order is written down in `PairLevels.order` alone.
BEST_FIRST: list[tuple[Level, Level, Level]] = [
    ("match", "match", "match"),
    ("match", "initials", "match"),
    ("match", "not-populated", "match"),
    ("match", "no-match", "match"),
    ("alias", "match", "match"),  # the last name counts before the first
    ("match", "match", "alias"),
    ("alias", "match", "alias"),
    ("initials", "match", "match"),
    ("initials", "match", "alias"),
    ("reversed", "match", "reversed"),
    ("alias-reversed", "match", "reversed"),
    ("reversed", "match", "alias-reversed"),
    ("soundex", "match", "match"),
    ("match", "match", "soundex"),
    ("soundex", "no-match", "soundex"),
    ("no-match", "match", "match"),  # one that differs is worse than two that are weak
    ("match", "match", "no-match"),
    ("no-match", "match", "no-match"),
]


def test_pairs_have_an_order() -> None:
    orders = [PairLevels(*levels).order for levels in BEST_FIRST]
    assert orders == sorted(orders)
    assert len(set(orders)) == len(orders)


def test_a_pair_is_of_another_order_than_every_other_pair() -> None:
    pairs = [PairLevels(*p) for p in product(NAME_LEVELS, MIDDLE_NAME_LEVELS, NAME_LEVELS)]
    assert len({pair.order for pair in pairs}) == len(pairs)


@pytest.mark.parametrize(
    "recorded",
    list(permutations([("Mike", "", "Jones"), ("Michelle", "", "Price"), ("A", "", "Price")])),
)
def test_the_best_pair_wins_wherever_it_stands(
    recorded: tuple[tuple[str, str, str], ...],
) -> None:
    pair = levels_of(("Michael", "", "Price"), *recorded)
    assert (pair.first, pair.last) == ("initials", "match")


# -- what is always so ----------------------------------------------------------------------------


@given(any_part, any_part)
def test_names_that_match_also_sound_and_begin_alike(typed: str, recorded: str) -> None:
    pair = levels_of((typed, "", typed), (recorded, "", recorded))
    for level in (pair.first, pair.last):
        if level == "match":
            assert sound_alike(standardise(typed), standardise(recorded))
            assert begin_alike(standardise(typed), standardise(recorded))


@given(any_part)
def test_every_name_sounds_and_begins_as_itself(typed: str) -> None:
    key = standardise(typed)
    assert sound_alike(key, key)
    assert begin_alike(key, key)
    assert not are_aliases(key, key, given_names())


@given(st.lists(names, min_size=1, max_size=2), st.lists(names, min_size=1, max_size=3), names)
def test_another_name_on_the_record_never_lowers_the_result(
    typed: list[Name], recorded: list[Name], one_more: Name
) -> None:
    applicant = Applicant(tuple(typed), BORN)
    before = result_of(compare(applicant, Record(tuple(recorded), BORN, None)))
    after = result_of(compare(applicant, Record((*recorded, one_more), BORN, None)))
    assert (before, after) != ("green", "red")
    assert best_pair(typed, [*recorded, one_more]).order <= best_pair(typed, recorded).order


@given(names, names)
def test_first_names_and_surnames_have_the_levels_they_can_have(
    typed: Name, recorded: Name
) -> None:
    pair = best_pair([typed], [recorded])
    assert pair.first in NAME_LEVELS
    assert pair.middle in MIDDLE_NAME_LEVELS
    assert pair.last in set(NAME_LEVELS) - {"initials"}
    swapped = {"reversed", "alias-reversed"}
    assert (pair.first in swapped) == (pair.last in swapped)


# -- the simulated population ---------------------------------------------------------------------


def name_of(answers: dict[str, object]) -> Name:
    first, middle, last = (answers.get(n) or "" for n in ("firstName", "middleNames", "lastName"))
    return Name(str(first), str(middle), str(last))


def levels_found(citizen: Citizen) -> Levels:
    application, held = citizen.application, citizen.record
    previous = application.get("previousName")
    named = [name_of(application), *([name_of(previous)] if isinstance(previous, dict) else [])]
    applicant = Applicant(tuple(named), date.fromisoformat(str(application["dateOfBirth"])))
    if held is None:
        return compare(applicant, None)
    recorded = tuple(Name(*name) for name in held.names)
    return compare(applicant, Record(recorded, held.date_of_birth, held.date_of_death))


def test_what_the_simulated_population_knows_of_itself_is_found() -> None:
    shares = Shares(
        other_first_name=0.2, other_last_name=0.2, previous_name_on_record=0.2, deceased=0.05
    )
    population = Population(7, shares)
    citizens = [population.person(n, TODAY) for n in range(2_000)]
    looked_up = [c for c in citizens if {"nino", "dateOfBirth"} <= c.application.keys()]
    assert len(looked_up) > 1_500
    for citizen in looked_up:
        levels = levels_found(citizen)
        assert result_of(levels) == citizen.truth.result
        assert citizen.truth.levels.items() <= levels.model_dump(by_alias=True).items()
