"""The public figures: counted in the transaction that makes them, folded, read."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Connection, Pool, transaction

from registration.performance.counting import Measure, PerformanceDeltas

FOLD_LOCK = 0x50455246  # one folding task at a time per database

# Lists go in as words of one text: to encode some hundred texts costs several times as much.
_APPEND = """
INSERT INTO performance_delta (bin, measures, keys, counts)
VALUES (coalesce(to_timestamp($1::bigint), date_bin('5 minutes', now(), 'epoch')),
        string_to_array($2, ' '), string_to_array($3, ' '), string_to_array($4, ' ')::bigint[])
"""
_NOTE_PAPER = """
INSERT INTO paper_counted (application_id) SELECT * FROM unnest($1::uuid[]) ORDER BY 1
    ON CONFLICT DO NOTHING
RETURNING application_id
"""
_FOLD = """
WITH folded AS (
    DELETE FROM performance_delta RETURNING bin, measures, keys, counts
), counted AS (
    SELECT bin, measure, key, sum(count) AS count
      FROM folded, unnest(measures, keys, counts) AS one (measure, key, count)
     GROUP BY bin, measure, key
), by_day AS (
    INSERT INTO performance_day AS total (measure, day, key, count)
    SELECT measure, (bin AT TIME ZONE 'Europe/London')::date AS day, key, sum(count)
      FROM counted GROUP BY measure, day, key ORDER BY measure, day, key
        ON CONFLICT (measure, day, key) DO UPDATE SET count = total.count + excluded.count
)
INSERT INTO performance_bin AS total (bin, source, count)
SELECT bin, key, count FROM counted WHERE measure = 'source' ORDER BY bin, key
    ON CONFLICT (bin, source) DO UPDATE SET count = total.count + excluded.count
"""
_READ_DAYS = """
SELECT measure, day, key, sum(count)::bigint AS count
  FROM (SELECT measure, day, key, count FROM performance_day
         WHERE measure = ANY($1::text[]) AND day BETWEEN $2 AND $3
        UNION ALL
        SELECT measure, (bin AT TIME ZONE 'Europe/London')::date, key, count
          FROM performance_delta, unnest(measures, keys, counts) AS one (measure, key, count)
         WHERE measure = ANY($1::text[])
           AND (bin AT TIME ZONE 'Europe/London')::date BETWEEN $2 AND $3) AS both_sides
 GROUP BY measure, day, key
"""
_READ_BINS = """
SELECT bin, source, sum(count)::bigint AS count
  FROM (SELECT bin, source, count FROM performance_bin WHERE bin >= $1 AND bin < $2
        UNION ALL
        SELECT bin, key, count
          FROM performance_delta, unnest(measures, keys, counts) AS one (measure, key, count)
         WHERE measure = 'source' AND bin >= $1 AND bin < $2) AS both_sides
 GROUP BY bin, source
"""


class DayCount(NamedTuple):
    """How often something was counted on a London day."""

    measure: str
    day: date
    key: str
    times: int


class BinCount(NamedTuple):
    """How many applications of a source were received in a 5-minute bin."""

    begin: datetime
    source: str
    times: int


async def append_deltas(connection: Connection, deltas: PerformanceDeltas) -> None:
    """Count in the effect's own transaction."""
    for begin, counts in deltas:
        await connection.execute(
            _APPEND,
            begin,
            " ".join([measure for measure, _ in counts]),
            " ".join([key for _, key in counts]),
            " ".join(map(str, counts.values())),
        )


async def note_paper(connection: Connection, applications: Iterable[UUID]) -> set[UUID]:
    """Note paper applications as counted; returns those that were not before."""
    rows = await connection.fetch(_NOTE_PAPER, list(applications))
    return {row["application_id"] for row in rows}


async def fold_deltas(pool: Pool) -> None:
    """Fold the deltas there are into totals; a second task at it does nothing."""
    async with transaction(pool) as connection:
        if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", FOLD_LOCK):
            await connection.execute(_FOLD)


async def read_days(
    pool: Pool, measures: Collection[Measure], first: date, last: date
) -> Sequence[DayCount]:
    """Return what was counted on London days, the last one included."""
    return [DayCount(*row) for row in await pool.fetch(_READ_DAYS, list(measures), first, last)]


async def read_bins(pool: Pool, begin: datetime, end: datetime) -> Sequence[BinCount]:
    """Return the applications by bin and source; `end` is excluded."""
    return [BinCount(*row) for row in await pool.fetch(_READ_BINS, begin, end)]
