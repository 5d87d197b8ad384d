"""Rows and columns: what the statements of this package share."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from electoral.postgres import Connection

AttemptKey = tuple[UUID, int]  # application id, attempt


def columns(rows: Iterable[Sequence[object]]) -> list[list[object]]:
    """Turn rows into the arrays that `unnest` takes."""
    return [list(column) for column in zip(*rows, strict=True)]


async def fetch_keys(
    connection: Connection, statement: str, rows: Sequence[Sequence[object]]
) -> frozenset[AttemptKey]:
    """Run a statement over rows, if there are any; returns which attempts it returned."""
    if not rows:
        return frozenset()
    found = await connection.fetch(statement, *columns(rows))
    return frozenset((row["application_id"], row["attempt"]) for row in found)
