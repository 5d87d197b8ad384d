"""Notices as the ERO of a previous address reads and answers them: by the rules of every queue."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from uuid import UUID

import structlog
from electoral.calendar import london_date
from electoral.envelope import timestamp
from electoral.postgres import Connection, Pool, transaction
from electoral.retention import Retention
from electoral.sealing import Sealer, SealingError, key_id_of
from pydantic_core import from_json

from ems_gateway.calling.callers import Caller
from ems_gateway.delivery import AnswerStatus
from ems_gateway.history.writing import Entry, History
from ems_gateway.items import Json
from ems_gateway.notices.rules import NoticeStanding, is_effective
from ems_gateway.pages import READING_SECONDS_MAX
from ems_gateway.postgres.holds import is_on_hold
from ems_gateway.postgres.notices import (
    NoticePage,
    StoredNotice,
    WantedNotices,
    count_notices,
    insert_notice_answer,
    locate_notice,
    lock_notice,
    move_notice,
    read_notices,
    was_answered,
)
from ems_gateway.postgres.pages import Place

KEPT_BY_DEFAULT = Retention()
PAGE_BYTES_MAX = 5_000_000  # of sealed content, which is a third longer than what it holds

Offered = Literal["offered", "unknown", "gone"]

log = structlog.get_logger()


class NoticeAnswer(NamedTuple):
    """What an ERO's system says of a notice."""

    status: AnswerStatus
    message: str | None = None
    details: str | None = None

    def free_text(self) -> bytes | None:
        """What people may have written, as JSON; None where there is nothing."""
        texts = {"message": self.message, "details": self.details}
        given = {name: text for name, text in texts.items() if text}
        return json.dumps(given, ensure_ascii=False).encode() if given else None


class Notices:
    """Shows notices and takes the answers to them."""

    def __init__(
        self,
        pool: Pool,
        sealer: Sealer,
        history: History,
        retention: Retention = KEPT_BY_DEFAULT,
    ) -> None:
        self._pool = pool
        self._sealer = sealer
        self._history = history
        self._retention = retention

    async def locate(self, notice: bytes, ero: str) -> Place | None:
        """Find where a page goes on after a notice, answered meanwhile or not."""
        return await locate_notice(self._pool, notice, ero)

    async def page(self, wanted: WantedNotices) -> Json:
        """Show the oldest; changes nothing. What does not open hides nothing that is behind it."""
        if await is_on_hold(self._pool, wanted.ero):
            return {"notices": [], "remaining": 0, "onHold": True}
        loop = asyncio.get_running_loop()
        until = loop.time() + READING_SECONDS_MAX
        while True:
            page = await read_notices(self._pool, wanted, PAGE_BYTES_MAX)
            shown = self._shown(page)
            if not page.may_go_on:
                return {"notices": shown, "remaining": 0}
            wanted = wanted.behind(page.notices[-1].place)
            if shown or loop.time() > until:
                return {"notices": shown, "remaining": await count_notices(self._pool, wanted)}

    def _shown(self, page: NoticePage) -> list[Json]:
        items = map(self._item, page.notices)
        return [item for item in items if item is not None]

    def _item(self, notice: StoredNotice) -> Json | None:
        detail = self._open(notice.application_id, notice.content)
        if detail is None:
            log.error("notice left out of a page", application_id=str(notice.application_id))
            return None
        return {
            "id": notice.notice_id.hex(),
            "createdAt": timestamp(notice.created_at),
            "gssCode": notice.gss_code,
            "previousGssCode": notice.previous_gss_code,
            "detail": detail,
        }

    def _open(self, application_id: UUID, sealed: str | None) -> Json | None:
        if sealed is None:
            return None
        try:
            opened: Json = from_json(self._sealer.open("person", application_id, sealed))
        except SealingError:
            return None
        return opened

    async def answer(self, caller: Caller, notice: bytes, answer: NoticeAnswer) -> bool:
        """Take an answer; says whether the ERO has such a notice. A repeat has no effect.

        An answer that it gave stays one when the notice is another's since.
        """
        async with transaction(self._pool) as connection:
            standing = await lock_notice(connection, notice, caller.ero)
            if standing is not None and is_effective(standing, answer.status):
                await self._take(connection, caller, notice, standing, answer)
            return standing is not None or await was_answered(connection, notice, caller.ero)

    async def _take(
        self,
        connection: Connection,
        caller: Caller,
        notice: bytes,
        standing: NoticeStanding,
        answer: NoticeAnswer,
    ) -> None:
        text = answer.free_text()
        sealed = self._sealer.seal("person", standing.application_id, text) if text else None
        if answer.status == "success":
            await move_notice(connection, notice, "acknowledged", None, standing.offer)
        else:
            await move_notice(connection, notice, "held", "failure", standing.offer)
        await insert_notice_answer(
            connection, notice, standing.offer, answer.status, caller.ero, sealed
        )
        facts = {"ero": caller.ero, "status": answer.status, "offer": standing.offer}
        await self._append(connection, caller, notice, standing, facts)

    async def offer(self, caller: Caller, notice: bytes) -> Offered:
        """Put a notice back on the queue, in its old order; one that waits there stays."""
        async with transaction(self._pool) as connection:
            standing = await lock_notice(connection, notice, caller.ero)
            if standing is None:
                return "unknown"
            if standing.state == "queued":
                return "offered"
            if self._is_gone(standing):
                return "gone"
            offer = standing.offer + 1
            await move_notice(connection, notice, "queued", None, offer)
            facts = {"ero": caller.ero, "offer": offer}
            await self._append(connection, caller, notice, standing, facts)
        return "offered"

    def _is_gone(self, standing: NoticeStanding) -> bool:
        """Say whether nobody can read it, or soon: a key whose time is over may be destroyed."""
        if self._open(standing.application_id, standing.content) is None:
            return True
        today = london_date(datetime.now(UTC))
        return self._retention.is_over(key_id_of(standing.content or ""), today)

    async def _append(
        self,
        connection: Connection,
        caller: Caller,
        notice: bytes,
        standing: NoticeStanding,
        facts: Json,
    ) -> None:
        facts = {"notice": notice.hex(), **facts}
        entry = Entry(
            standing.application_id, standing.attempt, "noticed", caller.credential, facts
        )
        await self._history.append(connection, [entry])
