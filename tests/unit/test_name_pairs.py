"""Pairs of names and the level of each, as a person would say it: the table name_pairs.csv."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unicodedata import is_normalized, name

import pytest
from electoral.person import Name
from verification.matching import MIDDLE_NAME_LEVELS, NAME_LEVELS, PairLevels, best_pair


class Row(NamedTuple):
    """A field that was typed and recorded so, its level, and what the row is about."""

    field: str
    typed: str
    recorded: str
    level: str
    why: str


with Path(__file__).with_name("name_pairs.csv").open(encoding="utf-8", newline="") as table:
    ROWS = [Row(**row) for row in csv.DictReader(table)]

NAME_WITH: dict[str, Callable[[str], Name]] = {
    "firstName": lambda text: Name(text, "", "Zq"),
    "middleName": lambda text: Name("Zq", text, "Xw"),
    "lastName": lambda text: Name("Zq", "", text),
    "names": lambda text: Name(text.split("/")[0], "", text.split("/")[1]),
}
LEVEL_OF: dict[str, Callable[[PairLevels], str]] = {
    "firstName": lambda pair: pair.first,
    "middleName": lambda pair: pair.middle,
    "lastName": lambda pair: pair.last,
    "names": lambda pair: f"{pair.first} {pair.last}",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.typed}={row.recorded}")
def test_level(row: Row) -> None:
    a_name = NAME_WITH[row.field]
    assert LEVEL_OF[row.field](best_pair([a_name(row.typed)], [a_name(row.recorded)])) == row.level


def test_the_table_is_long_and_has_every_level_of_every_field() -> None:
    assert len(set(ROWS)) == len(ROWS) >= 300
    levels = {field: Counter(r.level for r in ROWS if r.field == field) for field in NAME_WITH}
    swapped = {"reversed", "alias-reversed"}
    assert set(levels["firstName"]) == set(NAME_LEVELS) - swapped
    assert set(levels["lastName"]) == set(NAME_LEVELS) - swapped - {"initials"}
    assert set(levels["middleName"]) == set(MIDDLE_NAME_LEVELS)
    assert {f"{one} {other}" for one in swapped for other in swapped} <= set(levels["names"])
    assert all(count >= 20 for count in (levels["firstName"] + levels["lastName"]).values())


@pytest.mark.parametrize("script", ["CYRILLIC", "GREEK", "ARABIC", "CJK", "HANGUL", "COMBINING"])
def test_the_table_has_names_of_many_scripts(script: str) -> None:
    assert any(name(character).startswith(script) for row in ROWS for character in row.typed)


def test_the_table_has_marks_in_both_forms() -> None:
    composed = [is_normalized("NFC", row.typed) for row in ROWS if not row.typed.isascii()]
    assert Counter(composed)[False] >= 15
    assert Counter(composed)[True] >= 100


@pytest.mark.parametrize("people", ["Welsh", "Scottish", "Irish"])
def test_the_table_has_names_of_all_our_languages(people: str) -> None:
    assert sum(row.why.startswith(people) for row in ROWS) >= 40
