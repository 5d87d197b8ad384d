"""The councils' own record, read back: which items reached which ERO, and what it acknowledged."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulated.journal import read_journal


class Delivery(NamedTuple):
    """One item as one ERO's system received it; the same item may have been received again."""

    ero: str
    item: dict[str, Any]


class Acknowledgement(NamedTuple):
    """Records for which the gateway has told one ERO's system that it took the acknowledgement."""

    ero: str
    at: str
    ids: list[str]


def read_journals(paths: Iterable[Path]) -> Iterator[Delivery | Acknowledgement]:
    """Everything in these journals, in the order in which it was written."""
    for path in paths:
        for entry in read_journal(path):
            for item in entry.get("page", {}).get("registrations", ()):
                yield Delivery(entry["ero"], item)
            if "acknowledged" in entry:
                yield Acknowledgement(entry["ero"], entry["at"], entry["acknowledged"])
