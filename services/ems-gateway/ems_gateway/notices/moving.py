"""Notices go to whoever answers for the previous address today, as records do."""

import asyncio
from datetime import UTC, date, datetime

import structlog
from electoral.calendar import london_date
from electoral.postgres import Pool, transaction

from ems_gateway.answers import SOURCE
from ems_gateway.errors import will_pass
from ems_gateway.history.writing import Entry, History
from ems_gateway.moves.moving import BATCH_RECORDS_MAX, SWEEP_INTERVAL
from ems_gateway.moves.responsibility import Responsibilities
from ems_gateway.postgres.unfinished_notices import MovedNotice, move_notices

log = structlog.get_logger()


class NoticeMoves:
    """Moves unfinished notices whose authority is another ERO's, in batches that each commit."""

    def __init__(self, pool: Pool, responsibilities: Responsibilities, history: History) -> None:
        self._pool = pool
        self._responsibilities = responsibilities
        self._history = history

    async def sweep(self, today: date) -> int:
        """Move what belongs elsewhere on a day; returns how many notices that were."""
        answers = [
            (code, to.gss_code, to.ero)
            for code, to in self._responsibilities.destinations(today)
            if to.ero is not None or to.reason == "no-authority"
        ]
        moved = 0
        while count := await self._move_some(answers):
            moved += count
        return moved

    async def _move_some(self, answers: list[tuple[str, str, str | None]]) -> int:
        async with transaction(self._pool) as connection:
            moved = await move_notices(connection, answers, BATCH_RECORDS_MAX)
            await self._history.append(connection, [_entry(one) for one in moved])
        return len(moved)


def _entry(moved: MovedNotice) -> Entry:
    facts: dict[str, object] = {
        "notice": moved.notice_id.hex(),
        "previousGssCode": moved.previous_gss_code,
        "offer": moved.offer,
    }
    if moved.ero is None:
        facts["held"] = "no-authority"
    else:
        facts["ero"] = moved.ero
    return Entry(moved.application_id, moved.attempt, "noticed", SOURCE, facts)


async def keep_sweeping_notices(moves: NoticeMoves) -> None:
    """Sweep each minute until cancelled."""
    while True:
        try:
            count = await moves.sweep(london_date(datetime.now(UTC)))
            if count:
                log.info("notices moved to who answers for them now", count=count)
        except Exception as error:
            if not will_pass(error):
                raise
        await asyncio.sleep(SWEEP_INTERVAL)
