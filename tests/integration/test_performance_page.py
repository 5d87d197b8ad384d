"""The public figures as a process of registration serves them, with people at its form."""

import asyncio
import csv
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from builders import an_application
from electoral.authorities import Authorities
from electoral.calendar import london_date
from electoral.postgres import Pool, open_pool
from electoral_local.postgres import EmbeddedPostgres
from form_world import FormWorld, form_world
from registration.performance.cost import CPU, STORED, Prices
from registration.performance.measuring import Measuring
from registration.performance.reading import PublicFigures
from registration.postgres.performance import read_days
from simulated.form_answers import typed_answers
from simulated.form_citizen import FormCitizen
from simulated.http_client import Connection, Server

pytestmark = pytest.mark.integration

ANSWERS = typed_answers(an_application())


@pytest.fixture
def form(embedded_postgres: EmbeddedPostgres, tmp_path: Any) -> Iterator[FormWorld]:
    with form_world(embedded_postgres, tmp_path) as world:
        yield world


@pytest.fixture
async def pool(form: FormWorld) -> AsyncIterator[Pool]:
    async with await open_pool(form.dsn, service="test", connections=2) as opened:
        yield opened


@pytest.fixture
async def citizens(form: FormWorld) -> AsyncIterator["Citizens"]:
    people = Citizens(form)
    yield people
    people.leave()


class Citizens:
    """People who come to the form."""

    def __init__(self, form: FormWorld) -> None:
        self._form = form
        self._connections: list[Connection] = []

    def one(self, language: str = "en", cookies: dict[str, str] | None = None) -> FormCitizen:
        connection = Connection(Server.of_url(self._form.url), {})
        self._connections.append(connection)
        citizen = FormCitizen(connection, language=language, origin=self._form.url)
        citizen.cookies = dict(cookies or {})
        return citizen

    def leave(self) -> None:
        for connection in self._connections:
            connection.close()


async def counted(pool: Pool, *measures: Any) -> Counter[tuple[str, str]]:
    """What was counted today."""
    today = london_date(datetime.now(UTC))
    rows = await read_days(pool, measures, today, today)
    return Counter({(row.measure, row.key): row.times for row in rows})


async def test_the_page_and_a_file_tell_of_people_who_applied_and_of_one_who_left(
    form: FormWorld, citizens: Citizens
) -> None:
    for language in ("en", "cy"):
        await citizens.one(language).walk(ANSWERS)
    await citizens.one().answer(await citizens.one().read("country-of-residence"), ANSWERS)
    async with aiohttp.ClientSession(form.url) as anybody:
        page = unescape(await (await anybody.get("/performance")).text())
        file = await (await anybody.get("/performance/by-date.csv")).text()
        welsh = await anybody.get("/performance/cy")
        assert welsh.headers["Content-Language"] == "cy"
        assert "no-store" not in welsh.headers["Cache-Control"]
    assert "66.7%" in page  # 2 of 3 who began
    assert "2 of 3" in page
    assert "Together: 2." in page
    rows = list(csv.reader(file.splitlines()))
    today = london_date(datetime.now(UTC)).isoformat()
    assert [rows[0], rows[-1]] == [["Date", "Online", "Paper forms"], [today, "2", "0"]]


async def test_wrong_days_are_told_and_an_unknown_file_is_not_there(form: FormWorld) -> None:
    async with aiohttp.ClientSession(form.url) as anybody:
        wrong = await anybody.get("/performance/by-date.csv", params={"from": "soon"})
        assert (wrong.status, wrong.content_type) == (422, "text/html")
        unknown = await anybody.get("/performance/by-name.csv")
        assert unknown.status == 404


async def test_satisfaction_counts_once_for_a_session_however_often_it_is_sent(
    citizens: Citizens, pool: Pool
) -> None:
    citizen = citizens.one()
    await citizen.walk(ANSWERS)
    question = await citizen.read("feedback")
    missing = await citizen.post(question, {})
    assert missing.status == 422
    assert b'href="#score"' in missing.body
    tabs = [citizens.one(cookies=citizen.cookies) for _ in range(4)]
    answers = await asyncio.gather(*(tab.post(question, {"score": "4"}) for tab in tabs))
    assert [answer.status for answer in answers] == [303] * 4
    assert (await citizen.post(question, {"score": "1"})).status == 303
    assert await counted(pool, "satisfaction") == {("satisfaction", "4"): 1}
    assert "Thank you" in (await citizen.read("feedback")).text


async def test_who_has_sent_nothing_is_not_asked_how_it_was(citizens: Citizens, pool: Pool) -> None:
    citizen = citizens.one()
    await citizen.answer(await citizen.read("country-of-residence"), ANSWERS)
    page = await citizen.read("feedback")
    assert page.slug == "nationality"
    forged = await citizen.post(page._replace(slug="feedback"), {"score": "5"})
    assert forged.status == 303
    assert await counted(pool, "satisfaction") == {}


async def test_an_answer_without_the_sessions_token_is_refused(
    citizens: Citizens, pool: Pool
) -> None:
    citizen = citizens.one()
    await citizen.walk(ANSWERS)
    question = await citizen.read("feedback")
    assert (await citizen.post(question, {"score": "5", "csrf": "another"})).status == 403
    assert await counted(pool, "satisfaction") == {}


async def test_time_taken_runs_from_the_first_answer_to_sending(
    citizens: Citizens, pool: Pool
) -> None:
    await citizens.one().walk(ANSWERS)
    times = await counted(pool, "seconds")
    assert times.total() == 1
    assert all(int(bucket) < 60 for _, bucket in times)


async def test_the_cpu_time_that_a_process_tells_of_is_counted_as_it_is_used(
    form: FormWorld, pool: Pool
) -> None:
    nobody = "http://127.0.0.1:9/metrics"
    measuring = Measuring(pool, [f"{form.service.admin}/metrics", nobody])
    await measuring.measure()
    assert (await counted(pool, "cost"))["cost", CPU] == 0
    used_before = cpu_milliseconds_of(form)
    async with aiohttp.ClientSession(form.url) as anybody:
        for _ in range(300):
            await anybody.get("/register-to-vote")
    await measuring.measure()
    cost = await counted(pool, "cost")
    assert 0 < cost["cost", CPU] <= cpu_milliseconds_of(form) - used_before + 1_000
    assert cost["cost", STORED] > 0
    prices = Prices(cpu_hour=4, gigabyte_month=10)
    told = await PublicFigures(pool, prices, Authorities.load()).now()
    assert told.indicators.cost.cpu_milliseconds == cost["cost", CPU]


def cpu_milliseconds_of(form: FormWorld) -> int:
    stat = Path(f"/proc/{form.service.process.pid}/stat").read_text()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * 10
