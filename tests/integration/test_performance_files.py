"""The files of the public figures on the real Postgres: what authorities had on a day never changes
once it is published, one file is made at a time, and old bins go.
"""

import asyncio
import csv
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from electoral.authorities import Authorities
from electoral.calendar import day_bounds, london_date
from electoral.identifiers import new_application_id
from electoral.postgres import Pool, transaction
from electoral.problems import Problem
from registration.performance import reading
from registration.performance.cost import Prices
from registration.performance.counting import PaperApplication, PerformanceDeltas
from registration.performance.downloads import DOWNLOADS, Period
from registration.performance.reading import PublicFigures
from registration.postgres import performance
from registration.postgres.performance import append_deltas, fold_deltas, read_bins, trim_bins

pytestmark = pytest.mark.integration

BY_NAME = {download.name: download for download in DOWNLOADS}
DAY = timedelta(days=1)
TODAY = london_date(datetime.now(UTC))
OVER = TODAY - 2 * DAY  # settled whatever the hour is
NOON = day_bounds(OVER)[0] + timedelta(hours=12)


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities.load()


@pytest.fixture
def english(authorities: Authorities) -> list[str]:
    """All authorities of England on the day that is over."""
    return [one.gss_code for one in authorities.in_force(OVER) if one.nation == "england"]


async def count_paper(pool: Pool, numbers: Mapping[str, int]) -> None:
    """Count paper applications that the gateway took at noon of the day that is over."""
    deltas = PerformanceDeltas()
    for gss_code, number in numbers.items():
        for _ in range(number):
            deltas.take_paper(PaperApplication(new_application_id(), NOON, gss_code, "ordinary"))
    async with transaction(pool) as connection:
        await append_deltas(connection, deltas)


async def download(pool: Pool, authorities: Authorities, name: str) -> list[list[str]]:
    """Download the days until today as who never did before."""
    figures = PublicFigures(pool, Prices(0, 0), authorities)
    file = await figures.file(BY_NAME[name], Period(OVER, TODAY))
    return list(csv.reader(file.splitlines()))[1:]


async def authorities_of_the_day(pool: Pool, authorities: Authorities) -> dict[str, int]:
    rows = await download(pool, authorities, "by-authority")
    return {row[1] or row[2]: int(row[3]) for row in rows if row[0] == OVER.isoformat()}


def small_day(english: list[str]) -> dict[str, int]:
    """Twenty authorities have 6 to 40, one has 4, and all others have many."""
    numbers = dict.fromkeys(english, 50)
    numbers |= {code: 6 + number * 34 // 19 for number, code in enumerate(english[:20])}
    return numbers | {english[20]: 4}


async def test_one_who_comes_late_does_not_give_a_withheld_number_away(
    registration_pool: Pool, authorities: Authorities, english: list[str]
) -> None:
    await count_paper(registration_pool, small_day(english))
    await fold_deltas(registration_pool)
    before = await authorities_of_the_day(registration_pool, authorities)
    assert english[20] not in before
    assert before["Other authorities in England"] == 4 + 6 + 7
    await count_paper(registration_pool, {english[20]: 1})
    assert await authorities_of_the_day(registration_pool, authorities) == before
    await fold_deltas(registration_pool)
    assert await authorities_of_the_day(registration_pool, authorities) == before


async def test_one_who_comes_late_counts_by_authority_on_the_day_on_which_it_is_folded(
    registration_pool: Pool, authorities: Authorities, english: list[str]
) -> None:
    await fold_deltas(registration_pool)  # from now on that day is settled
    await count_paper(registration_pool, {english[0]: 1})
    await fold_deltas(registration_pool)
    rows = await registration_pool.fetch(
        "SELECT measure, day, count FROM performance_day WHERE measure <> 'settled'"
    )
    assert {(row["measure"], row["day"]): row["count"] for row in rows} == {
        ("authority", london_date(datetime.now(UTC))): 1,
        ("nation", OVER): 1,
        ("source", OVER): 1,
        ("type", OVER): 1,
    }
    by_date = await download(registration_pool, authorities, "by-date")
    assert by_date[0] == [OVER.isoformat(), "0", "1"]


async def test_a_day_is_told_by_authority_once_it_is_folded_and_half_a_day_over(
    registration_pool: Pool, authorities: Authorities, english: list[str]
) -> None:
    await count_paper(registration_pool, {english[0]: 7})
    assert await download(registration_pool, authorities, "by-authority") == []
    await fold_deltas(registration_pool)
    last = london_date(datetime.now(UTC) - timedelta(hours=12)) - DAY
    assert await performance.read_settled(registration_pool) == last
    rows = await download(registration_pool, authorities, "by-authority")
    assert max(row[0] for row in rows) == last.isoformat()


async def test_one_file_is_made_at_a_time_and_only_some_may_wait(
    registration_pool: Pool, authorities: Authorities
) -> None:
    figures = PublicFigures(registration_pool, Prices(0, 0), authorities)
    periods = [Period(TODAY - days * DAY, TODAY) for days in range(reading.FILES_WAITING_MAX + 3)]
    asked = [figures.file(BY_NAME["by-date"], period) for period in periods]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if not isinstance(answer, str)]
    assert len(refused) == 3
    assert all(isinstance(one, Problem) and one.status == 503 for one in refused)
    assert await figures.file(BY_NAME["by-date"], periods[-1])  # later there is room again


async def test_bins_that_no_page_shows_any_more_are_deleted_some_at_a_time(
    registration_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performance, "BINS_TRIMMED_MAX", 2)
    now = datetime.now(UTC)
    hours = (1, 25, 47, 49, 72, 96)
    deltas = PerformanceDeltas()
    for ago in hours:
        deltas.add([("source", "web")], now - timedelta(hours=ago))
    async with transaction(registration_pool) as connection:
        await append_deltas(connection, deltas)
    await fold_deltas(registration_pool)
    left = []
    for _ in range(3):
        await trim_bins(registration_pool)
        left.append(len(await read_bins(registration_pool, now - 9 * DAY, now)))
    assert left == [4, 3, 3]
    days = await registration_pool.fetchval("SELECT sum(count) FROM performance_day")
    assert days == len(hours)  # what was counted by day stays
