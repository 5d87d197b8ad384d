"""The ledger: each service's side of the sum, so that anyone can check that nothing is lost.

The unit is the attempt. Its bin (5 minutes) and authority are those it was accepted with. A digest
is a sum modulo 2^128 (see `electoral.identifiers`), so equal digests mean the same set.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import structlog

from electoral.calendar import bin_start, day_bounds
from electoral.identifiers import DIGEST_MODULUS, attempt_digest, revision_digest
from electoral.postgres import Connection, Pool, is_away, transaction

FOLD_INTERVAL = 20.0  # seconds
FOLD_LOCK = 0x464F4C44  # one folding task at a time per database

log = structlog.get_logger()


@dataclass(slots=True)
class _Sum:
    count: int = 0
    digest: int = 0
    revision_digest: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """One attempt as the ledger counts it."""

    application_id: UUID
    attempt: int
    revision: int  # the newest; 0 while there is none
    accepted_at: datetime  # the attempt's
    gss_code: str  # it was accepted with


@dataclass(slots=True)
class LedgerDeltas:
    """What one transaction changes; written as one row per bin, authority and state."""

    _sums: dict[tuple[datetime, str, str], _Sum] = field(default_factory=dict)

    def enter(self, state: str, counted: Counted) -> None:
        """Count an attempt into a state."""
        self._add(1, state, counted)

    def leave(self, state: str, counted: Counted) -> None:
        """Count an attempt out of a state, with the revision that it was entered with."""
        self._add(-1, state, counted)

    def _add(self, sign: int, state: str, c: Counted) -> None:
        found = self._sums.setdefault((bin_start(c.accepted_at), c.gss_code, state), _Sum())
        found.count += sign
        found.digest += sign * attempt_digest(c.application_id, c.attempt)
        found.revision_digest += sign * revision_digest(c.application_id, c.attempt, c.revision)

    async def write(self, connection: Connection) -> None:
        """Append the changes in the effect's own transaction."""
        changed = {
            key: s for key, s in self._sums.items() if s.count or s.digest or s.revision_digest
        }
        if not changed:
            return
        await connection.execute(
            "INSERT INTO ledger_delta (bin, gss_code, state, count, digest, revision_digest)"
            " SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::bigint[],"
            " $5::numeric[], $6::numeric[])",
            [key[0] for key in changed],
            [key[1] for key in changed],
            [key[2] for key in changed],
            [s.count for s in changed.values()],
            [Decimal(s.digest % DIGEST_MODULUS) for s in changed.values()],
            [Decimal(s.revision_digest % DIGEST_MODULUS) for s in changed.values()],
        )


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """How many attempts of an authority are in a state, and which, by digest."""

    gss_code: str
    state: str
    count: int
    digest: int
    revision_digest: int

    def as_json(self) -> dict[str, object]:
        return {
            "gssCode": self.gss_code,
            "state": self.state,
            "count": self.count,
            "digest": f"{self.digest:032x}",
            "revisionDigest": f"{self.revision_digest:032x}",
        }


_READ = """
SELECT gss_code, state, sum(count)::bigint AS count,
       mod(sum(digest), 340282366920938463463374607431768211456) AS digest,
       mod(sum(revision_digest), 340282366920938463463374607431768211456) AS revision_digest
  FROM (SELECT bin, gss_code, state, count, digest, revision_digest FROM ledger_total
        UNION ALL
        SELECT bin, gss_code, state, count, digest, revision_digest FROM ledger_delta) AS both_sides
 WHERE bin >= $1 AND bin < $2
 GROUP BY gss_code, state
"""


async def read_counted(
    connection: Connection, day: date, before: datetime | None
) -> list[LedgerRow]:
    """Read the counted states of a London day, up to a bin (exclusive) when one is given."""
    begin, end = day_bounds(day)
    until = end if before is None else min(end, bin_start(before))
    rows = await connection.fetch(_READ, begin, until)
    return [
        LedgerRow(
            r["gss_code"], r["state"], r["count"], int(r["digest"]), int(r["revision_digest"])
        )
        for r in rows
    ]


def sum_attempts(state: str, attempts: Iterable[Counted], day: date) -> list[LedgerRow]:
    """Count the few attempts of a London day that no counter holds."""
    begin, end = day_bounds(day)
    sums: dict[str, _Sum] = {}
    for one in attempts:
        if begin <= one.accepted_at < end:
            found = sums.setdefault(one.gss_code, _Sum())
            found.count += 1
            found.digest += attempt_digest(one.application_id, one.attempt)
            found.revision_digest += revision_digest(one.application_id, one.attempt, one.revision)
    return [
        LedgerRow(
            gss, state, s.count, s.digest % DIGEST_MODULUS, s.revision_digest % DIGEST_MODULUS
        )
        for gss, s in sums.items()
    ]


def merge_rows(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """Add rows of the same authority and state, leave out what is empty, and sort."""
    sums: dict[tuple[str, str], _Sum] = {}
    for row in rows:
        found = sums.setdefault((row.gss_code, row.state), _Sum())
        found.count += row.count
        found.digest = (found.digest + row.digest) % DIGEST_MODULUS
        found.revision_digest = (found.revision_digest + row.revision_digest) % DIGEST_MODULUS
    return [
        LedgerRow(gss, state, s.count, s.digest, s.revision_digest)
        for (gss, state), s in sorted(sums.items())
        if s.count or s.digest
    ]


_FOLD = """
WITH closed AS (
    DELETE FROM ledger_delta WHERE at < date_trunc('minute', now()) RETURNING *
), summed AS (
    SELECT bin, gss_code, state, sum(count) AS count,
           mod(sum(digest), 340282366920938463463374607431768211456) AS digest,
           mod(sum(revision_digest), 340282366920938463463374607431768211456) AS revision_digest
      FROM closed GROUP BY bin, gss_code, state ORDER BY bin, gss_code, state
)
INSERT INTO ledger_total AS total SELECT * FROM summed
    ON CONFLICT (bin, gss_code, state) DO UPDATE SET
       count = total.count + excluded.count,
       digest = mod(total.digest + excluded.digest, 340282366920938463463374607431768211456),
       revision_digest = mod(total.revision_digest + excluded.revision_digest,
                             340282366920938463463374607431768211456)
"""


async def fold(pool: Pool) -> None:
    """Fold the deltas of closed minutes into totals; a second task at it does nothing."""
    async with transaction(pool) as connection:
        if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", FOLD_LOCK):
            await connection.execute(_FOLD)


async def keep_folding(pool: Pool) -> None:
    """Fold every 20 s until cancelled."""
    while True:
        await asyncio.sleep(FOLD_INTERVAL)
        try:
            await fold(pool)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("ledger not folded", error_class=type(error).__name__)


ReadLedger = Callable[[date, datetime | None], Awaitable[list[LedgerRow]]]
