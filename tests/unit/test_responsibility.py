"""Who answers for a GSS code on a day: the list, what was stated, and both changed while we run."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import pytest
from authority_lists import SHIPPED, authorities_with, begun, ended
from electoral.authorities import AUTHORITY_UNKNOWN, Authority
from electoral.data import ReferenceDataUnusable
from ems_gateway.delivery import Route
from ems_gateway.moves.responsibility import (
    AuthorityFiles,
    Destination,
    Responsibilities,
    read_files_again,
)
from ems_gateway.postgres.responsibilities import Stated
from gateway_builders import EDINBURGH, HARTLEPOOL, LOTHIAN
from pydantic.alias_generators import to_camel

TODAY = date(2026, 11, 22)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
NORTH, SOUTH, NEW = "E06000901", "E06000902", "E06000903"


def stated(ero: str, first: date = TODAY, last: date | None = None) -> Stated:
    return Stated(HARTLEPOOL, ero, first, last)


def test_the_list_counts_where_nothing_was_stated() -> None:
    assert Responsibilities(SHIPPED).route(HARTLEPOOL, TODAY) == Route("hartlepool", None)


def test_what_was_stated_goes_before_the_list_from_its_first_day_to_its_last() -> None:
    found = Responsibilities(SHIPPED, [stated(LOTHIAN, TODAY, TOMORROW)])
    days = [YESTERDAY, TODAY, TOMORROW, TOMORROW + timedelta(days=1)]
    eros = [found.route(HARTLEPOOL, day).ero for day in days]
    assert eros == ["hartlepool", LOTHIAN, LOTHIAN, "hartlepool"]


def test_of_two_statements_the_one_that_began_later_counts_while_it_lasts() -> None:
    found = Responsibilities(
        SHIPPED, [stated("fife", TODAY, TODAY), stated(LOTHIAN, YESTERDAY, None)]
    )
    assert found.route(HARTLEPOOL, TODAY).ero == "fife"
    assert found.route(HARTLEPOOL, TOMORROW).ero == LOTHIAN


def test_of_two_statements_of_one_day_the_last_one_counts() -> None:
    found = Responsibilities(SHIPPED, [stated("fife"), stated(LOTHIAN)])
    assert found.route(HARTLEPOOL, TODAY).ero == LOTHIAN


def test_nobody_answers_for_what_nobody_could_place_whatever_is_stated() -> None:
    found = Responsibilities(SHIPPED)
    assert found.route(AUTHORITY_UNKNOWN, TODAY) == Route(None, "authority-unknown")
    assert found.route("E99999999", TODAY) == Route(None, "authority-unknown")


def test_a_code_that_no_list_has_may_be_stated() -> None:
    found = Responsibilities(SHIPPED, [Stated("E06000999", LOTHIAN, TODAY, None)])
    assert found.route("E06000999", TODAY).ero == LOTHIAN


def test_an_ended_codes_records_belong_to_its_successor_under_that_code() -> None:
    listed = authorities_with(
        ended(HARTLEPOOL, NEW, last_day=YESTERDAY), begun(NEW, "darlington", first_day=TODAY)
    )
    found = Responsibilities(listed)
    assert found.destination(HARTLEPOOL, YESTERDAY) == Destination(HARTLEPOOL, "hartlepool", None)
    assert found.destination(HARTLEPOOL, TODAY) == Destination(NEW, "darlington", None)
    found.replace_stated([Stated(NEW, LOTHIAN, TODAY, None)])
    assert found.destination(HARTLEPOOL, TODAY) == Destination(NEW, LOTHIAN, None)


def a_split(*more: Authority) -> Responsibilities:
    return Responsibilities(
        authorities_with(
            ended(HARTLEPOOL, NORTH, SOUTH, last_day=YESTERDAY),
            begun(NORTH, "darlington", first_day=TODAY),
            begun(SOUTH, "middlesbrough", first_day=TODAY),
            *more,
        )
    )


def test_a_split_codes_heirs_are_those_who_share_its_area() -> None:
    found = a_split()
    assert found.route(HARTLEPOOL, TODAY) == Route(None, "no-authority")
    assert found.heirs(HARTLEPOOL, TODAY) == {NORTH, SOUTH}


def test_heirs_of_heirs_are_found_and_a_circle_ends() -> None:
    in_a_circle = Authority(
        SOUTH, "South", "england", "middlesbrough", None, YESTERDAY, (NEW, HARTLEPOOL)
    )
    found = a_split(in_a_circle, begun(NEW, "fife", first_day=TODAY))
    assert found.heirs(HARTLEPOOL, TODAY) == {NORTH, NEW}


def test_who_is_stated_for_a_split_code_answers_for_all_of_it() -> None:
    found = a_split()
    found.replace_stated([stated(LOTHIAN)])
    assert found.destination(HARTLEPOOL, TODAY) == Destination(HARTLEPOOL, LOTHIAN, None)


def test_a_change_counts_as_one_and_the_same_again_as_none() -> None:
    found = Responsibilities(SHIPPED)
    before = found.version
    found.replace_stated([])
    assert found.version == before
    found.replace_stated([stated(LOTHIAN)])
    found.replace_stated([stated(LOTHIAN)])
    assert found.version == before + 1


# -- files


def write(file: Path, authorities: Sequence[Authority]) -> None:
    entries = [
        {to_camel(name): value for name, value in asdict(authority).items()}
        for authority in authorities
    ]
    file.write_text(json.dumps(entries, default=str))


def test_a_changed_file_counts_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "authorities.json"
    write(file, [SHIPPED.authority(HARTLEPOOL)])
    files = AuthorityFiles(file, None)
    found = Responsibilities(files.load())
    write(file, [SHIPPED.authority(HARTLEPOOL), SHIPPED.authority(EDINBURGH)])
    assert found.route(EDINBURGH, TODAY).ero is None
    read_files_again(found, files)
    assert found.route(EDINBURGH, TODAY).ero == LOTHIAN
    assert files.load_changed() is None


@pytest.mark.parametrize("content", ["", "[{}]", None])
def test_a_file_that_cannot_be_used_leaves_the_last_good_one(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "authorities.json"
    write(file, [SHIPPED.authority(HARTLEPOOL)])
    files = AuthorityFiles(file, None)
    found = Responsibilities(files.load())
    file.unlink() if content is None else file.write_text(content)
    read_files_again(found, files)
    assert found.route(HARTLEPOOL, TODAY).ero == "hartlepool"
    with pytest.raises(ReferenceDataUnusable):
        files.load()
