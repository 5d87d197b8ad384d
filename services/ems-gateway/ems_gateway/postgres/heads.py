"""The heads of days that have ended: what each day had, chained to the day before."""

from datetime import date

from electoral.postgres import Pool

from ems_gateway.history.chain import DayHead

_READ = "SELECT day, entries, digest, previous, signature FROM history_head ORDER BY day"
_READ_LAST = f"{_READ} DESC LIMIT 1"
# Another process may have written the same: it comes to the same bytes.
_INSERT = """
INSERT INTO history_head (day, entries, digest, previous, signature)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true
"""
_FIRST_DAY = "SELECT min(day) FROM history_batch"


async def read_day_heads(pool: Pool) -> list[DayHead]:
    """Read all heads, in the order of their days: one a day."""
    return [DayHead(*row) for row in await pool.fetch(_READ)]


async def read_last_day_head(pool: Pool) -> DayHead | None:
    """Read the newest head."""
    row = await pool.fetchrow(_READ_LAST)
    return None if row is None else DayHead(*row)


async def insert_day_head(pool: Pool, head: DayHead) -> bool:
    """Store a head; False if there is one of that day."""
    return await pool.fetchval(_INSERT, *head) is not None


async def read_first_day(pool: Pool) -> date | None:
    """Return the first day on which anything was added to the history."""
    first: date | None = await pool.fetchval(_FIRST_DAY)
    return first
