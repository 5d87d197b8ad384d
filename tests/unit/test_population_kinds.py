"""What is particular about people: their record differs as their truth says, and is found so."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from itertools import product

import pytest
from electoral.person import Name
from simulated.chance import Draws
from simulated.kinds import Kind, Shares, shares_of
from simulated.mistakes import MISTAKES, double, exchange, leave_out, press_key_beside
from simulated.names import compared
from simulated.origins import ENGLISH, OTHER_FIRST_NAMES, OTHER_LAST_NAMES
from simulated.places import Places
from simulated.population import Citizen, Population
from verification.matching import Applicant, Record, best_pair, compare
from verification.rules import rule_sets

TODAY = date(2026, 11, 22)
PEOPLE = 3_000
VILLAGE = Places(
    {"E06000001": ["TS24 8AA", "TS24 8AB"], "S12000036": ["EH1 1AA"]},
    {"E06000001": 2, "S12000036": 1},
    ["TS24 9ZZ"],
)
NEIGHBOURS = (Kind.TWIN, Kind.TWINS_NINO, Kind.SHARED_NINO)


def full_of(kind: Kind, share: float = 0.5) -> Population:
    """A population in which nothing else is particular."""
    shares = dict.fromkeys(Shares.__dataclass_fields__, 0.0)
    if kind is not Kind.AS_ON_RECORD:
        shares[kind.name.lower()] = share
    return Population(3, shares_of(shares), VILLAGE)


def of_kind(kind: Kind) -> list[Citizen]:
    population = full_of(kind)
    people = (population.person(n, TODAY) for n in range(PEOPLE))
    found = [citizen for citizen in people if citizen.truth.kind is kind]
    assert len(found) > 100
    return found


def name_of(answers: object) -> Name:
    assert isinstance(answers, dict)
    return Name(answers["firstName"], answers.get("middleNames", ""), answers["lastName"])


def applicant_of(citizen: Citizen) -> Applicant:
    answers = citizen.application
    previous = [name_of(answers["previousName"])] if "previousName" in answers else []
    names = (name_of(answers), *previous)
    return Applicant(names, date.fromisoformat(str(answers["dateOfBirth"])))


def record_of(citizen: Citizen) -> Record | None:
    held = citizen.record
    if held is None:
        return None
    names = tuple(Name(*name) for name in held.names)
    return Record(names, held.date_of_birth, held.date_of_death)


@pytest.mark.parametrize(
    "kind", [k for k in Kind if k not in (Kind.NO_NINO, Kind.UNDER_16, Kind.NO_DATE_OF_BIRTH)]
)
def test_every_rule_set_decides_each_kind_as_its_truth_says(kind: Kind) -> None:
    for citizen in of_kind(kind):
        levels = compare(applicant_of(citizen), record_of(citizen))
        results = {rules.decide(levels, None).result for rules in rule_sets()}
        assert citizen.truth.result is None or results == {citizen.truth.result}
        assert citizen.truth.levels.items() <= levels.model_dump(by_alias=True).items()


def test_what_comes_of_a_mistyped_name_is_not_said_and_nobody_mistypes_by_default() -> None:
    people = of_kind(Kind.MISTYPED_NAME)
    assert {citizen.truth.result for citizen in people} == {None}
    found = [compare(applicant_of(citizen), record_of(citizen)) for citizen in people]
    results = {rules.decide(levels, None).result for levels in found for rules in rule_sets()}
    assert results == {"green", "red"}
    assert Shares().mistyped_name == 0.0


def test_every_kind_whose_truth_is_sure_is_there_by_default() -> None:
    population = Population(1, places=VILLAGE)
    truths = Counter(population.person(n, TODAY).truth.kind for n in range(12_000))
    assert set(Kind) - truths.keys() == {Kind.MISTYPED_NAME}


def test_no_kind_that_must_be_red_rests_on_names_that_could_be_linked() -> None:
    for mine, theirs in product(ENGLISH.first, OTHER_FIRST_NAMES):
        found = best_pair([Name(mine, "", "Zq")], [Name(theirs, "", "Zq")])
        assert mine[0] == theirs[0] or found.first == "no-match"
    for mine, theirs in product(ENGLISH.last, OTHER_LAST_NAMES):
        found = best_pair([Name("Zq", "", mine)], [Name("Zq", "", theirs)])
        assert mine[0] == theirs[0] or found.last == "no-match"


def recorded_of(citizen: Citizen) -> tuple[str, str, str, str]:
    """First and last name as given and as on record, as they are compared."""
    assert citizen.record is not None
    (held,), given = citizen.record.names, name_of(citizen.application)
    first, last, held_first, held_last = map(
        compared, (given.first, given.last, held.first, held.last)
    )
    return first, last.replace("-", " "), held_first, held_last.replace("-", " ")


def has_an_alias(first: str, last: str, held_first: str, held_last: str) -> bool:
    return first != held_first and last == held_last


def is_swapped(first: str, last: str, held_first: str, held_last: str) -> bool:
    return (first, last) == (held_last, held_first)


def is_the_same(first: str, last: str, held_first: str, held_last: str) -> bool:
    return (first, last) == (held_first, held_last)


def is_in_other_letters(first: str, last: str, held_first: str, held_last: str) -> bool:
    return (held_first + held_last).replace("-", "").isascii() and not (first + last).isascii()


@pytest.mark.parametrize(
    ("kind", "differs"),
    [
        (Kind.ALIAS, has_an_alias),
        (Kind.SWAPPED_NAMES, is_swapped),
        (Kind.ACCENTS_LEFT_OUT, is_the_same),
        (Kind.TRANSLITERATED, is_in_other_letters),
    ],
)
def test_the_record_differs_in_the_way_of_its_kind(
    kind: Kind, differs: Callable[[str, str, str, str], bool]
) -> None:
    assert all(differs(*recorded_of(citizen)) for citizen in of_kind(kind))


def test_accents_are_left_out_by_the_applicant_and_stand_on_record() -> None:
    people = of_kind(Kind.ACCENTS_LEFT_OUT)
    assert {compared(str(c.application["firstName"])) for c in people} == {
        str(c.application["firstName"]).casefold().replace("'", "") for c in people
    }
    as_recorded = [str(c.record.names[0].first) for c in people if c.record]
    assert sum(not first.isascii() for first in as_recorded) > len(people) / 2


def test_who_does_not_tell_of_a_marriage_is_on_record_under_another_last_name() -> None:
    for citizen in of_kind(Kind.PREVIOUS_NAME_NOT_GIVEN):
        first, last, held_first, held_last = recorded_of(citizen)
        assert "previousName" not in citizen.application
        assert (first == held_first, last[0] == held_last[0]) == (True, False)


def neighbours_of(kind: Kind) -> list[tuple[Citizen, Citizen]]:
    """Each of this kind, with the person before."""
    population = full_of(kind)
    return [(population.person(c.n - 1, TODAY), c) for c in of_kind(kind) if c.n]


@pytest.mark.parametrize("kind", [Kind.TWIN, Kind.TWINS_NINO])
def test_twins_have_one_last_name_address_and_date_of_birth_but_two_first_names(kind: Kind) -> None:
    for other, twin in neighbours_of(kind):
        assert other.truth.kind is Kind.AS_ON_RECORD
        for field in ("address", "dateOfBirth"):
            assert twin.application[field] == other.application[field]
        assert twin.identity.name.last == other.identity.name.last
        assert twin.identity.name.first != other.identity.name.first
        assert twin.truth.gss_code == other.truth.gss_code


def test_a_twin_has_a_nino_and_a_record_of_their_own() -> None:
    for other, twin in neighbours_of(Kind.TWIN):
        assert twin.identity.nino != other.identity.nino
        assert twin.record is not None
        assert compared(twin.record.names[0].first) == compared(twin.identity.name.first)


@pytest.mark.parametrize("kind", [Kind.TWINS_NINO, Kind.SHARED_NINO])
def test_the_nino_of_the_person_before_is_used_a_second_time(kind: Kind) -> None:
    population = full_of(kind)
    for other, citizen in neighbours_of(kind):
        used = [str(c.application["nino"]).replace(" ", "").upper()[:8] for c in (other, citizen)]
        assert used == [other.identity.nino] * 2
        assert citizen.record == other.record == population.record_of_nino(other.identity.nino)
        assert (other.truth.result, citizen.truth.result) == ("green", "red")


def test_who_shares_a_nino_was_born_on_another_day() -> None:
    for other, citizen in neighbours_of(Kind.SHARED_NINO):
        assert citizen.application["dateOfBirth"] != other.application["dateOfBirth"]


@pytest.mark.parametrize("kind", NEIGHBOURS)
def test_whose_neighbour_is_not_as_on_record_is_so_themselves(kind: Kind) -> None:
    """Else the truth of one would rest on what is particular about the other."""
    everybody = full_of(kind, share=1.0)
    citizens = [everybody.person(n, TODAY) for n in range(100)]
    assert {citizen.truth.kind for citizen in citizens} == {Kind.AS_ON_RECORD}
    assert len({citizen.identity.nino for citizen in citizens}) == 100


def draws_of(number: int) -> Draws:
    return Draws(b"mistakes", number, "test")


@pytest.mark.parametrize(
    ("mistake", "change"), [(leave_out, -1), (double, 1), (exchange, 0), (press_key_beside, 0)]
)
@pytest.mark.parametrize("word", ["Robinson", "Ann", "O'Neill", "Zając-Źródło"])
def test_a_mistake_makes_another_word(
    mistake: Callable[[str, Draws], str], change: int, word: str
) -> None:
    mistyped = [mistake(word, draws_of(number)) for number in range(200)]
    assert {len(other) - len(word) for other in mistyped} == {change}
    assert compared(word) not in {compared(other) for other in mistyped}
    assert len(set(mistyped)) > 2 or word == "Ann"
    assert all(other.lstrip("'")[0].isupper() for other in mistyped)


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("word", ["伟", "Om", "李"])
def test_a_word_too_short_for_a_mistake_is_still_another_one(
    mistake: Callable[[str, Draws], str], word: str
) -> None:
    for number in range(50):
        assert mistake(word, draws_of(number)).casefold() not in ("", word.casefold())


def test_a_wrong_key_is_one_that_touches_the_right_one() -> None:
    mistyped = {press_key_beside("s", draws_of(number)) for number in range(500)}
    assert mistyped == set("aqwedxz") - {"q"}
