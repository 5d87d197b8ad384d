"""Who arrives: the same people for the same seed, in the shares that were asked for."""

import json
from datetime import date

import pytest
from registration.reading import InvalidApplication, read_application
from simulated.expectation import digest_of
from simulated.kinds import shares_of
from simulated.load.crowd import Arrival, Coming, Crowd, Shares
from simulated.load.invalid import MISTAKES, spoilt
from simulated.load.schedule import Part, Schedule
from simulated.load.shapes import Council, Point, Shape
from simulated.places import Places
from simulated.population import POPULATION as EVERYBODY
from simulated.population import Population

TODAY = date(2026, 11, 22)
CODES = {"E06000001": 90, "E06000002": 10}
POPULATION = Population(
    7, places=Places({"E06000001": ["TS24 8AA"], "E06000002": ["TS1 1AA"]}, CODES, ["TS24 9ZZ"])
)
STEADY = Shape("steady", "", "", 1.0, (Point(0, 1), Point(1, 1)))


def arrivals(count: int, shares: Shares, council: Council | None = None) -> list[Arrival]:
    crowd = Crowd(POPULATION, TODAY, shares, council)
    return [crowd.arrival(n) for n in range(count)]


def test_the_same_seed_brings_the_same_crowd() -> None:
    assert arrivals(200, Shares(batched=0.1)) == arrivals(200, Shares(batched=0.1))


def test_what_is_sent_is_the_persons_application_and_its_digest() -> None:
    for arrival in arrivals(100, Shares(duplicates=0.3, invalid=0.0)):
        application = POPULATION.person(arrival.person.number, TODAY).application
        assert json.loads(arrival.person.body) == application
        assert arrival.person.digest == digest_of(application)


def test_shares_are_those_asked_for_and_every_key_is_its_own() -> None:
    crowd = arrivals(3_000, Shares(duplicates=0.38, invalid=0.02, batched=0.25))
    assert len({a.key for a in crowd}) == 3_000
    valid = [a.person.number for a in crowd if not a.person.invalid]
    assert (len(valid) - len(set(valid))) / 3_000 == pytest.approx(0.38, abs=0.03)
    assert sum(a.person.invalid for a in crowd) / 3_000 == pytest.approx(0.02, abs=0.01)
    assert sum(a.batched for a in crowd) / 3_000 == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("which", range(len(MISTAKES)))
def test_every_mistake_is_one_that_the_service_refuses(which: int) -> None:
    welsh = Places({"W06000015": ["CF10 1AA"]}, {"W06000015": 1}, ["TS24 9ZZ"])
    often = {"under_16": 0.3, "no_date_of_birth": 0.2, "no_nino": 0.2}
    population = Population(7, shares_of(often), welsh)
    for n in range(60):
        application = population.person(n, TODAY).application
        read_application(application, on=TODAY, source="partner")
        with pytest.raises(InvalidApplication):
            read_application(spoilt(application, which), on=TODAY, source="partner")


def test_a_mistake_is_made_in_a_copy() -> None:
    application = POPULATION.person(1, TODAY).application
    before = json.dumps(application)
    for which in range(len(MISTAKES)):
        spoilt(application, which)
    assert json.dumps(application) == before


def test_one_councils_people_come_so_many_times_as_often() -> None:
    plain = Shares(duplicates=0.0, invalid=0.0)
    council = Council("E06000002", 5.0)  # a tenth of all: half of them, then
    numbers = [a.person.number for a in arrivals(2_000, plain, council)]
    assert len(set(numbers)) == 2_000
    codes = [POPULATION.gss_code_of(n) for n in numbers]
    assert codes.count("E06000002") / 2_000 == pytest.approx(0.5, abs=0.04)
    assert {code for code, n in zip(codes, numbers, strict=True) if n >= EVERYBODY // 2} == {
        "E06000002"
    }


def test_parts_favour_different_people_of_the_same_council() -> None:
    council, plain = Council("E06000002", 5.0), Shares(duplicates=0.0, invalid=0.0)
    people = []
    for part in (Part(0, 2), Part(1, 2)):
        crowd = Crowd(POPULATION, TODAY, plain, council, part)
        people.append({crowd.arrival(n).person.number for n in part.arrivals(500)})
    assert not people[0] & people[1]


def test_a_council_that_is_nobodys_home_is_an_error() -> None:
    with pytest.raises(KeyError, match="W06000001"):
        Crowd(POPULATION, TODAY, Shares(), Council("W06000001", 7.0))


def test_making_ahead_stops_at_its_limit_and_changes_nobody() -> None:
    schedule, shares = Schedule(STEADY, 30), Shares()
    coming = Coming(schedule, Crowd(POPULATION, TODAY, shares), made_ahead=10)
    assert coming.make(4)
    assert coming.make(40)
    assert not coming.make(1)
    came = []
    while (due := coming.next_due()) is not None:
        came.append(coming.take())
        assert due == schedule.due(came[-1].n)
    assert came == arrivals(30, shares)
    assert not coming.make(1)
