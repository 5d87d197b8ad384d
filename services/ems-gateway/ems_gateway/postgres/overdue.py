"""What is overdue, by ERO, and when each ERO's system was last given something."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from electoral.postgres import Connection, Pool

# One statement, whatever the number of records: from one ERO of the queue to the next by its index,
# and of each only what is overdue. Of notices only those are read that are not finished.
FIGURES = """
WITH RECURSIVE waiting (ero) AS (
    (SELECT ero FROM queue ORDER BY ero LIMIT 1)
     UNION ALL
    SELECT (SELECT q.ero FROM queue q WHERE q.ero > w.ero ORDER BY q.ero LIMIT 1)
      FROM waiting w WHERE w.ero IS NOT NULL
)
SELECT w.ero, f.what, f.count, f.at
  FROM waiting w, LATERAL (
       SELECT 'over-a-day' AS what, count(*) AS count, NULL::timestamptz AS at
         FROM queue q WHERE q.ero = w.ero AND q.order_at < $1::timestamptz - interval '1 day'
        UNION ALL
       SELECT 'over-five-days', count(*), NULL
         FROM queue q WHERE q.ero = w.ero AND q.order_at < $1::timestamptz - interval '5 days'
        UNION ALL
       SELECT 'oldest', NULL, (SELECT q.order_at FROM queue q WHERE q.ero = w.ero
                                ORDER BY q.order_at, q.position LIMIT 1)) AS f
 WHERE w.ero IS NOT NULL
 UNION ALL
SELECT ero, 'held-' || reason, count(*), min(since) FROM held_record GROUP BY ero, reason
 UNION ALL
SELECT ero, 'notices-over-a-day', count(*), min(created_at) FROM notice
 WHERE state = 'queued' AND created_at < $1::timestamptz - interval '1 day' GROUP BY ero
 UNION ALL
SELECT ero, 'held-notice-' || reason, count(*), min(since) FROM notice
 WHERE state = 'held' GROUP BY ero, reason
 UNION ALL
SELECT ero, 'pulled', NULL, at FROM pull
 UNION ALL
SELECT ero, 'on-hold', NULL, held_at FROM ero_hold WHERE resumed_at IS NULL
"""
_NOTE_PULLS = """
INSERT INTO pull AS there (ero, at)
SELECT ero, at FROM unnest($1::text[], $2::timestamptz[]) AS new (ero, at) ORDER BY ero
    ON CONFLICT (ero) DO UPDATE SET at = greatest(there.at, excluded.at)
"""
_CLAIM_REPORT = "INSERT INTO overdue_report (day) VALUES ($1) ON CONFLICT DO NOTHING RETURNING day"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is to be said of an ERO."""

    ero: str | None  # None: held, and nobody can tell whose it is
    what: str
    count: int | None
    at: datetime | None


async def read_overdue_figures(connection: Connection | Pool, now: datetime) -> list[Figure]:
    """Read what waits too long, what is held, who pulled when, and who is on hold."""
    return [Figure(**row) for row in await connection.fetch(FIGURES, now)]


async def note_pulls(pool: Pool, pulls: Mapping[str, datetime]) -> None:
    """Note when EROs' systems were given something; an earlier time changes nothing."""
    await pool.execute(_NOTE_PULLS, list(pulls), list(pulls.values()))


async def claim_report(connection: Connection, day: date) -> bool:
    """Say whether a day's report is still to be made; another who asks waits for this one's end."""
    return await connection.fetchval(_CLAIM_REPORT, day) is not None
