"""Answers: what EROs' systems said of their records."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from electoral.postgres import Connection

from ems_gateway.delivery import AnswerStatus

# Whoever answered a record that is another's now is still told that the answer was taken.
_WHICH_WERE_ANSWERED = """
SELECT DISTINCT wanted.ero, wanted.record_id
  FROM unnest($1::text[], $2::bytea[]) AS wanted (ero, record_id)
  JOIN record r USING (record_id)
  JOIN answer a ON a.position = r.position AND a.ero = wanted.ero
"""


class StoredAnswer(NamedTuple):
    """An answer that had an effect."""

    position: int
    offer: int
    status: AnswerStatus
    ero: str
    reason: str | None
    suggested_gss_code: str | None
    sealed_text: str | None


async def insert_answers(connection: Connection, answers: Sequence[StoredAnswer]) -> None:
    """Store answers that had an effect; the attempts are locked already."""
    if answers:
        await connection.copy_records_to_table(
            "answer", columns=StoredAnswer._fields, records=answers
        )


async def which_were_answered(
    connection: Connection, asked: Collection[tuple[str, bytes]]
) -> set[tuple[str, bytes]]:
    """Return those pairs of an ERO and a record that there is an answer of."""
    if not asked:
        return set()
    rows = await connection.fetch(
        _WHICH_WERE_ANSWERED, [ero for ero, _ in asked], [record_id for _, record_id in asked]
    )
    return {(row["ero"], row["record_id"]) for row in rows}
