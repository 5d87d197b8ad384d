"""The history of an application: what happened to it here, when, and by whom; only ever added to.

Each entry carries the hash of the one before it in its application. Entries say facts: levels, rule
versions, codes, ids. Never a name, a number or a text that somebody typed.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple
from uuid import UUID

from electoral.calendar import london_date
from electoral.postgres import Connection
from electoral.sealing import Keyring, SealingError
from pydantic_core import to_json

from ems_gateway.history.chain import (
    BEFORE_THE_FIRST,
    KEY_ID,
    HistoryKey,
    Link,
    hash_of,
    microseconds,
)
from ems_gateway.postgres.history import Ends, add, read_ends

Kind = Literal[
    "received",  # an attempt, by whoever took it in
    "verified",  # a revision arrived: levels, result, rule
    "offered",  # put on an ERO's queue; again, too
    "held",
    "leased",
    "released",
    "answered",
    "superseded",
    "resubmitted",
    "determined",
    "reassigned",
    "noticed",
]


class Entry(NamedTuple):
    """One thing that happened to an application."""

    application_id: UUID
    attempt: int
    kind: Kind
    by: str  # the credential (`Caller.credential`), `operator NAME`, or the service that did it
    facts: Mapping[str, object]  # JSON


class History:
    """Adds entries, in the transaction of what they tell of."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._key: HistoryKey | None = None

    @property
    def key(self) -> HistoryKey:
        """The key that signs; raises `UnknownKey` while nobody has made it."""
        if self._key is None:
            self._key = HistoryKey(self._keyring)
        return self._key

    async def check(self) -> str | None:
        """Say what is wrong with the key, for `/readyz`."""
        try:
            self._keyring.key(KEY_ID)
        except SealingError:
            return f"The key {KEY_ID} is missing."
        return None

    async def append(
        self,
        connection: Connection,
        entries: Sequence[Entry],
        begun: AbstractSet[UUID] = frozenset(),
    ) -> None:
        """Chain entries to what their applications have, in order.

        Applications that have `begun` with these entries are taken to have none before: whichever
        has some after all already has a first, and then all are asked for. Last in the
        transaction: until it ends, whoever adds to the same applications waits for it.
        """
        if not entries:
            return
        # One order for all: two transactions never wait for each other in a circle.
        ordered = sorted(entries, key=_application)
        application_ids = {entry.application_id for entry in ordered}
        asked_for, added = application_ids - begun, False
        while not added:
            ends = await read_ends(connection, asked_for)
            links = _chained(ordered, ends)
            day = london_date(ends.at)
            added = await add(connection, links, self.key.batch(ends.batch_id, ends.at, day, links))
            asked_for = application_ids


def _application(entry: Entry) -> int:
    return entry.application_id.int  # as Postgres orders a uuid


def _chained(entries: Sequence[Entry], ends: Ends) -> list[Link]:
    """Number entries on from the end of each application's chain, each with its hash."""
    links = []
    at, batch_id, chains = microseconds(ends.at), ends.batch_id, dict(ends.chains)
    for application_id, attempt, kind, by, facts in entries:
        last, previous = chains.get(application_id, (0, BEFORE_THE_FIRST))
        number, text = last + 1, to_json(facts)
        numbers = (number, attempt, at, batch_id)
        made = hash_of(application_id, numbers, f"{kind}\0{by}", text, previous)
        chains[application_id] = (number, made)
        place = (application_id, number, attempt, kind, ends.at)
        links.append(Link(*place, by, text.decode(), previous, made, batch_id))
    return links
