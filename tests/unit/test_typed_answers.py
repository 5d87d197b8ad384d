"""What simulated people type into the form says what their applications say, page by page."""

from datetime import date
from typing import Any

from registration.form.journey import Journey
from registration.form.page import CHECK
from simulated.form_answers import Answers, country_of, typed_answers
from simulated.population import Citizen, Population

DAY = date(2026, 11, 22)
PEOPLE = 1_000
LINES = ("property", "street", "locality", "town", "area", "postcode")
NOT_TYPED = ("source", "country", "declaration", "applicantIp", "timeTakenSeconds")


def test_a_thousand_people_say_in_the_form_what_their_application_says() -> None:
    population = Population(1)
    for number in range(PEOPLE):
        citizen = population.person(number, DAY)
        said = dict(filled_in(citizen).body)
        wanted = citizen.application
        if country_of(wanted, citizen.identity.place.nation) != "england":
            wanted.pop("euRetainedRights", None)  # asked in England alone
        assert told(said) == told(wanted), number


def filled_in(citizen: Citizen) -> Journey:
    """Answer whatever is asked, until nothing is."""
    application, place = citizen.application, citizen.identity.place
    answers = typed_answers(application, country_of(application, place.nation))
    journey = Journey(typed={}, on=DAY, language=application["language"])  # type: ignore[arg-type]
    while (slug := journey.next_slug()) != CHECK:
        assert slug not in journey.typed, f"{slug}: {journey.faults(slug)}"
        typed = answers[slug] | found(slug, citizen)
        journey = journey.answered(slug, typed)
        assert journey.exit() is None, journey.exit()
    return journey


def found(slug: str, citizen: Citizen) -> dict[str, str]:
    """What the server adds: the address of a UPRN, the authority of a typed postcode."""
    address: Any = citizen.application["address"]
    code = citizen.identity.place.gss_code
    if slug == "postcode" and "uprn" in address:
        return {"_found": "3"}
    if slug == "address":
        return {"_gss": code} | {f"_{line}": address[line] for line in LINES if line in address}
    if slug == "type-address" and not code.startswith("X"):
        return {"_placed": code}
    return {}


def told(application: dict[str, Any]) -> dict[str, Any]:
    """What an application says, in one way of writing it."""
    kept = {name: value for name, value in application.items() if name not in NOT_TYPED}
    if "nationalities" in kept:
        kept["nationalities"] = sorted(kept["nationalities"])
    return kept


def test_everybody_has_an_answer_to_every_page() -> None:
    answers: Answers = typed_answers(Population(1).person(3, DAY).application)
    assert {"country-of-residence", "eu-rights", "address", "type-address", "council"} < set(
        answers
    )
