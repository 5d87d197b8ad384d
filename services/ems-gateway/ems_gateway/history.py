"""The history of an application: what happened to it here, when, and by whom; only ever added to.

Each entry carries the hash of the one before it in its application. Entries say facts: levels, rule
versions, codes, ids. Never a name, a number or a text that somebody typed.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from electoral.blind_index import BlindIndex
from electoral.postgres import Connection

Kind = Literal[
    "received",  # an attempt, by whoever took it in
    "verified",  # a revision arrived: levels, result, rule
    "offered",  # put on an ERO's queue; again, too
    "held",
    "leased",
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

    def __init__(self, index: BlindIndex) -> None:
        self._index = index

    async def append(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Chain entries to what their applications have, in order.

        Last in the transaction, after all else was written, with the attempts locked: what another
        transaction added before is then committed and seen.
        """
