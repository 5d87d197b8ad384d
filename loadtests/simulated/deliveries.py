"""The councils' own record, read back: which items reached which ERO."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulated.journal import read_journal


class Delivery(NamedTuple):
    """One item as one ERO's system received it; the same item may have been received again."""

    ero: str
    item: dict[str, Any]


def read_deliveries(paths: Iterable[Path]) -> Iterator[Delivery]:
    """Every item of these journals in the order in which they were written."""
    for path in paths:
        for entry in read_journal(path):
            for item in entry.get("page", {}).get("registrations", ()):
                yield Delivery(entry["ero"], item)
