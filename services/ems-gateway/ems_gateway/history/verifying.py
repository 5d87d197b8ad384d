"""Checking the history: whether anything was altered, removed, added or swapped since.

Four things hold each other: an entry's hash is that of its columns; it names the hash of the entry
before it; its batch lists it, which also shows the last entry of an application missing; the batch
is signed. The heads of days (`heads`), and those that EROs were told, show whole batches missing.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Pool
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel

from ems_gateway.history.chain import BEFORE_THE_FIRST, MARK_BYTES, Batch, Head, is_signed
from ems_gateway.postgres.statements import read_head
from ems_gateway.postgres.verifying import (
    LAST_BATCH,
    Found,
    Window,
    before_first,
    read_window,
)


class Fault(NamedTuple):
    """Something that is not as it was written."""

    what: str  # which entry, batch or head
    wrong: str

    def __str__(self) -> str:
        return f"{self.what}: {self.wrong}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What one window comes to."""

    entries: int
    batches: int
    faults: list[Fault]


async def check_history(pool: Pool, public: bytes, since: date | None) -> AsyncIterator[Checked]:
    """Check all batches of a day and after it (of all days without one), window by window."""
    after = await before_first(pool, since)
    while after < LAST_BATCH:
        window = await read_window(pool, after)
        yield Checked(len(window.found), len(window.batches), check_window(window, public))
        after = window.last


def check_window(window: Window, public: bytes) -> list[Fault]:
    """Find what is wrong with neighbouring batches and their entries."""
    faults = [fault for batch in window.batches for fault in _check_batch(batch, public)]
    listed = {
        (batch.batch_id, one.application_id, one.number): one.mark
        for batch in window.batches
        for one in batch.listed()
    }
    for found in sorted(window.found, key=_place):
        place = (found.link.batch_id, found.link.application_id, found.link.number)
        faults += _check_entry(found, listed.pop(place, None))
    missing = sorted((application_id.int, number) for _, application_id, number in listed)
    return faults + [_missing(UUID(int=application), number) for application, number in missing]


def _place(found: Found) -> tuple[int, int]:
    return found.link.application_id.int, found.link.number


def _check_batch(batch: Batch, public: bytes) -> Iterator[Fault]:
    what = f"batch {batch.batch_id} of {batch.day}"
    if not is_signed(batch.signed_text, batch.signature, public):
        yield Fault(what, "was not signed by this gateway as it is now")
    elif not batch.is_whole:
        yield Fault(what, "its list of entries was altered")


def _check_entry(found: Found, mark: bytes | None) -> Iterator[Fault]:
    link, before = found
    what = _entry(link.application_id, link.number)
    if not link.is_whole:
        yield Fault(what, "was altered: its hash is not that of what it says")
    elif mark is None:
        yield Fault(what, f"was added: batch {link.batch_id} does not list it")
    elif mark != link.hash[:MARK_BYTES]:
        yield Fault(what, f"was altered with its hash: batch {link.batch_id} lists another")
    if link.number > 1 and before is None:
        yield _missing(link.application_id, link.number - 1)
    elif link.previous != (before or BEFORE_THE_FIRST):
        yield Fault(what, "does not follow from the entry before it")


def _missing(application_id: UUID, number: int) -> Fault:
    return Fault(_entry(application_id, number), "is missing")


def _entry(application_id: UUID, number: int) -> str:
    return f"application {application_id}, entry {number}"


# -- heads ----------------------------------------------------------------------------------------


class ToldHead(BaseModel):
    """A head as a statement told it."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, val_json_bytes="hex")

    day: date
    at: datetime
    entries: int
    digest: bytes
    public_key: bytes
    signature: bytes

    @property
    def head(self) -> Head:
        return Head(self.day, self.at, self.entries, self.digest)


class _Statement(BaseModel):
    head: ToldHead


_FILE: TypeAdapter[ToldHead | _Statement | list[ToldHead | _Statement]] = TypeAdapter(
    ToldHead | _Statement | list[ToldHead | _Statement]
)


def read_heads(file: Path) -> list[ToldHead]:
    """Read a head, a page of a statement, or a list of such; raises `ValueError`."""
    read = _FILE.validate_json(file.read_bytes())
    several = read if isinstance(read, list) else [read]
    return [one if isinstance(one, ToldHead) else one.head for one in several]


async def check_heads(pool: Pool, public: bytes, told: Sequence[ToldHead]) -> list[Fault]:
    """Find which heads do not tell of what is there now."""
    faults = []
    for one in told:
        what = f"head of {one.day} up to {one.at.isoformat()}"
        now = await read_head(pool, one.day, one.at)
        if not is_signed(one.head.signed_text, one.signature, public):
            faults.append(Fault(what, "was not signed by this gateway"))
        elif now != one.head:
            counts = f"{one.entries:,} entries then, {now.entries:,} now"
            faults.append(Fault(what, f"is not that of what is there: {counts}"))
    return faults
