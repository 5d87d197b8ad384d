"""The public figures: counted in the transaction that makes them, folded, read."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Connection, Pool, transaction

from registration.performance.counting import Measure, PerformanceDeltas

FOLD_LOCK = 0x50455246  # one folding task at a time per database
BINS_TRIMMED_MAX = 1_000  # at once; a day has some 600

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
), settled AS (
    SELECT coalesce(max(day), '-infinity') AS until FROM performance_day WHERE measure = 'settled'
), dated AS (
    SELECT measure, (bin AT TIME ZONE 'Europe/London')::date AS day, key, count FROM counted
), by_day AS (
    INSERT INTO performance_day AS total (measure, day, key, count)
    SELECT measure, CASE WHEN measure = 'authority' AND dated.day <= until
                         THEN greatest((now() AT TIME ZONE 'Europe/London')::date, until + 1)
                         ELSE dated.day END AS counted_on, key, sum(count)
      FROM dated, settled
     GROUP BY measure, counted_on, key ORDER BY measure, counted_on, key
        ON CONFLICT (measure, day, key) DO UPDATE SET count = total.count + excluded.count
)
INSERT INTO performance_bin AS total (bin, source, count)
SELECT bin, key, count FROM counted WHERE measure = 'source' ORDER BY bin, key
    ON CONFLICT (bin, source) DO UPDATE SET count = total.count + excluded.count
"""
# Half a day after its end: by then the outcomes of nearly all paper forms are there.
_SETTLE = """
INSERT INTO performance_day (measure, day, key, count)
VALUES ('settled', ((now() - interval '12 hours') AT TIME ZONE 'Europe/London')::date - 1,
        'authority', 0)
    ON CONFLICT DO NOTHING
"""
# Two days, of which the page shows the last 24 hours.
_TRIM_BINS = """
DELETE FROM performance_bin
 WHERE (bin, source) IN (SELECT bin, source FROM performance_bin
                          WHERE bin < now() - interval '2 days' ORDER BY bin, source LIMIT $1)
"""
_READ_SETTLED = """
SELECT coalesce(max(day), '-infinity') FROM performance_day WHERE measure = 'settled'
"""
_READ_DAYS = """
SELECT measure, day, key, sum(count)::bigint AS count
  FROM (SELECT measure, day, key, count FROM performance_day
         WHERE measure = ANY($1::text[]) AND day BETWEEN $2 AND $3
        UNION ALL
        SELECT measure, (bin AT TIME ZONE 'Europe/London')::date, key, count
          FROM performance_delta, unnest(measures, keys, counts) AS one (measure, key, count)
         WHERE measure = ANY($1::text[])
           AND (bin AT TIME ZONE 'Europe/London')::date BETWEEN $2 AND $3
           AND (measure <> 'authority' OR (bin AT TIME ZONE 'Europe/London')::date >
                (SELECT coalesce(max(day), '-infinity') FROM performance_day
                  WHERE measure = 'settled'))) AS both_sides
 GROUP BY measure, day, key
"""
# As few rows: 100 days of all authorities are 35,000 numbers, which a thread takes apart.
_READ_GATHERED = (
    "SELECT day, string_agg(key, ' ') AS keys, string_agg(count::text, ' ') AS counts FROM ("
    + _READ_DAYS
    + ") AS counted GROUP BY day"
)
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


class GatheredDay(NamedTuple):
    """All that was counted of one measure on a London day, side by side."""

    day: date
    keys: str  # words
    counts: str

    def take_apart(self) -> Iterator[tuple[date, str, int]]:
        """Go through what was counted."""
        for key, count in zip(self.keys.split(), self.counts.split(), strict=True):
            yield self.day, key, int(count)


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
    """Fold the deltas there are into totals; a second task at it does nothing.

    What authorities had on a day that is settled never changes. What comes later counts by
    authority on the day on which it is folded; by anything else, on its own.
    """
    async with transaction(pool) as connection:
        if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", FOLD_LOCK):
            await connection.execute(_FOLD)
            await connection.execute(_SETTLE)


async def trim_bins(pool: Pool) -> None:
    """Delete bins that no page shows any more, some at a time."""
    await pool.execute(_TRIM_BINS, BINS_TRIMMED_MAX)


async def read_settled(pool: Pool) -> date:
    """Return the last London day of which numbers of authorities are settled."""
    settled: date = await pool.fetchval(_READ_SETTLED)
    return settled


async def read_days(
    pool: Pool, measures: Collection[Measure], first: date, last: date
) -> Sequence[DayCount]:
    """Return what was counted on London days, the last one included."""
    return [DayCount(*row) for row in await pool.fetch(_READ_DAYS, list(measures), first, last)]


async def read_gathered(
    pool: Pool, measure: Measure, first: date, last: date
) -> Sequence[GatheredDay]:
    """Return what was counted of one measure on London days, to be taken apart elsewhere."""
    return [GatheredDay(*row) for row in await pool.fetch(_READ_GATHERED, [measure], first, last)]


async def read_bins(pool: Pool, begin: datetime, end: datetime) -> Sequence[BinCount]:
    """Return the applications by bin and source; `end` is excluded."""
    return [BinCount(*row) for row in await pool.fetch(_READ_BINS, begin, end)]
