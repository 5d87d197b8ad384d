"""The ledger of verification: waiting, decided, and what is held before it was either."""

from datetime import date, datetime

from electoral.calendar import bin_start
from electoral.held import attempts_held
from electoral.ledger import Counted, LedgerRow, merge_rows, read_counted, sum_attempts
from electoral.postgres import CONNECT_TIMEOUT, Connection, Pool

from verification.postgres import which_are_known


async def read_ledger(pool: Pool, day: date, before: datetime | None) -> list[LedgerRow]:
    """Read this service's side of a London day, all of it as of one moment."""
    async with (
        pool.acquire(timeout=CONNECT_TIMEOUT) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        rows = await read_counted(connection, day, before)
        held = await _held_without_better_state(connection, day, before)
    return merge_rows([*rows, *sum_attempts("held", held, day)])


async def _held_without_better_state(
    connection: Connection, day: date, before: datetime | None
) -> list[Counted]:
    """A held message counts only while its attempt neither waits nor is decided."""
    held = await attempts_held(connection, day)
    if before is not None:
        held = [one for one in held if one.accepted_at < bin_start(before)]
    known = await which_are_known(connection, [(one.application_id, one.attempt) for one in held])
    return [one for one in held if (one.application_id, one.attempt) not in known]
