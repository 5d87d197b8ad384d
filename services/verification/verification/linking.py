"""Linking: what a batch of applicants finds in the index of identities, and what it leaves there.

All in the transaction that records their outcomes. A person nobody has met costs one new row for
each basis; only rows that were there already, or are met twice in the batch, are read and merged,
in the batch's order. So of two applications of one person exactly one names the other, be they in
one batch or in two workers at once: the second waits for the row that the first has inserted.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from electoral.events import ApplicationReceived
from electoral.postgres import Connection

from verification.duplicates import (
    NO_USE,
    Found,
    Use,
    Uses,
    a_year_before,
    ero_of,
    find,
    find_nothing,
    write_first_use,
)
from verification.identity import Identity, Place, Sought
from verification.postgres import identity_index
from verification.postgres.identity_index import IndexRow

GROUP_BYTES = 12  # random: it says nothing but that two belong together


class Applicant(NamedTuple):
    """An attempt that has its first final outcome."""

    received: ApplicationReceived
    identity: Identity


async def link(connection: Connection, applicants: Sequence[Applicant]) -> list[Found]:
    """Find the earlier applications of each, in order, and note each for later ones."""
    uses = [_use(one) for one in applicants]
    rows = _Rows()
    for use, one in zip(uses, applicants, strict=True):
        rows.offer(use, one.identity)
    met = await _meet(connection, rows)
    found = [_find_and_note(use, one, met) for use, one in zip(uses, applicants, strict=True)]
    await identity_index.update_rows(connection, met.changed())
    return found


def _use(one: Applicant) -> Use:
    received = one.received
    is_grouped = any(one.identity) and ero_of(received.gss_code) is not None
    return Use(
        str(received.application_id),
        received.gss_code,
        received.received_at,
        received.reference,
        secrets.token_hex(GROUP_BYTES) if is_grouped else None,
    )


@dataclass(slots=True)
class _Rows:
    """The rows that a batch needs: to write, with what a new one holds, and only to read."""

    first: dict[Place, str] = field(default_factory=dict)
    again: set[Place] = field(default_factory=set)  # needed more than once
    before: set[Place] = field(default_factory=set)

    def offer(self, use: Use, identity: Identity) -> None:
        written = write_first_use(use)
        for sought in identity:
            if sought is not None:
                self._need(sought.counted, written)
                for place in sought.beside:
                    self._need(place, NO_USE)
                self.before.update(sought.before)

    def _need(self, place: Place, written: str) -> None:
        if place in self.first:
            self.again.add(place)
        else:
            self.first[place] = written


@dataclass(slots=True)
class _Met:
    """The uses that somebody of the batch may find, by hash; what is not here is new."""

    uses: dict[bytes, Uses] = field(default_factory=dict)
    merged: set[Place] = field(default_factory=set)
    regrouped: dict[Place, str] = field(default_factory=dict)  # new, but of a group that was found

    def of(self, sought: Sought | None) -> list[Uses]:
        if sought is None or not self.uses:
            return []
        places = (sought.counted, *sought.beside, *sought.before)
        return [self.uses[hashed] for _, hashed in places if hashed in self.uses]

    def note(self, use: Use, place: Place, *, regrouped: bool) -> None:
        uses = self.uses.get(place[1])
        if uses is not None:
            if uses.add(use):
                self.merged.add(place)
        elif regrouped:
            self.regrouped[place] = write_first_use(use)

    def changed(self) -> list[IndexRow]:
        merged = [IndexRow(*place, self.uses[place[1]].write()) for place in self.merged]
        return merged + [IndexRow(*place, text) for place, text in self.regrouped.items()]


async def _meet(connection: Connection, rows: _Rows) -> _Met:
    new = await identity_index.insert_rows(
        connection, [IndexRow(*place, text) for place, text in rows.first.items()]
    )
    there = [place for place in rows.first if place[1] not in new]
    found = await identity_index.lock_rows(connection, there)
    found |= await identity_index.read_rows(connection, list(rows.before))
    uses = {hashed: Uses.read(text) for hashed, text in found.items()}
    return _Met({hashed: Uses() for hashed in _hashes(rows.again) if hashed in new} | uses)


def _hashes(places: Iterable[Place]) -> list[bytes]:
    return [hashed for _, hashed in places]


def _find_and_note(use: Use, one: Applicant, met: _Met) -> Found:
    by_nino, by_person = met.of(one.identity.nino), met.of(one.identity.person)
    if not by_nino and not by_person:
        return find_nothing(use)
    found = find(use, a_year_before(one.received.attempt_received_at), by_nino, by_person)
    group = found.possible_duplicates.group
    for sought in one.identity:
        if sought is not None:
            met.note(use._replace(group=group), sought.counted, regrouped=group != use.group)
    return found
