"""Rows and columns: what the statements of this package share."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

AttemptKey = tuple[UUID, int]  # application id, attempt


def columns(rows: Iterable[Sequence[object]]) -> list[list[object]]:
    """Turn rows into the arrays that `unnest` takes."""
    return [list(column) for column in zip(*rows, strict=True)]


def attempt_keys(rows: Iterable[asyncpg.Record]) -> frozenset[AttemptKey]:
    """Read which attempts a statement returned."""
    return frozenset((row["application_id"], row["attempt"]) for row in rows)
