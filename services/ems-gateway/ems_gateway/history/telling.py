"""What an ERO is told of an application's history: everything, but nothing of another ERO's."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from electoral.envelope import timestamp
from electoral.identifiers import record_id
from electoral.postgres import Pool

from ems_gateway.history.chain import Link
from ems_gateway.postgres.telling import (
    AttemptNow,
    Owned,
    read_attempts,
    read_entries,
    read_owned,
)
from ems_gateway.settings import SERVICE

ENTRIES_MAX = 1_000  # of one page
ANOTHER_AUTHORITY = "another authority"
OPERATOR = "operator "  # and a name
OURS = frozenset({SERVICE, "verification", "registration"})


class Histories:
    """Tells EROs what happened to their records."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_record(self, record: bytes, ero: str, after: int) -> dict[str, object] | None:
        """Tell a record's application's history behind an entry; None if it is not this ERO's."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            attempts = await read_attempts(connection, record, ero)
            if not attempts:
                return None
            owned = await read_owned(connection, [*_record_ids(attempts)])
            links = await read_entries(
                connection, attempts[0].application_id, after=after, count_max=ENTRIES_MAX + 1
            )
        whose = Whose(ero, {one.attempt: one.ero for one in attempts}, owned)
        return {
            "applicationId": str(attempts[0].application_id),
            "entries": [told(link, whose) for link in links[:ENTRIES_MAX]],
            "more": len(links) > ENTRIES_MAX,
        }


def _record_ids(attempts: Sequence[AttemptNow]) -> Sequence[bytes]:
    return [
        bytes.fromhex(record_id(one.application_id, one.attempt, revision))
        for one in attempts
        for revision in range(1, one.revision + 1)
    ]


class Whose(NamedTuple):
    """Who asks, and whose the attempts of an application are and were."""

    asking: str  # ERO
    now: Mapping[int, str | None]  # by attempt
    owned: Sequence[Owned]  # earliest first

    def is_anothers(self, attempt: int) -> bool:
        """Say whether an attempt is another ERO's now.

        One that has no outcome yet has not arrived: it is whose the newest is that has.
        """
        return self.now.get(attempt, self.now[max(self.now)]) not in (self.asking, None)

    def was_anothers(self, attempt: int, at: datetime) -> bool:
        """Say whether an attempt was another ERO's at a moment.

        What happened before its first record arrived was done by whose the attempts before it were
        or, to a first attempt, by whose it then was.
        """
        before = [one for one in self.owned if one.since <= at]
        own = [one for one in self.owned if one.attempt == attempt]
        known = [one for one in own if one.since <= at][-1:] or before[-1:] or own[:1]
        return bool(known) and known[0].ero not in (self.asking, None)


def told(link: Link, whose: Whose) -> dict[str, object]:
    """Say what the ERO that asks may know of an entry."""
    is_open = link.by in OURS or link.by.startswith(OPERATOR)
    # A notice is answered by the ERO of a previous address, never by who determined.
    is_of_notice = link.kind == "noticed"
    hidden = whose.is_anothers(link.attempt) or (is_of_notice and not is_open)
    written = json.loads(link.facts)
    facts = {} if hidden else written
    by_another = hidden or whose.was_anothers(link.attempt, link.at)
    by = ANOTHER_AUTHORITY if by_another and not is_open else link.by
    return {
        "number": link.number,
        "at": timestamp(link.at),
        "attempt": link.attempt,
        "kind": link.kind,
        "by": by,
        "facts": facts,
        "redacted": (by, facts) != (link.by, written),
        "batch": link.batch_id,
        "previousHash": link.previous.hex(),
        "hash": link.hash.hex(),
    }
