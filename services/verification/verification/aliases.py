"""Aliases: short, familiar and translated forms of names, by their comparison keys.

English ones come from the `nicknames` package, Welsh, Scottish and Irish ones and the ways in which
other scripts are written in Latin letters from the tables in `data`. A table's row is one name in
several forms: each of them is an alias of each other, and of the English nicknames of the first.
Nothing is chained beyond that, or soon everybody would be called everything.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import product

from nicknames import NickNamer

from verification.standardising import standardise

Aliases = Mapping[str, frozenset[str]]
"""The aliases of each name, by comparison keys."""


@cache
def given_names() -> Aliases:
    """Aliases of first names."""
    nicknames = NickNamer.default_lookup()
    rows = [[name, *short] for name, short in nicknames.items()]
    linked = [(row[:1], row[1:]) for row in rows]
    for row in _read_rows("given_names.json"):
        short_forms = nicknames.get(standardise(row[0]), ())
        linked += [(row, row), (row, list(short_forms))]
    return _by_name(linked)


@cache
def surnames() -> Aliases:
    """Aliases of surnames."""
    return _by_name((row, row) for row in _read_rows("surnames.json"))


def _read_rows(table: str) -> list[list[str]]:
    """Read a table of `data`: a list of rows, one name in several forms each."""
    shipped = files("verification").joinpath("data", table)
    rows: list[list[str]] = json.loads(shipped.read_bytes())
    return rows


def _by_name(linked: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Aliases:
    """Link every name on one side with every name on the other, both ways."""
    aliases: defaultdict[str, set[str]] = defaultdict(set)
    for names, others in linked:
        for name, other in product(map(standardise, names), map(standardise, others)):
            aliases[name].add(other)
            aliases[other].add(name)
    return {name: frozenset(forms - {name}) for name, forms in aliases.items()}
