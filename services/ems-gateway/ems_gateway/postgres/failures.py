"""Failures: what EROs' systems said of the records that are held because of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from electoral.postgres import Pool
from electoral.resealing import SealedColumn

# What is held is read by whoever repairs it, for as long as it is held.
FAILURES_SEALED_AND_UNFINISHED = (
    SealedColumn(
        "answer",
        "sealed_text",
        "t.status = 'failure' AND (t.position, t.offer) IN"
        " (SELECT position, offer FROM held_record WHERE reason = 'failure')",
        application_id="(SELECT r.application_id FROM record r WHERE r.position = t.position)",
    ),
)

# Of the offer that it was held in; what another ERO said of an earlier one is not theirs to read.
_FAILURES = """
SELECT h.position, r.application_id, a.answered_at, a.reason, a.suggested_gss_code, a.sealed_text
  FROM held_record h
       JOIN record r USING (position)
       JOIN answer a ON a.position = h.position AND a.offer = h.offer AND a.status = 'failure'
                    AND a.ero = h.ero
 WHERE h.reason = 'failure' AND h.position = ANY($1::bigint[])
"""
_POSITION = "SELECT position FROM record WHERE record_id = $1"


class Failure(NamedTuple):
    """Why an ERO's system could not take a record, as it is stored."""

    application_id: UUID
    answered_at: datetime
    reason: str | None  # a word of ours
    suggested_gss_code: str | None
    sealed_text: str | None


async def read_failures(pool: Pool, positions: Sequence[int]) -> dict[int, Failure]:
    """Read, by position, why records are held."""
    rows = await pool.fetch(_FAILURES, positions) if positions else []
    return {row["position"]: Failure(*list(row.values())[1:]) for row in rows}


async def read_failure(pool: Pool, record_id: bytes) -> Failure | None:
    """Read why a record is held; for operators."""
    position = await pool.fetchval(_POSITION, record_id)
    return None if position is None else (await read_failures(pool, [position])).get(position)
