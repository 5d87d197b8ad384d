"""Aliases: which names are forms of one another, and that nothing is chained."""

import json
from importlib.resources import files
from unicodedata import is_normalized

import pytest
from verification.aliases import Aliases, given_names, surnames
from verification.standardising import standardise

TABLES = {"given_names.json": given_names, "surnames.json": surnames}


def rows_of(table: str) -> list[list[str]]:
    rows: list[list[str]] = json.loads(files("verification").joinpath("data", table).read_bytes())
    return rows


@pytest.mark.parametrize("aliases", [given_names(), surnames()])
def test_an_alias_is_one_both_ways_and_nobody_is_their_own(aliases: Aliases) -> None:
    for name, forms in aliases.items():
        assert name not in forms
        assert all(name in aliases[form] for form in forms)


@pytest.mark.parametrize("table", TABLES)
def test_all_forms_of_a_row_are_linked(table: str) -> None:
    aliases = TABLES[table]()
    for row in rows_of(table):
        keys = {standardise(form) for form in row}
        assert "" not in keys
        assert all(keys - {key} <= aliases[key] for key in keys)


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_written_tidily(table: str) -> None:
    rows = rows_of(table)
    assert len({tuple(row) for row in rows}) == len(rows)
    for row in rows:
        assert len(row) > 1
        assert len(set(row)) == len(row)
        assert all(is_normalized("NFC", form) and form == form.strip() for form in row)


def test_a_welsh_name_has_the_nicknames_of_its_english_form() -> None:
    assert "dave" in given_names()["dafydd"]
    assert "johnny" in given_names()["ieuan"]


def test_two_names_with_a_nickname_in_common_are_not_linked_by_it() -> None:
    assert {"alan", "alexander"} <= given_names()["al"]
    assert "alan" not in given_names()["alexander"]


def test_first_names_are_no_aliases_of_surnames() -> None:
    assert "mike" in given_names()["michael"]
    assert "mike" not in surnames().get("michael", ())
    assert "price" not in given_names().get("ap rhys", ())
