"""The files of the public figures: their columns, their days, and what they must not tell."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import product
from string import ascii_uppercase

import pytest
from electoral.authorities import Authorities
from registration.performance.downloads import (
    DOWNLOADS,
    Period,
    WrongPeriod,
    default_period,
    read_period,
)
from registration.performance.suppression import LEAST_PUBLISHED, publishable

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
BY_NAME = {download.name: download for download in DOWNLOADS}


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities.load()


def written(
    name: str, days: Mapping[date, Mapping[str, int]], authorities: Authorities, back: int = 1
) -> list[list[str]]:
    """Return the rows of a file of the days from so many before today until today."""
    period = Period(TODAY - back * DAY, TODAY)
    text = BY_NAME[name].write(period, days, authorities, TODAY - DAY)
    return list(csv.reader(text.splitlines()))


# -- columns and rows ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("by-date", "Date,Online,Paper forms"),
        (
            "by-age-group",
            "Date,Under 25,25 to 34,35 to 44,45 to 54,55 to 64,65 to 74,Over 75,Not known",
        ),
        ("by-nation", "Date,England,Scotland,Wales,Not known"),
        ("by-type", "Date,Ordinary,Overseas,Forces,Crown servants"),
        ("by-authority", "Date,GSS code,Authority,Applications"),
    ],
)
def test_each_file_has_its_columns(name: str, columns: str, authorities: Authorities) -> None:
    assert ",".join(written(name, {}, authorities)[0]) == columns


def test_online_is_what_people_sent_with_help_or_without(authorities: Authorities) -> None:
    days = {TODAY: {"web": 20, "assisted": 3, "paper": 7}}
    assert written("by-date", days, authorities)[1:] == [
        ["2026-11-21", "0", "0"],
        ["2026-11-22", "23", "7"],
    ]


def test_every_age_group_has_a_column_of_its_own(authorities: Authorities) -> None:
    keys = ("under-25", "25-34", "35-44", "45-54", "55-64", "65-74", "over-75", "not-known")
    days = {TODAY: {key: number for number, key in enumerate(keys, 1)}}
    assert written("by-age-group", days, authorities)[-1][1:] == [str(n) for n in range(1, 9)]


def test_authorities_are_told_of_days_that_are_settled(authorities: Authorities) -> None:
    days = {TODAY - DAY: {"E08000025": 40}, TODAY: {"E08000025": 50}}
    rows = written("by-authority", days, authorities)
    assert {row[0] for row in rows[1:]} == {"2026-11-21"}


def test_each_day_adds_up_to_all_that_applied_in_the_nation(authorities: Authorities) -> None:
    yesterday = TODAY - DAY
    codes = [one.gss_code for one in authorities.in_force(yesterday) if one.nation == "wales"]
    counts = {code: number for number, code in enumerate(codes)}  # 0 to 21
    rows = written("by-authority", {yesterday: counts}, authorities)[1:]
    wales = [row for row in rows if row[1].startswith("W") or row[2].endswith("Wales")]
    assert sum(int(row[3]) for row in wales) == sum(counts.values())
    assert min(int(row[3]) for row in wales if row[1]) >= LEAST_PUBLISHED
    assert ["2026-11-21", "", "Other authorities in England", "0"] in rows


def test_an_authority_that_is_on_no_list_any_more_is_part_of_its_nation(
    authorities: Authorities,
) -> None:
    rows = written("by-authority", {TODAY - DAY: {"E99999998": 3}}, authorities)
    assert ["2026-11-21", "", "Other authorities in England", "3"] in rows


# -- days ------------------------------------------------------------------------------------------


def test_who_names_no_days_gets_the_last_30() -> None:
    assert read_period("", "", TODAY) == default_period(TODAY) == Period(date(2026, 10, 24), TODAY)
    assert len(list(default_period(TODAY))) == 30


def test_100_days_are_given_and_101_are_not() -> None:
    first = TODAY - 99 * DAY
    assert len(list(read_period(first.isoformat(), TODAY.isoformat(), TODAY))) == 100
    with pytest.raises(WrongPeriod, match="too_many_days"):
        read_period((first - DAY).isoformat(), TODAY.isoformat(), TODAY)


@pytest.mark.parametrize(
    ("first", "last", "field", "reason"),
    [
        ("2026-11-31", "", "from", "not_a_day"),
        ("yesterday", "", "from", "not_a_day"),
        ("", "2026-13-01", "to", "not_a_day"),
        ("0001-01-01", "0001-01-01", "to", "not_a_day"),
        ("", "2026-11-23", "to", "in_the_future"),
        ("2026-11-22", "2026-11-21", "from", "after_the_end"),
    ],
)
def test_wrong_days_are_told_by_field(first: str, last: str, field: str, reason: str) -> None:
    with pytest.raises(WrongPeriod) as wrong:
        read_period(first, last, TODAY)
    assert (wrong.value.field, wrong.value.reason) == (field, reason)


# -- small numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("authorities_count", "most"), [(2, 14), (3, 11), (4, 8), (5, 6)])
def test_no_withheld_number_can_be_worked_out(authorities_count: int, most: int) -> None:
    """Group all days that are published alike, and look at what each withheld number may be."""
    names = ascii_uppercase[:authorities_count]
    alike = defaultdict(list)
    for numbers in product(range(most + 1), repeat=authorities_count):
        published = publishable(dict(zip(names, numbers, strict=True)))
        alike[tuple(published.numbers.items()), published.others].append(numbers)
    withheld = 0
    for (shown, others), days in alike.items():
        if sum(number for _, number in shown) + others == 0:
            continue  # that nobody applied in a nation is told
        for place in (place for place, name in enumerate(names) if name not in dict(shown)):
            withheld += 1
            assert len({day[place] for day in days}) > 1, (shown, others, days)
    assert withheld > 10


def test_numbers_that_are_not_small_are_all_published() -> None:
    assert publishable({"A": 5, "B": 6, "C": 500}) == ({"A": 5, "B": 6, "C": 500}, 0)


def test_one_small_number_takes_another_with_it() -> None:
    """Else the nation's total would tell it."""
    assert publishable({"A": 3, "B": 40, "C": 50, "D": 60}) == ({"C": 50, "D": 60}, 43)


def test_of_a_day_of_small_numbers_their_sum_alone_is_published() -> None:
    assert publishable({"A": 1, "B": 0, "C": 4}) == ({}, 5)
