"""The councils' own record, read back: what reached which ERO, and what its system then did."""

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


class Failure(NamedTuple):
    """Records of which the gateway knows that the system could not store them."""

    ero: str
    at: str
    ids: list[str]


class OfferedAgain(NamedTuple):
    """Records that the system asked for again; the gateway has said that it will."""

    ero: str
    at: str
    ids: list[str]


class NoticeDelivery(NamedTuple):
    """One notice as the ERO of somebody's previous address received it."""

    ero: str
    notice: dict[str, Any]


class NoticeAcknowledgement(NamedTuple):
    """Notices of which the gateway knows that the system has them."""

    ero: str
    at: str
    ids: list[str]


Entry = Delivery | Acknowledgement | Failure | OfferedAgain | NoticeDelivery | NoticeAcknowledgement

_ABOUT_IDS: tuple[tuple[str, type[Any]], ...] = (
    ("acknowledged", Acknowledgement),
    ("failed", Failure),
    ("offered", OfferedAgain),
    ("noticesAcknowledged", NoticeAcknowledgement),
)


def read_journals(paths: Iterable[Path]) -> Iterator[Entry]:
    """Everything in these journals, in the order in which it was written."""
    for path in paths:
        for line in read_journal(path):
            yield from _entries(line)


def _entries(line: dict[str, Any]) -> Iterator[Entry]:
    for item in line.get("page", {}).get("registrations", ()):
        yield Delivery(line["ero"], item)
    for notice in line.get("notices", {}).get("notices", ()):
        yield NoticeDelivery(line["ero"], notice)
    for name, kind in _ABOUT_IDS:
        if name in line:
            yield kind(line["ero"], line["at"], line[name])
