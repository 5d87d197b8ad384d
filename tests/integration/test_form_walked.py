"""Simulated people walk through the form over HTTP, many at a time; each arrives as they are."""

import asyncio
from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

import pytest
from electoral_local.postgres import EmbeddedPostgres
from form_world import FormWorld, form_world
from simulated.form_answers import country_of, typed_answers
from simulated.form_citizen import FormCitizen
from simulated.http_client import Connection, Server
from simulated.population import Citizen, Population

pytestmark = pytest.mark.integration

PEOPLE = 60
AT_ONCE = 12


@pytest.fixture(scope="module")
def form(
    embedded_postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FormWorld]:
    with form_world(embedded_postgres, tmp_path_factory.mktemp("form")) as world:
        yield world


async def test_simulated_people_walk_side_by_side_and_each_arrives_as_they_are(
    form: FormWorld,
) -> None:
    population = Population(3)
    people = [population.person(number) for number in range(PEOPLE)]
    limit = asyncio.Semaphore(AT_ONCE)

    async def walk(citizen: Citizen) -> str:
        async with limit:
            return await reference_of(form, citizen)

    references = await asyncio.gather(*map(walk, people))
    assert len(set(references)) == form.accepted() == PEOPLE
    for citizen, reference in zip(people, references, strict=True):
        wanted, accepted = citizen.application, form.person(reference)
        assert identity_of(accepted) == identity_of(wanted)
        assert accepted["gssCode"] == citizen.truth.gss_code


async def reference_of(form: FormWorld, citizen: Citizen) -> str:
    application = citizen.application
    connection = Connection(Server.of_url(form.url), {})
    walker = FormCitizen(connection, language=str(application["language"]), origin=form.url)
    answers = typed_answers(application, country_of(application, citizen.identity.place.nation))
    try:
        return (await walker.walk(answers)).reference
    finally:
        connection.close()


def identity_of(application: dict[str, Any]) -> tuple[object, ...]:
    names = (normalize("NFC", application[name]) for name in ("firstName", "lastName"))
    nino = application.get("nino", "").replace(" ", "").upper()
    contact = sorted(application["contact"].items())
    return (*names, application.get("dateOfBirth"), nino, contact, application["otherAddress"])
